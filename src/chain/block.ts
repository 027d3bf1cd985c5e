/** Blocks: a header and the body that it commits to in parts (§6). */
import type { Hash32 } from '../base/brand.ts'
import { accepted, type Result } from '../base/verdict.ts'
import type { Kernels } from '../kernels/contract.ts'
import { Reader, Writer, type DecodeCode } from './codec.ts'
import { encodeHeader, readHeader, type Header } from './header.ts'
import { decodeTx, encodeTx, type Tx } from './transaction.ts'

/** Evidence items in one body, and bytes of one item (a u16 length on the wire). */
export const EVIDENCE_COUNT_MAX = 16
/** Transactions in one body: none is shorter than 173 bytes, and blocks are at most 1 MiB on every preset. */
export const TX_COUNT_MAX = 65_535

export interface Body {
  /** The proposer's BLS signature on the reveal message, 96 bytes. */
  readonly reveal: Uint8Array
  /** Encoded FinalityCert of the parent; empty for height ≤ 1. */
  readonly parentCert: Uint8Array
  /** Strictly ascending by (topic, txid). */
  readonly transactions: readonly Tx[]
  /** Encoded evidence, [EVI-1]. */
  readonly evidence: readonly Uint8Array[]
}

export interface Block {
  readonly header: Header
  readonly body: Body
}

export function encodeBody(body: Body): Uint8Array {
  const writer = new Writer(1024).bytes(body.reveal).byteString(body.parentCert).u32(body.transactions.length)
  for (const tx of body.transactions) writer.byteString(encodeTx(tx))
  return writer.list(body.evidence, (out, item) => out.byteString(item)).finish()
}

export function decodeBody(bytes: Uint8Array): Result<Body, DecodeCode> {
  const reader = new Reader(bytes)
  const reveal = reader.bytes(96)
  const parentCert = reader.byteString('parent certificate')
  const encodedTxs = reader.items('transactions', reader.u32(), 0, TX_COUNT_MAX, (item) =>
    item.byteString('transaction'),
  )
  const evidence = reader.list('evidence', 0, EVIDENCE_COUNT_MAX, (item) => item.byteString('evidence'))
  const framed = reader.finish(encodedTxs)
  if (framed.kind === 'rejected') return framed
  const transactions: Tx[] = []
  for (const encoded of encodedTxs) {
    const tx = decodeTx(encoded)
    if (tx.kind === 'rejected') return tx
    transactions.push(tx.value)
  }
  return accepted({ reveal, parentCert, transactions, evidence })
}

/** Header ‖ Body, as stored and sent between validators. */
export function encodeBlock(block: Block): Uint8Array {
  const body = encodeBody(block.body)
  return new Writer(314 + body.length).bytes(encodeHeader(block.header)).bytes(body).finish()
}

export function decodeBlock(bytes: Uint8Array): Result<Block, DecodeCode> {
  const reader = new Reader(bytes)
  const header = readHeader(reader)
  const bodyBytes = reader.bytes(reader.failed ? 0 : reader.remaining)
  const headerResult = reader.finish(header)
  if (headerResult.kind === 'rejected') return headerResult
  const body = decodeBody(bodyBytes)
  return body.kind === 'rejected' ? body : accepted({ header, body: body.value })
}

/** SHA256(Body), which a proposal signs ([HDR-3]). */
export const bodyHash = (kernels: Kernels, body: Body): Hash32 => kernels.sha256(encodeBody(body))
