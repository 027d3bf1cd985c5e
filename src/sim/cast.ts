/** Who takes part in a simulated chain: validators with stake and keys, wallets with money, and the chain spec of it all. */
import { assert } from '../base/assert.ts'
import type { Prng } from '../base/prng.ts'
import { toHex } from '../base/bytes.ts'
import { KIND, type Output } from '../chain/output.ts'
import { stakeOutput } from '../chain/stake-outputs.ts'
import type { ChainParams } from '../chain/params.ts'
import type { ChainSpec } from '../chain/spec.ts'
import type { BlsSigner } from '../crypto/bls-contract.ts'
import { ed25519PublicKey } from '../crypto/ed25519.ts'
import { GENESIS_SIGNING_CHAIN_ID, ownerOf } from '../crypto/keys.ts'
import type { Kernels } from '../kernels/contract.ts'

export interface Account {
  readonly secretKey: Uint8Array
  readonly pk: Uint8Array
  readonly owner: Uint8Array
}

export interface ValidatorKeys extends Account {
  /** One BLS secret per credential of genesis, and those for stake that comes later. */
  readonly blsSecrets: readonly Uint8Array[]
}

export interface Cast {
  readonly spec: ChainSpec
  readonly validators: readonly ValidatorKeys[]
  readonly wallets: readonly Account[]
  /** Validator index by BLS key in hex. */
  readonly validatorOfKey: ReadonlyMap<string, number>
}

export interface CastOptions {
  readonly name: string
  readonly params: ChainParams
  readonly genesisTimeMs: bigint
  /** Stake of each credential of each validator, micro-units. */
  readonly stakes: readonly (readonly bigint[])[]
  /** Keys of each validator for stake that comes later, and its money to stake; none unless told. */
  readonly laterKeyCount?: number
  readonly validatorAmount?: bigint
  readonly walletCount: number
  readonly walletAmount: bigint
}

/** All keys and amounts follow from `prng`. */
export function makeCast(kernels: Kernels, signer: BlsSigner, prng: Prng, options: CastOptions): Cast {
  const accounts = prng.fork('accounts')
  const genesis = options.stakes.map((stakes) => ({
    ...makeAccount(kernels, accounts),
    blsSecrets: stakes.map(() => signer.secretKeyFrom(accounts.bytes(32))),
  }))
  const later = prng.fork('later keys')
  const validators = genesis.map((validator) => ({
    ...validator,
    blsSecrets: [
      ...validator.blsSecrets,
      ...Array.from({ length: options.laterKeyCount ?? 0 }, () => signer.secretKeyFrom(later.bytes(32))),
    ],
  }))
  const wallets = Array.from({ length: options.walletCount }, () => makeAccount(kernels, accounts))
  const chainId = GENESIS_SIGNING_CHAIN_ID
  const stakeOutputs = genesis.flatMap(({ owner, blsSecrets }, index) =>
    blsSecrets.map((blsSecret, credential) =>
      stakeOutput(kernels, signer, { chainId, owner, blsSecret, amount: options.stakes[index]![credential]! }),
    ),
  )
  const validatorAmount = options.validatorAmount ?? 0n
  const transfers = [
    ...wallets.map(({ owner }) => transferOf(owner, options.walletAmount)),
    ...(validatorAmount === 0n ? [] : validators.map(({ owner }) => transferOf(owner, validatorAmount))),
  ]
  const { name, params, genesisTimeMs } = options
  const validatorOfKey = new Map<string, number>()
  for (const [index, { blsSecrets }] of validators.entries())
    for (const secret of blsSecrets) validatorOfKey.set(toHex(signer.publicKey(secret)), index)
  const keyCount = validators.reduce((sum, { blsSecrets }) => sum + blsSecrets.length, 0)
  assert(validatorOfKey.size === keyCount, 'every credential has its own key')
  return {
    spec: { name, params, genesisTimeMs, outputs: [...stakeOutputs, ...transfers] },
    validators,
    wallets,
    validatorOfKey,
  }
}

function makeAccount(kernels: Kernels, prng: Prng): Account {
  const secretKey = prng.bytes(32)
  const pk = ed25519PublicKey(secretKey)
  return { secretKey, pk, owner: ownerOf(kernels, pk) }
}

const transferOf = (owner: Uint8Array, amount: bigint): Output => ({
  kind: KIND.transfer,
  amount,
  owner,
  data: new Uint8Array(0),
})
