import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hex, toHex } from '../../src/base/bytes.ts'
import { sentence } from '../../src/base/sentence.ts'
import { encodeDeviceData } from '../../src/chain/output-data.ts'
import type { Output } from '../../src/chain/output.ts'
import { PRESETS } from '../../src/chain/params.ts'
import {
  AMOUNT_RANGES,
  chainIdOf,
  encodeChainSpec,
  formatChainSpec,
  NUMBER_RANGES,
  parseChainSpec,
  SPEC_SENTENCES,
  type ChainSpec,
  type SpecCode,
} from '../../src/chain/spec.ts'
import { twin } from '../../src/kernels/twin/index.ts'

const stake = (amount: bigint, byte = 1): Output => ({
  kind: 1,
  amount,
  owner: new Uint8Array(16).fill(byte),
  data: new Uint8Array(144).fill(byte),
})
const device: Output = {
  kind: 4,
  amount: 0n,
  owner: new Uint8Array(16),
  data: encodeDeviceData({
    deviceKey: new Uint8Array(32).fill(7),
    role: 1,
    deviceSig: new Uint8Array(64),
    metadata: hex('6869'),
  }),
}
const SPEC: ChainSpec = {
  name: 'test chain',
  params: PRESETS.devnet,
  genesisTimeMs: 1_763_719_200_000n,
  outputs: [
    stake(5_000_000n),
    device,
    { kind: 0, amount: 1_000n, owner: new Uint8Array(16).fill(2), data: new Uint8Array(0) },
  ],
}

type Json = { [key: string]: unknown; params: { [key: string]: unknown }; outputs: { [key: string]: unknown }[] }
const jsonOf = (spec: ChainSpec): Json => JSON.parse(formatChainSpec(spec)) as Json
const parse = (json: unknown) => parseChainSpec(JSON.stringify(json))

test('a chain spec of every preset survives formatting and parsing, with the same chainId', () => {
  for (const params of Object.values(PRESETS)) {
    const spec = { ...SPEC, params }
    const parsed = parseChainSpec(formatChainSpec(spec))
    assert.equal(parsed.kind, 'accepted')
    if (parsed.kind === 'accepted') {
      assert.equal(toHex(encodeChainSpec(parsed.value)), toHex(encodeChainSpec(spec)))
      assert.equal(toHex(chainIdOf(twin, parsed.value)), toHex(chainIdOf(twin, spec)))
    }
  }
})

test('every field of a chain spec is part of the chainId', () => {
  const ids = new Set([toHex(chainIdOf(twin, SPEC))])
  const variants: ChainSpec[] = [
    { ...SPEC, name: 'other' },
    { ...SPEC, genesisTimeMs: SPEC.genesisTimeMs + 1n },
    { ...SPEC, outputs: SPEC.outputs.slice(1) },
    { ...SPEC, params: { ...SPEC.params, quorum: 'two-level' } },
  ]
  for (const key of Object.keys(NUMBER_RANGES) as (keyof typeof NUMBER_RANGES)[])
    variants.push({ ...SPEC, params: { ...SPEC.params, [key]: SPEC.params[key] + 1 } })
  for (const key of Object.keys(AMOUNT_RANGES) as (keyof typeof AMOUNT_RANGES)[])
    variants.push({ ...SPEC, params: { ...SPEC.params, [key]: SPEC.params[key] + 1n } })
  for (const variant of variants) ids.add(toHex(chainIdOf(twin, variant)))
  assert.equal(ids.size, variants.length + 1)
  assert.equal(Object.keys(SPEC.params).length, variants.length - 3, 'a parameter is not in the list above')
})

test('the canonical binary begins with the name and the parameters in the documented order', () => {
  assert.equal(
    toHex(encodeChainSpec(SPEC)).slice(0, 2 * (2 + 10 + 5 + 16 + 24)),
    '000a' +
      toHex(new TextEncoder().encode('test chain')) +
      '0002' +
      '0002' +
      '01' +
      '00000100' +
      '00000018' +
      '00000010' +
      '00000004' +
      '00000000000003e8' +
      '0000000048190800' +
      '0000000000002710',
  )
})

