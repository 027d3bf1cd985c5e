/**
 * Chain specs (§2): a JSON file that fixes a chain for its life, and the canonical binary that names it.
 *
 * ```json
 * { "name": "devnet", "genesisTimeMs": "1763719200000",
 *   "params": { "f": 2, "F": 2, "quorum": "flat", …, "minStake": "1000000", … },
 *   "outputs": [{ "kind": 1, "amount": "5000000", "owner": "<32 hex>", "data": "<hex>" }] }
 * ```
 * u64 values are decimal strings, as JSON numbers lose digits. Parsing is strict: unknown and missing fields are faults.
 * Whether possession and device signatures of the outputs verify is asked in verify/genesis.ts, which has the keys.
 */
import type { Hash32 } from '../base/brand.ts'
import { fromHex, toHex } from '../base/bytes.ts'
import { rejected, type Operands, type Rejected, type Result } from '../base/verdict.ts'
import { utf8 } from '../kernels/checks.ts'
import type { Kernels } from '../kernels/contract.ts'
import { Writer } from './codec.ts'
import { DATA_LENGTHS, KIND, writeOutput, type Output, type OutputKind } from './output.ts'
import type { ChainParams, QuorumRule } from './params.ts'
import { checkSpec, type ChainSpec, type SpecCode } from './spec-rules.ts'

export { SPEC_SENTENCES, type ChainSpec, type SpecCode } from './spec-rules.ts'

/** Integer parameters with the least and most that a spec may say, in the order of the canonical binary. */
export const NUMBER_RANGES = {
  f: [0, 64],
  F: [0, 64],
  seatsTarget: [1, 65_535],
  shardSizeMax: [1, 32_767],
  epochLength: [1, 1_000_000],
  seatLifetime: [1, 256],
  blockTimeMs: [1, 3_600_000],
  trustPeriodMs: [1, 315_360_000_000],
  clockDriftMsMax: [0, 3_600_000],
  blockStakeMax: [0, 65_535],
  txBytesMax: [512, 65_535],
  blockBytesMax: [1024, 67_108_864],
  payloadBytesMax: [0, 65_535],
} as const
export type NumberParam = keyof typeof NUMBER_RANGES

/** Amount parameters, micro-units; stake is below 2^56 ([TX-1]). */
export const AMOUNT_RANGES = {
  minStake: [1n, (1n << 56n) - 1n],
  minOutput: [0n, (1n << 56n) - 1n],
  minFeePerByte: [0n, (1n << 40n) - 1n],
  blockReward: [0n, (1n << 56n) - 1n],
} as const
export type AmountParam = keyof typeof AMOUNT_RANGES

export const QUORUM_RULES: readonly QuorumRule[] = ['two-level', 'flat']
export const GENESIS_OUTPUT_COUNT_MAX = 65_535
const SPEC_TEXT_LENGTH_MAX = 64 * 1024 * 1024

/** Reads a chain spec and checks every rule that needs no signature. The first fault, in the order of the file's fields. */
export function parseChainSpec(text: string): Result<ChainSpec, SpecCode> {
  try {
    return checkSpec(readSpec(parseJson(text)))
  } catch (fault) {
    if (fault instanceof SpecFault) return fault.rejection
    throw fault
  }
}

/** The JSON that {@link parseChainSpec} reads, two-space indented, ending in a newline. */
export function formatChainSpec(spec: ChainSpec): string {
  const params = Object.fromEntries(
    Object.entries(spec.params).map(([key, value]) => [key, typeof value === 'bigint' ? String(value) : value]),
  )
  const outputs = spec.outputs.map(({ kind, amount, owner, data }) => ({
    kind,
    amount: String(amount),
    owner: toHex(owner),
    data: toHex(data),
  }))
  return `${JSON.stringify({ name: spec.name, genesisTimeMs: String(spec.genesisTimeMs), params, outputs }, null, 2)}\n`
}

/**
 * The canonical binary whose tagged hash is the chainId:
 * ```
 * name (byte string, UTF-8) ‖ f u16 ‖ F u16 ‖ quorum u8 (0 two-level, 1 flat) ‖ seatsTarget u32 ‖ shardSizeMax u32
 * ‖ epochLength u32 ‖ seatLifetime u32 ‖ blockTimeMs u64 ‖ trustPeriodMs u64 ‖ clockDriftMsMax u64
 * ‖ minStake u64 ‖ minOutput u64 ‖ minFeePerByte u64 ‖ blockReward u64
 * ‖ blockStakeMax u32 ‖ txBytesMax u32 ‖ blockBytesMax u32 ‖ payloadBytesMax u32
 * ‖ genesisTimeMs u64 ‖ outputs (list of Output)
 * ```
 */
export function encodeChainSpec({ name, params, genesisTimeMs, outputs }: ChainSpec): Uint8Array {
  return new Writer(1024)
    .byteString(utf8(name))
    .u16(params.f)
    .u16(params.F)
    .u8(QUORUM_RULES.indexOf(params.quorum))
    .u32(params.seatsTarget)
    .u32(params.shardSizeMax)
    .u32(params.epochLength)
    .u32(params.seatLifetime)
    .u64(BigInt(params.blockTimeMs))
    .u64(BigInt(params.trustPeriodMs))
    .u64(BigInt(params.clockDriftMsMax))
    .u64(params.minStake)
    .u64(params.minOutput)
    .u64(params.minFeePerByte)
    .u64(params.blockReward)
    .u32(params.blockStakeMax)
    .u32(params.txBytesMax)
    .u32(params.blockBytesMax)
    .u32(params.payloadBytesMax)
    .u64(genesisTimeMs)
    .list(outputs, writeOutput)
    .finish()
}

