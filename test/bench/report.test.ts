import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { comparison } from '../../bench/harness/compare.ts'
import { engineOf, generationOf } from '../../bench/harness/engine.ts'
import { htmlReport } from '../../bench/harness/html.ts'
import { measure, type Samples } from '../../bench/harness/measure.ts'
import { missingTargets, ratiosOf, summarise, type BenchReport } from '../../bench/harness/report.ts'
import { networkTable, ratioTable } from '../../bench/harness/table.ts'
import type { NetworkCost } from '../../bench/verify/network.ts'

const samplesOf = (id: string, impl: string, ...samplesNs: number[]): Samples => ({
  id,
  impl,
  checked: true,
  samplesNs,
})

const RUN = [
  samplesOf('merkle-64', 'simd', 10),
  samplesOf('merkle-64', '@chainsafe/as-sha256', 46),
  samplesOf('merkle-64', '@noble/hashes', 90),
  samplesOf('merkle-rfc9162', 'simd', 12),
]
const CASES = summarise([RUN])

const REPORT: BenchReport = {
  kind: 'stakecube-bench',
  date: '2026-11-21T00:00:00.000Z',
  commit: 'abc',
  machine: { cpu: 'A <CPU>', cores: 2, engine: 'Node 24.1.0 (V8 13.6)', generation: 'later' },
  processes: 1,
  cases: CASES,
  ratios: ratiosOf([RUN], 'later'),
  notRun: [],
}

describe('bench reports', () => {
  test('samples of several processes are pooled before the median is taken', () => {
    const samples = (...samplesNs: number[]) => [samplesOf('a', 'x', ...samplesNs)]
    const [pooled] = summarise([samples(1, 2, 9), samples(3, 4)])
    assert.deepEqual(pooled, { id: 'a', impl: 'x', medianNs: 3, p10Ns: 1.4, p90Ns: 7, n: 5, checked: true })
  })

  test('a ratio passes exactly from its bar on, and the bar depends on the engine', () => {
    const find = (generation: 'v8-11' | 'later', peer: string) =>
      ratiosOf([RUN], generation).find((ratio) => ratio.id === 'merkle-64' && ratio.peer === peer)!
    assert.deepEqual(
      [find('later', '@chainsafe/as-sha256').pass, find('v8-11', '@chainsafe/as-sha256').pass],
      [true, false],
    )
    assert.equal(find('later', '@noble/hashes').pass, false)
    const rfc = ratiosOf([RUN], 'later').find(({ op }) => op === '<=')!
    assert.deepEqual([rfc.ratio, rfc.pass, rfc.bar], [1.2, true, 1.25])
  })

  test('a ratio is taken within rounds: a machine that slows down between them changes nothing', () => {
    const slow = [samplesOf('merkle-64', 'simd', 10, 30, 30), samplesOf('merkle-64', '@noble/hashes', 100, 100, 300)]
    const fast = [samplesOf('merkle-64', 'simd', 10, 10), samplesOf('merkle-64', '@noble/hashes', 100, 100)]
    const [ratio] = ratiosOf([slow, fast], 'later')
    assert.deepEqual([ratio!.ratio, ratio!.ofMedians], [10, 10])
    const [uneven] = ratiosOf([[samplesOf('merkle-64', 'simd', 10, 30, 30), slow[1]!]], 'later')
    assert.deepEqual([uneven!.ratio, uneven!.ofMedians], [10, 3.333])
  })

  test('a target without figures is named, not passed over', () => {
    const missing = missingTargets(CASES, 'later')
    assert.ok(missing.includes('audit-256: simd against twin'))
    assert.ok(!missing.some((line) => line.startsWith('merkle')))
  })

  test('a wrong answer is never timed', async () => {
    const wrong = { id: 'a', impl: 'x', run: () => 1, check: (answer: unknown) => answer === 2 }
    await assert.rejects(measure([wrong], { rounds: 1, sampleMs: 0.01, warmUpMs: 0 }), /x gives a wrong answer in a/)
  })

  test('engines are named, and Node 20 is held to the higher bars', () => {
    assert.equal(engineOf('Mozilla/5.0 (X11) Gecko/20100101 Firefox/140.0'), 'Firefox 140.0')
    assert.equal(engineOf('Mozilla/5.0 AppleWebKit/537.36 Chrome/137.0.1.2 Safari/537.36'), 'Chromium 137.0.1.2')
    assert.deepEqual(
      ['Node 20.20.2 (V8 11.3)', 'Node 24.1.0 (V8 13)', 'Chromium 113.0', 'Chromium 137.0', 'Firefox 140.0'].map(
        generationOf,
      ),
      ['v8-11', 'later', 'v8-11', 'later', 'later'],
    )
  })

  test('the table says what was missed, and the page escapes what it shows', () => {
    assert.match(ratioTable(REPORT.ratios), /@noble\/hashes by\s+9\.00×\s+>= 10\s+MISSED/)
    assert.match(htmlReport(REPORT), /A &#60;CPU&#62;/)
  })

  test('a comparison shows the change of each median', () => {
    const now = { ...REPORT, cases: summarise([[samplesOf('merkle-64', 'simd', 9)]]) }
    assert.match(comparison(now, REPORT), /merkle-64 simd: 10\.0 ns → 9\.00 ns \(-10\.0 %\)/)
  })

  test('a comparison names both engines, and marks ratios that are more than 15 % apart', () => {
    const page: BenchReport = {
      ...REPORT,
      machine: { ...REPORT.machine, engine: 'Chromium 156.0' },
      ratios: REPORT.ratios.map((result) => ({
        ...result,
        ratio: result.peer === '@noble/hashes' ? 14 : result.ratio,
      })),
    }
    const text = comparison(page, REPORT)
    assert.match(text, /^Chromium 156\.0 against Node 24\.1\.0 \(V8 13\.6\)/)
    assert.match(text, /ratio merkle-64 simd : @noble\/hashes: 9 → 14 \(\+55\.6 %, more than 15 % apart\)/)
    assert.match(text, /ratio merkle-64 simd : @chainsafe\/as-sha256: 4\.6 → 4\.6 \(0\.0 %\)/)
  })

  test('what the network pays with either verifier stands in the table and in the page', () => {
    const costOf = (engine: 'noble' | 'kernel', scale: number): NetworkCost => ({
      engine,
      devnet: {
        ...{ engine, validators: 8, blocks: 10 },
        ...{ cpuMsPerBlock: 100 * scale, wallMsPerBlock: 1000 * scale, pairingsPerBlock: 6 },
      },
      costModelMs: { verifyMs: 4 * scale, batchItemMs: 1, sumItemMs: 1, keyItemMs: 1, ed25519Ms: 2, signMs: 20 },
      simulated: { nodes: 64, blocks: 2, finalityMedianMs: 250 * scale, finalityP99Ms: 300 * scale },
    })
    const report: BenchReport = { ...REPORT, network: [costOf('noble', 6), costOf('kernel', 1)] }
    assert.match(networkTable(report.network!), /CPU a block +600 ms +100 ms/)
    assert.match(htmlReport(report), /to final, median<\/th><td class="number">1500 ms<\/td><td class="number">250 ms/)
    assert.doesNotMatch(htmlReport(REPORT), /before and after/)
  })
})
