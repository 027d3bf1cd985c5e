/**
 * The genesis block (§2): what every node computes from a chain spec alone. It has no certificate; what makes it trusted is
 * that the user chose the spec.
 */
import { assert } from '../base/assert.ts'
import type { Hash32 } from '../base/brand.ts'
import { compareBytes, concatBytes, toHex } from '../base/bytes.ts'
import { accepted, rejected, type Rejected, type Result } from '../base/verdict.ts'
import type { Committee } from '../chain/committee.ts'
import { blockHash, type Header } from '../chain/header.ts'
import { deviceData, stakeData } from '../chain/output-data.ts'
import { KIND, type Output, type Utxo } from '../chain/output.ts'
import { chainIdOf, genesisSeed, type ChainSpec } from '../chain/spec.ts'
import { verifyEd25519 } from '../crypto/ed25519-verify.ts'
import type { Engine } from '../crypto/engine.ts'
import { credentialOf, deviceMessage, GENESIS_SIGNING_CHAIN_ID, possessionMessage } from '../crypto/keys.ts'
import { committeeRoot, electCommittee } from '../cube/committee.ts'
import type { Credential } from '../cube/draws.ts'
import { buildCube } from '../cube/shards.ts'
import type { Kernels } from '../kernels/contract.ts'
import { stateKey, stateValue } from '../proofs/state-entry.ts'

export interface Genesis {
  readonly chainId: Hash32
  readonly header: Header
  readonly hash: Hash32
  /** All genesis outputs, in the order of the spec. */
  readonly utxos: readonly Utxo[]
  /** The stake set of epochs 0 to 2, in the order of the spec. */
  readonly credentials: readonly Credential[]
  /** Of epochs 0 and 1. */
  readonly committees: readonly [Committee, Committee]
}

export type GenesisCode = 'genesis-stake-key' | 'genesis-possession' | 'genesis-device' | 'genesis-no-committee'

/** One sentence for each fault: `{name}` stands for an operand. */
export const GENESIS_SENTENCES: Readonly<Record<GenesisCode, string>> = {
  'genesis-stake-key':
    'Genesis output {index} stakes with {got}, where a public key is expected; correct the chain spec.',
  'genesis-possession':
    'The proof of possession {got} of genesis output {index} does not verify under its key {expected}; make it anew for this owner.',
  'genesis-device':
    'The device signature {got} of genesis output {index} does not verify under its device key {expected}; make it anew for this owner and role.',
  'genesis-no-committee':
    'The genesis stake of {stake} wins {got} seats in epoch {epoch} and at least {least} that form a committee is needed; add stake or change the genesis time.',
}

/** The genesis of a spec that parseChainSpec accepted, with every signature in it verified. About 20 ms for each stake. */
export function verifyGenesis(engine: Engine, spec: ChainSpec): Result<Genesis, GenesisCode> {
  const fault = checkOutputs(engine, spec.outputs)
  return fault ?? buildGenesis(engine, spec)
}

/** The same for a spec that is known to be good: a bad one is the caller's bug and asserts. */
export function genesis(engine: Engine, spec: ChainSpec): Genesis {
  const result = verifyGenesis(engine, spec)
  assert(result.kind === 'accepted', `the chain spec must be valid: ${result.kind === 'rejected' ? result.code : ''}`)
  return result.value
}

function checkOutputs(engine: Engine, outputs: readonly Output[]): Rejected<GenesisCode> | undefined {
  for (const [index, output] of outputs.entries()) {
    const fault =
      output.kind === KIND.stake
        ? checkStake(engine, index, output)
        : output.kind === KIND.device
          ? checkDevice(engine, index, output)
          : undefined
    if (fault !== undefined) return fault
  }
  return undefined
}

