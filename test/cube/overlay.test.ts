import { deepEqual, equal, ok, throws } from 'node:assert/strict'
import { test } from 'node:test'
import { Prng } from '../../src/base/prng.ts'
import type { Label } from '../../src/chain/committee.ts'
import { childLabel, labelText, ROOT_LABEL } from '../../src/cube/labels.ts'
import { CubeOverlay, LINKS_ACROSS, type OverlayShard } from '../../src/cube/overlay.ts'
import { dimensionOf, disjointRoutes, disjointWays, neighbourIndexes } from '../../src/cube/routing.ts'

const seed = process.env['SEED'] ?? String(Math.floor(Math.random() * 1e9))
console.log(`seed ${seed}`)
const prng = new Prng(`overlay/${seed}`)

/** Labels that are split until `isDeep`, ascending. */
const labels = (label: Label, isDeep: (label: Label) => boolean): Label[] =>
  isDeep(label) ? [label] : [...labels(childLabel(label, 0), isDeep), ...labels(childLabel(label, 1), isDeep)]
const full = labels(ROOT_LABEL, ({ bits }) => bits === 4)
const uneven = () => labels(ROOT_LABEL, ({ bits }) => bits > 2 && (bits === 6 || prng.chance(0.4)))

/** Shards of about `size` nodes; one node in ten sits in a second shard too. */
function overlayOf(
  cube: readonly Label[],
  size: number,
): { shards: OverlayShard[]; overlay: CubeOverlay; count: number } {
  let count = 0
  const nodes = cube.map(() => new Set(Array.from({ length: 3 + prng.below(size) }, () => count++)))
  for (let node = 0; node < count; node++) if (prng.chance(0.1)) prng.pick(nodes).add(node)
  const shards = cube.map((label, index) => ({ label, nodes: [...nodes[index]!].sort((a, b) => a - b) }))
  return { shards, overlay: new CubeOverlay(shards, count), count }
}
const pick = (count: number): number => prng.below(count)

test('a full cube has as many ways between two shards as dimensions, and no shard between lies on two of them', () => {
  const shards = full.map((label) => ({ label }))
  const neighbours = neighbourIndexes(shards)
  for (let from = 0; from < shards.length; from++)
    for (let to = 0; to < shards.length; to++) {
      if (from === to) continue
      const ways = disjointWays(shards, neighbours, from, to)
      const between = ways.flatMap((way) => way.slice(0, -1))
      equal(new Set(between).size, between.length)
      equal(ways.length, 4, `${labelText(full[from]!)} to ${labelText(full[to]!)}`)
      ok(ways.every((way) => way.at(-1) === to))
      const shortest = Math.min(...disjointRoutes(full[from]!, full[to]!).map((route) => route.length - 1))
      equal(ways[0]!.length, shortest)
    }
})

test('in an uneven cube each step of a way goes to a neighbour, and ways share no shard between', () => {
  for (let round = 0; round < 20; round++) {
    const shards = uneven().map((label) => ({ label }))
    const neighbours = neighbourIndexes(shards)
    for (const [index, others] of neighbours.entries())
      for (const other of others) ok(neighbours[other]!.includes(index))
    const [from, to] = [prng.below(shards.length), prng.below(shards.length)]
    const ways = disjointWays(shards, neighbours, from, to)
    if (from === to) deepEqual(ways, [[]])
    const between = ways.flatMap((way) => way.slice(0, -1))
    equal(new Set(between).size, between.length)
    ok(!between.includes(from) && !between.includes(to))
    for (const way of ways)
      for (const [step, shard] of way.entries()) ok(neighbours[step === 0 ? from : way[step - 1]!]!.includes(shard))
    ok(ways[0]!.length <= dimensionOf(shards))
  }
})

test('links go both ways, and a node keeps its own shard and a few across each bit, not everybody', () => {
  const { overlay, shards, count } = overlayOf(
    labels(ROOT_LABEL, ({ bits }) => bits === 6),
    12,
  )
  for (let node = 0; node < count; node++) {
    const links = overlay.linksOf(node)
    ok(!links.includes(node))
    for (const other of links) ok(overlay.isLinked(other, node), `${node} and ${other}`)
    const own = shards.filter(({ nodes }) => nodes.includes(node))
    for (const { nodes } of own) for (const other of nodes) ok(other === node || links.includes(other))
    // Of a shard with few nodes each has many links, if its neighbour has many.
    ok(links.length <= own.length * (16 + 6 * 5 * LINKS_ACROSS))
  }
  ok(overlay.linksOf(0).length < count / 4)
})

test('every route goes over links to its end, takes no node twice, and no more hops than the dimension and two', () => {
  for (let round = 0; round < 60; round++) {
    const cube = round === 0 ? full : uneven()
    const { overlay, count } = overlayOf(cube, 8)
    for (let pair = 0; pair < 30; pair++) {
      const [from, to] = prng.shuffled(Array.from({ length: count }, (_, node) => node)) as [number, number]
      const routes = overlay.routes(from, to, 3, pick)
      ok(routes.length >= 1 && routes.length <= 3)
      for (const route of routes) {
        equal(route.at(-1), to)
        equal(new Set([from, ...route]).size, route.length + 1, `a node twice: ${from}, ${route.join(', ')}`)
        for (const [step, node] of route.entries()) ok(overlay.isLinked(step === 0 ? from : route[step - 1]!, node))
      }
      ok(routes[0]!.length <= dimensionOf(cube.map((label) => ({ label }))) + 1)
    }
  }
})

test('a tree reaches every node once over links, and few nodes hand on to more than the fan-out', () => {
  for (let round = 0; round < 10; round++) {
    const { overlay, count } = overlayOf(uneven(), 10)
    const author = prng.below(count)
    const tree = overlay.tree(author, 4, pick)
    const reached = [author, ...[...tree.values()].flat()]
    deepEqual(
      [...reached].sort((a, b) => a - b),
      Array.from({ length: count }, (_, node) => node),
    )
    for (const [node, children] of tree) for (const child of children) ok(overlay.isLinked(node, child))
    ok([...tree.values()].filter((children) => children.length > 4).length < count / 4)
  }
})

test('one shard is all linked to all; a node without a shard is a mistake of the caller', () => {
  const overlay = new CubeOverlay([{ label: ROOT_LABEL, nodes: [0, 1, 2] }], 3)
  deepEqual(overlay.routes(0, 2, 2, pick), [[2]])
  deepEqual(overlay.linksOf(1), [0, 2])
  throws(() => new CubeOverlay([{ label: ROOT_LABEL, nodes: [0, 2] }], 3), /without a shard/)
})
