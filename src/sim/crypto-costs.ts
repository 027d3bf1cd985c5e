/**
 * What cryptography costs in virtual time: each operation charges a meter, and a node is busy for what its step charged.
 * The figures are measured on a real machine by whoever starts the run (cli, checks).
 */
import type { BlsVerifier } from '../crypto/bls-contract.ts'
import { sumSeatsBy, verifySeatsBatchBy, verifySeatsBy } from '../crypto/bls-seats.ts'
import type { executeBlock } from '../ledger/ledger.ts'

/** Milliseconds per operation. */
export interface CryptoCosts {
  /** One pairing check of one message. */
  readonly verifyMs: number
  /** Each further item of a batch with random coefficients. */
  readonly batchItemMs: number
  /** Decoding of a signature and adding it to a sum. */
  readonly sumItemMs: number
  /** Adding a key to a sum. */
  readonly keyItemMs: number
  readonly ed25519Ms: number
}

export class CostMeter {
  #ms = 0

  charge(ms: number): void {
    this.#ms += ms
  }

  /** What was charged since the last call. */
  take(): number {
    const ms = this.#ms
    this.#ms = 0
    return ms
  }
}

/** `bls` with each call charged. */
export function chargedBls(bls: BlsVerifier, costs: CryptoCosts, meter: CostMeter): BlsVerifier {
  const charged: BlsVerifier = {
    scheme: bls.scheme,
    engine: bls.engine,
    decodeKey: (bytes) => bls.decodeKey(bytes),
    isSignature: (bytes) => bls.isSignature(bytes),
    sumKeys: (keys) => {
      meter.charge(costs.keyItemMs * keys.length)
      return bls.sumKeys(keys)
    },
    subtractKeys: (total, keys) => {
      meter.charge(costs.keyItemMs * keys.length)
      return bls.subtractKeys(total, keys)
    },
    verify: (key, message, signature) => {
      meter.charge(costs.verifyMs)
      return bls.verify(key, message, signature)
    },
    verifyPossession: (key, message, signature) => bls.verifyPossession(key, message, signature),
    verifyBatch: (items, seed) => {
      if (items.length > 0) meter.charge(costs.verifyMs + costs.batchItemMs * (items.length - 1))
      return bls.verifyBatch(items, seed)
    },
    sumSignatures: (signatures) => {
      meter.charge(costs.sumItemMs * signatures.length)
      return bls.sumSignatures(signatures)
    },
    sumSeats: (seats, bitmap) => sumSeatsBy(charged, seats, bitmap),
    verifySeats: (claim) => verifySeatsBy(charged, claim),
    verifySeatsBatch: (claims, seed) => verifySeatsBatchBy(charged, claims, seed),
  }
  return charged
}

/**
 * A state transition whose result may be shared among nodes, charged to each of them as if it had done it alone: one
 * signature check per input and one parent certificate.
 */
export function chargedExecution(
  execute: typeof executeBlock,
  costs: CryptoCosts,
  meter: CostMeter,
): typeof executeBlock {
  return (engine, chain, ledger, block, cache) => {
    const before = meter.take()
    const result = execute(engine, chain, ledger, block, cache)
    meter.take()
    const inputs = block.body.transactions.reduce((sum, { witnesses }) => sum + witnesses.length, 0)
    meter.charge(before + costs.ed25519Ms * inputs + costs.verifyMs)
    return result
  }
}
