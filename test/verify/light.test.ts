import assert from 'node:assert/strict'
import { test } from 'node:test'
import { equalBytes, toHex } from '../../src/base/bytes.ts'
import { buildCompact } from '../../src/verify/compact.ts'
import { verifyHops } from '../../src/verify/hops.ts'
import { isBrokenChain, verifyUpdate, type Update } from '../../src/verify/light.ts'
import { trustCheckpoint, type Trusted } from '../../src/verify/trust.ts'
import { ModelChain, quickEngine } from './model-chain.ts'

const quick = await quickEngine()
const model = new ModelChain({ engine: quick })
const { engine, chain } = model
const SEED = new Uint8Array(32).fill(9)
const last = model.headers.length - 1

const step = (trusted: Trusted, update: Update, nowMs = model.nowMs) =>
  verifyUpdate(engine, chain, trusted, update, nowMs)

/** The update of a hop with its committee in the compact form. */
function compactUpdate(from: number, to: number, signs?: (seat: number) => boolean): Update {
  const { committee, ...update } = model.update(from, to, signs)
  assert.ok(committee !== undefined)
  return { ...update, compact: buildCompact(engine.kernels, model.keysOf(committee), update.cert.bitmap) }
}

test('[LC-2] [LC-3] a client walks from genesis over every height, hops included', () => {
  let trusted: Trusted = model.trusted(0)
  for (let height = 1; height <= last; height++) {
    const verdict = step(trusted, model.update(height - 1, height))
    assert.equal(verdict.kind, 'accepted', `height ${height}: ${verdict.kind === 'accepted' ? '' : verdict.code}`)
    if (verdict.kind === 'accepted') trusted = verdict.value
    assert.ok(equalBytes(trusted.hash, model.hashes[height]!))
  }
})

test('[LC-3] one hop per epoch is enough, from any height of an epoch to any of the next', () => {
  for (let from = 0; from <= last - 5; from += 3)
    for (const to of [from + 1, from + 4])
      assert.equal(step(model.trusted(from), model.update(from, to)).kind, 'accepted')
})

test('[FIN-1] the least quorum is enough and one seat less is not, under both rules', () => {
  for (const quorum of ['flat', 'two-level'] as const) {
    const other = new ModelChain({ quorum, height: 2, engine: quick })
    // 16 seats in 4 shards of 4: flat needs 11; two-level 3 shards with 3 seats each.
    const enough = (seat: number) => (quorum === 'flat' ? seat < 11 : seat < 12 && seat % 4 < 3)
    const short = (seat: number) => enough(seat) && seat !== 6
    const verdict = (signs: (seat: number) => boolean) =>
      verifyUpdate(other.engine, other.chain, other.trusted(0), other.update(0, 1, signs), other.nowMs)
    assert.equal(verdict(enough).kind, 'accepted')
    const refused = verdict(short)
    assert.equal(refused.kind, 'rejected')
    if (refused.kind === 'rejected') {
      assert.equal(refused.code, 'cert-quorum')
      assert.deepEqual([refused.operands['got'], refused.operands['least']], quorum === 'flat' ? [10, 11] : [2, 3])
    }
  }
})

test('[LC-1] trust starts from a checkpoint; its committee is learnt by the first update', () => {
  const checkpoint = { height: 5n, hash: model.hashes[5]! }
  const verdict = trustCheckpoint(engine.kernels, chain, checkpoint, model.headers[5]!, model.nowMs)
  assert.equal(verdict.kind, 'accepted')
  if (verdict.kind !== 'accepted') return
  const bare = step(verdict.value, model.update(5, 6))
  assert.ok(bare.kind === 'rejected' && bare.code === 'committee-missing')
  const withCommittee = { ...model.update(5, 6), committee: model.committee(1).committee }
  assert.equal(step(verdict.value, withCommittee).kind, 'accepted')
  assert.equal(step(verdict.value, model.update(5, 8)).kind, 'accepted', 'the next epoch needs only its own committee')
})

