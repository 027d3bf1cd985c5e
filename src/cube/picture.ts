/** The cube of an epoch as facts for people and tools, from a committee that was verified: its head lists every shard. */
import { toHex } from '../base/bytes.ts'
import type { Committee, CommitteeShard } from '../chain/committee.ts'
import { labelText } from './labels.ts'
import { dimensionOf, neighboursAcross } from './routing.ts'

export interface SeatPicture {
  /** Hex of the credential's id. */
  readonly credential: string
  /** Hex of its BLS key. */
  readonly blsPk: string
  /** Micro-units of the credential, which may have seats elsewhere too. */
  readonly stake: bigint
  readonly drawEpoch: number
  readonly seat: number
}

export interface ShardPicture {
  /** The bits as text; "" for the one shard of a cube that is not split. */
  readonly label: string
  readonly seats: number
  readonly core: number
  readonly spares: number
  /** Expected stake behind the seats: seats × S / all seats, rounded down, in micro-units. */
  readonly stake: bigint
  /** Place in the committee from 0; undefined outside of it. */
  readonly committeePlace: number | undefined
  /** For each bit of the label the shards that may be its neighbour across it ([CUBE-4]). */
  readonly neighbours: readonly (readonly string[])[]
  /** The core in its order; undefined outside of the committee, whose members alone a committee names. */
  readonly members: readonly SeatPicture[] | undefined
}

export interface CubePicture {
  readonly epoch: number
  readonly f: number
  readonly F: number
  readonly dimension: number
  readonly seats: number
  /** S of the epoch's own draw, micro-units. */
  readonly stake: bigint
  /** Ascending by label. */
  readonly shards: readonly ShardPicture[]
}

export function pictureOf({ head, shards }: Committee): CubePicture {
  const { epoch, f, F, cube } = head
  const seats = cube.reduce((sum, shard) => sum + shard.seats, 0)
  const stake = head.draws.at(-1)?.stake ?? 0n
  const core = 3 * f + 1
  const places = new Map(shards.map(({ label }, place) => [labelText(label), place]))
  return {
    ...{ epoch, f, F, dimension: dimensionOf(cube), seats, stake },
    shards: cube.map(({ label, seats: count }) => {
      const place = places.get(labelText(label))
      return {
        ...{ label: labelText(label), seats: count, core, spares: count - core },
        stake: (stake * BigInt(count)) / BigInt(seats),
        committeePlace: place,
        neighbours: Array.from({ length: label.bits }, (_, bit) =>
          neighboursAcross(cube, label, bit).map((other) => labelText(other.label)),
        ),
        members: place === undefined ? undefined : membersOf(shards[place]!),
      }
    }),
  }
}

const membersOf = ({ members }: CommitteeShard): SeatPicture[] =>
  members.map(({ credential, blsPk, amount, drawEpoch, seat }) => ({
    ...{ credential: toHex(credential), blsPk: toHex(blsPk), stake: amount, drawEpoch, seat },
  }))

/** The picture as JSON-ready values: amounts are decimal text, since they may exceed 2^53. */
export function pictureJson(picture: CubePicture): Readonly<Record<string, unknown>> {
  return {
    ...picture,
    stake: picture.stake.toString(),
    shards: picture.shards.map((shard) => ({
      ...shard,
      stake: shard.stake.toString(),
      committeePlace: shard.committeePlace ?? null,
      members: shard.members?.map((member) => ({ ...member, stake: member.stake.toString() })) ?? null,
    })),
  }
}
