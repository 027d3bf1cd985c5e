/** What the `data` of each output kind says (§3). Lengths are checked by the output codec before these read. */
import type { Hash32 } from '../base/brand.ts'
import { Reader, Writer } from './codec.ts'
import type { Owner } from './output.ts'

export interface StakeData {
  readonly blsPk: Uint8Array
  readonly popSig: Uint8Array
}
export interface UnbondingData {
  readonly releaseEpoch: number
  readonly credential: Hash32
  readonly blsPk: Uint8Array
}
export interface EscrowData {
  readonly otherOwner: Owner
  readonly hash: Hash32
  /** Height. */
  readonly deadline: bigint
}
export const DEVICE_ROLE = { light: 0, full: 1, coordination: 2 } as const
export interface DeviceData {
  readonly deviceKey: Uint8Array
  readonly role: number
  readonly deviceSig: Uint8Array
  readonly metadata: Uint8Array
}

export function stakeData(data: Uint8Array): StakeData {
  return { blsPk: data.slice(0, 48), popSig: data.slice(48, 144) }
}
export function encodeStakeData({ blsPk, popSig }: StakeData): Uint8Array {
  return new Writer(144).bytes(blsPk).bytes(popSig).finish()
}

export function unbondingData(data: Uint8Array): UnbondingData {
  const reader = new Reader(data)
  return { releaseEpoch: reader.u32(), credential: reader.bytes(32), blsPk: reader.bytes(48) }
}
export function encodeUnbondingData({ releaseEpoch, credential, blsPk }: UnbondingData): Uint8Array {
  return new Writer(84).u32(releaseEpoch).bytes(credential).bytes(blsPk).finish()
}

export function escrowData(data: Uint8Array): EscrowData {
  const reader = new Reader(data)
  return { otherOwner: reader.bytes(16), hash: reader.bytes(32), deadline: reader.u64() }
}
export function encodeEscrowData({ otherOwner, hash, deadline }: EscrowData): Uint8Array {
  return new Writer(56).bytes(otherOwner).bytes(hash).u64(deadline).finish()
}

export function deviceData(data: Uint8Array): DeviceData {
  return { deviceKey: data.slice(0, 32), role: data[32]!, deviceSig: data.slice(33, 97), metadata: data.slice(97) }
}
export function encodeDeviceData({ deviceKey, role, deviceSig, metadata }: DeviceData): Uint8Array {
  return new Writer(97 + metadata.length).bytes(deviceKey).u8(role).bytes(deviceSig).bytes(metadata).finish()
}
