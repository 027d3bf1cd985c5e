import { equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { LATE_MS, Lateness } from '../../src/light/lateness.ts'
import { fixtureOf, FixtureView, modelEngine } from './fixture-view.ts'
import { World } from './world.ts'

const DAY_MS = 86_400_000n

test('old blocks that come at the pace at which they are made are told once, until blocks are in time again', () => {
  const lateness = new Lateness(1000)
  const told = (from: bigint, count: bigint, lateMs: bigint) => {
    let times = 0
    for (let at = from; at < from + count; at++)
      if (lateness.observe(1000n * at, 1000n * at + lateMs) !== undefined) times++
    return times
  }
  equal(told(0n, 4n, DAY_MS), 0)
  equal(told(4n, 100n, DAY_MS), 1)
  equal(told(200n, 3n, LATE_MS), 0)
  equal(told(300n, 100n, DAY_MS), 1)
})

test('old blocks that come faster than they are made are somebody catching up', () => {
  const lateness = new Lateness(1000)
  for (let at = 0n; at < 500n; at++) equal(lateness.observe(1000n * at, 1000n * 1_000_000n + 500n * at), undefined)
})

test('a client whose clock is a day ahead follows, and says so; one whose clock is right says nothing', () => {
  const chain = fixtureOf({ epochs: 6 })
  const tip = chain.blocks.length
  for (const aheadMs of [DAY_MS, 0n]) {
    const world = new World(
      { engine: modelEngine, spec: chain.spec },
      { seed: 'ahead', nowMs: chain.header(1).timeMs + aheadMs },
    )
    const view = new FixtureView(chain, 1)
    world.connect('a', { view })
    world.settle()
    for (let height = 2; height <= tip; height++) {
      view.headHeight = height
      world.tick(chain.header(height).timeMs + aheadMs - world.nowMs)
      world.settle()
    }
    equal(world.height, BigInt(tip))
    const warned = world.notices.filter((notice) => notice.kind === 'warning' && notice.code === 'clock-ahead')
    equal(warned.length, aheadMs === 0n ? 0 : 1)
    ok(world.notices.every((notice) => notice.kind !== 'failed'))
  }
})
