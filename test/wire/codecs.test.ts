import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { Prng } from '../../src/base/prng.ts'
import type { Result } from '../../src/base/verdict.ts'
import { DEVNET_PARAMS } from '../../src/chain/params.ts'
import { refused, served, REFUSALS, type Answer } from '../../src/wire/envelope.ts'
import * as evidence from '../../src/wire/evidence.ts'
import * as follow from '../../src/wire/follow.ts'
import * as headers from '../../src/wire/headers.ts'
import * as hops from '../../src/wire/hops.ts'
import { FORMS_ALL } from '../../src/wire/update.ts'
import type { Draw } from '../../src/chain/committee.ts'
import type { Update } from '../../src/verify/light.ts'
import { FRAME_LIMITS, HEADER_COUNT_MAX, HOP_COUNT_MAX } from '../../src/wire/limits.ts'
import * as lease from '../../src/wire/lease.ts'
import * as proof from '../../src/wire/proof.ts'
import * as status from '../../src/wire/status.ts'
import * as submit from '../../src/wire/submit.ts'
import { randomCertified, randomCommittee, randomHeader, randomTx, randomUpdate } from './random-objects.ts'

const seed = Date.now()
console.log(`wire seed ${seed}`)

interface Codec<Value> {
  readonly name: string
  make(prng: Prng): Value
  encode(value: Value): Uint8Array
  decode(bytes: Uint8Array): Result<Value>
}
const codec = <Value>(entry: Codec<Value>): Codec<unknown> => entry as unknown as Codec<unknown>

/** Compact forms whose draws go on from those of the committee before them, as in a chain. */
function continued(prng: Prng, updates: readonly Update[]): Update[] {
  let before: readonly Draw[] = []
  return updates.map((update) => {
    const head = (update.committee ?? update.compact)?.head
    if (head === undefined) return update
    const kept = before.slice(prng.below(before.length + 1))
    const draws = prng.chance(0.7) ? [...kept, ...head.draws] : head.draws
    before = update.compact === undefined ? head.draws : draws
    return update.compact === undefined
      ? update
      : { ...update, compact: { ...update.compact, head: { ...head, draws } } }
  })
}

const answered = <Body>(prng: Prng, body: Body): Answer<Body> =>
  prng.chance(0.2) ? refused(prng.pick(REFUSALS)) : served(body)
const prefixOf = (prng: Prng, bits: number) => {
  const bytes = prng.bytes((bits + 7) >> 3)
  if (bytes.length > 0) bytes[bytes.length - 1]! &= 0xff << ((8 - (bits & 7)) & 7)
  return { bits, bytes }
}
const linked = (prng: Prng) => ({ header: randomHeader(prng), path: prng.bytes(32 * prng.below(5)) })
const several = <Item>(prng: Prng, most: number, make: () => Item) => Array.from({ length: prng.below(most + 1) }, make)

const peerName = (prng: Prng): string => `12D3KooW${prng.uint32().toString(36)}`

