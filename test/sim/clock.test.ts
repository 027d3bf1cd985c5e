import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Prng } from '../../src/base/prng.ts'
import { SimClock } from '../../src/sim/clock.ts'

const MOMENTS = Array.from({ length: 5000 }, (_, index) => 1_800_000_000_000 + index * 7)

describe('SimClock', () => {
  it('is off by one constant within the bound when it does not drift', () => {
    for (let seed = 0; seed < 20; seed++) {
      const clock = new SimClock({ offsetMsMax: 500, driftPeriodMs: 0 }, new Prng(`clock ${seed}`))
      const offsets = new Set(MOMENTS.map((now) => clock.read(now) - now))
      assert.equal(offsets.size, 1)
      assert.ok(Math.abs([...offsets][0]!) <= 500)
    }
  })

  it('drifts steadily within the bound and is set back or forth once a period', () => {
    for (let seed = 0; seed < 20; seed++) {
      const clock = new SimClock({ offsetMsMax: 500, driftPeriodMs: 10_000 }, new Prng(`clock ${seed}`))
      const offsets = MOMENTS.map((now) => clock.read(now) - now)
      const steps = offsets.slice(1).map((offset, index) => offset - offsets[index]!)
      const jumps = steps.filter((step) => Math.abs(step) > 900)
      assert.ok(offsets.every((offset) => Math.abs(offset) <= 500))
      assert.ok(jumps.length === 3 || jumps.length === 4, `${jumps.length} jumps in 35 s`)
      assert.ok(steps.every((step) => Math.abs(step) > 900 || Math.abs(step) <= 2))
    }
  })
})