const CASES: Record<SpecCode, (() => unknown)[]> = {
  'spec-json': [],
  'spec-missing': [() => ({ ...jsonOf(SPEC), params: undefined }), () => withParam('f', undefined), () => ({})],
  'spec-unknown': [() => ({ ...jsonOf(SPEC), extra: 1 }), () => withParam('g', 1), () => withOutput({ memo: '' })],
  'spec-type': [
    () => null,
    () => [],
    () => 'spec',
    () => ({ ...jsonOf(SPEC), name: '' }),
    () => ({ ...jsonOf(SPEC), name: 'a\nb' }),
    () => ({ ...jsonOf(SPEC), outputs: {} }),
    () => ({ ...jsonOf(SPEC), genesisTimeMs: 5 }),
    () => ({ ...jsonOf(SPEC), genesisTimeMs: '05' }),
    () => withParam('f', '2'),
    () => withParam('f', 2.5),
    () => withParam('minStake', 1000000),
    () => withParam('minStake', '-1'),
    () => withParam('quorum', 'most'),
    () => withOutput({ owner: '00' }),
    () => withOutput({ data: 'zz' }),
    () => withOutput({ data: '00' }),
  ],
  'spec-range': [
    () => withParam('f', -1),
    () => withParam('seatsTarget', 65_536),
    () => withParam('minStake', '0'),
    () => withOutput({ kind: 5 }),
    () => withOutput({ amount: '9223372036854775808' }),
  ],
  'spec-relation': [
    () => withParam('seatsTarget', 97),
    () => withParam('shardSizeMax', 6),
    () => withParam('blockBytesMax', 16_000),
    () => withParam('payloadBytesMax', 16_385),
    () => ({
      ...jsonOf(SPEC),
      params: { ...jsonOf(SPEC).params, epochLength: 1, blockTimeMs: 1, trustPeriodMs: 315_360_000_000 },
    }),
    () => ({ ...jsonOf(SPEC), params: { ...jsonOf(SPEC).params, f: 0, seatsTarget: 4097 } }),
    () => ({ ...jsonOf(SPEC), params: { ...jsonOf(SPEC).params, f: 20, F: 20, seatsTarget: 7442, shardSizeMax: 64 } }),
  ],
  'spec-output': [
    () => withOutput({ amount: '999999' }),
    () => withOutput({ amount: String(1n << 56n) }),
    () => withOutput({ kind: 2, data: '00'.repeat(84) }),
    () => withOutput({ kind: 0, amount: '999', data: '' }),
  ],
  'spec-device-twice': [() => jsonOf({ ...SPEC, outputs: [...SPEC.outputs, { ...device, amount: 1n }] })],
  'spec-no-stake': [
    () => jsonOf({ ...SPEC, outputs: SPEC.outputs.slice(1) }),
    () => ({ ...jsonOf(SPEC), outputs: [] }),
  ],
  'spec-total': [
    () =>
      jsonOf({
        ...SPEC,
        outputs: [
          ...SPEC.outputs,
          { kind: 0, amount: (1n << 63n) - 1n, owner: new Uint8Array(16), data: new Uint8Array(0) },
        ],
      }),
  ],
}

function withParam(name: string, value: unknown): Json {
  const json = jsonOf(SPEC)
  return { ...json, params: { ...json.params, [name]: value } }
}

function withOutput(fields: object): Json {
  const json = jsonOf(SPEC)
  return { ...json, outputs: [{ ...json.outputs[0], ...fields }, ...json.outputs.slice(1)] }
}

test('each fault of a chain spec is refused with its own code and one whole sentence', () => {
  for (const [code, makers] of Object.entries(CASES)) {
    const answers =
      code === 'spec-json' ? ['', '{', '[1,]', 'spec'].map(parseChainSpec) : makers.map((make) => parse(make()))
    assert.ok(answers.length > 0)
    for (const [index, answer] of answers.entries()) {
      assert.equal(answer.kind, 'rejected', `${code} ${index}`)
      if (answer.kind !== 'rejected') continue
      assert.equal(
        answer.code,
        code,
        `${code} ${index}: ${JSON.stringify(answer, (_, v) => (typeof v === 'bigint' ? String(v) : v))}`,
      )
      const text = sentence(SPEC_SENTENCES[answer.code], answer.operands)
      assert.ok(!text.includes('unknown') || code === 'spec-unknown', text)
      assert.ok(!/\{\w+\}/.test(text), text)
    }
  }
})
