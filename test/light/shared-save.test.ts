import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { Prng } from '../../src/base/prng.ts'
import { decideCommit, STAMP_KEY, type Writes } from '../../src/light/shared-save.ts'
import { checkpointWrites, evidenceWrites, headWrites } from '../../src/light/saved-state.ts'
import { chainIdOf } from '../../src/chain/spec.ts'
import { fixtureOf, modelEngine } from './fixture-view.ts'

const chain = fixtureOf({ epochs: 5 })
const tip = chain.blocks.length
const chainId = chainIdOf(modelEngine.kernels, chain.spec)

function headAt(height: number): Map<string, Uint8Array | undefined> {
  const committee = chain.committees[Math.floor(height / chain.spec.params.epochLength)]!.committee
  const { header, cert } = { header: chain.header(height), cert: chain.blocks[height - 1]!.cert }
  return headWrites(chainId, { header, cert }, { kind: 'full', committee })
}

const entriesOf = (writes: Writes): ReadonlyMap<string, Uint8Array> =>
  new Map([...writes].flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const])))

test('who finds the stamp that it left writes as if it were alone', () => {
  const seen = Uint8Array.of(1)
  const present = new Map([...entriesOf(headAt(9)), [STAMP_KEY, seen]])
  const writes = new Map([['banned', Uint8Array.of(0, 0)]])
  const decision = decideCommit({ writes, all: headAt(4), seen, stamp: Uint8Array.of(2) }, present)
  ok(decision.kind === 'write')
  deepEqual([...decision.writes.keys()].sort(), ['banned', STAMP_KEY])
})

test('another’s head that is as new or newer stays; a newer one is written with its own committee; evidence always', () => {
  const evidence = evidenceWrites({
    kind: 1,
    first: { header: chain.header(2), cert: chain.blocks[1]!.cert },
    second: { header: chain.header(2), cert: chain.blocks[1]!.cert },
  })
  for (const [theirs, ours] of [
    [9, 4],
    [9, 9],
    [4, 9],
    [tip, 1],
  ] as const) {
    const present = new Map([...entriesOf(headAt(theirs)), [STAMP_KEY, Uint8Array.of(7)]])
    const all = headAt(ours)
    const head = all.get('head')
    // Only the head is new: the committee was written by an earlier commit.
    const checkpoint = checkpointWrites({ height: 1n, hash: chain.ledger(1).hash })
    const writes: Writes = new Map([['head', head], ...evidence, ...checkpoint])
    const commit = { writes, all: new Map([...all, ...writes]), seen: Uint8Array.of(1), stamp: Uint8Array.of(2) }
    const decision = decideCommit(commit, present)
    const isNewer = ours > theirs
    ok(decision.kind !== 'other-chain')
    equal(decision.kind, isNewer ? 'write' : 'superseded', `${theirs} ${ours}`)
    ok(decision.writes.has('evidence'))
    equal(decision.writes.has('head'), isNewer)
    equal(decision.writes.has('checkpoint'), isNewer)
    equal(decision.writes.has(STAMP_KEY), isNewer)
    if (isNewer) deepEqual(decision.writes.get('committee'), all.get('committee'))
  }
})

test('a head that cannot be read is nobody’s progress, and another chain’s store is written by nobody else', () => {
  const all = headAt(4)
  const commit = { writes: all, all, seen: undefined, stamp: Uint8Array.of(2) }
  const prng = new Prng('torn')
  const torn = new Map([...entriesOf(headAt(9)), [STAMP_KEY, Uint8Array.of(7)], ['head', prng.bytes(20)]])
  equal(decideCommit(commit, torn).kind, 'write')
  const other = new Map([...entriesOf(headAt(1)), ['chain', new Uint8Array(32)]])
  equal(decideCommit(commit, other).kind, 'other-chain')
})
