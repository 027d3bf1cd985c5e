import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { treeText } from '../../src/cli/cube.ts'
import { committeeOf, genesisLedger } from '../../src/ledger/ledger.ts'
import { pictureJson, pictureOf } from '../../src/cube/picture.ts'
import { makeDevnet } from '../../src/node/devnet-config.ts'
import { createNodeEngine } from '../../src/node/engine.ts'

const engine = await createNodeEngine()
const { spec, validators } = makeDevnet(engine, 4, 1_700_000_000_000)
const { committee } = committeeOf(genesisLedger(engine, spec), 0)!
const picture = pictureOf(committee)

test('the picture has every shard once, with core and spares, and the committee in its order with its members', () => {
  const { f, F } = spec.params
  deepEqual([picture.f, picture.F, picture.epoch], [f, F, 0])
  equal(picture.stake, BigInt(validators.length) * 1_000_000_000n)
  equal(
    picture.seats,
    picture.shards.reduce((sum, { seats }) => sum + seats, 0),
  )
  const places = picture.shards.flatMap(({ committeePlace }) => committeePlace ?? [])
  deepEqual(
    [...places].sort((a, b) => a - b),
    Array.from({ length: 3 * F + 1 }, (_, place) => place),
  )
  for (const shard of picture.shards) {
    equal(shard.core + shard.spares, shard.seats)
    equal(shard.core, 3 * f + 1)
    equal(shard.members?.length, shard.committeePlace === undefined ? undefined : shard.core)
  }
})

test('neighbours are mutual: who is across a bit has us across one', () => {
  const byLabel = new Map(picture.shards.map((shard) => [shard.label, shard]))
  for (const { label, neighbours } of picture.shards) {
    equal(neighbours.length, label.length)
    for (const others of neighbours) {
      ok(others.length > 0)
      for (const other of others) ok(byLabel.get(other)!.neighbours.flat().includes(label), `${label} and ${other}`)
    }
  }
})

test('the tree names every label, and JSON survives parsing with amounts as text', () => {
  const lines = treeText(picture, false).split('\n')
  for (const { label, seats } of picture.shards) ok(lines.some((line) => line.includes(`─ ${label}  ${seats} seats`)))
  match(
    lines[0]!,
    /^epoch 0: \d+ shards, \d+ seats, dimension \d, stake 4000000000; f = 2, F = 2: 7 committee shards of 7/,
  )
  equal(treeText(picture, true).split('· ').length - 1, 49)
  const json = JSON.parse(JSON.stringify(pictureJson(picture))) as { stake: string; shards: unknown[] }
  deepEqual([json.stake, json.shards.length], ['4000000000', picture.shards.length])
})

test('a cube that is not split is one line', () => {
  const small = pictureOf({
    ...committee,
    head: { ...committee.head, cube: [{ label: { bits: 0, bytes: new Uint8Array(0) }, seats: 9 }] },
  })
  match(treeText(small, false), /\n\(all\) {2}9 seats: core 7, spares 2/)
})
