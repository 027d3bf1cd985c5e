/** What the check `mutations` changes bit by bit: genuine bytes and the verifier that must refuse every change of them. */
import { concatBytes, u32 } from '../../src/base/bytes.ts'
import { rejected, type Result, type Verdict } from '../../src/base/verdict.ts'
import { decodeCert, encodeCert } from '../../src/chain/certificate.ts'
import { Reader, Writer } from '../../src/chain/codec.ts'
import { decodeCommittee, encodeCommittee } from '../../src/chain/committee.ts'
import { decodeHeader, encodeHeader } from '../../src/chain/header.ts'
import { KIND, type Utxo } from '../../src/chain/output.ts'
import type { Kernels } from '../../src/kernels/contract.ts'
import { verifyHistoryProof } from '../../src/proofs/history.ts'
import { buildStateProof, decodeStateProof, encodeStateProof, verifyStateProof } from '../../src/proofs/state-proof.ts'
import { StateTree } from '../../src/proofs/state-tree.ts'
import {
  buildTopicRange,
  decodeTopicRange,
  encodeTopicRange,
  txLeaf,
  verifyTopicRange,
  wholeTopic,
} from '../../src/proofs/topics.ts'
import {
  buildTransactionProof,
  decodeTransactionProof,
  encodeTransactionProof,
  txRootOf,
  verifyTransactionProof,
} from '../../src/proofs/transaction.ts'
import { buildCompact, decodeCompact, encodeCompact } from '../../src/verify/compact.ts'
import { verifyHops } from '../../src/verify/hops.ts'
import { verifyUpdate, type Update } from '../../src/verify/light.ts'
import { trustCheckpoint } from '../../src/verify/trust.ts'
import { served } from '../../src/wire/envelope.ts'
import { decodeHopsResponse, encodeHopsResponse } from '../../src/wire/hops.ts'
import { FORMS_ALL, readUpdate, seatCountMax, writeUpdate } from '../../src/wire/update.ts'
import { ModelChain } from '../../test/verify/model-chain.ts'

export interface Target {
  readonly name: string
  readonly bytes: Uint8Array
  /** Decodes and verifies; `bytes` itself must be accepted. */
  readonly judge: (bytes: Uint8Array) => Verdict<unknown>
}

/** Applies `verify` to what `decode` accepts. */
function decoded<Value>(
  decode: (bytes: Uint8Array) => Result<Value>,
  verify: (value: Value) => Verdict<unknown>,
): (bytes: Uint8Array) => Verdict<unknown> {
  return (bytes) => {
    const value = decode(bytes)
    return value.kind === 'rejected' ? value : verify(value.value)
  }
}

/** Header, certificate and committee of a hop, of a step within an epoch, and the frames that carry them. */
export function updateTargets(label: string, model: ModelChain): Target[] {
  const { engine, chain } = model
  const trusted = model.trusted(2)
  const seatsMax = seatCountMax(chain.params)
  const verify = (update: Update) => verifyUpdate(engine, chain, trusted, update, model.nowMs)
  const hop = model.update(2, 5, (seat) => seat !== 3)
  const step = model.update(2, 3)
  const { committee, ...rest } = hop
  const compact = buildCompact(engine.kernels, model.keysOf(committee!), hop.cert.bitmap)
  const checkpoint = { height: 2n, hash: trusted.hash }
  const name = (what: string) => `${what}, ${label}`
  return [
    {
      name: name('header of a hop'),
      bytes: encodeHeader(hop.header),
      judge: decoded(decodeHeader, (header) => verify({ ...hop, header })),
    },
    {
      name: name('header within an epoch'),
      bytes: encodeHeader(step.header),
      judge: decoded(decodeHeader, (header) => verify({ ...step, header })),
    },
    {
      name: name('header of a checkpoint'),
      bytes: encodeHeader(trusted.header),
      judge: decoded(decodeHeader, (header) => trustCheckpoint(engine.kernels, chain, checkpoint, header, model.nowMs)),
    },
    {
      name: name('certificate of a hop'),
      bytes: encodeCert(hop.cert),
      judge: decoded(decodeCert, (cert) => verify({ ...hop, cert })),
    },
    {
      name: name('certificate within an epoch'),
      bytes: encodeCert(step.cert),
      judge: decoded(decodeCert, (cert) => verify({ ...step, cert })),
    },
    {
      name: name('full committee'),
      bytes: encodeCommittee(committee!),
      judge: decoded(
        (bytes) => decodeCommittee(bytes, seatsMax),
        (changed) => verify({ ...hop, committee: changed }),
      ),
    },
    {
      name: name('compact committee'),
      bytes: encodeCompact(compact),
      judge: decoded(
        (bytes) => decodeCompact(bytes, seatsMax),
        (changed) => verify({ ...rest, compact: changed }),
      ),
    },
    {
      name: name('history path of an update'),
      bytes: hop.historyPath,
      judge: (historyPath) => verify({ ...hop, historyPath }),
    },
    {
      name: name('compact update frame'),
      bytes: frameOf({ ...rest, compact }),
      judge: decoded((bytes) => {
        const reader = new Reader(bytes)
        return reader.finish(readUpdate(reader, chain.params))
      }, verify),
    },
    compactHopsTarget(label, model),
    {
      name: name('update frame'),
      bytes: frameOf(hop),
      judge: decoded((bytes) => {
        const reader = new Reader(bytes)
        return reader.finish(readUpdate(reader, chain.params))
      }, verify),
    },
  ]
}

