/** What a well-formed chain spec must also fulfil: relations between parameters, and which outputs may stand in genesis. */
import { toHex } from '../base/bytes.ts'
import { accepted, rejected, type Rejected, type Result } from '../base/verdict.ts'
import { deviceData } from './output-data.ts'
import { KIND, type Output } from './output.ts'
import { unbondingEpochs, type ChainParams } from './params.ts'

export interface ChainSpec {
  /** 1 to 64 characters of printable ASCII. */
  readonly name: string
  readonly params: ChainParams
  readonly genesisTimeMs: bigint
  /** Output i has the outpoint (chainId, i) and createdHeight 0. */
  readonly outputs: readonly Output[]
}

export type SpecCode =
  | 'spec-json'
  | 'spec-missing'
  | 'spec-unknown'
  | 'spec-type'
  | 'spec-range'
  | 'spec-relation'
  | 'spec-output'
  | 'spec-device-twice'
  | 'spec-no-stake'
  | 'spec-total'

/** One sentence for each fault of a chain spec: `{name}` stands for an operand. */
export const SPEC_SENTENCES: Readonly<Record<SpecCode, string>> = {
  'spec-json': 'The chain spec is not JSON ({problem}); pass the file that `stakecube chain` wrote.',
  'spec-missing': 'The chain spec lacks the field {field}; add it.',
  'spec-unknown': 'The chain spec has a field {field} that this version does not know; remove it or update stakecube.',
  'spec-type': 'In the chain spec, {field} must be {expected}, got {got}; correct it.',
  'spec-range': 'In the chain spec, {field} must be from {least} to {most}, got {got}; correct it.',
  'spec-relation': 'In the chain spec, {field} is {got} and must be {relation} {bound} ({why}); change one of them.',
  'spec-output': 'Genesis output {index} is not allowed: {problem}, got {got}; correct or remove it.',
  'spec-device-twice': 'Genesis outputs {first} and {index} register the same device key; keep one of them.',
  'spec-no-stake':
    'The chain spec has {outputs} genesis outputs and no stake among them; add a stake output, else there are no validators.',
  'spec-total': 'The genesis amounts add up to {total}, which must stay below {limit}; lower them.',
}

/** Genesis amounts and all rewards ever stay below this (§2). */
export const SUPPLY_LIMIT = 1n << 63n
/** Stake is below this, which keeps Select in its domain ([TX-1], §7). */
export const STAKE_LIMIT = 1n << 56n
/** Cores that fit into the cube, so that its head stays well below what a decoder takes. */
const CORE_COUNT_MAX = 4096
/** Seats of a committee that fits into a frame (384 KiB) and a vote's bitmap (512 bytes), with room for the cube. */
const COMMITTEE_SEATS_MAX = 3025
const UNBONDING_EPOCHS_MAX = 2 ** 31

/** The spec, or the first fault. */
export function checkSpec(spec: ChainSpec): Result<ChainSpec, SpecCode> {
  return checkRelations(spec.params) ?? checkOutputs(spec) ?? accepted(spec)
}

type Relation = readonly [field: string, got: number, relation: string, bound: number, holds: boolean, why: string]

function checkRelations(params: ChainParams): Rejected<SpecCode> | undefined {
  const { f, F, seatsTarget, shardSizeMax, blockBytesMax, txBytesMax, payloadBytesMax } = params
  const core = 3 * f + 1
  const seatsLeast = 2 * core * (3 * F + 1)
  const unbonding = unbondingEpochs(params)
  const relations: readonly Relation[] = [
    ['params.seatsTarget', seatsTarget, 'at least', seatsLeast, seatsTarget >= seatsLeast, '2(3f+1)(3F+1) seats'],
    [
      'params.seatsTarget',
      seatsTarget,
      'at most',
      CORE_COUNT_MAX * core,
      seatsTarget <= CORE_COUNT_MAX * core,
      `${CORE_COUNT_MAX} cores of 3f+1 seats`,
    ],
    [
      'the committee (3f+1)(3F+1)',
      seatsLeast / 2,
      'at most',
      COMMITTEE_SEATS_MAX,
      seatsLeast / 2 <= COMMITTEE_SEATS_MAX,
      'what a frame holds',
    ],
    ['params.shardSizeMax', shardSizeMax, 'at least', core, shardSizeMax >= core, 'shardSizeMin = 3f+1'],
    ['params.blockBytesMax', blockBytesMax, 'at least', txBytesMax, blockBytesMax >= txBytesMax, 'txBytesMax'],
    ['params.payloadBytesMax', payloadBytesMax, 'at most', txBytesMax, payloadBytesMax <= txBytesMax, 'txBytesMax'],
    [
      'the unbonding time in epochs',
      unbonding,
      'at most',
      UNBONDING_EPOCHS_MAX,
      unbonding <= UNBONDING_EPOCHS_MAX,
      'trustPeriodMs against epochLength × blockTimeMs',
    ],
  ]
  const broken = relations.find(([, , , , holds]) => !holds)
  if (broken === undefined) return undefined
  const [field, got, relation, bound, , why] = broken
  return rejected('spec-relation', { field, got, relation, bound, why })
}

function checkOutputs({ params, outputs }: ChainSpec): Rejected<SpecCode> | undefined {
  const devices = new Map<string, number>()
  let total = 0n
  for (const [index, output] of outputs.entries()) {
    const problem = genesisOutputProblem(output, params)
    if (problem !== undefined) return rejected('spec-output', { index, problem, got: output.amount })
    total += output.amount
    if (output.kind !== KIND.device) continue
    const key = toHex(deviceData(output.data).deviceKey)
    const first = devices.get(key)
    if (first !== undefined) return rejected('spec-device-twice', { first, index })
    devices.set(key, index)
  }
  if (!outputs.some(({ kind }) => kind === KIND.stake)) return rejected('spec-no-stake', { outputs: outputs.length })
  return total >= SUPPLY_LIMIT ? rejected('spec-total', { total, limit: SUPPLY_LIMIT }) : undefined
}

function genesisOutputProblem({ kind, amount }: Output, params: ChainParams): string | undefined {
  if (kind === KIND.unbonding) return 'unbonding outputs (kind 2) arise only from stake'
  if (kind === KIND.stake && amount < params.minStake) return `stake must be at least minStake ${params.minStake}`
  if (kind === KIND.stake && amount >= STAKE_LIMIT) return `stake must be below ${STAKE_LIMIT}`
  if (kind !== KIND.device && amount < params.minOutput) return `amounts must be at least minOutput ${params.minOutput}`
  return undefined
}