const CODECS: readonly Codec<unknown>[] = [
  codec({
    name: 'status response',
    make: (prng) => answered(prng, { head: randomCertified(prng), oldestHeight: prng.uint64() }),
    encode: status.encodeStatusResponse,
    decode: status.decodeStatusResponse,
  }),
  codec({
    name: 'hops request',
    make: (prng) => ({
      fromHeight: prng.uint64(),
      countMax: 1 + prng.below(HOP_COUNT_MAX),
      base: prng.pick(hops.BASE_FORMS),
      forms: prng.below(256),
    }),
    encode: hops.encodeHopsRequest,
    decode: hops.decodeHopsRequest,
  }),
  codec({
    name: 'hops response',
    make: (prng): Answer<hops.HopsResponse> => {
      const committee = randomCommittee(prng)
      const compact = { head: committee.head, absent: committee.shards[0]!.members, proof: prng.bytes(32) }
      const base = prng.pick<hops.HopsBase | undefined>([
        undefined,
        { ...randomCertified(prng), committee },
        { ...randomCertified(prng), compact },
      ])
      return answered(prng, {
        base,
        updates: continued(
          prng,
          several(prng, 3, () => randomUpdate(prng)),
        ),
      })
    },
    encode: (response) => hops.encodeHopsResponse(response, FORMS_ALL),
    decode: (bytes) => hops.decodeHopsResponse(bytes, DEVNET_PARAMS),
  }),
  codec({
    name: 'follow request',
    make: (prng) => ({ fromHeight: prng.uint64(), forms: prng.below(256) }),
    encode: follow.encodeFollowRequest,
    decode: follow.decodeFollowRequest,
  }),
  codec({
    name: 'follow frame',
    make: (prng) => answered(prng, randomUpdate(prng)),
    encode: follow.encodeFollowFrame,
    decode: (bytes) => follow.decodeFollowFrame(bytes, DEVNET_PARAMS),
  }),
  codec({
    name: 'headers request',
    make: (prng) => ({ start: prng.uint64(), count: 1 + prng.below(HEADER_COUNT_MAX) }),
    encode: headers.encodeHeadersRequest,
    decode: headers.decodeHeadersRequest,
  }),
  codec({
    name: 'headers response',
    make: (prng) =>
      answered(
        prng,
        several(prng, 3, () => randomHeader(prng)),
      ),
    encode: headers.encodeHeadersResponse,
    decode: headers.decodeHeadersResponse,
  }),
  codec<proof.ProofRequest>({
    name: 'proof request',
    make: (prng) => {
      const at = prng.uint64()
      const start = BigInt(prng.uint32())
      return prng.pick<proof.ProofRequest>([
        { kind: 1, at, height: prng.uint64() },
        { kind: 2, at, txid: prng.bytes(32) },
        { kind: 3, at, prefix: prefixOf(prng, prng.below(257)) },
        { kind: 4, at, start, end: start + 1n + BigInt(prng.below(256)), prefix: prefixOf(prng, prng.below(65)) },
      ])
    },
    encode: proof.encodeProofRequest,
    decode: proof.decodeProofRequest,
  }),
  codec<Answer<proof.ProofResponse>>({
    name: 'proof response',
    make: (prng) => {
      const withProof = () => ({ ...linked(prng), proof: prng.bytes(prng.below(200)) })
      return answered(
        prng,
        prng.pick<proof.ProofResponse>([
          { kind: 1, ...linked(prng) },
          { kind: 2, ...withProof() },
          { kind: 3, proof: prng.bytes(prng.below(500)) },
          { kind: 4, blocks: [withProof(), withProof()] },
        ]),
      )
    },
    encode: proof.encodeProofResponse,
    decode: proof.decodeProofResponse,
  }),
  codec({
    name: 'submit request',
    make: randomTx,
    encode: submit.encodeSubmitRequest,
    decode: submit.decodeSubmitRequest,
  }),
  codec({
    name: 'submit response',
    make: (prng) => answered(prng, { outcome: prng.pick(submit.SUBMIT_OUTCOMES), reason: 'tx-fee: 3 < 5' }),
    encode: submit.encodeSubmitResponse,
    decode: submit.decodeSubmitResponse,
  }),
  codec<evidence.ConflictEvidence>({
    name: 'evidence request',
    make: (prng) => {
      const pair = { first: randomCertified(prng), second: randomCertified(prng) }
      return prng.chance(0.5)
        ? { kind: 1, ...pair }
        : { kind: 2, ...pair, leafHash: prng.bytes(32), path: prng.bytes(96) }
    },
    encode: evidence.encodeConflict,
    decode: evidence.decodeConflict,
  }),
  codec({
    name: 'evidence response',
    make: (prng) => answered(prng, { outcome: prng.pick(evidence.EVIDENCE_OUTCOMES), reason: '' }),
    encode: evidence.encodeEvidenceResponse,
    decode: evidence.decodeEvidenceResponse,
  }),
  codec<lease.LeaseRequest>({
    name: 'lease request',
    make: (prng) => ({ deviceKey: prng.bytes(32), silent: several(prng, lease.LEASE_NODES_MAX, () => peerName(prng)) }),
    encode: lease.encodeLeaseRequest,
    decode: lease.decodeLeaseRequest,
  }),
  codec<Answer<lease.LeaseResponse>>({
    name: 'lease response',
    make: (prng) => {
      const outcome = prng.pick(lease.LEASE_OUTCOMES)
      if (outcome !== 'granted') return answered(prng, { outcome, leaseMs: 0, nodes: [] })
      const node = () => `/ip4/10.0.0.1/tcp/${prng.below(65_536)}/p2p/${peerName(prng)}`
      const nodes = [node(), ...several(prng, lease.LEASE_NODES_MAX - 1, node)]
      return answered(prng, { outcome, leaseMs: 1 + prng.below(lease.LEASE_MS_MAX), nodes })
    },
    encode: lease.encodeLeaseResponse,
    decode: lease.decodeLeaseResponse,
  }),
]

for (const { name, make, encode, decode } of CODECS) {
  test(`${name}: decoding what was encoded gives it back`, () => {
    const prng = new Prng(`${seed}/${name}`)
    for (let round = 0; round < 30; round++) {
      const value = make(prng)
      const decoded = decode(encode(value))
      equal(
        decoded.kind,
        'accepted',
        JSON.stringify(decoded, (_, v: unknown) => (typeof v === 'bigint' ? `${v}` : v)),
      )
      if (decoded.kind === 'accepted') deepEqual(decoded.value, value)
    }
  })

  test(`${name}: every truncation and every longer frame is refused`, () => {
    const prng = new Prng(`${seed}/${name}/cut`)
    const bytes = encode(make(prng))
    const step = Math.max(1, bytes.length >> 9)
    for (let length = 0; length < bytes.length; length += step)
      equal(decode(bytes.subarray(0, length)).kind, 'rejected')
    equal(decode(Uint8Array.of(...bytes, 0)).kind, 'rejected')
  })

  test(`${name}: changed and random bytes give a value or a code, never a throw; what is accepted is canonical`, () => {
    const prng = new Prng(`${seed}/${name}/fuzz`)
    const honest = encode(make(prng))
    for (let round = 0; round < 400; round++) {
      const bytes = prng.chance(0.3) ? prng.bytes(prng.below(400)) : Uint8Array.from(honest)
      for (let flips = prng.below(4); flips > 0 && bytes.length > 0; flips--)
        bytes[prng.below(bytes.length)]! ^= 1 << prng.below(8)
      const decoded = decode(bytes)
      if (decoded.kind === 'accepted') deepEqual(encode(decoded.value), bytes)
      else ok(decoded.code.startsWith('decode-'))
    }
  })
}

test('a request of every protocol fits its frame limit', () => {
  const prng = new Prng(seed)
  ok(hops.encodeHopsRequest({ fromHeight: 1n, countMax: 1, base: 'full', forms: 3 }).length <= 64)
  const topic: proof.ProofRequest = { kind: 4, at: 1n, start: 0n, end: 1n, prefix: prefixOf(prng, 64) }
  ok(proof.encodeProofRequest(topic).length <= FRAME_LIMITS.proof.requestBytesMax)
  const state: proof.ProofRequest = { kind: 3, at: 1n, prefix: prefixOf(prng, 256) }
  ok(proof.encodeProofRequest(state).length <= FRAME_LIMITS.proof.requestBytesMax)
})
