/** Outputs and outpoints (§3): what money, stake, escrow and devices are made of. */
import type { Hash32 } from '../base/brand.ts'
import type { Reader } from './codec.ts'
import { Writer } from './codec.ts'

export const KIND = { transfer: 0, stake: 1, unbonding: 2, escrow: 3, device: 4 } as const
export type OutputKind = (typeof KIND)[keyof typeof KIND]

/** Bytes of `data` that a kind may have: [least, most]. */
export const DATA_LENGTHS: Readonly<Record<OutputKind, readonly [least: number, most: number]>> = {
  0: [0, 0],
  1: [48 + 96, 48 + 96],
  2: [4 + 32 + 48, 4 + 32 + 48],
  3: [16 + 32 + 8, 16 + 32 + 8],
  4: [32 + 1 + 64, 32 + 1 + 64 + 256],
}

/** An account: the first 16 bytes of H("stakecube/owner", pk). */
export type Owner = Uint8Array

export interface Output {
  readonly kind: OutputKind
  /** Micro-units, below 2^64. */
  readonly amount: bigint
  readonly owner: Owner
  /** Kind-specific, see {@link ./output-data.ts}. */
  readonly data: Uint8Array
}

export interface Outpoint {
  readonly txid: Hash32
  readonly index: number
}

/** An unspent output and where it came from. */
export interface Utxo {
  readonly outpoint: Outpoint
  readonly createdHeight: bigint
  readonly output: Output
}

export function writeOutpoint(writer: Writer, { txid, index }: Outpoint): void {
  writer.bytes(txid).u32(index)
}
export const readOutpoint = (reader: Reader): Outpoint => ({ txid: reader.bytes(32), index: reader.u32() })
export function encodeOutpoint(outpoint: Outpoint): Uint8Array {
  const writer = new Writer(36)
  writeOutpoint(writer, outpoint)
  return writer.finish()
}

export function writeOutput(writer: Writer, { kind, amount, owner, data }: Output): void {
  writer.u8(kind).u64(amount).bytes(owner).byteString(data)
}
export function encodeOutput(output: Output): Uint8Array {
  const writer = new Writer(32 + output.data.length)
  writeOutput(writer, output)
  return writer.finish()
}

/** Refuses unknown kinds and data of a wrong length. */
export function readOutput(reader: Reader): Output {
  const kind = reader.u8()
  reader.expect(kind <= 4, 'output kind', { kind })
  const amount = reader.u64()
  const owner = reader.bytes(16)
  const [least, most] = DATA_LENGTHS[(kind <= 4 ? kind : 0) as OutputKind]
  const data = reader.byteString('output data', most)
  reader.expect(data.length >= least, 'output data length', { kind, length: data.length, least })
  return { kind: kind as OutputKind, amount, owner, data }
}

export function writeUtxo(writer: Writer, { outpoint, createdHeight, output }: Utxo): void {
  writeOutpoint(writer, outpoint)
  writer.u64(createdHeight)
  writeOutput(writer, output)
}
export const readUtxo = (reader: Reader): Utxo => ({
  outpoint: readOutpoint(reader),
  createdHeight: reader.u64(),
  output: readOutput(reader),
})
