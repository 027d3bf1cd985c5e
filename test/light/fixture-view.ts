/** A ChainView over the simulator's ready-made chain, cut off at a head that the test moves. */
import { equalBytes, toHex } from '../../src/base/bytes.ts'
import { Writer } from '../../src/chain/codec.ts'
import type { Committee } from '../../src/chain/committee.ts'
import type { ChainParams } from '../../src/chain/params.ts'
import { txid, type Tx } from '../../src/chain/transaction.ts'
import { createModelBls, modelBlsSigner } from '../../src/crypto/bls-model.ts'
import { createNobleBls } from '../../src/crypto/bls-noble.ts'
import { nobleBlsSigner } from '../../src/crypto/bls-signer.ts'
import type { Engine } from '../../src/crypto/engine.ts'
import { twin } from '../../src/kernels/twin/index.ts'
import { buildStateProof, encodeStateProof } from '../../src/proofs/state-proof.ts'
import { buildTopicRange, encodeTopicRange, txLeaf } from '../../src/proofs/topics.ts'
import { buildTransactionProof, writeTransactionProof } from '../../src/proofs/transaction.ts'
import { chainFixture, type ChainFixture, type FixtureOptions } from '../../src/sim/fixture.ts'
import { buildCompact, type CompactCommittee } from '../../src/verify/compact.ts'
import type { CertifiedHeader } from '../../src/wire/certified-header.ts'
import type { ChainView } from '../../src/wire/chain-view.ts'
import { encodeConflict, type ConflictEvidence, type EvidenceResponse } from '../../src/wire/evidence.ts'
import type { Prefix } from '../../src/wire/proof.ts'
import type { SubmitResponse } from '../../src/wire/submit.ts'

export const modelEngine: Engine = { kernels: twin, bls: createModelBls() }
export const realEngine: Engine = { kernels: twin, bls: createNobleBls() }

const made = new Map<string, ChainFixture>()

/** The same options give the same chain, made once. Differing `paymentsPerBlock` gives forks of one genesis. */
export function fixtureOf(
  options: Pick<FixtureOptions, 'epochs' | 'paymentsPerBlock'> & { readonly seed?: string; readonly real?: boolean },
): ChainFixture {
  const { real = false, seed = 'light', ...rest } = options
  const name = JSON.stringify({ real, seed, ...rest })
  const engine = real ? realEngine : modelEngine
  const signer = real ? nobleBlsSigner : modelBlsSigner
  const fixture = made.get(name) ?? chainFixture({ ...rest, seed, engine, signer })
  made.set(name, fixture)
  return fixture
}

export class FixtureView implements ChainView {
  readonly chain: ChainFixture
  readonly submitted: Tx[] = []
  readonly reports: Uint8Array[] = []
  /** Height of the newest block that is served. */
  headHeight: number
  submitAnswer: SubmitResponse = { outcome: 'accepted', reason: '' }

  constructor(chain: ChainFixture, headHeight = chain.blocks.length) {
    this.chain = chain
    this.headHeight = headHeight
  }

  get chainId(): Uint8Array {
    return this.chain.chainId
  }

  get params(): ChainParams {
    return this.chain.spec.params
  }

  head(): CertifiedHeader {
    return this.final(BigInt(this.headHeight))!
  }

  oldestHeight(): bigint {
    return 0n
  }

  final(height: bigint): CertifiedHeader | undefined {
    if (height > BigInt(this.headHeight)) return undefined
    const index = Number(height)
    return { header: this.chain.header(index), cert: index === 0 ? undefined : this.chain.blocks[index - 1]!.cert }
  }

  committee(epoch: number): Committee | undefined {
    return this.chain.committees[epoch]?.committee
  }

  compactCommittee(epoch: number, bitmap: Uint8Array): CompactCommittee | undefined {
    const keys = this.chain.committees[epoch]
    return keys && buildCompact(modelEngine.kernels, keys, bitmap)
  }

  historyPath(index: bigint, size: bigint): Uint8Array | undefined {
    return this.chain.ledger(this.headHeight).history.size < Number(size)
      ? undefined
      : this.chain.ledger(this.headHeight).history.inclusionProof(Number(index), Number(size))
  }

  transaction(wanted: Uint8Array): { readonly height: bigint; readonly proof: Uint8Array } | undefined {
    for (let height = 1; height <= this.headHeight; height++) {
      const { transactions } = this.chain.blocks[height - 1]!.block.body
      const ids = transactions.map(({ body }) => txid(modelEngine.kernels, body))
      const index = ids.findIndex((id) => equalBytes(id, wanted))
      if (index < 0) continue
      const leaves = transactions.map(({ body }, at) => txLeaf(body.topic, ids[at]!))
      const writer = new Writer()
      writeTransactionProof(writer, buildTransactionProof(modelEngine.kernels, leaves, index))
      return { height: BigInt(height), proof: writer.finish() }
    }
    return undefined
  }

  stateProof(height: bigint, prefix: Prefix): Uint8Array | undefined {
    const { tree } = this.chain.ledger(Number(height)).outputs
    const proof = buildStateProof(tree, prefix.bits, prefix.bytes)
    return proof.kind === 'accepted' ? encodeStateProof(proof.value) : undefined
  }

  topicProof(height: bigint, prefix: Prefix): Uint8Array | undefined {
    if (height > BigInt(this.headHeight)) return undefined
    const transactions = height === 0n ? [] : this.chain.blocks[Number(height) - 1]!.block.body.transactions
    const leaves = transactions.map(({ body }) => txLeaf(body.topic, txid(modelEngine.kernels, body)))
    return encodeTopicRange(buildTopicRange(modelEngine.kernels, leaves, prefix))
  }

  submit(tx: Tx): SubmitResponse {
    this.submitted.push(tx)
    return this.submitAnswer
  }

  reportConflict(evidence: ConflictEvidence): EvidenceResponse {
    this.reports.push(encodeConflict(evidence))
    return { outcome: 'kept', reason: '' }
  }
}

export const hashText = (hash: Uint8Array): string => toHex(hash).slice(0, 12)