test('[LC-1] the trust period ends to the millisecond, and a clock behind the trusted header does not extend it', () => {
  const trusted = model.trusted(4)
  const end = trusted.header.timeMs + BigInt(chain.params.trustPeriodMs)
  assert.equal(step(trusted, model.update(4, 5), end).kind, 'accepted')
  const late = step(trusted, model.update(4, 5), end + 1n)
  assert.ok(late.kind === 'undecided' && late.code === 'trust-expired')
  const behind = step(trusted, model.update(4, 5), 0n)
  assert.ok(behind.kind === 'undecided' && behind.code === 'header-future', 'a header ahead of the clock waits')
})

test('[LC-6] a header ahead of the clock is undecided up to the millisecond, and a forged one is rejected all the same', () => {
  const update = model.update(4, 5)
  const edge = update.header.timeMs - BigInt(chain.params.clockDriftMsMax)
  assert.equal(step(model.trusted(4), update, edge).kind, 'accepted')
  const ahead = step(model.trusted(4), update, edge - 1n)
  assert.ok(ahead.kind === 'undecided' && ahead.code === 'header-future')
  const forged = step(
    model.trusted(4),
    { ...update, cert: { ...update.cert, signature: model.cert(model.headers[6]!).signature } },
    edge - 1n,
  )
  assert.ok(forged.kind === 'rejected' && forged.code === 'cert-signature')
})

test('[LC-5] another certified block at the trusted height is a conflict, whatever it says', () => {
  const header = {
    ...model.headers[5]!,
    stateRoot: new Uint8Array(32),
    timeMs: 1n,
    committeeRoot: new Uint8Array(32),
    nextCommitteeRoot: new Uint8Array(32),
  }
  const conflict = step(model.trusted(5), { header, cert: model.cert(header), historyPath: new Uint8Array(0) })
  assert.ok(conflict.kind === 'rejected' && conflict.code === 'conflict-height' && isBrokenChain(conflict.code))
  assert.equal(conflict.operands['trusted'], toHex(model.hashes[5]!))
  const unsigned = { ...model.cert(header), signature: model.cert(model.headers[6]!).signature }
  const forged = step(model.trusted(5), { header, cert: unsigned, historyPath: new Uint8Array(0) })
  assert.ok(forged.kind === 'rejected' && forged.code === 'cert-signature' && !isBrokenChain(forged.code))
  assert.equal(step(model.trusted(5), { ...model.update(4, 5), historyPath: new Uint8Array(0) }).kind, 'accepted')
})

test('[LC-5] a valid proof of another hash at the trusted height is a conflict; a wrong path is a bad peer', () => {
  const update = model.update(5, 7)
  const trusted = { ...model.trusted(5), hash: new Uint8Array(32).fill(7) }
  const wrong = step(trusted, update)
  assert.ok(wrong.kind === 'rejected' && wrong.code === 'history-path' && !isBrokenChain(wrong.code))
  const conflict = step(trusted, { ...update, historyLeaf: model.hashes[5]! })
  assert.ok(conflict.kind === 'rejected' && conflict.code === 'conflict-history' && isBrokenChain(conflict.code))
  assert.equal(step(model.trusted(5), { ...update, historyLeaf: model.hashes[5]! }).kind, 'accepted')
})

test('[LC-4] a certified committee that fails the audit is a broken chain and no bad peer', () => {
  const keys = model.committee(2)
  const [first, second, ...rest] = keys.committee.shards
  const swapped = model.keysOf({ ...keys.committee, shards: [second!, first!, ...rest] })
  const trusted = model.trusted(4)
  const vouching = { ...trusted, header: { ...trusted.header, nextCommitteeRoot: swapped.root } }
  const header = { ...model.headers[8]!, committeeRoot: swapped.root }
  const update = {
    ...model.update(4, 8),
    header,
    committee: swapped.committee,
    cert: model.cert(header, undefined, swapped),
  }
  const verdict = step(vouching, update)
  assert.ok(verdict.kind === 'rejected' && verdict.code === 'audit-committee-order' && isBrokenChain(verdict.code))
})

