/** Chain parameters (§2), fixed for the life of a chain, and the presets of the spec's table. */

export type QuorumRule = 'two-level' | 'flat'

export interface ChainParams {
  /** Faulty core seats a good shard may have; a core has 3f+1 seats. */
  readonly f: number
  /** Bad shards a committee may have; a committee has 3F+1 shards. */
  readonly F: number
  readonly quorum: QuorumRule
  /** Expected seats in the cube, at least 2(3f+1)(3F+1), below 2^16. */
  readonly seatsTarget: number
  /** Seats above which a shard splits. shardSizeMin is 3f+1. */
  readonly shardSizeMax: number
  /** Blocks in an epoch. */
  readonly epochLength: number
  /** T: epochs that a draw lives. */
  readonly seatLifetime: number
  readonly blockTimeMs: number
  readonly trustPeriodMs: number
  readonly clockDriftMsMax: number
  /** Micro-units, like every amount. */
  readonly minStake: bigint
  readonly minOutput: bigint
  readonly minFeePerByte: bigint
  readonly blockReward: bigint
  /** New stake outputs in a block. */
  readonly blockStakeMax: number
  readonly txBytesMax: number
  readonly blockBytesMax: number
  readonly payloadBytesMax: number
}

const DAY_MS = 86_400_000

const COMMON = {
  clockDriftMsMax: 10_000,
  minStake: 1_000_000n,
  minOutput: 1_000n,
  minFeePerByte: 1n,
  blockReward: 1_000_000n,
  blockStakeMax: 32,
  txBytesMax: 16 * 1024,
  blockBytesMax: 1024 * 1024,
  payloadBytesMax: 1024,
} as const

/** For trying things out on one machine: with (f, F) = (2, 2) it is **not secure** (§10). */
export const DEVNET_PARAMS: ChainParams = {
  ...COMMON,
  f: 2,
  F: 2,
  quorum: 'flat',
  seatsTarget: 256,
  shardSizeMax: 24,
  epochLength: 16,
  seatLifetime: 4,
  blockTimeMs: 1000,
  trustPeriodMs: 14 * DAY_MS,
}

/** The published protocol's own quorum rule at a size for trying it out: **not secure** (§10). */
export const PAPER_PARAMS: ChainParams = {
  ...DEVNET_PARAMS,
  quorum: 'two-level',
  seatsTarget: 192,
  shardSizeMax: 14,
  trustPeriodMs: 3_600_000,
}

export const PRODUCTION_PARAMS: ChainParams = {
  ...COMMON,
  f: 5,
  F: 5,
  quorum: 'flat',
  seatsTarget: 4096,
  shardSizeMax: 64,
  epochLength: 4320,
  seatLifetime: 8,
  blockTimeMs: 5000,
  trustPeriodMs: 14 * DAY_MS,
}

export const PRESETS: Readonly<Record<'devnet' | 'paper' | 'production', ChainParams>> = {
  devnet: DEVNET_PARAMS,
  paper: PAPER_PARAMS,
  production: PRODUCTION_PARAMS,
}

/** [UNB-1]: ⌈3·trustPeriodMs / (2·epochLength·blockTimeMs)⌉, the epochs beyond s+3 that stake stays within reach of evidence. */
export function unbondingEpochs(params: ChainParams): number {
  const epochMs = BigInt(params.epochLength) * BigInt(params.blockTimeMs)
  return Number((3n * BigInt(params.trustPeriodMs) + 2n * epochMs - 1n) / (2n * epochMs))
}

/** True for chains whose committees are too small to resist an attacker; tools say so. */
export function isInsecure(params: ChainParams): boolean {
  return params.f < 5 || params.F < 5
}

export const epochOf = (height: bigint, params: Pick<ChainParams, 'epochLength'>): number =>
  Number(height / BigInt(params.epochLength))
export const firstHeightOf = (epoch: number, params: Pick<ChainParams, 'epochLength'>): bigint =>
  BigInt(epoch) * BigInt(params.epochLength)
