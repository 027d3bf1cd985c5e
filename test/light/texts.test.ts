import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { Prng } from '../../src/base/prng.ts'
import { toHex } from '../../src/base/bytes.ts'
import { parseCheckpoint, shareText } from '../../src/light/checkpoint-text.ts'
import { isProofText, parseProofText, proofText, QR_CHARACTERS_MAX } from '../../src/light/proof-text.ts'
import { utf8 } from '../../src/kernels/checks.ts'

const seed = String(Date.now())
console.log(`texts seed ${seed}`)
const prng = new Prng(seed)

test('base45 gives the vectors of RFC 9285', () => {
  for (const [plain, encoded] of [
    ['AB', 'BB8'],
    ['Hello!!', '%69 VD92EX0'],
    ['base-45', 'UJCLQE7W581'],
    ['ietf!', 'QED8WEX0'],
  ] as const) {
    equal(proofText(utf8(plain)).text, `SCP1:${encoded}`)
    deepEqual(parseProofText(`SCP1:${encoded}`), { kind: 'accepted', value: utf8(plain) })
  }
})

test('any bytes come back from their text, with its size told, white space around it left out', () => {
  for (let length = 0; length < 200; length++) {
    const bytes = prng.bytes(length)
    const { text, characters } = proofText(bytes)
    equal(characters, text.length)
    deepEqual(parseProofText(`\n${text}\r\n`), { kind: 'accepted', value: bytes })
    ok(isProofText(utf8(text)))
  }
  ok(!isProofText(utf8('SCPROOF1')))
})

test('the least code that holds it is named, and none where none does', () => {
  equal(proofText(new Uint8Array(90)).qrVersion, 5)
  equal(proofText(new Uint8Array(2860)).characters, QR_CHARACTERS_MAX - 1)
  equal(proofText(new Uint8Array(2860)).qrVersion, 40)
  equal(proofText(new Uint8Array(2862)).qrVersion, undefined)
})

test('a text with a character, a length or a value that base45 does not have is refused, and names it', () => {
  for (const bad of ['', 'SCP1', 'scp1:BB8', 'SCP1:B', 'SCP1:BB8B', 'SCP1:bb8', 'SCP1:GGW', 'SCP1:::', 'SCP1:BB\u00e9'])
    equal(parseProofText(bad).kind, 'rejected', bad)
  const wrong = parseProofText('SCP1:BB8Bx8')
  ok(wrong.kind === 'rejected')
  deepEqual(wrong.operands, { index: 9, got: 'x' })
})

test('a text made of line ends is read in the time of any other', () => {
  const before = performance.now()
  equal(parseProofText(`SCP1:${'\n'.repeat(400_000)}BB8`).kind, 'rejected')
  ok(performance.now() - before < 10_000)
})

const chainId = prng.bytes(32)
const checkpoint = { height: 1234n, hash: prng.bytes(32) }
const pair = `1234:${toHex(checkpoint.hash)}`
const share = shareText(chainId, checkpoint)

test('a checkpoint is read from every form that people pass on', () => {
  for (const text of [
    pair,
    ` ${pair.toUpperCase()}\n`,
    share,
    `https://example.org/wallet?x=1#checkpoint=${pair}`,
    `https://example.org/#view=cube&checkpoint=${encodeURIComponent(share)}`,
    `https://example.org/#checkpoint=${share}&view=cube`,
    JSON.stringify({ height: '1234', hash: toHex(checkpoint.hash) }),
    JSON.stringify({ height: 1234, hash: toHex(checkpoint.hash) }),
    JSON.stringify({ checkpoint: share }),
  ])
    deepEqual(parseCheckpoint(text, chainId), { kind: 'accepted', value: checkpoint }, text)
})

test('a share of another chain is refused with both, and without a chain to compare it is taken', () => {
  const other = parseCheckpoint(share, prng.bytes(32))
  ok(other.kind === 'rejected')
  equal(other.code, 'checkpoint-chain')
  equal(parseCheckpoint(share).kind, 'accepted')
})

test('anything else is refused, however long', () => {
  const bad = [
    '',
    '1234',
    `-1:${toHex(checkpoint.hash)}`,
    `${pair}00`,
    `18446744073709551616:${toHex(checkpoint.hash)}`,
  ]
  for (const text of [...bad, '{"height":1}', '{', `stakecube:12:${pair}`, `#checkpoint=`, 'x'.repeat(1_000_000)]) {
    const parsed = parseCheckpoint(text, chainId)
    ok(parsed.kind === 'rejected', text.slice(0, 80))
    match(parsed.code, /^checkpoint-form$/)
    ok(String(parsed.operands['got']).length <= 90)
  }
})
