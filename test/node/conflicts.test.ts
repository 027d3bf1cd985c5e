import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import type { Header } from '../../src/chain/header.ts'
import { Conflicts } from '../../src/node/conflicts.ts'
import { HistoryLog } from '../../src/proofs/history.ts'
import { decodeConflict, type ConflictEvidence } from '../../src/wire/evidence.ts'
import { ModelChain, quickEngine } from '../verify/model-chain.ts'

const model = new ModelChain({ engine: await quickEngine(), height: 10 })
const certified = (header: Header) => ({ header, cert: model.cert(header) })
const own = certified(model.headers[5]!)
const fork = certified({ ...model.headers[5]!, stateRoot: new Uint8Array(32) })

function node(over: { nowMs?: number; head?: number } = {}) {
  const kept: ConflictEvidence[] = []
  const conflicts = new Conflicts({
    ...{ engine: model.engine, chain: model.chain, nowMs: () => over.nowMs ?? Number(model.nowMs) },
    committee: (epoch) => (epoch <= model.epochOf(10) ? model.committee(epoch) : undefined),
    final: (height) =>
      height <= BigInt(over.head ?? 10) ? { header: model.headers[Number(height)]!, cert: undefined } : undefined,
    onConflict: (_evidence, bytes) => {
      const decoded = decodeConflict(bytes)
      if (decoded.kind === 'accepted') kept.push(decoded.value)
    },
  })
  return { conflicts, kept, report: (evidence: ConflictEvidence) => conflicts.report(evidence) }
}

test('two certified blocks of one height are kept once, in either order', () => {
  const { kept, report } = node()
  equal(report({ kind: 1, first: own, second: fork }).outcome, 'kept')
  equal(report({ kind: 1, first: fork, second: own }).outcome, 'known')
  deepEqual(kept, [{ kind: 1, first: own, second: fork }])
})

test('a certified block whose history holds another block is kept', () => {
  const leafHash = new Uint8Array(32).fill(8)
  const hashes = [...model.hashes.slice(0, 5), leafHash, ...model.hashes.slice(6, 7)]
  const history = HistoryLog.of(model.engine.kernels, hashes)
  const second = certified({ ...model.headers[7]!, historyRoot: history.root() })
  const path = history.inclusionProof(5)
  const { report } = node()
  equal(report({ kind: 2, first: own, second, leafHash, path: history.inclusionProof(4) }).reason, 'evidence-path')
  equal(report({ kind: 2, first: own, second, leafHash, path }).outcome, 'kept')
})

test('what is no conflict is refused with its reason: one block, an invalid certificate, an unknown height', () => {
  const { kept, report } = node()
  equal(report({ kind: 1, first: own, second: own }).reason, 'evidence-same-block')
  const unsigned = { ...fork, cert: { ...fork.cert, signature: own.cert.signature } }
  equal(report({ kind: 1, first: own, second: unsigned }).reason, 'cert-signature')
  const bare = { header: fork.header, cert: undefined }
  equal(report({ kind: 1, first: own, second: bare }).outcome, 'rejected')
  equal(node({ head: 4 }).report({ kind: 1, first: own, second: fork }).reason, 'no block of that height is final here')
  deepEqual(kept, [])
})

test('[LC-5] keys given up long ago prove nothing: past the trust period the report is refused', () => {
  const expiryMs = Number(own.header.timeMs) + model.chain.params.trustPeriodMs
  equal(node({ nowMs: expiryMs }).report({ kind: 1, first: own, second: fork }).outcome, 'kept')
  const late = node({ nowMs: expiryMs + 1 }).report({ kind: 1, first: own, second: fork })
  equal(late.reason, 'the block of that height is older than the trust period')
})

test('what an earlier run kept is known', () => {
  const first = node()
  const names: string[] = []
  const conflicts = new Conflicts({
    ...{ engine: model.engine, chain: model.chain, nowMs: () => Number(model.nowMs) },
    ...{ committee: (epoch) => model.committee(epoch), final: () => own },
    onConflict: (_evidence, _bytes, name) => void names.push(name),
  })
  conflicts.report({ kind: 1, first: own, second: fork })
  first.conflicts.restore(names)
  equal(first.report({ kind: 1, first: own, second: fork }).outcome, 'known')
})
