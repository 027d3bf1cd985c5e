import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Header } from '../../src/chain/header.ts'
import { HistoryLog } from '../../src/proofs/history.ts'
import { checkAgainstHistory, verifyHeightConflict, verifyHistoryConflict } from '../../src/verify/conflict.ts'
import { ModelChain, quickEngine } from './model-chain.ts'

const model = new ModelChain({ engine: await quickEngine(), height: 10 })
const { engine, chain } = model

const certified = (header: Header) => ({
  header,
  cert: model.cert(header),
  committee: model.committee(model.epochOf(Number(header.height))),
})
const fork = { ...model.headers[5]!, stateRoot: new Uint8Array(32) }
const genuine = (height: number, size: number) => ({
  header: model.headers[height]!,
  path: model.history.inclusionProof(height, size),
})

test('[LC-5] two certified blocks of one height are evidence in either order', () => {
  const pair = [certified(model.headers[5]!), certified(fork)] as const
  assert.equal(verifyHeightConflict(engine, chain, pair[0], pair[1]).kind, 'accepted')
  assert.equal(verifyHeightConflict(engine, chain, pair[1], pair[0]).kind, 'accepted')
})

test('[LC-5] a header whose own account of its committee is forged is evidence all the same', () => {
  const forged = { ...fork, committeeRoot: new Uint8Array(32) }
  assert.equal(verifyHeightConflict(engine, chain, certified(model.headers[5]!), certified(forged)).kind, 'accepted')
})

test('[LC-5] evidence with an invalid certificate, of another chain or of one block is void', () => {
  const honest = certified(model.headers[5]!)
  const code = (second: ReturnType<typeof certified>) => {
    const verdict = verifyHeightConflict(engine, chain, honest, second)
    return verdict.kind === 'rejected' ? verdict.code : verdict.kind
  }
  assert.equal(
    code({ ...certified(fork), cert: { ...certified(fork).cert, signature: honest.cert.signature } }),
    'cert-signature',
  )
  assert.equal(code(certified({ ...fork, chainId: new Uint8Array(32) })), 'header-chain')
  assert.equal(code(honest), 'evidence-same-block')
  assert.equal(code(certified(model.headers[6]!)), 'evidence-heights')
})

test('[LC-5] a certified block whose history holds another block is evidence with a valid path only', () => {
  const forkHash = new Uint8Array(32).fill(8)
  const history = HistoryLog.of(engine.kernels, [...model.hashes.slice(0, 5), forkHash, ...model.hashes.slice(6, 7)])
  const later = certified({ ...model.headers[7]!, historyRoot: history.root() })
  const path = history.inclusionProof(5)
  const first = certified(model.headers[5]!)
  assert.equal(verifyHistoryConflict(engine, chain, first, later, forkHash, path).kind, 'accepted')
  const wrong = verifyHistoryConflict(engine, chain, first, later, forkHash, history.inclusionProof(4))
  assert.ok(wrong.kind === 'rejected' && wrong.code === 'evidence-path')
  const same = verifyHistoryConflict(engine, chain, first, later, model.hashes[5]!, path)
  assert.ok(same.kind === 'rejected' && same.code === 'evidence-same-block')
})

test('[LC-5] an older certified header is looked up: the genuine one passes, a fork stops the client', () => {
  const trusted = model.trusted(9)
  const past = certified(model.headers[5]!)
  assert.equal(checkAgainstHistory(engine, chain, trusted, past, genuine(5, 9), model.nowMs).kind, 'accepted')
  const forked = checkAgainstHistory(engine, chain, trusted, certified(fork), genuine(5, 9), model.nowMs)
  assert.ok(forked.kind === 'rejected' && forked.code === 'conflict-history')
  const unsigned = { ...certified(fork), cert: { ...past.cert, blockHash: certified(fork).cert.blockHash } }
  const harmless = checkAgainstHistory(engine, chain, trusted, unsigned, genuine(5, 9), model.nowMs)
  assert.ok(harmless.kind === 'rejected' && harmless.code === 'cert-signature')
})

test('[LC-5] keys given up long ago cannot stop a client: past the trust period a fork proves nothing', () => {
  const trusted = model.trusted(9)
  const expiry = model.headers[5]!.timeMs + BigInt(chain.params.trustPeriodMs)
  const at = (nowMs: bigint) => checkAgainstHistory(engine, chain, trusted, certified(fork), genuine(5, 9), nowMs)
  assert.equal(at(expiry).kind, 'rejected')
  const late = at(expiry + 1n)
  assert.ok(late.kind === 'undecided' && late.code === 'trust-expired')
})
