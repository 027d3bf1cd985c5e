import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { Prng } from '../../src/base/prng.ts'
import { createModelBls, modelBlsSigner } from '../../src/crypto/bls-model.ts'
import { CubeOverlay } from '../../src/cube/overlay.ts'
import type { Label } from '../../src/chain/committee.ts'
import { loadKernels } from '../../src/kernels/load.ts'
import { EventQueue } from '../../src/sim/event-queue.ts'
import { GOOD_NETWORK, SimNetwork } from '../../src/sim/network.ts'
import { randomRun, smallParams, type RunOptions } from '../../src/sim/run-options.ts'
import { simulate } from '../../src/sim/simulate.ts'

const label = (bits: string): Label => ({ bits: bits.length, bytes: Uint8Array.of(parseInt(bits.padEnd(8, '0'), 2)) })
const bytes = new Uint8Array(100)

/** Two nodes in each shard of a square: 00 has 0 and 1, 01 has 2 and 3, 10 has 4 and 5, 11 has 6 and 7. */
function square(routes: number, mayRelay: (node: number) => boolean) {
  const shards = ['00', '01', '10', '11'].map((bits, index) => ({
    label: label(bits),
    nodes: [2 * index, 2 * index + 1],
  }))
  const queue = new EventQueue(0)
  const heard: string[] = []
  const network = new SimNetwork(
    queue,
    new Prng('square'),
    { ...GOOD_NETWORK, routes },
    8,
    (from, to) => void heard.push(`${from}>${to}`),
    { overlay: new CubeOverlay(shards, 8), mayRelay },
  )
  const run = () => {
    while (queue.next() !== undefined) queue.step()
    return heard
  }
  return { network, run }
}

test('a message for a node that is not linked is relayed, arrives once, as its author’s, and each hop is paid for', () => {
  const { network, run } = square(2, () => true)
  network.send(0, 6, bytes)
  deepEqual(run(), ['0>6'])
  deepEqual(network.relayed, { messages: 1, delivered: 1, hops: 2, duplicates: 1, dropped: 0 })
  const sent = network.traffic.map(({ messages }) => messages)
  equal(sent[0], 2)
  equal(sent[2]! + sent[3]!, 1)
  equal(sent[4]! + sent[5]!, 1)
  ok(network.traffic.every(({ messages, bytes: total }) => messages === 0 || total / messages > 300))
})

test('with two ways a shard of relays that hand nothing on loses nothing; with one way it does; with both shards bad too', () => {
  for (const [routes, bad, arrives] of [
    [2, [2, 3], true],
    [2, [4, 5], true],
    [2, [2, 3, 4, 5], false],
    [1, [2, 3, 4, 5], false],
  ] as const) {
    const { network, run } = square(routes, (node) => !(bad as readonly number[]).includes(node))
    network.send(0, 6, bytes)
    deepEqual(run(), arrives ? ['0>6'] : [])
    equal(network.relayed.dropped, Math.min(routes, bad.length / 2))
  }
})

test('a linked node is written to directly; a broadcast reaches everybody once, and a partition cuts both', () => {
  const { network, run } = square(2, () => true)
  network.send(0, 1, bytes)
  network.send(0, 0, bytes)
  deepEqual(run().splice(0).sort(), ['0>0', '0>1'])
  network.broadcast(0, bytes)
  deepEqual(
    run().splice(0).sort(),
    [1, 2, 3, 4, 5, 6, 7].map((node) => `0>${node}`),
  )
  equal(network.relayed.messages, 0)
  network.partition([0, 0, 0, 0, 1, 1, 1, 1])
  network.broadcast(0, bytes)
  network.send(0, 6, bytes)
  deepEqual(run().sort(), ['0>1', '0>2', '0>3'])
})

const kernels = await loadKernels()
const tools = { engine: { kernels, bls: createModelBls() }, signer: modelBlsSigner }
const { costs: _, stakeEveryMs: __, ...base } = randomRun('routes')

/** 40 nodes of about three seats in a cube of about 16 shards: most are not linked to most. */
const wide = (more: Partial<RunOptions>): RunOptions => ({
  ...base,
  params: { ...smallParams('flat', 1, 3), seatsTarget: 128, shardSizeMax: 12 },
  stakes: Array.from({ length: 40 }, () => [100_000_000n]),
  network: { ...GOOD_NETWORK, routes: 2 },
  ...{ faulty: new Map(), crashCount: 0, partitionCount: 0, eclipseCount: 0, healAfterMs: 1000, progressBlocks: 5 },
  ...more,
})

test('validators that are linked along the cube agree over epochs whose cubes differ, and relay what is for far nodes', () => {
  const { ok: isOk, violations, relayed, height } = simulate(wide({}), tools)
  ok(isOk, JSON.stringify(violations))
  ok(height >= 6)
  ok(relayed!.messages > 50 && relayed!.delivered >= relayed!.messages - 50, JSON.stringify(relayed))
  ok(relayed!.hopsMean > 1.5 && relayed!.hopsMean < 6 && relayed!.linksMax < 39, JSON.stringify(relayed))
})

test('relays that drop everything and nodes that crash do not stop it, and the same seed gives the same run', () => {
  const faulty = new Map([3, 9, 15, 21, 27, 33].map((node) => [node, 'silent' as const]))
  const options = wide({ faulty, crashCount: 3, healAfterMs: 2000, progressBlocks: 1 })
  const report = simulate(options, tools)
  ok(report.ok, JSON.stringify(report.violations))
  ok(report.relayed!.dropped > 0)
  deepEqual(simulate(options, tools), report)
})
