/** Neighbours and routes in the cube ([CUBE-4], PeerCube). Shards are given ascending by label and cover the space. */
import { assert, assertRange } from '../base/assert.ts'
import { bitAt } from '../base/bytes.ts'
import type { Label } from '../chain/committee.ts'
import { isPrefix, sharedBits } from './labels.ts'

export interface Labelled {
  readonly label: Label
}

/** Longest label of the cube in bits: no route takes more hops. */
export const dimensionOf = (shards: readonly Labelled[]): number =>
  shards.reduce((most, { label }) => Math.max(most, label.bits), 0)

/** The shard whose label `key` begins with. `key` has at least as many bits as the deepest label. */
export function responsibleShard<Shard extends Labelled>(shards: readonly Shard[], key: Uint8Array): Shard {
  const shard = shards.find(({ label }) => isPrefix(label, key))
  assert(shard !== undefined, 'labels must cover the space, and the key must be as long as the deepest of them')
  return shard
}

/**
 * The shards that `label` may take as its neighbour across `bit` < label.bits: the one that is responsible for the label
 * with that bit flipped, or, where that space is split further, all that lie in it (any of them will do).
 */
export function neighboursAcross<Shard extends Labelled>(shards: readonly Shard[], label: Label, bit: number): Shard[] {
  assertRange('bit', bit, 0, label.bits - 1)
  const flipped = flipBit(label, bit)
  return shards.filter(({ label: other }) => {
    const bits = Math.min(other.bits, flipped.bits)
    return sharedBits(other.bytes, flipped.bytes, bits) === bits
  })
}

/**
 * The shards from `from` (excluded) to the one responsible for `key` (included): each hop flips the leftmost bit in which
 * the label differs from the key, so each shares more of it and there are at most {@link dimensionOf} hops. Of several
 * neighbours the one that shares most with the key is taken.
 */
export function routeTo<Shard extends Labelled>(shards: readonly Shard[], from: Label, key: Uint8Array): Shard[] {
  const route: Shard[] = []
  for (let at = from; !isPrefix(at, key);) {
    const candidates = neighboursAcross(shards, at, sharedBits(at.bytes, key, at.bits))
    const shared = ({ label }: Shard) => sharedBits(label.bytes, key, label.bits)
    const next = candidates.reduce((best, candidate) => (shared(candidate) > shared(best) ? candidate : best))
    route.push(next)
    at = next.label
  }
  return route
}

/**
 * `bits` vertex-disjoint routes between two different labels of a full cube (all labels of that length), each from `from`
 * to `to`, ends included. Differing bits are flipped in rotated orders; an equal bit makes a detour: it is flipped first
 * and flipped back last.
 */
export function disjointRoutes(from: Label, to: Label): Label[][] {
  assert(
    from.bits === to.bits && sharedBits(from.bytes, to.bytes, from.bits) < from.bits,
    'labels must differ and be equally long',
  )
  const bits = Array.from({ length: from.bits }, (_, bit) => bit)
  const differing = bits.filter((bit) => bitAt(from.bytes, bit) !== bitAt(to.bytes, bit))
  return bits.map((bit) => {
    const turn = differing.indexOf(bit)
    const flips = turn < 0 ? [bit, ...differing, bit] : [...differing.slice(turn), ...differing.slice(0, turn)]
    const route = [from]
    for (const flip of flips) route.push(flipBit(route.at(-1)!, flip))
    return route
  })
}

/** For each shard the indexes of its neighbours across any bit, the leftmost bit first. */
export function neighbourIndexes(shards: readonly Labelled[]): number[][] {
  const indexOf = new Map(shards.map((shard, index) => [shard, index]))
  return shards.map(({ label }) =>
    Array.from({ length: label.bits }, (_, bit) => neighboursAcross(shards, label, bit))
      .flat()
      .map((shard) => indexOf.get(shard)!),
  )
}

/**
 * Ways from one shard to another by indexes, `from` excluded and `to` included: shortest first, no two with a shard between in
 * common. In a full cube those of {@link disjointRoutes}, as many as it has dimensions; in an uneven one each is the shortest that
 * the ones before it left, so there may be fewer than there could be. From a shard to itself there is one way of no hops.
 * `neighbours` as of {@link neighbourIndexes}.
 */
export function disjointWays(
  shards: readonly Labelled[],
  neighbours: readonly (readonly number[])[],
  from: number,
  to: number,
): number[][] {
  if (from === to) return [[]]
  const [start, end] = [shards[from]!.label, shards[to]!.label]
  if (shards.length === 2 ** start.bits && shards.every(({ label }) => label.bits === start.bits))
    return disjointRoutes(start, end)
      .map((route) => route.slice(1).map((label) => indexIn(shards, label)))
      .sort((a, b) => a.length - b.length)
  return remainingWays(neighbours, from, to)
}

const indexIn = (shards: readonly Labelled[], { bits, bytes }: Label): number =>
  shards.findIndex(({ label }) => sharedBits(label.bytes, bytes, bits) === bits)

function remainingWays(neighbours: readonly (readonly number[])[], from: number, to: number): number[][] {
  const taken = new Set<number>()
  const ways: number[][] = []
  let isAdjacentUsed = false
  for (let way = shortestWay(neighbours, from, to, taken, false); way !== undefined;) {
    ways.push(way)
    isAdjacentUsed ||= way.length === 1
    for (const shard of way.slice(0, -1)) taken.add(shard)
    way = shortestWay(neighbours, from, to, taken, isAdjacentUsed)
  }
  return ways
}

/** Breadth first, around `taken`; undefined if there is none. `goesAround`: not by the one step from `from` to `to`. */
function shortestWay(
  neighbours: readonly (readonly number[])[],
  from: number,
  to: number,
  taken: ReadonlySet<number>,
  goesAround: boolean,
): number[] | undefined {
  const cameFrom = new Map<number, number>([[from, from]])
  for (const shard of cameFrom.keys()) {
    if (shard === to) break
    for (const next of neighbours[shard]!) {
      const isBarred = taken.has(next) || cameFrom.has(next) || (goesAround && shard === from && next === to)
      if (!isBarred) cameFrom.set(next, shard)
    }
  }
  if (!cameFrom.has(to)) return undefined
  const way: number[] = []
  for (let shard = to; shard !== from; shard = cameFrom.get(shard)!) way.unshift(shard)
  return way
}

function flipBit(label: Label, bit: number): Label {
  const bytes = label.bytes.slice()
  bytes[bit >> 3]! ^= 0x80 >> (bit & 7)
  return { bits: label.bits, bytes }
}
