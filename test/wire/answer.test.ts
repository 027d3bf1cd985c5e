/** The server without a network, over the simulator's chain. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { equalBytes } from '../../src/base/bytes.ts'
import { Prng } from '../../src/base/prng.ts'
import { blockHash } from '../../src/chain/header.ts'
import { epochOf } from '../../src/chain/params.ts'
import { txid } from '../../src/chain/transaction.ts'
import { committeeKeys } from '../../src/verify/certificate.ts'
import { verifyUpdate, type Trusted } from '../../src/verify/light.ts'
import { PROTOCOLS } from '../../src/ports/network.ts'
import { answer, nextUpdate, type RequestProtocol } from '../../src/wire/answer.ts'
import { decodeHeadersResponse, encodeHeadersRequest } from '../../src/wire/headers.ts'
import { decodeHopsResponse, encodeHopsRequest, type HopsRequest } from '../../src/wire/hops.ts'
import { FRAME_LIMITS } from '../../src/wire/limits.ts'
import { decodeProofResponse, encodeProofRequest, type ProofRequest } from '../../src/wire/proof.ts'
import { decodeStatusResponse } from '../../src/wire/status.ts'
import { FORMS_ALL, FORMS_FULL } from '../../src/wire/update.ts'
import { fixtureOf, FixtureView, modelEngine } from '../light/fixture-view.ts'

const chain = fixtureOf({ epochs: 5 })
const tip = chain.blocks.length
const { params } = chain.spec
const nowMs = chain.header(tip).timeMs

function respond(view: FixtureView, protocol: RequestProtocol, request: Uint8Array): Uint8Array {
  const response = answer(view, protocol, request)
  ok(response.kind === 'accepted', `${protocol}: ${response.kind === 'rejected' ? response.code : ''}`)
  ok(response.value.length <= FRAME_LIMITS[protocol].responseBytesMax)
  return response.value
}

const wholeRequest = (request: Partial<HopsRequest>): HopsRequest => ({
  ...{ fromHeight: 0n, countMax: 64, base: 'none' as const, forms: FORMS_FULL },
  ...request,
})

function hops(view: FixtureView, request: Partial<HopsRequest>) {
  const decoded = decodeHopsResponse(respond(view, 'hops', encodeHopsRequest(wholeRequest(request))), params)
  ok(decoded.kind === 'accepted')
  return decoded.value
}

function proof(view: FixtureView, request: ProofRequest) {
  const decoded = decodeProofResponse(respond(view, 'proof', encodeProofRequest(request)))
  ok(decoded.kind === 'accepted')
  return decoded.value
}

const trustedAt = (height: number): Trusted => {
  const { header, hash } = chain.ledger(height)
  const keys = committeeKeys(modelEngine, chain.committees[epochOf(BigInt(height), params)]!.committee)
  ok(keys.kind === 'accepted')
  return { header, hash, committee: keys.value }
}

test('from every height, hops verify one on top of the other and end at the head; none skips an epoch', () => {
  const view = new FixtureView(chain)
  for (let from = 0; from <= tip; from++) {
    const response = hops(view, { fromHeight: BigInt(from) })
    ok(response.kind === 'served')
    let trusted = trustedAt(from)
    for (const update of response.body.updates) {
      ok(epochOf(update.header.height, params) <= epochOf(trusted.header.height, params) + 1)
      const next = verifyUpdate(modelEngine, { params, chainId: chain.chainId }, trusted, update, nowMs)
      ok(next.kind === 'accepted', next.kind === 'accepted' ? '' : next.code)
      trusted = next.value
    }
    equal(trusted.header.height, BigInt(tip))
  }
})

test('a client that reads compact committees gets them where they are shorter, and they lead to the same head', () => {
  const view = new FixtureView(chain)
  const compact = respond(view, 'hops', encodeHopsRequest(wholeRequest({ forms: FORMS_ALL })))
  const full = respond(view, 'hops', encodeHopsRequest(wholeRequest({ forms: FORMS_FULL })))
  ok(compact.length < full.length, `${compact.length} and ${full.length} bytes`)
  const response = hops(view, { forms: FORMS_ALL })
  ok(response.kind === 'served' && response.body.updates.some((update) => update.compact !== undefined))
  let trusted = trustedAt(0)
  for (const update of response.body.updates) {
    const next = verifyUpdate(modelEngine, { params, chainId: chain.chainId }, trusted, update, nowMs)
    ok(next.kind === 'accepted', next.kind === 'accepted' ? '' : next.code)
    trusted = next.value
  }
  equal(trusted.header.height, BigInt(tip))
})

test('no more hops come than were asked for, and the base is the block with its epoch’s committee', () => {
  const view = new FixtureView(chain)
  const response = hops(view, { fromHeight: 2n, countMax: 2, base: 'full' })
  ok(response.kind === 'served')
  equal(response.body.updates.length, 2)
  ok(equalBytes(blockHash(modelEngine.kernels, response.body.base!.header), chain.ledger(2).hash))
  equal(response.body.base!.committee?.head.epoch, 0)
})

test('what lies above the head is refused as not-ahead, and a follower above the head waits', () => {
  const view = new FixtureView(chain, 7)
  deepEqual(hops(view, { fromHeight: 8n }), { kind: 'refused', refusal: 'not-ahead' })
  deepEqual(proof(view, { kind: 1, at: 8n, height: 1n }), { kind: 'refused', refusal: 'not-ahead' })
  deepEqual(decodeHeadersResponse(respond(view, 'headers', encodeHeadersRequest({ start: 8n, count: 1 }))), {
    kind: 'accepted',
    value: { kind: 'refused', refusal: 'not-ahead' },
  })
  deepEqual(nextUpdate(view, 7n), { kind: 'served', body: undefined })
  deepEqual(nextUpdate(view, 8n), { kind: 'served', body: undefined })
})

test('a header range is linked by parents and ends at the head', () => {
  const view = new FixtureView(chain, 9)
  const decoded = decodeHeadersResponse(respond(view, 'headers', encodeHeadersRequest({ start: 3n, count: 512 })))
  ok(decoded.kind === 'accepted' && decoded.value.kind === 'served')
  const headers = decoded.value.body
  equal(headers.length, 7)
  for (const [index, header] of headers.entries())
    if (index > 0) deepEqual(header.parent, blockHash(modelEngine.kernels, headers[index - 1]!))
})

test('unknown transactions and blocks above `at` are not found; a view that gave something up says pruned', () => {
  const view = new FixtureView(chain)
  deepEqual(proof(view, { kind: 2, at: 5n, txid: new Uint8Array(32) }), { kind: 'refused', refusal: 'not-found' })
  const later = txid(modelEngine.kernels, chain.blocks[8]!.block.body.transactions[0]!.body)
  deepEqual(proof(view, { kind: 2, at: 5n, txid: later }), { kind: 'refused', refusal: 'not-found' })
  deepEqual(proof(view, { kind: 1, at: 5n, height: 6n }), { kind: 'refused', refusal: 'not-found' })
  const topic = { bits: 64, bytes: new Uint8Array(8) }
  const forgetful = new (class extends FixtureView {
    override committee() {
      return undefined
    }
    override topicProof() {
      return undefined
    }
  })(chain)
  const asked = { kind: 4, at: 5n, start: 1n, end: 3n, prefix: topic } as const
  deepEqual(proof(forgetful, asked), { kind: 'refused', refusal: 'pruned' })
  deepEqual(hops(forgetful, { fromHeight: 3n, base: 'full' }), { kind: 'refused', refusal: 'pruned' })
  deepEqual(nextUpdate(forgetful, 3n), { kind: 'refused', refusal: 'pruned' })
})

test('a proof longer than a frame is refused, so that the client asks for a longer prefix', () => {
  const huge = new (class extends FixtureView {
    override stateProof() {
      return new Uint8Array(FRAME_LIMITS.proof.responseBytesMax)
    }
  })(chain)
  const prefix = { bits: 0, bytes: new Uint8Array(0) }
  deepEqual(proof(huge, { kind: 3, at: 5n, prefix }), { kind: 'refused', refusal: 'too-large' })
})

test('status is the head and the lowest height that is served', () => {
  const view = new FixtureView(chain, 9)
  const status = decodeStatusResponse(respond(view, 'status', new Uint8Array(0)))
  ok(status.kind === 'accepted' && status.value.kind === 'served')
  equal(status.value.body.head.header.height, 9n)
  equal(status.value.body.oldestHeight, 0n)
})

test('requests of any bytes are answered or refused with a code, never thrown out of', () => {
  const seed = Date.now()
  console.log(`answer seed ${seed}`)
  const prng = new Prng(seed)
  const view = new FixtureView(chain)
  const protocols = PROTOCOLS.filter((name): name is RequestProtocol => name !== 'follow')
  const honest = [
    encodeHopsRequest({ fromHeight: 1n, countMax: 3, base: 'full', forms: FORMS_FULL }),
    encodeHeadersRequest({ start: 1n, count: 5 }),
    encodeProofRequest({ kind: 1, at: 5n, height: 2n }),
    encodeProofRequest({ kind: 3, at: 5n, prefix: { bits: 9, bytes: Uint8Array.of(1, 0x80) } }),
  ]
  for (let round = 0; round < 3000; round++) {
    const bytes = prng.chance(0.4) ? prng.bytes(prng.below(80)) : Uint8Array.from(prng.pick(honest))
    for (let flips = prng.below(3); flips > 0 && bytes.length > 0; flips--)
      bytes[prng.below(bytes.length)]! ^= 1 << prng.below(8)
    const response = answer(view, prng.pick(protocols), bytes)
    if (response.kind === 'rejected') ok(response.code.startsWith('decode-'))
  }
})
