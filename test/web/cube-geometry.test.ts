import { dimensionsOf, edges, labelBits, project } from '../../web/elements/cube-geometry.ts'
import { equal, ok } from './expect.ts'

const cube = (dimensions: number): string[] =>
  Array.from({ length: 2 ** dimensions }, (_, index) => index.toString(2).padStart(dimensions, '0'))

describe('cube geometry', () => {
  it('gives a d-cube its d·2^(d−1) edges', () => {
    for (const dimensions of [1, 2, 3, 4, 5]) equal(edges(cube(dimensions)).length, dimensions * 2 ** (dimensions - 1))
  })
  it('keeps every two vertices apart, and all within the unit circle', () => {
    for (const dimensions of [2, 3, 4, 5]) {
      const points = project(cube(dimensions))
      for (const [index, a] of points.entries()) {
        ok(Math.hypot(a.x, a.y) <= 1 + 1e-9, `vertex ${index} is outside`)
        for (const b of points.slice(index + 1)) ok(Math.hypot(a.x - b.x, a.y - b.y) > 0.05, `d = ${dimensions}`)
      }
    }
  })
  it('joins a shorter label with all parts of its neighbours, and parts with each other', () => {
    const labels = ['00', '01', '10', '110', '111']
    equal(dimensionsOf(labels), 2)
    equal(edges(labels), [
      [0, 1],
      [0, 2],
      [1, 3],
      [1, 4],
      [2, 3],
      [2, 4],
      [3, 4],
    ])
    ok(
      project(labels).every(({ x, y }) => Number.isFinite(x + y)),
      'finite',
    )
  })
  it('draws a cube of one shard', () => {
    equal(edges(['']), [])
    ok(
      project(['']).every(({ x, y }) => Number.isFinite(x + y)),
      'finite',
    )
  })
  it('reads labels from their bits', () => {
    equal(labelBits({ bits: 10, bytes: Uint8Array.of(0b10100101, 0b11000000) }), '1010010111')
  })
})
