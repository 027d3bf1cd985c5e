/**
 * Whether a `proof` response answers the query under the head that it was asked for ([PROOF-1] to [PROOF-3]).
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
import { readTransactionProof, verifyTransactionProof } from '../proofs/transaction.ts'
import type { Trusted } from '../verify/light.ts'
import { encodeProofRequest, type LinkedHeader, type ProofResponse } from '../wire/proof.ts'
import type { Query, QueryValue } from './contract.ts'

export function proofRequest(query: Query, { header }: Trusted): Uint8Array {
  const at = header.height
  if (query.kind === 'header') return encodeProofRequest({ kind: 1, at, height: query.height })
  if (query.kind === 'transaction') return encodeProofRequest({ kind: 2, at, txid: query.txid })
  return encodeProofRequest({ kind: 3, at, prefix: query.prefix })
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
  { prefix }: Query & { kind: 'state' },
  at: Trusted,
  proof: Uint8Array,
): Result<QueryValue> {
  const decoded = decodeStateProof(proof)
  if (decoded.kind === 'rejected') return decoded
  const utxos = verifyStateProof(kernels, at.header.stateRoot, prefix.bits, prefix.bytes, decoded.value)
  if (utxos.kind === 'rejected') return utxos
  return accepted({ kind: 'state', at: at.header, prefix, utxos: utxos.value, proof })
}