/** Two compact hops as `hops` answers them, the second's draws continued from the first's, verified in one batch. */
function compactHopsTarget(label: string, model: ModelChain): Target {
  const { engine, chain } = model
  const ends = [2, 4, 8] as const
  const updates = [
    compactOf(
      model,
      model.update(ends[0], ends[1], (seat) => seat !== 3),
    ),
    compactOf(
      model,
      model.update(ends[1], ends[2], (seat) => seat > 1),
    ),
  ]
  const body = { base: undefined, updates }
  return {
    name: `response of compact hops, ${label}`,
    bytes: encodeHopsResponse(served(body), FORMS_ALL),
    judge: decoded(
      (bytes) => decodeHopsResponse(bytes, chain.params),
      (answer) => {
        if (answer.kind === 'refused') return rejected('hops-refused', { refusal: answer.refusal })
        if (answer.body.updates.length !== updates.length) return rejected('hops-count', {})
        if (answer.body.base !== undefined) return rejected('hops-base', {})
        const seed = new Uint8Array(32).fill(7)
        return verifyHops(engine, chain, model.trusted(ends[0]), answer.body.updates, model.nowMs, seed).verdict
      },
    ),
  }
}

function compactOf({ engine }: ModelChain, update: Update): Update {
  const { committee, ...rest } = update
  if (committee === undefined) return update
  return { ...rest, compact: buildCompact(engine.kernels, { committee, head: committee.head }, rest.cert.bitmap) }
}

function frameOf(update: Update): Uint8Array {
  const writer = new Writer()
  writeUpdate(writer, update)
  return writer.finish()
}

/** The proofs of §9 that stand on their own under a root. */
export function proofTargets(model: ModelChain): Target[] {
  const { kernels } = model.engine
  return [historyTarget(model), ...transactionTargets(kernels), ...stateTargets(kernels)]
}

function historyTarget(model: ModelChain): Target {
  const size = model.history.size
  const root = model.history.root()
  return {
    name: 'history proof',
    bytes: model.history.inclusionProof(6),
    judge: (path) => verifyHistoryProof(model.engine.kernels, root, BigInt(size), 6n, model.hashes[6]!, path),
  }
}

function transactionTargets(kernels: Kernels): Target[] {
  const txids = Array.from({ length: 21 }, (_, index) => kernels.sha256(u32(index)))
  const leaves = txids.map((txid, index) => txLeaf(new Uint8Array(8).fill(index >> 2), txid))
  leaves.sort((a, b) => (toText(a) < toText(b) ? -1 : 1))
  const root = txRootOf(kernels, leaves)
  const topicAt = (index: number) => leaves[index]!.slice(0, 8)
  const range = (topic: Uint8Array) => encodeTopicRange(buildTopicRange(kernels, leaves, wholeTopic(topic)))
  const judgeRange = (topic: Uint8Array) =>
    decoded(decodeTopicRange, ({ start, leaves: listed, proof }) =>
      verifyTopicRange(kernels, root, leaves.length, topic, start, listed, proof),
    )
  const [present, absent, first] = [topicAt(9), new Uint8Array(8).fill(0x80), topicAt(0)]
  return [
    {
      name: 'transaction proof',
      bytes: encodeTransactionProof(buildTransactionProof(kernels, leaves, 13)),
      judge: decoded(decodeTransactionProof, (proof) =>
        verifyTransactionProof(kernels, root, leaves.length, leaves[13]!.slice(8), proof),
      ),
    },
    { name: 'topic proof', bytes: range(present), judge: judgeRange(present) },
    { name: 'topic proof of absence', bytes: range(absent), judge: judgeRange(absent) },
    { name: 'topic proof at the left end', bytes: range(first), judge: judgeRange(first) },
  ]
}

const toText = (bytes: Uint8Array): string => String.fromCharCode(...bytes)

function stateTargets(kernels: Kernels): Target[] {
  const owner = new Uint8Array(16).fill(0x35)
  const utxos = Array.from({ length: 24 }, (_, index): Utxo => {
    const txid = kernels.sha256(u32(index))
    const output = { kind: KIND.transfer, amount: 5000n + BigInt(index), data: new Uint8Array(0) } as const
    return {
      outpoint: { txid, index },
      createdHeight: BigInt(index),
      output: { ...output, owner: index < 3 ? owner : txid.slice(0, 16) },
    }
  })
  const tree = StateTree.of(kernels, utxos)
  if (tree.kind === 'rejected') throw new Error(`the state of the check must build: ${tree.code}`)
  const target = (name: string, prefixBits: number, prefix: Uint8Array): Target => {
    const proof = buildStateProof(tree.value, prefixBits, prefix)
    if (proof.kind === 'rejected') throw new Error(`the proof of the check must build: ${proof.code}`)
    return {
      name,
      bytes: encodeStateProof(proof.value),
      judge: decoded(decodeStateProof, (changed) =>
        verifyStateProof(kernels, tree.value.root, prefixBits, prefix, changed),
      ),
    }
  }
  return [
    target('state proof of a set', 128, owner),
    target('state proof of one output', 128, utxos[7]!.output.owner),
    target('state proof of absence', 128, concatBytes(utxos[9]!.output.owner.slice(0, 8), new Uint8Array(8))),
    target('state proof of a bucket', 2, Uint8Array.of(0x40)),
  ]
}