test('[LC-4c] compact hops lead to the same trust, with any set of absent seats that leaves a quorum', () => {
  const signs = [
    () => true,
    (seat: number) => seat !== 3,
    (seat: number) => seat >= 5,
    (seat: number) => seat % 4 !== 0,
  ]
  for (const filter of signs) {
    const verdict = step(model.trusted(2), compactUpdate(2, 5, filter))
    assert.equal(verdict.kind, 'accepted', verdict.kind === 'accepted' ? '' : verdict.code)
    if (verdict.kind === 'accepted') assert.equal(verdict.value.committee, undefined)
  }
})

test('[LC-4c] several hops hold in one batch, full and compact mixed; one bad signature leaves nothing', () => {
  const updates = [
    compactUpdate(0, 4, (seat) => seat !== 1),
    model.update(4, 8),
    compactUpdate(8, 13),
    model.update(13, 16),
  ]
  const good = verifyHops(engine, chain, model.trusted(0), updates, model.nowMs, SEED)
  assert.equal(good.verdict.kind, 'accepted')
  assert.deepEqual(
    good.verified.map(({ header }) => Number(header.height)),
    [4, 8, 13, 16],
  )
  const forged = { ...updates[2]!, cert: { ...updates[2]!.cert, signature: updates[1]!.cert.signature } }
  const bad = verifyHops(engine, chain, model.trusted(0), updates.with(2, forged), model.nowMs, SEED)
  assert.deepEqual([bad.verdict.kind, bad.index, bad.verified.length], ['rejected', 2, 0])
  assert.ok(bad.verdict.kind === 'rejected' && bad.verdict.code === 'cert-signature')
})

test('[LC-6] a batch whose last hop lies ahead of the clock keeps the hops before it', () => {
  const updates = [model.update(0, 4), model.update(4, 8)]
  const nowMs = updates[0]!.header.timeMs - BigInt(chain.params.clockDriftMsMax)
  const outcome = verifyHops(engine, chain, model.trusted(0), updates, nowMs, SEED)
  assert.deepEqual([outcome.verdict.kind, outcome.index, outcome.verified.length], ['undecided', 1, 1])
})

test('[LC-5] a conflict inside a batch counts only when every signature of it holds', () => {
  const trusted = model.trusted(0)
  const conflicting = { ...model.headers[4]!, stateRoot: new Uint8Array(32) }
  const fork: Update = { header: conflicting, cert: model.cert(conflicting), historyPath: new Uint8Array(0) }
  const updates = [model.update(0, 4), fork]
  const shown = verifyHops(engine, chain, trusted, updates, model.nowMs, SEED)
  assert.ok(shown.verdict.kind === 'rejected' && shown.verdict.code === 'conflict-height')
  const forged = { ...fork, cert: { ...fork.cert, signature: updates[0]!.cert.signature } }
  const unshown = verifyHops(engine, chain, trusted, [updates[0]!, forged], model.nowMs, SEED)
  assert.ok(unshown.verdict.kind === 'rejected' && unshown.verdict.code === 'cert-signature')
})

test('[LC-3] a weak committee is refused unless the user allowed it, and one above the chain always', () => {
  const strong = { ...chain, params: { ...chain.params, f: 2 } }
  const weak = verifyUpdate(engine, strong, model.trusted(2), model.update(2, 4), model.nowMs)
  assert.ok(weak.kind === 'rejected' && weak.code === 'committee-weak')
  const low = { ...chain, params: { ...chain.params, f: 0 }, weakCommitteesAllowed: true }
  const above = verifyUpdate(engine, low, model.trusted(2), model.update(2, 4), model.nowMs)
  assert.ok(above.kind === 'rejected' && above.code === 'committee-weak')
})
