/**
 * Where the shards of a hypercube go on paper: the Petrie projection, in which a d-cube shows its full symmetry. Axis i
 * points at the angle i·π/d, and a label goes to the sum of its axes, + for a 1 and − for a 0.
 *
 * Cubes are uneven: most labels have `dimensions` bits, a few are shorter (those bits count 0, so the vertex sits in the
 * middle of the face that it covers) or longer (the further axes are short, so the parts of a split stay together).
 */
import type { Label } from '../../src/chain/committee.ts'

export interface Point {
  readonly x: number
  readonly y: number
}

/** Label as bits, "0110"; "" is the whole space. */
export function labelBits({ bits, bytes }: Label): string {
  let text = ''
  for (let bit = 0; bit < bits; bit++) text += (bytes[bit >> 3]! >> (7 - (bit & 7))) & 1
  return text
}

/** The number of bits that most labels have, the larger on a tie. */
export function dimensionsOf(labels: readonly string[]): number {
  const counts = new Map<number, number>()
  for (const label of labels) counts.set(label.length, (counts.get(label.length) ?? 0) + 1)
  let best = 0
  for (const [bits, count] of counts)
    if (count > (counts.get(best) ?? 0) || (count === counts.get(best) && bits > best)) best = bits
  return best
}

/** Odd cubes put opposite vertices on one point in the centre; axes of unequal length pull them apart. */
const stretch = (axis: number, dimensions: number): number =>
  dimensions % 2 === 1 ? 1 + 0.35 * (axis / dimensions) : 1

/** Points within the unit circle, one for each label. */
export function project(labels: readonly string[]): Point[] {
  const dimensions = Math.max(1, dimensionsOf(labels))
  const points = labels.map((label) => place(label, dimensions))
  const radius = Math.max(...points.map(({ x, y }) => Math.hypot(x, y)), 1e-9)
  return points.map(({ x, y }) => ({ x: x / radius, y: y / radius }))
}

function place(label: string, dimensions: number): Point {
  let x = 0
  let y = 0
  for (let bit = 0; bit < label.length; bit++) {
    const main = bit < dimensions
    const angle = main ? (bit * Math.PI) / dimensions + Math.PI / (2 * dimensions) : ((bit - dimensions) * Math.PI) / 3
    const length = (main ? stretch(bit, dimensions) : 0.38 / (bit - dimensions + 1)) * (label[bit] === '1' ? 1 : -1)
    x += length * Math.cos(angle)
    y -= length * Math.sin(angle)
  }
  return { x, y }
}

/** Pairs of indices of neighbours: labels that differ in exactly one of the bits they share ([CUBE-4]). */
export function edges(labels: readonly string[]): [number, number][] {
  const pairs: [number, number][] = []
  for (let a = 0; a < labels.length; a++)
    for (let b = a + 1; b < labels.length; b++) if (distance(labels[a]!, labels[b]!) === 1) pairs.push([a, b])
  return pairs
}

function distance(a: string, b: string): number {
  let different = 0
  for (let bit = 0; bit < Math.min(a.length, b.length) && different < 2; bit++) if (a[bit] !== b[bit]) different++
  return different
}
