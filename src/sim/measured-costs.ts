/**
 * What cryptography cost on a real machine, for runs that must not depend on the one they run on: constants, so that a seed
 * repeats a run everywhere. `check scale` measures the same again and prints both.
 */
import type { BlsSigner } from '../crypto/bls-contract.ts'
import type { CostMeter, CryptoCosts } from './crypto-costs.ts'

/** Signing as well as verifying. */
export interface SimCosts extends CryptoCosts {
  /** One BLS signature or proof of possession made. */
  readonly signMs: number
}

/** The kernel (verifying) and noble (signing, Ed25519) on one idle core of an AMD EPYC virtual machine, Node 20 (docs/bls.md). */
export const MEASURED_COSTS: SimCosts = {
  verifyMs: 3.7,
  batchItemMs: 0.5,
  sumItemMs: 0.3,
  keyItemMs: 0.002,
  ed25519Ms: 1,
  signMs: 20,
}

/** `signer` with each signature charged. */
export function chargedSigner(signer: BlsSigner, { signMs }: SimCosts, meter: CostMeter): BlsSigner {
  return {
    scheme: signer.scheme,
    publicKey: (secretKey) => signer.publicKey(secretKey),
    secretKeyFrom: (entropy) => signer.secretKeyFrom(entropy),
    sign: (secretKey, message) => {
      meter.charge(signMs)
      return signer.sign(secretKey, message)
    },
    provePossession: (secretKey, message) => {
      meter.charge(signMs)
      return signer.provePossession(secretKey, message)
    },
  }
}

/** Every operation `factor` times as dear. */
export const scaledCosts = (costs: SimCosts, factor: number): SimCosts => ({
  verifyMs: factor * costs.verifyMs,
  batchItemMs: factor * costs.batchItemMs,
  sumItemMs: factor * costs.sumItemMs,
  keyItemMs: factor * costs.keyItemMs,
  ed25519Ms: factor * costs.ed25519Ms,
  signMs: factor * costs.signMs,
})
