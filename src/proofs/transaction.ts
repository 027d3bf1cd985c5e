/** [PROOF-2]: a transaction is in a block, by inclusion in the tree over `topic 8 ‖ txid 32` (§6). */
import { assertRange } from '../base/assert.ts'
import type { Hash32 } from '../base/brand.ts'
import { concatBytes, equalBytes } from '../base/bytes.ts'
import { accepted, rejected, type Result } from '../base/verdict.ts'
import { Reader, Writer, type DecodeCode } from '../chain/codec.ts'
import type { Kernels } from '../kernels/contract.ts'
import { TOPIC_LENGTH, TX_LEAF_LENGTH, txLeaf } from './topics.ts'

export type TransactionProofCode = 'transaction-proof'
export const TRANSACTION_PROOF_CODES: readonly TransactionProofCode[] = ['transaction-proof']

export interface TransactionProof {
  /** Place of the transaction in its block. */
  readonly index: number
  readonly topic: Uint8Array
  /** Inclusion path, leaf to root, concatenated. */
  readonly path: Uint8Array
}

/** txRoot over the block's leaves (40 bytes each, ascending). */
export function txRootOf(kernels: Kernels, leaves: readonly Uint8Array[]): Hash32 {
  return kernels.merkleRoot(txLeafHashes(kernels, leaves))
}

const txLeafHashes = (kernels: Kernels, leaves: readonly Uint8Array[]): Uint8Array =>
  leaves.length === 0 ? new Uint8Array(0) : kernels.leafHashes(concatBytes(...leaves), TX_LEAF_LENGTH)

export function buildTransactionProof(
  kernels: Kernels,
  leaves: readonly Uint8Array[],
  index: number,
): TransactionProof {
  assertRange('index', index, 0, leaves.length - 1)
  const path = kernels.inclusionProof(txLeafHashes(kernels, leaves), index)
  return { index, topic: leaves[index]!.slice(0, TOPIC_LENGTH), path }
}

/** Verifies an untrusted proof that `txid` is in the block with this txRoot and txCount. */
export function verifyTransactionProof(
  kernels: Kernels,
  txRoot: Hash32,
  txCount: number,
  txid: Hash32,
  { index, topic, path }: TransactionProof,
): Result<void, TransactionProofCode> {
  const wellFormed = topic.length === TOPIC_LENGTH && txid.length === 32
  const leaf = wellFormed ? kernels.leafHash(txLeaf(topic, txid)) : new Uint8Array(0)
  const root = kernels.rootFromInclusion(BigInt(index), BigInt(txCount), leaf, path)
  return root !== undefined && equalBytes(root, txRoot)
    ? accepted(undefined)
    : rejected('transaction-proof', { index, txCount, pathBytes: path.length })
}

/** index u32 ‖ topic 8 ‖ path (byte string). */
export function writeTransactionProof(writer: Writer, { index, topic, path }: TransactionProof): void {
  writer.u32(index).bytes(topic).byteString(path)
}
export const readTransactionProof = (reader: Reader): TransactionProof => ({
  index: reader.u32(),
  topic: reader.bytes(TOPIC_LENGTH),
  path: reader.byteString('inclusion path', 32 * 32),
})
export function encodeTransactionProof(proof: TransactionProof): Uint8Array {
  const writer = new Writer(16 + proof.path.length)
  writeTransactionProof(writer, proof)
  return writer.finish()
}
export function decodeTransactionProof(bytes: Uint8Array): Result<TransactionProof, DecodeCode> {
  const reader = new Reader(bytes)
  return reader.finish(readTransactionProof(reader))
}
