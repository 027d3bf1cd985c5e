/** Shards: the split of the id space that [CUBE-1] prescribes, and the bounds f_e and F_e that follow ([CUBE-2]). */
import { bitAt } from '../base/bytes.ts'
import type { CubeShard, Draw, Label } from '../chain/committee.ts'
import type { Kernels } from '../kernels/contract.ts'
import type { Credential, CubeParams } from './draws.ts'
import { childLabel, ROOT_LABEL } from './labels.ts'
import { drawSeats, type Seat } from './seats.ts'

export interface Shard {
  readonly label: Label
  /** Every seat under the label, core and spares, in no promised order. */
  readonly seats: readonly Seat[]
}

/** The cube of one epoch. */
export interface Cube {
  readonly epoch: number
  /** The last min(T, epoch+1) draws, ascending; the last one is D_e. */
  readonly draws: readonly Draw[]
  /** Ascending by label from left to right. A cube without seats has the one shard "" and no seat in it. */
  readonly shards: readonly Shard[]
}

/** The cube of `epoch` from its stake set and the draws of the last min(T, epoch+1) epochs, ascending. */
export function buildCube(
  kernels: Kernels,
  params: CubeParams,
  epoch: number,
  credentials: readonly Credential[],
  draws: readonly Draw[],
): Cube {
  const shards: Shard[] = []
  splitInto(shards, params, { label: ROOT_LABEL, seats: drawSeats(kernels, params, epoch, credentials, draws) })
  return { epoch, draws, shards }
}

/** Splits while both halves keep at least 3f+1 seats; which label is split first makes no difference. */
function splitInto(shards: Shard[], params: CubeParams, { label, seats }: Shard): void {
  const left = seats.filter(({ position }) => bitAt(position, label.bits) === 0)
  const least = Math.min(left.length, seats.length - left.length)
  if (seats.length <= params.shardSizeMax || least < 3 * params.f + 1) {
    shards.push({ label, seats })
    return
  }
  const right = seats.filter(({ position }) => bitAt(position, label.bits) === 1)
  splitInto(shards, params, { label: childLabel(label, 0), seats: left })
  splitInto(shards, params, { label: childLabel(label, 1), seats: right })
}

/** f_e and F_e of [CUBE-2]. `shards` is not empty, each shard has at least one seat. */
export function faultBounds(
  params: Pick<CubeParams, 'f' | 'F'>,
  shards: readonly Pick<CubeShard, 'seats'>[],
): { readonly f: number; readonly F: number } {
  const smallest = shards.reduce((least, { seats }) => Math.min(least, seats), Infinity)
  return {
    f: Math.min(params.f, Math.floor((smallest - 1) / 3)),
    F: Math.min(params.F, Math.floor((shards.length - 1) / 3)),
  }
}

/** Seats of the whole cube. */
export const cubeSeatCount = (cube: Cube): number => cube.shards.reduce((sum, { seats }) => sum + seats.length, 0)
