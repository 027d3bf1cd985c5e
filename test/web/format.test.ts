import { Prng } from '../../src/base/prng.ts'
import { formatAge, formatAmount, formatDuration, median, parseAmount, shortHex } from '../../web/elements/format.ts'
import { equal } from './expect.ts'

describe('format', () => {
  it('shows amounts with up to six decimals and reads back what it shows', () => {
    equal(formatAmount(1_234_567_890n), '1\u202f234.56789')
    equal(formatAmount(0n), '0.00')
    equal(formatAmount(1n), '0.000001')
    const random = new Prng('amounts')
    for (let round = 0; round < 200; round++) {
      const amount = 1n + (random.uint64() >> BigInt(random.below(60)))
      if (amount < 10n ** 20n) equal(parseAmount(formatAmount(amount)), amount, 'seed amounts')
    }
  })
  it('refuses what is no positive amount of micro-units', () => {
    for (const text of ['', '0', '0.0', '-1', '1.2345678', '1e3', 'abc', '1.2.3', '99999999999999999'])
      equal(parseAmount(text), undefined, text)
    equal(parseAmount(' 1 000,25 '), 1_000_250_000n)
  })
  it('rounds durations to what matters', () => {
    equal([940, 1240, 12_400, 240_000, 7_200_000, 432_000_000].map(formatDuration), [
      ...['0.94 s', '1.2 s', '12 s', '4 min', '2 h', '5 d'],
    ])
    equal([900, 4_200].map(formatAge), ['just now', '4 s ago'])
  })
  it('shortens hashes and finds the middle', () => {
    equal(shortHex('00112233445566778899', 4), '0011…8899')
    equal(median([]), undefined)
    equal(median([3, 1, 2]), 2)
    equal(median([4, 1, 2, 3]), 2.5)
  })
})
