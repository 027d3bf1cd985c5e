/** `stakecube chain new|show`: makes a chain spec with keys for its validators and wallets, and shows what a spec says. */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { concatBytes, toHex } from '../base/bytes.ts'
import { sentence } from '../base/sentence.ts'
import { KIND, type Output } from '../chain/output.ts'
import { isInsecure, PRESETS, unbondingEpochs, type ChainParams } from '../chain/params.ts'
import { chainIdOf, formatChainSpec, parseChainSpec, SPEC_SENTENCES, type ChainSpec } from '../chain/spec.ts'
import { ed25519PublicKey } from '../crypto/ed25519.ts'
import { GENESIS_SIGNING_CHAIN_ID, ownerOf, possessionMessage } from '../crypto/keys.ts'
import { createNodeEngine, type NodeEngine } from '../node/engine.ts'
import { explain } from '../verify/codes.ts'
import { verifyGenesis } from '../verify/genesis.ts'
import { parseCommandLine, usage, type CommandDefinition, type CommandLine } from './command-line.ts'
import { CliError, EXIT } from './exit-codes.ts'

const STAKE = 1_000_000_000
const WALLET_AMOUNT = 1_000_000_000

const NEW: CommandDefinition = {
  name: 'chain new',
  summary:
    'Makes a chain spec in FILE and the secret keys of its validators and wallets beside it, in FILE.keys.json.\n' +
    'Amounts are in micro-units.',
  operands: ['FILE'],
  flags: {
    preset: {
      kind: 'text',
      value: 'NAME',
      oneOf: Object.keys(PRESETS),
      help: `parameters: ${Object.keys(PRESETS).join(', ')} (devnet)`,
    },
    name: { kind: 'text', value: 'NAME', help: 'name of the chain (the preset’s)' },
    validators: { kind: 'number', value: 'N', low: 1, high: 1024, help: 'validators with equal stake (8)' },
    stake: { kind: 'number', value: 'AMOUNT', low: 1, high: 2 ** 53, help: `stake of each validator (${STAKE})` },
    wallets: { kind: 'number', value: 'N', low: 0, high: 1024, help: 'wallets (2)' },
    amount: { kind: 'number', value: 'AMOUNT', low: 1, high: 2 ** 53, help: `money in each wallet (${WALLET_AMOUNT})` },
    'block-time': { kind: 'number', value: 'MS', low: 1, high: 3_600_000, help: 'least time between blocks' },
    'epoch-length': { kind: 'number', value: 'N', low: 1, high: 1_000_000, help: 'blocks in an epoch' },
    'trust-period': { kind: 'number', value: 'S', low: 1, high: 315_360_000, help: 'trust period in seconds' },
    genesis: { kind: 'number', value: 'MS', low: 0, high: 2 ** 53, help: 'genesis time, ms since 1970 (now)' },
    force: { kind: 'switch', help: 'overwrite FILE' },
  },
}

const SHOW: CommandDefinition = {
  name: 'chain show',
  summary: 'Checks a chain spec, signatures of its genesis outputs included, and shows what it fixes.',
  operands: ['FILE'],
  flags: {},
}

const HELP = `usage: stakecube chain new FILE [flags]     make a chain spec and its keys
       stakecube chain show FILE            check a chain spec and show what it fixes

stakecube chain new --help lists the flags.
`

export async function chainCommand(argv: string[]): Promise<number> {
  const [verb, ...rest] = argv
  if (verb === 'new') return newChain(rest)
  if (verb === 'show') return showChain(rest)
  if (verb === '--help') {
    process.stdout.write(HELP)
    return EXIT.ok
  }
  const problem = verb === undefined ? 'say what to do: new or show' : `unknown "${verb}": it is new or show`
  throw usage({ name: 'chain' }, problem)
}

// ── new ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

interface Made {
  readonly spec: ChainSpec
  readonly keys: unknown
}

async function newChain(argv: readonly string[]): Promise<number> {
  const line = parseCommandLine(NEW, argv)
  if (line === undefined) return EXIT.ok
  const file = line.operands[0]!
  if (existsSync(file) && !line.has('force'))
    throw new CliError('input', `${file} exists: name another file, or overwrite it with --force`)
  const engine = await createNodeEngine()
  const { spec, keys } = makeChain(engine, line)
  const checked = parseChainSpec(formatChainSpec(spec))
  if (checked.kind === 'rejected')
    throw new CliError('usage', sentence(SPEC_SENTENCES[checked.code], checked.operands), {})
  const keysFile = `${file}.keys.json`
  await write(keysFile, `${JSON.stringify(keys, null, 2)}\n`, 0o600)
  await write(file, formatChainSpec(spec), 0o644)
  const chainId = toHex(chainIdOf(engine.kernels, spec))
  const text = `wrote ${file} (chain ${chainId.slice(0, 8)}…) and the secret keys to ${keysFile}: keep those to yourself\n`
  process.stdout.write(line.has('json') ? `${JSON.stringify({ file, keysFile, chainId })}\n` : text)
  return EXIT.ok
}

