/** Transactions (§3). The txid is the tagged hash of the body; witnesses sign it. */
import type { Hash32 } from '../base/brand.ts'
import type { Result } from '../base/verdict.ts'
import type { Kernels } from '../kernels/contract.ts'
import { Reader, Writer, type DecodeCode } from './codec.ts'
import { readOutpoint, readOutput, writeOutpoint, writeOutput, type Outpoint, type Output } from './output.ts'

export const TX_VERSION = 1
export const TX_INPUT_COUNT_MAX = 64
export const TX_OUTPUT_COUNT_MAX = 64
/** expiry may lie at most this many blocks ahead ([TX-1]). */
export const TX_EXPIRY_HEIGHTS_MAX = 10_000n

export interface TxBody {
  readonly chainId: Hash32
  /** First 8 bytes of SHA256(name); zero for plain transfers. */
  readonly topic: Uint8Array
  /** Last height at which the transaction may be included. */
  readonly expiry: bigint
  readonly inputs: readonly Outpoint[]
  readonly outputs: readonly Output[]
  readonly payload: Uint8Array
}

export interface Witness {
  /** Ed25519, 32 bytes. */
  readonly pk: Uint8Array
  /** Over the txid, 64 bytes. */
  readonly signature: Uint8Array
}

export interface Tx {
  readonly body: TxBody
  readonly witnesses: readonly Witness[]
}

function writeTxBody(writer: Writer, body: TxBody): Writer {
  return writer
    .u8(TX_VERSION)
    .bytes(body.chainId)
    .bytes(body.topic)
    .u64(body.expiry)
    .list(body.inputs, writeOutpoint)
    .list(body.outputs, writeOutput)
    .byteString(body.payload)
}

export function encodeTxBody(body: TxBody): Uint8Array {
  return writeTxBody(new Writer(), body).finish()
}

export function encodeTx(tx: Tx): Uint8Array {
  return writeTxBody(new Writer(), tx.body)
    .list(tx.witnesses, (writer, { pk, signature }) => writer.bytes(pk).bytes(signature))
    .finish()
}

/** Decodes one Tx; refuses other versions, no input, unknown kinds, and witnesses that do not pair with the inputs. */
export function decodeTx(bytes: Uint8Array): Result<Tx, DecodeCode> {
  const reader = new Reader(bytes)
  const version = reader.u8()
  reader.expect(version === TX_VERSION, 'transaction version', { version, expected: TX_VERSION })
  const body: TxBody = {
    chainId: reader.bytes(32),
    topic: reader.bytes(8),
    expiry: reader.u64(),
    inputs: reader.list('inputs', 1, TX_INPUT_COUNT_MAX, readOutpoint),
    outputs: reader.list('outputs', 0, TX_OUTPUT_COUNT_MAX, readOutput),
    payload: reader.byteString('payload'),
  }
  const witnesses = reader.list('witnesses', 1, TX_INPUT_COUNT_MAX, (item) => ({
    pk: item.bytes(32),
    signature: item.bytes(64),
  }))
  reader.expect(witnesses.length === body.inputs.length, 'one witness for each input', {
    witnesses: witnesses.length,
    inputs: body.inputs.length,
  })
  return reader.finish({ body, witnesses })
}

export function txid(kernels: Kernels, body: TxBody): Hash32 {
  return kernels.tagged('stakecube/tx').hash(encodeTxBody(body))
}
