/** Proof files for the check `mutations`: one from genesis and three from a checkpoint, with every kind of proof. */
import { u32 } from '../../src/base/bytes.ts'
import { blockHash, type Header } from '../../src/chain/header.ts'
import { KIND, type Utxo } from '../../src/chain/output.ts'
import { encodeProofFile, verifyProofFile } from '../../src/light/proof-file.ts'
import { buildStateProof, encodeStateProof } from '../../src/proofs/state-proof.ts'
import { StateTree } from '../../src/proofs/state-tree.ts'
import { txLeaf } from '../../src/proofs/topics.ts'
import { buildTransactionProof, encodeTransactionProof, txRootOf } from '../../src/proofs/transaction.ts'
import type { Update } from '../../src/verify/light.ts'
import { served } from '../../src/wire/envelope.ts'
import { encodeProofRequest, encodeProofResponse, type ProofRequest, type ProofResponse } from '../../src/wire/proof.ts'
import type { ModelChain } from '../../test/verify/model-chain.ts'
import type { Target } from './mutation-targets.ts'

/** `lone` has one validator: each judgement from genesis verifies every proof of possession again. */
export function fileTargets(model: ModelChain, lone: ModelChain): Target[] {
  return [headerFile(model), checkpointFile(model), transactionFile(lone), stateFile(model)]
}

interface Content {
  readonly base: number
  /** The committee of the base's epoch is in the file. */
  readonly withCommittee: boolean
  readonly hops: readonly Update[]
  readonly request: ProofRequest
  readonly response: ProofResponse
}

function target(name: string, model: ModelChain, { base, withCommittee, hops, request, response }: Content): Target {
  const { engine, spec, chain } = model
  const header = model.headers[base]!
  const checkpoint = base === 0 ? undefined : { height: header.height, hash: blockHash(engine.kernels, header) }
  return {
    name,
    bytes: encodeProofFile({
      chainId: chain.chainId,
      base: header,
      committee: withCommittee ? model.committee(model.epochOf(base)).committee : undefined,
      hops,
      request: encodeProofRequest(request),
      response: encodeProofResponse(served(response)),
    }),
    judge: (bytes) => verifyProofFile(engine, spec, checkpoint, bytes, model.nowMs),
  }
}

/** A step with the header changed as a proposer could have made it, and certified so. */
function certified(model: ModelChain, from: number, to: number, change: Partial<Header>): Update {
  const header = { ...model.headers[to]!, ...change }
  return { ...model.update(from, to), header, cert: model.cert(header) }
}

function headerFile(model: ModelChain): Target {
  const path = model.history.inclusionProof(1, 5)
  return target('proof file of a header, from a checkpoint', model, {
    base: 2,
    withCommittee: false,
    hops: [model.update(2, 5)],
    request: { kind: 1, at: 5n, height: 1n },
    response: { kind: 1, header: model.headers[1]!, path },
  })
}

/** Without a hop the committee in it serves for nothing; it must be right all the same. */
function checkpointFile(model: ModelChain): Target {
  const path = model.history.inclusionProof(1, 2)
  return target('proof file that ends at its checkpoint', model, {
    base: 2,
    withCommittee: true,
    hops: [],
    request: { kind: 1, at: 2n, height: 1n },
    response: { kind: 1, header: model.headers[1]!, path },
  })
}

function transactionFile(model: ModelChain): Target {
  const { kernels } = model.engine
  const leaves = Array.from({ length: 5 }, (_, index) =>
    txLeaf(new Uint8Array(8).fill(index), kernels.sha256(u32(index))),
  )
  const last = certified(model, 4, 6, { txRoot: txRootOf(kernels, leaves), txCount: leaves.length })
  const proof = encodeTransactionProof(buildTransactionProof(kernels, leaves, 3))
  return target('proof file of a transaction, from genesis', model, {
    base: 0,
    withCommittee: false,
    hops: [model.update(0, 4), last],
    request: { kind: 2, at: 6n, txid: leaves[3]!.slice(8) },
    response: { kind: 2, header: last.header, path: new Uint8Array(0), proof },
  })
}

function stateFile(model: ModelChain): Target {
  const { kernels } = model.engine
  const owner = new Uint8Array(16).fill(0x77)
  const utxos = [0, 1, 2, 3].map((index): Utxo => {
    const txid = kernels.sha256(u32(index))
    const output = { kind: KIND.transfer, amount: 7000n, data: new Uint8Array(0) } as const
    const outpoint = { txid, index }
    return { outpoint, createdHeight: 1n, output: { ...output, owner: index < 2 ? owner : txid.slice(0, 16) } }
  })
  const tree = StateTree.of(kernels, utxos)
  if (tree.kind === 'rejected') throw new Error(`the state of the check must build: ${tree.code}`)
  const proof = buildStateProof(tree.value, 128, owner)
  if (proof.kind === 'rejected') throw new Error(`the proof of the check must build: ${proof.code}`)
  const last = certified(model, 2, 3, { stateRoot: tree.value.root })
  return target('proof file of an owner’s outputs, from a checkpoint', model, {
    base: 2,
    withCommittee: true,
    hops: [last],
    request: { kind: 3, at: 3n, prefix: { bits: 128, bytes: owner } },
    response: { kind: 3, proof: encodeStateProof(proof.value) },
  })
}