function makeChain(engine: NodeEngine, line: CommandLine): Made {
  const preset = (line.text('preset') ?? 'devnet') as keyof typeof PRESETS
  const validators = Array.from({ length: line.number('validators') ?? 8 }, () => ({
    seed: new Uint8Array(randomBytes(32)),
    blsSecret: engine.signer.secretKeyFrom(randomBytes(32)),
  }))
  const wallets = Array.from({ length: line.number('wallets') ?? 2 }, (_, index) => ({
    name: `wallet-${index + 1}`,
    secretKey: new Uint8Array(randomBytes(32)),
  }))
  const amount = BigInt(line.number('amount') ?? WALLET_AMOUNT)
  const outputs: Output[] = [
    ...validators.map(({ seed, blsSecret }) =>
      stakeOutput(engine, seed, blsSecret, BigInt(line.number('stake') ?? STAKE)),
    ),
    ...wallets.map(({ secretKey }) => ({
      kind: KIND.transfer,
      amount,
      owner: ownerOf(engine.kernels, ed25519PublicKey(secretKey)),
      data: new Uint8Array(0),
    })),
  ]
  const genesisTimeMs = BigInt(line.number('genesis') ?? Date.now())
  const spec = { name: line.text('name') ?? preset, params: paramsFrom(PRESETS[preset], line), genesisTimeMs, outputs }
  const keys = {
    validators: validators.map(({ seed, blsSecret }) => ({ seed: toHex(seed), blsSecret: toHex(blsSecret) })),
    wallets: wallets.map(({ name, secretKey }) => ({ name, secretKey: toHex(secretKey) })),
  }
  return { spec, keys }
}

function paramsFrom(preset: ChainParams, line: CommandLine): ChainParams {
  const trustPeriodS = line.number('trust-period')
  return {
    ...preset,
    blockTimeMs: line.number('block-time') ?? preset.blockTimeMs,
    epochLength: line.number('epoch-length') ?? preset.epochLength,
    trustPeriodMs: trustPeriodS === undefined ? preset.trustPeriodMs : 1000 * trustPeriodS,
  }
}

function stakeOutput({ kernels, signer }: NodeEngine, seed: Uint8Array, blsSecret: Uint8Array, amount: bigint): Output {
  const owner = ownerOf(kernels, ed25519PublicKey(seed))
  const blsPk = signer.publicKey(blsSecret)
  const message = possessionMessage(kernels, GENESIS_SIGNING_CHAIN_ID, owner, blsPk)
  return { kind: KIND.stake, amount, owner, data: concatBytes(blsPk, signer.provePossession(blsSecret, message)) }
}

async function write(path: string, text: string, mode: number): Promise<void> {
  try {
    await writeFile(path, text, { mode })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const advice = code === 'ENOENT' ? 'its folder does not exist, make it first' : 'name another file'
    throw new CliError('environment', `cannot write ${path} (${code}): ${advice}`, { cause: error })
  }
}

// ── show ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

async function showChain(argv: readonly string[]): Promise<number> {
  const line = parseCommandLine(SHOW, argv)
  if (line === undefined) return EXIT.ok
  const file = line.operands[0]!
  const spec = await readSpec(file)
  const engine = await createNodeEngine()
  const genesis = verifyGenesis(engine, spec)
  if (genesis.kind === 'rejected') throw new CliError('rejected', `${file}: ${explain(genesis)}`)
  const facts = factsOf(engine, spec, toHex(genesis.value.hash))
  const rows = Object.entries(facts).map(([name, value]) => `${name.padEnd(22)}${String(value)}\n`)
  process.stdout.write(line.has('json') ? `${JSON.stringify(facts)}\n` : rows.join(''))
  return EXIT.ok
}

async function readSpec(file: string): Promise<ChainSpec> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new CliError(
      'input',
      `cannot read ${file} (${error.code}): name a chain spec, or make one with stakecube chain new`,
    )
  })
  const spec = parseChainSpec(text)
  if (spec.kind === 'rejected')
    throw new CliError('input', `${file}: ${sentence(SPEC_SENTENCES[spec.code], spec.operands)}`)
  return spec.value
}

function factsOf({ kernels }: NodeEngine, spec: ChainSpec, genesisHash: string) {
  const { name, params, outputs, genesisTimeMs } = spec
  const sum = (kind: number): bigint =>
    outputs.filter((output) => output.kind === kind).reduce((total, { amount }) => total + amount, 0n)
  const amounts = Object.entries(params).map(([key, value]) => [key, typeof value === 'bigint' ? String(value) : value])
  return {
    name,
    chainId: toHex(chainIdOf(kernels, spec)),
    checkpoint: `0:${genesisHash}`,
    genesisTime: new Date(Number(genesisTimeMs)).toISOString(),
    stakeOutputs: outputs.filter(({ kind }) => kind === KIND.stake).length,
    stake: String(sum(KIND.stake)),
    transfers: String(sum(KIND.transfer)),
    unbondingEpochs: unbondingEpochs(params),
    secure: isInsecure(params)
      ? `no: (f, F) = (${params.f}, ${params.F}) is for trying things out`
      : 'committee of production size',
    ...(Object.fromEntries(amounts) as Record<string, string | number>),
  }
}
