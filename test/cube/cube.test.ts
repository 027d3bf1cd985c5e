import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bitAt, concatBytes, toHex, u32 } from '../../src/base/bytes.ts'
import { Prng } from '../../src/base/prng.ts'
import type { Draw, Label } from '../../src/chain/committee.ts'
import { DEVNET_PARAMS, epochOf, PRODUCTION_PARAMS } from '../../src/chain/params.ts'
import {
  drawEpoch,
  drawSeedHeight,
  firstDrawEpoch,
  redrawEpoch,
  stakeSetHeight,
  type Credential,
  type CubeParams,
} from '../../src/cube/draws.ts'
import { childLabel, coversSpace, firstDisorder, isPrefix, labelText, ROOT_LABEL } from '../../src/cube/labels.ts'
import { dimensionOf, disjointRoutes, neighboursAcross, responsibleShard, routeTo } from '../../src/cube/routing.ts'
import { buildCube, faultBounds, type Cube } from '../../src/cube/shards.ts'
import { twin } from '../../src/kernels/twin/index.ts'

const prng = new Prng(process.env['SEED'] ?? 'cube')

function credentials(count: number): Credential[] {
  return Array.from({ length: count }, (_, index) => ({
    id: prng.bytes(32),
    outpoint: { txid: prng.bytes(32), index },
    amount: 1_000_000n + BigInt(prng.below(5_000_000)),
    blsPk: concatBytes(u32(index), new Uint8Array(44)),
    owner: prng.bytes(16),
    firstEpoch: 0,
  }))
}

function cubeOf(params: CubeParams, epoch: number, set: readonly Credential[]): Cube {
  const stake = set.reduce((sum, { amount }) => sum + amount, 0n)
  const first = firstDrawEpoch(params.seatLifetime, epoch)
  const draws: Draw[] = Array.from({ length: epoch - first + 1 }, (_, index) => ({
    epoch: first + index,
    seed: prng.bytes(32),
    stake,
  }))
  return buildCube(twin, params, epoch, set, draws)
}

const cubes = [
  cubeOf(DEVNET_PARAMS, 7, credentials(20)),
  cubeOf({ ...DEVNET_PARAMS, seatsTarget: 600 }, 9, credentials(60)),
]

test('[CUBE-1] labels are prefix-free, in order, cover the space, and hold exactly the seats under them', () => {
  for (const { shards } of cubes) {
    const labels = shards.map(({ label }) => label)
    assert.equal(firstDisorder(labels), undefined)
    assert.ok(coversSpace(labels))
    for (const { label, seats } of shards) {
      assert.ok(seats.length >= 7 || shards.length === 1)
      for (const { position } of seats) assert.ok(isPrefix(label, position))
    }
  }
})

test('[CUBE-1] what could be split was, and what could not was not: the same by splitting in any order', () => {
  for (const { shards } of cubes) {
    const positions = shards.flatMap(({ seats }) => seats.map(({ position }) => position))
    const pending: Label[] = [ROOT_LABEL]
    const done: string[] = []
    while (pending.length > 0) {
      const label = pending.splice(prng.below(pending.length), 1)[0]!
      const held = positions.filter((position) => isPrefix(label, position))
      const right = held.filter((position) => bitAt(position, label.bits) === 1).length
      if (held.length > 24 && Math.min(right, held.length - right) >= 7)
        pending.push(childLabel(label, 0), childLabel(label, 1))
      else done.push(labelText(label))
    }
    assert.deepEqual(done.sort(), shards.map(({ label }) => labelText(label)).sort(), `seed ${prng.seed}`)
  }
})

test('[CUBE-2] f_e and F_e are what the smallest shard and the number of shards allow', () => {
  const shards = (...sizes: number[]) => sizes.map((seats) => ({ seats }))
  const params = { f: 2, F: 2 }
  assert.deepEqual(faultBounds(params, shards(7, 7, 7, 7, 7, 7, 7)), { f: 2, F: 2 })
  assert.deepEqual(faultBounds(params, shards(6, 7, 7, 7, 7, 7)), { f: 1, F: 1 })
  assert.deepEqual(faultBounds(params, shards(1)), { f: 0, F: 0 })
  assert.deepEqual(faultBounds(params, shards(5, 50, 50)), { f: 1, F: 0 })
})