export function chainIdOf(kernels: Kernels, spec: ChainSpec): Hash32 {
  return kernels.tagged('stakecube/genesis').hash(encodeChainSpec(spec))
}

/** The genesis seed, `H("stakecube/seed0", chainId)`. */
export function genesisSeed(kernels: Kernels, chainId: Hash32): Hash32 {
  return kernels.tagged('stakecube/seed0').hash(chainId)
}

// ── Reading JSON: a fault leaves by SpecFault and ends in parseChainSpec ──────────────────────────────────────────────

class SpecFault extends Error {
  readonly rejection: Rejected<SpecCode>
  constructor(code: SpecCode, operands: Operands) {
    super(code)
    this.rejection = rejected(code, operands)
  }
}

type Fields = Readonly<Record<string, unknown>>

function parseJson(text: string): unknown {
  if (text.length > SPEC_TEXT_LENGTH_MAX)
    throw new SpecFault('spec-json', { problem: `longer than ${SPEC_TEXT_LENGTH_MAX} characters` })
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    throw new SpecFault('spec-json', { problem: error instanceof Error ? error.message : String(error) })
  }
}

function readSpec(json: unknown): ChainSpec {
  const fields = readObject(json, 'the whole file', ['name', 'genesisTimeMs', 'params', 'outputs'], '')
  const { name } = fields
  if (typeof name !== 'string' || !/^[ -~]{1,64}$/.test(name))
    throw typeFault('name', 'a string of 1 to 64 printable ASCII characters', name)
  const genesisTimeMs = readAmount(fields['genesisTimeMs'], 'genesisTimeMs', [0n, (1n << 53n) - 1n])
  return { name, genesisTimeMs, params: readParams(fields['params']), outputs: readOutputs(fields['outputs']) }
}

function readParams(json: unknown): ChainParams {
  const numberNames = Object.keys(NUMBER_RANGES) as NumberParam[]
  const amountNames = Object.keys(AMOUNT_RANGES) as AmountParam[]
  const fields = readObject(json, 'params', ['quorum', ...numberNames, ...amountNames], 'params.')
  const quorum = QUORUM_RULES.find((rule) => rule === fields['quorum'])
  if (quorum === undefined) throw typeFault('params.quorum', '"two-level" or "flat"', fields['quorum'])
  const numbers = numberNames.map((key) => [key, readNumber(fields[key], `params.${key}`, NUMBER_RANGES[key])])
  const amounts = amountNames.map((key) => [key, readAmount(fields[key], `params.${key}`, AMOUNT_RANGES[key])])
  return {
    quorum,
    ...(Object.fromEntries(numbers) as Record<NumberParam, number>),
    ...(Object.fromEntries(amounts) as Record<AmountParam, bigint>),
  }
}

function readOutputs(json: unknown): Output[] {
  if (!Array.isArray(json)) throw typeFault('outputs', 'a list', json)
  if (json.length > GENESIS_OUTPUT_COUNT_MAX)
    throw new SpecFault('spec-range', {
      field: 'the number of outputs',
      least: 1,
      most: GENESIS_OUTPUT_COUNT_MAX,
      got: json.length,
    })
  return json.map((item, index) => readGenesisOutput(item, `outputs[${index}]`))
}

function readGenesisOutput(json: unknown, field: string): Output {
  const fields = readObject(json, field, ['kind', 'amount', 'owner', 'data'], `${field}.`)
  const kind = readNumber(fields['kind'], `${field}.kind`, [0, KIND.device]) as OutputKind
  return {
    kind,
    amount: readAmount(fields['amount'], `${field}.amount`, [0n, (1n << 63n) - 1n]),
    owner: readHex(fields['owner'], `${field}.owner`, 16, 16),
    data: readHex(fields['data'], `${field}.data`, ...DATA_LENGTHS[kind]),
  }
}

function readObject(json: unknown, field: string, names: readonly string[], prefix: string): Fields {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw typeFault(field, 'an object', json)
  for (const name of names)
    if (!Object.hasOwn(json, name)) throw new SpecFault('spec-missing', { field: prefix + name })
  for (const name of Object.keys(json))
    if (!names.includes(name)) throw new SpecFault('spec-unknown', { field: prefix + show(name) })
  return json as Fields
}

function readNumber(json: unknown, field: string, [least, most]: readonly [number, number]): number {
  if (typeof json !== 'number' || !Number.isInteger(json)) throw typeFault(field, 'an integer', json)
  if (json < least || json > most) throw new SpecFault('spec-range', { field, least, most, got: json })
  return json
}

function readAmount(json: unknown, field: string, [least, most]: readonly [bigint, bigint]): bigint {
  if (typeof json !== 'string' || !/^(0|[1-9][0-9]{0,19})$/.test(json))
    throw typeFault(field, 'a decimal integer in quotes', json)
  const value = BigInt(json)
  if (value < least || value > most) throw new SpecFault('spec-range', { field, least, most, got: value })
  return value
}

function readHex(json: unknown, field: string, least: number, most: number): Uint8Array {
  const bytes = typeof json === 'string' ? fromHex(json) : undefined
  if (bytes === undefined || bytes.length < least || bytes.length > most)
    throw typeFault(field, least === most ? `${least} bytes of hex` : `${least} to ${most} bytes of hex`, json)
  return bytes
}

const typeFault = (field: string, expected: string, got: unknown): SpecFault =>
  new SpecFault('spec-type', { field, expected, got: show(got) })

/** A value from the file as a person can read it, cut to 40 characters. */
function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length <= 40 ? text : `${text.slice(0, 39)}…`
}
