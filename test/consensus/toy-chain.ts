/** A chain without a ledger: blocks are empty and valid when they follow the head. For tests of the agreement alone. */
import { equalBytes, u64 } from '../../src/base/bytes.ts'
import { accepted, rejected, type Result } from '../../src/base/verdict.ts'
import type { Block } from '../../src/chain/block.ts'
import { decodeCert, type FinalityCert } from '../../src/chain/certificate.ts'
import { blockHash, type Header } from '../../src/chain/header.ts'
import { DEVNET_PARAMS, type ChainParams } from '../../src/chain/params.ts'
import type { BlockPlan } from '../../src/consensus/chain-port.ts'
import { createModelBls, modelBlsSigner } from '../../src/crypto/bls-model.ts'
import type { Engine } from '../../src/crypto/engine.ts'
import { twin } from '../../src/kernels/twin/index.ts'
import { Prng } from '../../src/base/prng.ts'
import { makeCast, type Cast } from '../../src/sim/cast.ts'
import type { SimChain } from '../../src/sim/sim-node.ts'
import { committeeKeys, verifyCert, type CommitteeKeys } from '../../src/verify/certificate.ts'
import { genesis } from '../../src/verify/genesis.ts'

export const engine: Engine = { kernels: twin, bls: createModelBls() }
export const signer = modelBlsSigner

/** 16 seats in 4 shards; one epoch that outlasts every test. */
export const TOY_PARAMS: ChainParams = {
  ...DEVNET_PARAMS,
  f: 1,
  F: 1,
  seatsTarget: 64,
  shardSizeMax: 8,
  epochLength: 100_000,
}

export const BAD_STATE_ROOT = new Uint8Array(32).fill(0xff)

interface Final {
  readonly header: Header
  readonly hash: Uint8Array
  readonly cert?: FinalityCert
}

export interface ToyWorld {
  readonly cast: Cast
  readonly keys: CommitteeKeys
  readonly genesis: Final
  readonly params: ChainParams
}

export function toyWorld(seed: string, validatorCount: number, params: ChainParams = TOY_PARAMS): ToyWorld {
  const cast = makeCast(twin, signer, new Prng(seed), {
    name: 'toy',
    params,
    genesisTimeMs: 1_000_000n,
    stakes: Array.from({ length: validatorCount }, () => [5_000_000n]),
    walletCount: 0,
    walletAmount: 0n,
  })
  const { header, hash, committees } = genesis(engine, cast.spec)
  const keys = committeeKeys(engine, committees[0])
  if (keys.kind === 'rejected') throw new Error(keys.code)
  return { cast, keys: keys.value, genesis: { header, hash }, params }
}

export class ToyChain implements SimChain<Final> {
  readonly #world: ToyWorld
  #final: Final

  constructor(world: ToyWorld, final: Final = world.genesis) {
    this.#world = world
    this.#final = final
  }

  get chainId() {
    return this.#world.genesis.header.chainId
  }

  get params() {
    return this.#world.params
  }

  head() {
    return this.#final
  }

  headCert() {
    return this.#final.cert
  }

  snapshot() {
    return this.#final
  }

  submit() {}

  committee(): CommitteeKeys {
    return this.#world.keys
  }

  buildBlock({ round, timeMs, reveal, parentCert }: BlockPlan): Block {
    const { header: parent, hash } = this.#final
    const header: Header = {
      ...parent,
      height: parent.height + 1n,
      round,
      timeMs,
      parent: hash,
      parentCertHash: parentCert.length === 0 ? new Uint8Array(32) : twin.sha256(parentCert),
      seed: twin.tagged('stakecube/seed').hash(parent.seed, reveal),
      historyRoot: twin.tagged('toy/history').hash(parent.historyRoot, u64(parent.height)),
    }
    return { header, body: { reveal, parentCert, transactions: [], evidence: [] } }
  }

  validateBlock({ header, body }: Block): Result<undefined> {
    const { header: parent, hash } = this.#final
    const { round, timeMs } = header
    if (equalBytes(header.stateRoot, BAD_STATE_ROOT)) return rejected('bad-state-root')
    if (timeMs < parent.timeMs + BigInt(this.params.blockTimeMs)) return rejected('bad-time')
    const plan = { round, timeMs, reveal: body.reveal, parentCert: body.parentCert }
    const expected = this.buildBlock(plan).header
    if (!equalBytes(header.parent, hash)) return rejected('bad-parent')
    if (!equalBytes(blockHash(twin, header), blockHash(twin, expected))) return rejected('bad-header')
    if (header.height === 1n) return accepted(undefined)
    const cert = decodeCert(body.parentCert)
    if (cert.kind === 'rejected') return cert
    const verdict = verifyCert(engine, this.params, this.chainId, this.#world.keys, parent, cert.value)
    return verdict.kind === 'rejected' ? verdict : accepted(undefined)
  }

  commit(block: Block, cert: FinalityCert): void {
    this.#final = { header: block.header, hash: blockHash(twin, block.header), cert }
  }
}
