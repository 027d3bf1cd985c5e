/**
 * Check `draws`: over many epochs the seats of credentials follow their stake (chi-squared), and each epoch moves about one
 * T-th of the seats.
 *
 * A credential of amount n wins a binomial number of seats per draw: n trials of chance seatsTarget/S. Draws are
 * independent, so over k draws its seats have the mean k·n·p and the variance k·n·p·(1 − p); the squared deviations, each
 * divided by its variance, add up to chi-squared with one degree of freedom per credential.
 */
import { toHex } from '../../src/base/bytes.ts'
import { Prng } from '../../src/base/prng.ts'
import { DEVNET_PARAMS } from '../../src/chain/params.ts'
import { credentialOf } from '../../src/crypto/keys.ts'
import type { Credential } from '../../src/cube/draws.ts'
import { buildCube } from '../../src/cube/shards.ts'
import { loadKernels } from '../../src/kernels/load.ts'
import type { Kernels } from '../../src/kernels/contract.ts'
import { measured, noted, type CheckOptions, type CheckOutcome } from './registry.ts'

const CREDENTIAL_COUNT = 40
/** A lifetime of draws makes one independent set of seats; epochs beyond it repeat most of the last one. */
const LIFETIME = 4

interface Observed {
  /** Seats won in independent draws, by credential. */
  readonly won: number[]
  readonly draws: number
  /** Share of the cube's seats that are new in an epoch, one per epoch. */
  readonly moved: number[]
}

function makeCredentials(kernels: Kernels, prng: Prng): Credential[] {
  return Array.from({ length: CREDENTIAL_COUNT }, () => {
    const outpoint = { txid: prng.bytes(32), index: 0 }
    const amount = 1_000_000n * BigInt(1 + prng.below(prng.chance(0.2) ? 2000 : 200))
    const id = credentialOf(kernels, outpoint)
    return { id, outpoint, amount, blsPk: prng.bytes(48), owner: prng.bytes(16), firstEpoch: 0 }
  })
}

/** Names of all seats of a cube: draw, credential and number. */
function seatNames(cube: ReturnType<typeof buildCube>): Set<string> {
  return new Set(
    cube.shards.flatMap(({ seats }) =>
      seats.map(({ drawEpoch, credential, seat }) => `${drawEpoch} ${toHex(credential.id)} ${seat}`),
    ),
  )
}

function observe(kernels: Kernels, credentials: readonly Credential[], seed: string, epochs: number): Observed {
  const prng = new Prng(`${seed}/seeds`)
  const stake = credentials.reduce((sum, { amount }) => sum + amount, 0n)
  const params = { ...DEVNET_PARAMS, seatLifetime: LIFETIME }
  const seeds = Array.from({ length: epochs }, () => prng.bytes(32))
  const won = credentials.map(() => 0)
  const index = new Map(credentials.map(({ id }, which) => [toHex(id), which]))
  const moved: number[] = []
  let before: Set<string> | undefined
  let draws = 0
  for (let epoch = 0; epoch < epochs; epoch++) {
    const first = Math.max(0, epoch - LIFETIME + 1)
    const listed = seeds.slice(first, epoch + 1).map((drawSeed, at) => ({ epoch: first + at, seed: drawSeed, stake }))
    const cube = buildCube(kernels, params, epoch, credentials, listed)
    const names = seatNames(cube)
    if (before !== undefined && epoch >= LIFETIME)
      moved.push([...names].filter((name) => !before!.has(name)).length / names.size)
    before = names
    if (epoch % LIFETIME !== LIFETIME - 1) continue
    draws++
    for (const { seats } of cube.shards) for (const { credential } of seats) won[index.get(toHex(credential.id))!]!++
  }
  return { won, draws, moved }
}

/** Upper 10^-6 point of chi-squared (Wilson and Hilferty): seeds are random, and a sound draw must not fail a build. */
function chiSquaredBar(freedom: number): number {
  const z = 4.7534
  const a = 2 / (9 * freedom)
  return freedom * (1 - a + z * Math.sqrt(a)) ** 3
}

export async function run({ seed, full }: CheckOptions): Promise<CheckOutcome> {
  const kernels = await loadKernels()
  const credentials = makeCredentials(kernels, new Prng(`${seed}/credentials`))
  const epochs = LIFETIME * (full ? 2500 : 150)
  const { won, draws, moved } = observe(kernels, credentials, seed, epochs)
  const stake = Number(credentials.reduce((sum, { amount }) => sum + amount, 0n))
  const chance = DEVNET_PARAMS.seatsTarget / stake
  const chi = credentials.reduce((sum, { amount }, which) => {
    const mean = draws * Number(amount) * chance
    return sum + (won[which]! - mean) ** 2 / (mean * (1 - chance))
  }, 0)
  const mean = moved.reduce((sum, share) => sum + share, 0) / moved.length
  return {
    results: [
      measured(
        'chiSquared',
        chi,
        `${CREDENTIAL_COUNT} credentials, ${draws} independent draws`,
        '<=',
        chiSquaredBar(CREDENTIAL_COUNT),
      ),
      measured(
        'seatsPerDraw',
        won.reduce((sum, count) => sum + count, 0) / draws,
        'seats',
        '>=',
        0.97 * DEVNET_PARAMS.seatsTarget,
      ),
      measured(
        'seatsPerDrawMost',
        won.reduce((sum, count) => sum + count, 0) / draws,
        'seats',
        '<=',
        1.03 * DEVNET_PARAMS.seatsTarget,
      ),
      measured('movedShareLow', mean, `of all seats per epoch, one T-th is ${1 / LIFETIME}`, '>=', 0.9 / LIFETIME),
      measured('movedShareHigh', mean, `of all seats per epoch, one T-th is ${1 / LIFETIME}`, '<=', 1.1 / LIFETIME),
      noted('extent', { epochs, credentials: CREDENTIAL_COUNT, seatLifetime: LIFETIME }, ''),
    ],
    notRun: [],
  }
}
