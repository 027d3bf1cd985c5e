/**
 * Whether a `proof` response answers the query under the head that it was asked for ([PROOF-1] to [PROOF-4]).
 *
 * Attack: a peer answers another question, proves under another header, or leaves something out. The header of the answer
 * must lead to the trusted one by its history; the proof must hold under that header; a state proof shows a complete set.
 */
import { equalBytes, toHex } from '../base/bytes.ts'
import { accepted, rejected, type Result } from '../base/verdict.ts'
import { Reader } from '../chain/codec.ts'
import { blockHash } from '../chain/header.ts'
import type { Kernels } from '../kernels/contract.ts'
import { verifyHistoryProof } from '../proofs/history.ts'
import { decodeStateProof, verifyStateProof } from '../proofs/state-proof.ts'
import { decodeTopicRange, verifyTopicPrefixRange } from '../proofs/topics.ts'
import { readTransactionProof, verifyTransactionProof } from '../proofs/transaction.ts'
import type { Trusted } from '../verify/light.ts'
import { encodeProofRequest, type LinkedHeader, type ProofResponse } from '../wire/proof.ts'
import type { Query, QueryValue } from './contract.ts'

export function proofRequest(query: Query, { header }: Trusted): Uint8Array {
  const at = header.height
  if (query.kind === 'header') return encodeProofRequest({ kind: 1, at, height: query.height })
  if (query.kind === 'transaction') return encodeProofRequest({ kind: 2, at, txid: query.txid })
  if (query.kind === 'state')
    return encodeProofRequest({ kind: 3, at: query.under?.height ?? at, prefix: query.prefix })
  const { start, end, prefix } = query
  return encodeProofRequest({ kind: 4, at, start, end, prefix })
}

/** The proven value, or the code of what does not hold. */
export function verifyProofAnswer(
  kernels: Kernels,
  query: Query,
  at: Trusted,
  response: ProofResponse,
): Result<QueryValue> {
  if (query.kind === 'header' && response.kind === 1) return provenHeader(kernels, query.height, at, response)
  if (query.kind === 'transaction' && response.kind === 2) return provenTransaction(kernels, query.txid, at, response)
  if (query.kind === 'state' && response.kind === 3) return provenState(kernels, query, at, response.proof)
  if (query.kind === 'topic' && response.kind === 4) return provenTopic(kernels, query, at, response)
  return rejected('proof-kind', { asked: query.kind, got: response.kind })
}

/** Is the header in the trusted chain? It is the trusted one itself, or its history path leads there. */
export function checkLink(kernels: Kernels, at: Trusted, { header, path }: LinkedHeader): Result<void> {
  const hash = blockHash(kernels, header)
  if (header.height === at.header.height)
    return equalBytes(hash, at.hash) && path.length === 0
      ? accepted(undefined)
      : rejected('proof-header', { height: header.height, got: toHex(hash), expected: toHex(at.hash) })
  return verifyHistoryProof(kernels, at.header.historyRoot, at.header.height, header.height, hash, path)
}

function provenHeader(kernels: Kernels, height: bigint, at: Trusted, linked: LinkedHeader): Result<QueryValue> {
  const { header, path } = linked
  if (header.height !== height) return rejected('proof-height', { got: header.height, expected: height })
  const link = checkLink(kernels, at, linked)
  return link.kind === 'rejected' ? link : accepted({ kind: 'header', at: at.header, header, path })
}

function provenTransaction(
  kernels: Kernels,
  txid: Uint8Array,
  at: Trusted,
  response: ProofResponse & { kind: 2 },
): Result<QueryValue> {
  const { header, path } = response
  const reader = new Reader(response.proof)
  const decoded = reader.finish(readTransactionProof(reader))
  if (decoded.kind === 'rejected') return decoded
  const link = checkLink(kernels, at, response)
  if (link.kind === 'rejected') return link
  const included = verifyTransactionProof(kernels, header.txRoot, header.txCount, txid, decoded.value)
  if (included.kind === 'rejected') return included
  return accepted({ kind: 'transaction', at: at.header, header, path, txid, proof: decoded.value })
}

function provenState(
  kernels: Kernels,
  query: Query & { kind: 'state' },
  at: Trusted,
  proof: Uint8Array,
): Result<QueryValue> {
  const { prefix } = query
  const under = query.under ?? at.header
  const decoded = decodeStateProof(proof)
  if (decoded.kind === 'rejected') return decoded
  const utxos = verifyStateProof(kernels, under.stateRoot, prefix.bits, prefix.bytes, decoded.value)
  if (utxos.kind === 'rejected') return utxos
  return accepted({ kind: 'state', at: under, prefix, utxos: utxos.value, proof })
}

/** One complete range for each block that was asked for, each under a header of the trusted chain. */
function provenTopic(
  kernels: Kernels,
  { start, end, prefix }: Query & { kind: 'topic' },
  at: Trusted,
  { blocks }: ProofResponse & { kind: 4 },
): Result<QueryValue> {
  const wrong = () => rejected('file-topic-blocks', { got: blocks.length, height: start, expected: end - start })
  if (BigInt(blocks.length) !== end - start) return wrong()
  const proven: { height: bigint; leaves: readonly Uint8Array[] }[] = []
  for (const [index, block] of blocks.entries()) {
    const { header } = block
    if (header.height !== start + BigInt(index)) return wrong()
    const link = checkLink(kernels, at, block)
    if (link.kind === 'rejected') return link
    const range = decodeTopicRange(block.proof)
    if (range.kind === 'rejected') return range
    const leaves = verifyTopicPrefixRange(kernels, header.txRoot, header.txCount, prefix, range.value)
    if (leaves.kind === 'rejected') return leaves
    proven.push({ height: header.height, leaves: leaves.value })
  }
  return accepted({ kind: 'topic', at: at.header, start, blocks: proven })
}