test('[DRAW-2] a credential is redrawn once in a lifetime, never later, and not before its first epoch', () => {
  for (let round = 0; round < 200; round++) {
    const id = prng.bytes(32)
    const lifetime = 1 + prng.below(9)
    const residue = ((id[0]! << 8) | id[1]!) % lifetime
    const first = prng.below(20)
    for (let epoch = first; epoch < first + 20; epoch++) {
      const draw = drawEpoch(lifetime, id, first, epoch)
      assert.ok(draw >= first && draw <= epoch && epoch - draw < lifetime, `seed ${prng.seed}`)
      const candidates = Array.from({ length: epoch + 1 }, (_, e) => e).filter((e) => e % lifetime === residue)
      assert.equal(redrawEpoch(lifetime, id, epoch), candidates.at(-1))
      assert.equal(draw, Math.max(first, candidates.at(-1) ?? 0))
    }
  }
})

test('[DRAW-1] stake is fixed one epoch before the seed that draws it', () => {
  for (const params of [DEVNET_PARAMS, PRODUCTION_PARAMS])
    for (let epoch = 3; epoch < 9; epoch++) {
      assert.equal(epochOf(drawSeedHeight(params, epoch), params), epoch - 2)
      assert.equal(epochOf(drawSeedHeight(params, epoch) + 1n, params), epoch - 1)
      assert.equal(epochOf(stakeSetHeight(params, epoch), params), epoch - 3)
      assert.equal(epochOf(stakeSetHeight(params, epoch) + 1n, params), epoch - 2)
    }
  assert.deepEqual(
    [0, 1, 2].map((epoch) => drawSeedHeight(DEVNET_PARAMS, epoch)),
    [0n, 0n, 15n],
  )
  assert.deepEqual(
    [0, 1, 2, 3].map((epoch) => stakeSetHeight(DEVNET_PARAMS, epoch)),
    [0n, 0n, 0n, 15n],
  )
})

test('[CUBE-4] neighbours differ in the bit, and being neighbours is mutual', () => {
  for (const { shards } of cubes)
    for (const { label } of shards)
      for (let bit = 0; bit < label.bits; bit++) {
        const neighbours = neighboursAcross(shards, label, bit)
        assert.ok(neighbours.length > 0)
        for (const { label: other } of neighbours) {
          if (other.bits > bit) assert.notEqual(bitAt(other.bytes, bit), bitAt(label.bytes, bit))
          assert.ok(neighboursAcross(shards, other, bit).some(({ label: back }) => back === label))
        }
      }
})

test('[CUBE-4] every route ends at the shard responsible for the key, within dim hops', () => {
  for (const { shards } of cubes) {
    const dimension = dimensionOf(shards)
    for (let round = 0; round < 300; round++) {
      const key = prng.bytes(32)
      const from = prng.pick(shards)
      const route = routeTo(shards, from.label, key)
      assert.ok(route.length <= dimension, `${route.length} hops, seed ${prng.seed}`)
      assert.equal((route.at(-1) ?? from).label, responsibleShard(shards, key).label)
    }
  }
})

test('[CUBE-4] a full cube has dim vertex-disjoint routes between any two labels', () => {
  const labelOf = (bits: number, value: number): Label => ({ bits, bytes: Uint8Array.of((value << (8 - bits)) & 0xff) })
  for (const bits of [1, 2, 3, 5])
    for (let a = 0; a < 1 << bits; a++)
      for (let b = 0; b < 1 << bits; b++) {
        if (a === b) continue
        const [from, to] = [labelOf(bits, a), labelOf(bits, b)]
        const routes = disjointRoutes(from, to)
        assert.equal(routes.length, bits)
        const inner = routes.flatMap((route) => route.slice(1, -1).map(labelText))
        assert.equal(new Set(inner).size, inner.length, `${labelText(from)} to ${labelText(to)}`)
        for (const route of routes) {
          assert.deepEqual([toHex(route[0]!.bytes), toHex(route.at(-1)!.bytes)], [toHex(from.bytes), toHex(to.bytes)])
          for (let hop = 1; hop < route.length; hop++) {
            const change = route[hop]!.bytes[0]! ^ route[hop - 1]!.bytes[0]!
            assert.ok(change !== 0 && (change & (change - 1)) === 0, 'each hop flips one bit')
          }
        }
      }
})
