/** Stake that comes and goes while a simulated chain runs: who stakes how much, gives it up, and takes it back when it is free. */
import { assert } from '../base/assert.ts'
import { equalBytes, toHex } from '../base/bytes.ts'
import type { Hash32 } from '../base/brand.ts'
import type { Prng } from '../base/prng.ts'
import { stakeData, unbondingData } from '../chain/output-data.ts'
import { KIND, type Output, type Utxo } from '../chain/output.ts'
import { epochOf, type ChainParams } from '../chain/params.ts'
import { stakeOutput, unbondingOutput } from '../chain/stake-outputs.ts'
import type { Tx } from '../chain/transaction.ts'
import type { BlsSigner } from '../crypto/bls-contract.ts'
import type { Kernels } from '../kernels/contract.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Cast, ValidatorKeys } from './cast.ts'
import { makeTx } from './payments.ts'

export interface StakingWorld {
  readonly kernels: Kernels
  readonly signer: BlsSigner
  readonly params: ChainParams
  readonly chainId: Hash32
  readonly cast: Cast
  /** Whose stake must not go below half of what it was at genesis: without it nobody is left to make blocks. */
  readonly isHonest: (validator: number) => boolean
}

/** A transaction may wait for so many blocks. */
const EXPIRY_HEIGHTS = 20n
/** Its largest output: rewards come in small ones, and every input is a signature to check. */
const MONEY_INPUTS_MAX = 1
/** Room for fees beside a stake. */
const FEE_RESERVE = 1_000_000n

export class Staking {
  readonly #world: StakingWorld
  readonly #prng: Prng
  /** Honest stake at genesis. */
  readonly #floor: bigint

  constructor(world: StakingWorld, prng: Prng, genesis: Ledger) {
    this.#world = world
    this.#prng = prng
    this.#floor = this.#honestStake(genesis) / 2n
  }

  /** What a random validator does with its stake on top of `ledger`; undefined if it can do nothing. */
  next(ledger: Ledger): Tx | undefined {
    const validator = this.#prng.pick(this.#world.cast.validators)
    const own = [...ledger.outputs.byOutpoint.values()].filter(({ output }) =>
      equalBytes(output.owner, validator.owner),
    )
    const of = (kind: number) => own.filter(({ output }) => output.kind === kind)
    const epoch = epochOf(ledger.header.height + 1n, this.#world.params)
    const free = of(KIND.unbonding).filter(({ output }) => unbondingData(output.data).releaseEpoch <= epoch)
    const money = of(KIND.transfer)
      .sort((a, b) => (a.output.amount < b.output.amount ? 1 : -1))
      .slice(0, MONEY_INPUTS_MAX)
    if (free.length > 0) return this.#make(ledger, validator, [...free.slice(0, 2), ...money], [])
    const stakes = of(KIND.stake)
    if (stakes.length > 0 && this.#prng.chance(0.5)) return this.#unstake(ledger, validator, stakes, money, epoch)
    return this.#stake(ledger, validator, money)
  }

  /** Half to all of its money, under one of its keys: one that already has stake may get more. */
  #stake(ledger: Ledger, validator: ValidatorKeys, money: readonly Utxo[]): Tx | undefined {
    const { kernels, signer, chainId, params } = this.#world
    const total = money.reduce((sum, { output }) => sum + output.amount, 0n)
    const amount = ((total - FEE_RESERVE) * BigInt(50 + this.#prng.below(51))) / 100n
    if (amount < params.minStake || validator.blsSecrets.length === 0) return undefined
    const blsSecret = this.#prng.pick(validator.blsSecrets)
    const output = stakeOutput(kernels, signer, { chainId, owner: validator.owner, blsSecret, amount })
    return this.#make(ledger, validator, money, [output])
  }

  #unstake(
    ledger: Ledger,
    validator: ValidatorKeys,
    stakes: readonly Utxo[],
    money: readonly Utxo[],
    epoch: number,
  ): Tx | undefined {
    const { kernels, params } = this.#world
    const leaving = this.#prng.chance(0.5) ? stakes : [this.#prng.pick(stakes)]
    const amount = leaving.reduce((sum, { output }) => sum + output.amount, 0n)
    const isHonest = this.#isHonest(leaving[0]!)
    if (money.length === 0 || (isHonest && this.#honestStake(ledger) - amount < this.#floor)) return undefined
    const outputs = leaving.map((utxo) => unbondingOutput(kernels, params, epoch, utxo))
    return this.#make(ledger, validator, [...leaving, ...money], outputs)
  }

  #make(ledger: Ledger, from: ValidatorKeys, inputs: readonly Utxo[], outputs: readonly Output[]): Tx | undefined {
    const { kernels, chainId, params } = this.#world
    const expiry = ledger.header.height + EXPIRY_HEIGHTS
    return makeTx(kernels, chainId, params.minFeePerByte, { from, inputs, outputs, expiry })
  }

  #honestStake({ outputs }: Ledger): bigint {
    let sum = 0n
    for (const utxo of outputs.stakes.values()) if (this.#isHonest(utxo)) sum += utxo.output.amount
    return sum
  }

  #isHonest({ output }: Utxo): boolean {
    const validator = this.#world.cast.validatorOfKey.get(toHex(stakeData(output.data).blsPk))
    assert(validator !== undefined, 'all stake of a simulated chain has keys of its cast')
    return this.#world.isHonest(validator)
  }
}
