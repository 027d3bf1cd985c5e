/**
 * Check `bls-agree`: the BLS kernel answers as @chainsafe/blst and as noble on random verifications and certificates,
 * valid and invalid, as blst on decodings and sums, as BigInt arithmetic on field and curve operations, and as all of them
 * on each edge. A disagreement names the seed of its case. Hostile bytes leave the memory as large as it was.
 */
import { readFileSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Prng } from '../../src/base/prng.ts'
import { createBlsMachine } from '../../src/crypto/bls-kernel/index.ts'
import { KernelBls } from '../../src/crypto/bls-kernel/kernel-bls.ts'
import { EDGES, randomCertificate } from './bls-agree-cases.ts'
import { EDGE_KIND, partRunner, type Part, type Tally } from './bls-agree-parts.ts'
import { runInProcesses } from './process-pool.ts'
import { measured, type CheckOptions, type CheckOutcome, type CheckResult } from './registry.ts'

const ROOT = new URL('../../', import.meta.url)

interface Kind {
  readonly kind: string
  readonly what: string
  readonly oracles: readonly string[]
  readonly short: number
  readonly full: number
}

const KINDS: readonly Kind[] = [
  { kind: 'blst', what: 'verifications', oracles: ['@chainsafe/blst'], short: 400, full: 100_000 },
  { kind: 'noble', what: 'verifications', oracles: ['@noble/curves'], short: 200, full: 10_000 },
  { kind: 'certificates', what: 'certificates by bitmap', oracles: ['@chainsafe/blst'], short: 200, full: 20_000 },
  { kind: 'certificates by noble', what: 'certificates', oracles: ['@noble/curves'], short: 40, full: 2_000 },
  { kind: 'batches', what: 'batches', oracles: ['@chainsafe/blst', '@noble/curves'], short: 30, full: 2_000 },
  { kind: 'points', what: 'decodings and sums', oracles: ['@chainsafe/blst'], short: 500, full: 60_000 },
  { kind: 'field', what: 'field and curve operations', oracles: ['BigInt arithmetic'], short: 500, full: 40_000 },
  ...Object.keys(EDGES).map((name) => ({
    kind: EDGE_KIND + name,
    what: `edge: ${name}`,
    oracles: ['@chainsafe/blst', '@noble/curves'],
    short: 2,
    full: 250,
  })),
]

/** Parts that a process of the long form takes at a time. */
const PART_SIZE = 250

function versionOf(oracle: string): string {
  if (!oracle.startsWith('@')) return oracle
  const { version } = JSON.parse(readFileSync(new URL(`node_modules/${oracle}/package.json`, ROOT), 'utf8')) as {
    version: string
  }
  return `${oracle} ${version}`
}

function resultOf({ what, oracles }: Kind, tallies: readonly Tally[]): CheckResult {
  const sum = (field: 'cases' | 'valid' | 'disagreements') => tallies.reduce((total, tally) => total + tally[field], 0)
  const [cases, valid, disagreements] = [sum('cases'), sum('valid'), sum('disagreements')]
  return {
    ...measured(`${what}, ${oracles.join(' and ')}`, disagreements, `disagreements of ${cases} cases`, '==', 0),
    ...{ cases, disagreements, oracles: oracles.map(versionOf), valid },
    firstDisagreementSeed: tallies.find(({ firstSeed }) => firstSeed !== null)?.firstSeed ?? null,
  } as CheckResult
}

const HEAP_GROWTH_MAX = 16 << 20

/** Bytes that stay in use after a collection. */
function usedBytes(collect: () => void): number {
  collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

/** Hostile bytes through every method of the kernel: its memory stays what it was, and so does the heap around it. */
async function memoryResults(inputs: number, seed: string): Promise<CheckResult[]> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const machine = await createBlsMachine()
  const { sha256 } = await import('@noble/hashes/sha2.js')
  const bls = new KernelBls(machine, sha256)
  const prng = new Prng(`${seed}/memory`)
  const certificate = randomCertificate(prng, 'all-one')
  const keys = certificate.seats.map(({ publicKey }) => bls.decodeKey(publicKey)!)
  const attack = () => {
    const bytes = prng.bytes(prng.pick([0, 48, 96, 192, prng.below(3000)]))
    const message = prng.bytes(prng.pick([32, prng.below(100)]))
    bls.decodeKey(bytes)
    bls.verify(keys[0]!, message, bytes)
    bls.verifyPossession(keys[0]!, message, bytes)
    bls.sumSignatures([{ signature: bytes, times: 3 }])
    const claim = { seats: { keys }, bitmap: prng.bytes(prng.below(9)), message, signature: bytes }
    bls.verifySeats(claim)
    bls.verifySeatsBatch([claim, { ...claim, bitmap: certificate.bitmap }], prng.bytes(32))
  }
  for (let index = 0; index < inputs >> 2; index++) attack()
  const [memoryBefore, heapBefore] = [machine.memoryBytes, usedBytes(collect)]
  for (let index = 0; index < inputs; index++) attack()
  const memoryGrowth = machine.memoryBytes - memoryBefore
  const heapGrowth = usedBytes(collect) - heapBefore
  const what = `after ${inputs} hostile inputs to each method`
  return [
    measured(`growth of the kernel's memory ${what}`, memoryGrowth, 'bytes', '==', 0),
    measured(`growth of the heap ${what}`, heapGrowth, 'bytes', '<=', HEAP_GROWTH_MAX),
  ]
}

export async function run({ seed, full }: CheckOptions): Promise<CheckOutcome> {
  const parts = KINDS.flatMap(({ kind, short, full: all }): Part[] => {
    const cases = full ? all : short
    const size = full ? PART_SIZE : cases
    return Array.from({ length: Math.ceil(cases / size) }, (_, part) => {
      return { kind, seed, from: part * size, to: Math.min(cases, (part + 1) * size) }
    })
  })
  const worker = new URL('./bls-agree-worker.ts', import.meta.url)
  const tallies = full ? await runInProcesses<Part, Tally>(worker, parts, 'bls-agree') : parts.map(await partRunner())
  const talliesOf = (kind: string) => tallies.filter((_, index) => parts[index]!.kind === kind)
  const byKind = KINDS.map((kind) => ({ kind, result: resultOf(kind, talliesOf(kind.kind)) }))
  const verifications = talliesOf('blst')
  const share =
    verifications.reduce((sum, { valid }) => sum + valid, 0) / verifications.reduce((sum, { cases }) => sum + cases, 0)
  return {
    results: [
      ...byKind.map(({ result }) => result),
      measured('valid share of the verifications', Number(share.toFixed(3)), '', '>=', 0.3),
      ...(await memoryResults(full ? 20_000 : 1_000, seed)),
    ],
    notRun: [],
  }
}
