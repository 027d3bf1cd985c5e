/** A devnet on disk: its chain spec and the secrets of its validators and wallets, made once and then kept. */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { concatBytes, fromHex, toHex } from '../base/bytes.ts'
import { sentence } from '../base/sentence.ts'
import { KIND, type Output } from '../chain/output.ts'
import { DEVNET_PARAMS, type ChainParams } from '../chain/params.ts'
import { formatChainSpec, parseChainSpec, SPEC_SENTENCES, type ChainSpec } from '../chain/spec.ts'
import { ed25519PublicKey } from '../crypto/ed25519.ts'
import { GENESIS_SIGNING_CHAIN_ID, ownerOf, possessionMessage } from '../crypto/keys.ts'
import type { NodeEngine } from './engine.ts'

export interface DevnetValidator {
  /** Ed25519 secret of its account and libp2p identity, 32 bytes. */
  readonly seed: Uint8Array
  /** BLS secret of its stake, 32 bytes. */
  readonly blsSecret: Uint8Array
}

export interface DevnetWallet {
  readonly name: string
  /** Ed25519 secret, 32 bytes. For trying things out: everybody who sees the page sees it. */
  readonly secretKey: Uint8Array
}

export interface DevnetConfig {
  readonly spec: ChainSpec
  readonly validators: readonly DevnetValidator[]
  readonly wallets: readonly DevnetWallet[]
}

export type DevnetParams = Partial<
  Pick<ChainParams, 'blockTimeMs' | 'epochLength' | 'trustPeriodMs' | 'clockDriftMsMax'>
>

/** Something about the folder's files is wrong; the message is one sentence that says what to do. */
export class DevnetConfigError extends Error {
  override readonly name = 'DevnetConfigError'
}

const WALLET_NAMES = ['alice', 'bob', 'carol', 'dave'] as const
/** The traffic generator pays from this one. */
export const TRAFFIC_WALLET = 'dave'
const STAKE_AMOUNT = 1_000_000_000n
const WALLET_OUTPUT_AMOUNT = 100_000_000n
const WALLET_OUTPUT_COUNT = 10
const TRAFFIC_OUTPUT_COUNT = 200

const SPEC_FILE = 'chain.json'
const KEYS_FILE = 'devnet-keys.json'

/** A new devnet: equal stake for each validator, ready-made wallets, genesis at `genesisTimeMs`. */
export function makeDevnet(
  engine: NodeEngine,
  validatorCount: number,
  genesisTimeMs: number,
  params: DevnetParams = {},
  trafficOutputCount = TRAFFIC_OUTPUT_COUNT,
): DevnetConfig {
  const validators = Array.from({ length: validatorCount }, () => ({
    seed: new Uint8Array(randomBytes(32)),
    blsSecret: engine.signer.secretKeyFrom(randomBytes(32)),
  }))
  const wallets = WALLET_NAMES.map((name) => ({ name, secretKey: new Uint8Array(randomBytes(32)) }))
  const outputs = [
    ...validators.map((validator) => stakeOutput(engine, validator)),
    ...wallets.flatMap((wallet) => walletOutputs(engine, wallet, trafficOutputCount)),
  ]
  const spec = {
    name: 'devnet',
    params: { ...DEVNET_PARAMS, ...params },
    genesisTimeMs: BigInt(genesisTimeMs),
    outputs,
  }
  return { spec, validators, wallets }
}

function stakeOutput({ kernels, signer }: NodeEngine, { seed, blsSecret }: DevnetValidator): Output {
  const owner = ownerOf(kernels, ed25519PublicKey(seed))
  const blsPk = signer.publicKey(blsSecret)
  const message = possessionMessage(kernels, GENESIS_SIGNING_CHAIN_ID, owner, blsPk)
  const data = concatBytes(blsPk, signer.provePossession(blsSecret, message))
  return { kind: KIND.stake, amount: STAKE_AMOUNT, owner, data }
}

function walletOutputs(
  { kernels }: NodeEngine,
  { name, secretKey }: DevnetWallet,
  trafficOutputCount: number,
): Output[] {
  const owner = ownerOf(kernels, ed25519PublicKey(secretKey))
  const length = name === TRAFFIC_WALLET ? trafficOutputCount : WALLET_OUTPUT_COUNT
  return Array.from({ length }, () => ({
    kind: KIND.transfer,
    amount: WALLET_OUTPUT_AMOUNT,
    owner,
    data: new Uint8Array(0),
  }))
}

export const hasDevnet = (folder: string): boolean => existsSync(join(folder, SPEC_FILE))

/** Writes both files, the spec last: a folder with a spec is complete. */
export async function saveDevnet(folder: string, { spec, validators, wallets }: DevnetConfig): Promise<void> {
  await mkdir(folder, { recursive: true })
  const keys = {
    validators: validators.map(({ seed, blsSecret }) => ({ seed: toHex(seed), blsSecret: toHex(blsSecret) })),
    wallets: wallets.map(({ name, secretKey }) => ({ name, secretKey: toHex(secretKey) })),
  }
  await writeAside(join(folder, KEYS_FILE), `${JSON.stringify(keys, null, 2)}\n`, 0o600)
  await writeAside(join(folder, SPEC_FILE), formatChainSpec(spec), 0o644)
}

async function writeAside(path: string, text: string, mode: number): Promise<void> {
  await writeFile(`${path}.new`, text, { mode })
  await rename(`${path}.new`, path)
}

/** Reads both files back. Rejects with DevnetConfigError. */
export async function loadDevnet(folder: string): Promise<DevnetConfig> {
  const spec = parseChainSpec(await readText(join(folder, SPEC_FILE)))
  if (spec.kind === 'rejected')
    throw new DevnetConfigError(`${join(folder, SPEC_FILE)}: ${sentence(SPEC_SENTENCES[spec.code], spec.operands)}`)
  const path = join(folder, KEYS_FILE)
  const keys = readKeys(path, await readText(path))
  return { spec: spec.value, ...keys }
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new DevnetConfigError(`cannot read ${path} (${code}): start over with --reset, or name another folder`)
  }
}

function readKeys(path: string, text: string): Pick<DevnetConfig, 'validators' | 'wallets'> {
  try {
    const json = JSON.parse(text) as { validators: Record<string, string>[]; wallets: Record<string, string>[] }
    return {
      validators: json.validators.map(({ seed, blsSecret }) => ({ seed: secret(seed), blsSecret: secret(blsSecret) })),
      wallets: json.wallets.map(({ name, secretKey }) => ({ name: String(name), secretKey: secret(secretKey) })),
    }
  } catch (error) {
    throw new DevnetConfigError(`${path} does not hold a devnet's keys: start over with --reset`, { cause: error })
  }
}

function secret(text: string | undefined): Uint8Array {
  const bytes = fromHex(text ?? '')
  if (bytes?.length !== 32) throw new Error('a secret has 32 bytes')
  return bytes
}