function checkStake({ kernels, bls }: Engine, index: number, output: Output): Rejected<GenesisCode> | undefined {
  const { blsPk, popSig } = stakeData(output.data)
  const key = bls.decodeKey(blsPk)
  if (key === undefined) return rejected('genesis-stake-key', { index, got: toHex(blsPk) })
  const message = possessionMessage(kernels, GENESIS_SIGNING_CHAIN_ID, output.owner, blsPk)
  return bls.verifyPossession(key, message, popSig)
    ? undefined
    : rejected('genesis-possession', { index, got: toHex(popSig), expected: toHex(blsPk) })
}

function checkDevice({ kernels }: Engine, index: number, output: Output): Rejected<GenesisCode> | undefined {
  const { deviceKey, role, deviceSig } = deviceData(output.data)
  const message = deviceMessage(kernels, GENESIS_SIGNING_CHAIN_ID, output.owner, deviceKey, role)
  return verifyEd25519(deviceKey, message, deviceSig)
    ? undefined
    : rejected('genesis-device', { index, got: toHex(deviceSig), expected: toHex(deviceKey) })
}

function buildGenesis(engine: Engine, spec: ChainSpec): Result<Genesis, GenesisCode> {
  const { kernels } = engine
  const chainId = chainIdOf(kernels, spec)
  const seed = genesisSeed(kernels, chainId)
  const utxos = spec.outputs.map((output, index) => ({
    outpoint: { txid: chainId, index },
    createdHeight: 0n,
    output,
  }))
  const credentials = utxos
    .filter(({ output }) => output.kind === KIND.stake)
    .map((utxo) => credentialIn(kernels, utxo))
  const stake = credentials.reduce((sum, { amount }) => sum + amount, 0n)
  const committees: Committee[] = []
  for (const epoch of [0, 1]) {
    const draws = [0, 1].slice(0, epoch + 1).map((draw) => ({ epoch: draw, seed, stake }))
    const listed = draws.slice(-spec.params.seatLifetime)
    const cube = buildCube(kernels, spec.params, epoch, credentials, listed)
    const committee = electCommittee(engine, spec.params, cube)
    const got = cube.shards.reduce((sum, { seats }) => sum + seats.length, 0)
    if (committee === undefined) return rejected('genesis-no-committee', { stake, got, epoch, least: 1 })
    committees.push(committee)
  }
  const [first, second] = committees as [Committee, Committee]
  const header = headerOf(kernels, spec, chainId, seed, utxos, [first, second])
  return accepted({
    chainId,
    header,
    hash: blockHash(kernels, header),
    utxos,
    credentials,
    committees: [first, second],
  })
}

function headerOf(
  kernels: Kernels,
  spec: ChainSpec,
  chainId: Hash32,
  seed: Hash32,
  utxos: readonly Utxo[],
  [first, second]: readonly [Committee, Committee],
): Header {
  const zero = new Uint8Array(32)
  const emptyRoot = kernels.merkleRoot(new Uint8Array(0))
  return {
    chainId,
    height: 0n,
    round: 0,
    timeMs: spec.genesisTimeMs,
    parent: zero,
    parentCertHash: zero,
    seed,
    txRoot: emptyRoot,
    txCount: 0,
    stateRoot: stateRootOf(kernels, utxos),
    committeeRoot: committeeRoot(kernels, first),
    nextCommitteeRoot: committeeRoot(kernels, second),
    historyRoot: emptyRoot,
  }
}

function credentialIn(kernels: Kernels, { outpoint, output }: Utxo): Credential {
  return {
    id: credentialOf(kernels, outpoint),
    outpoint,
    amount: output.amount,
    blsPk: stakeData(output.data).blsPk,
    owner: output.owner,
    firstEpoch: 0,
  }
}

function stateRootOf(kernels: Kernels, utxos: readonly Utxo[]): Hash32 {
  const entries = utxos
    .map((utxo) => concatBytes(stateKey(kernels, utxo.outpoint, utxo.output), stateValue(kernels, utxo)))
    .sort(compareBytes)
  return kernels.stateRoot(concatBytes(...entries), 0)
}
