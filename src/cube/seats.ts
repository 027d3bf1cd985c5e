/** Seats: what draws give out, each at a random position of the id space ([DRAW-2]). */
import type { Hash32 } from '../base/brand.ts'
import { concatBytes, u32 } from '../base/bytes.ts'
import type { Draw } from '../chain/committee.ts'
import type { Kernels } from '../kernels/contract.ts'
import { drawEpoch, drawOf, seatCount, type Credential, type CubeParams } from './draws.ts'

export interface Seat {
  readonly credential: Credential
  readonly drawEpoch: number
  /** k of [DRAW-2], from 0. */
  readonly seat: number
  /** 32 bytes. */
  readonly position: Hash32
}

/** H("stakecube/seat", D_d, id, u32(seat)). */
export function seatPosition(kernels: Kernels, seed: Hash32, id: Hash32, seat: number): Hash32 {
  return kernels.tagged('stakecube/seat').hash(seed, id, u32(seat))
}

/** All seats of a stake set in `epoch`, by credential and seat number. Credentials must be distinct. */
export function drawSeats(
  kernels: Kernels,
  params: CubeParams,
  epoch: number,
  credentials: readonly Credential[],
  draws: readonly Draw[],
): Seat[] {
  return credentials.flatMap((credential) => {
    const draw = drawOf(draws, drawEpoch(params.seatLifetime, credential.id, credential.firstEpoch, epoch))
    return seatsOfCredential(kernels, params, credential, draw)
  })
}

function seatsOfCredential(kernels: Kernels, params: CubeParams, credential: Credential, draw: Draw): Seat[] {
  const count = seatCount(kernels, params.seatsTarget, credential.id, credential.amount, draw)
  if (count === 0) return []
  const messages = Array.from({ length: count }, (_, seat) => concatBytes(draw.seed, credential.id, u32(seat)))
  const positions = kernels.tagged('stakecube/seat').hashMany(concatBytes(...messages), 68)
  return messages.map((_, seat) => ({
    credential,
    drawEpoch: draw.epoch,
    seat,
    position: positions.slice(32 * seat, 32 * seat + 32),
  }))
}
