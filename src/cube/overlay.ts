/**
 * The cube as a network ([CUBE-4], PeerCube): who is linked to whom, and by what ways a message gets from one node to
 * another that it is not linked to. A node is linked to all of its own shard and, across each bit, to a few nodes of every
 * neighbour there: so it keeps links by the size of a shard and the dimension, not by the number of nodes.
 *
 * Attacks. Whoever sits on a way may drop what it should hand on. A message therefore goes over several ways that share
 * no shard but the first and the last: with k of them, k − 1 shards may be wholly bad. Seats are redrawn, so nobody
 * stays on a victim's ways.
 */
import { assertRange } from '../base/assert.ts'
import type { Label } from '../chain/committee.ts'
import { disjointWays, neighbourIndexes, type Labelled } from './routing.ts'

/** A shard and its nodes, by number; a node with several seats may be in several shards. */
export interface OverlayShard extends Labelled {
  readonly label: Label
  readonly nodes: readonly number[]
}

/** Links from a node into each neighbour across a bit. */
export const LINKS_ACROSS = 2

export class CubeOverlay {
  readonly #shards: readonly OverlayShard[]
  readonly #neighbours: readonly (readonly number[])[]
  /** By node: the indexes of its shards, ascending. */
  readonly #shardsOf: readonly (readonly number[])[]
  readonly #ways = new Map<number, readonly (readonly number[])[]>()
  readonly #links = new Map<number, readonly number[]>()

  /** `shards`: ascending by label, covering the space. Every node below `nodeCount` is in at least one of them. */
  constructor(shards: readonly OverlayShard[], nodeCount: number) {
    this.#shards = shards
    this.#neighbours = neighbourIndexes(shards)
    const shardsOf = Array.from({ length: nodeCount }, (): number[] => [])
    for (const [index, { nodes }] of shards.entries()) for (const node of nodes) shardsOf[node]!.push(index)
    assertRange('nodes without a shard', shardsOf.filter((own) => own.length === 0).length, 0, 0)
    this.#shardsOf = shardsOf
  }

  /** The nodes that `node` keeps connections to, ascending: each is linked back. */
  linksOf(node: number): readonly number[] {
    const known = this.#links.get(node)
    if (known !== undefined) return known
    const links = new Set<number>()
    for (const own of this.#shardsOf[node]!) {
      for (const other of this.#shards[own]!.nodes) links.add(other)
      for (const across of this.#neighbours[own]!) for (const other of this.#across(node, own, across)) links.add(other)
    }
    links.delete(node)
    const sorted = [...links].sort((a, b) => a - b)
    this.#links.set(node, sorted)
    return sorted
  }

  isLinked(a: number, b: number): boolean {
    return this.linksOf(a).includes(b)
  }

  /**
   * Up to `countMax` ways from one node to another, each the nodes after `from` up to and including `to`, none twice; shards
   * between the first and the last lie on one way only. One step where the two are linked. `pick(n)` < n chooses among links.
   */
  routes(from: number, to: number, countMax: number, pick: (count: number) => number): number[][] {
    if (this.isLinked(from, to)) return [[to]]
    const [first, last] = this.#nearest(from, to)
    return this.#waysBetween(first, last)
      .slice(0, countMax)
      .map((way) => this.#walk(from, first, way, to, pick))
  }

  /**
   * From `from` in shard `at` through the shards of `way`, then on to `to` unless a step reached it. A node in several
   * shards may be met again: the loop back to it is cut off.
   */
  #walk(from: number, at: number, way: readonly number[], to: number, pick: (count: number) => number): number[] {
    const path = [from]
    let shard = at
    for (const next of way) {
      const links = this.#across(path.at(-1)!, shard, next)
      if (links.includes(to)) break
      const node = links[pick(links.length)]!
      if (path.includes(node)) path.length = path.indexOf(node)
      path.push(node)
      shard = next
    }
    return [...path.slice(1), to]
  }

  /** Shards of the two nodes with the shortest way between them. */
  #nearest(from: number, to: number): readonly [number, number] {
    let best: readonly [number, number] = [this.#shardsOf[from]![0]!, this.#shardsOf[to]![0]!]
    const lengthOf = ([a, b]: readonly [number, number]): number => this.#waysBetween(a, b)[0]!.length
    for (const a of this.#shardsOf[from]!)
      for (const b of this.#shardsOf[to]!) if (lengthOf([a, b]) < lengthOf(best)) best = [a, b]
    return best
  }

  /** By indexes of shards, `from` excluded; shortest first. */
  #waysBetween(from: number, to: number): readonly (readonly number[])[] {
    const name = from * this.#shards.length + to
    const known = this.#ways.get(name)
    if (known !== undefined) return known
    const ways = disjointWays(this.#shards, this.#neighbours, from, to)
    this.#ways.set(name, ways)
    return ways
  }

  /** Links of `node`, which is in shard `own`, into shard `other`: its place chooses, so that each end finds the same. */
  #across(node: number, own: number, other: number): number[] {
    const [mine, theirs] = [this.#shards[own]!.nodes, this.#shards[other]!.nodes]
    const place = mine.indexOf(node)
    const links = new Set<number>()
    for (let step = 0; step < LINKS_ACROSS; step++) links.add(theirs[(place + step) % theirs.length]!)
    for (const [theirPlace, theirNode] of theirs.entries())
      for (let step = 0; step < LINKS_ACROSS; step++)
        if (mine[(theirPlace + step) % mine.length] === node) links.add(theirNode)
    return [...links]
  }

  /**
   * A tree over links by which what `author` says reaches every node once: the children of each node. Each hands on to at
   * most `fanOut`, and only to more where somebody could not be reached otherwise.
   */
  tree(author: number, fanOut: number, pick: (count: number) => number): ReadonlyMap<number, readonly number[]> {
    const children = new Map<number, number[]>()
    const reached = new Set([author])
    for (let size = -1; size < reached.size;) {
      size = reached.size
      for (const node of reached) {
        const own = children.get(node) ?? []
        children.set(node, own)
        this.#adopt(node, own, reached, own.length + fanOut, pick)
      }
    }
    return children
  }

  #adopt(node: number, own: number[], reached: Set<number>, countMax: number, pick: (count: number) => number): void {
    const links = this.linksOf(node)
    const start = links.length === 0 ? 0 : pick(links.length)
    for (let index = 0; index < links.length && own.length < countMax; index++) {
      const other = links[(start + index) % links.length]!
      if (reached.has(other)) continue
      reached.add(other)
      own.push(other)
    }
  }
}
