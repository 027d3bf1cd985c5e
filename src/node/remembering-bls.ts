/**
 * A BlsVerifier that remembers which signatures held, and counts the work. What has been verified once in this process
 * (as a vote, then inside a certificate, then by the validator next door of a devnet) costs no second pairing.
 *
 * Only successes are remembered, bounded, least recently used first out. The verdicts are those of the verifier below.
 */
import { concatBytes, u32 } from '../base/bytes.ts'
import type { BlsKey, BlsVerifier, SeatClaim, SeatKeys, SeatVerdict, SignedMessage } from '../crypto/bls-contract.ts'
import { verifySeatsBatchBy, verifySeatsBy } from '../crypto/bls-seats.ts'
import { ByteCache } from '../crypto/byte-cache.ts'

const REMEMBERED_MAX = 8192
const SUMS_MAX = 512

export class RememberingBls implements BlsVerifier {
  readonly scheme: BlsVerifier['scheme']
  readonly engine: BlsVerifier['engine']
  readonly #inner: BlsVerifier
  readonly #held = new ByteCache<true>(REMEMBERED_MAX)
  readonly #sums = new ByteCache<Uint8Array>(SUMS_MAX)
  /** Pairings computed since the start: two for one signature, one more for each further message of a batch. */
  pairingCount = 0

  constructor(inner: BlsVerifier) {
    this.#inner = inner
    this.scheme = inner.scheme
    this.engine = inner.engine
  }

  verify(key: BlsKey, message: Uint8Array, signature: Uint8Array): boolean {
    const name = concatBytes(key.bytes, message, signature)
    if (this.#held.get(name) === true) return true
    this.pairingCount += 2
    const holds = this.#inner.verify(key, message, signature)
    if (holds) this.#held.set(name, true)
    return holds
  }

  verifyBatch(items: readonly SignedMessage[], seed: Uint8Array): readonly number[] {
    const names = items.map(({ key, message, signature }) => concatBytes(key.bytes, message, signature))
    const open = items.map((_, index) => index).filter((index) => this.#held.get(names[index]!) !== true)
    if (open.length === 0) return []
    const asked = open.map((index) => items[index]!)
    this.pairingCount += 1 + new Set(asked.map(({ message }) => message.join())).size
    const bad = new Set(this.#inner.verifyBatch(asked, seed).map((position) => open[position]!))
    for (const index of open) if (!bad.has(index)) this.#held.set(names[index]!, true)
    return [...bad]
  }

  verifyPossession(key: BlsKey, message: Uint8Array, signature: Uint8Array): boolean {
    this.pairingCount += 2
    return this.#inner.verifyPossession(key, message, signature)
  }

  decodeKey(bytes: Uint8Array): BlsKey | undefined {
    return this.#inner.decodeKey(bytes)
  }

  isSignature(bytes: Uint8Array): boolean {
    return this.#inner.isSignature(bytes)
  }

  sumKeys(...[keys]: Parameters<BlsVerifier['sumKeys']>): BlsKey | undefined {
    return this.#inner.sumKeys(keys)
  }

  subtractKeys(...[total, keys]: Parameters<BlsVerifier['subtractKeys']>): BlsKey | undefined {
    return this.#inner.subtractKeys(total, keys)
  }

  sumSignatures(...[signatures]: Parameters<BlsVerifier['sumSignatures']>): Uint8Array | undefined {
    const name = concatBytes(...signatures.flatMap(({ signature, times }) => [signature, u32(times)]))
    const known = this.#sums.get(name)
    if (known !== undefined) return known.slice()
    const sum = this.#inner.sumSignatures(signatures)
    if (sum !== undefined) this.#sums.set(name, sum.slice())
    return sum
  }

  sumSeats(seats: SeatKeys, bitmap: Uint8Array): BlsKey | undefined {
    return this.#inner.sumSeats(seats, bitmap)
  }

  verifySeats(claim: SeatClaim): SeatVerdict {
    return verifySeatsBy(this, claim)
  }

  verifySeatsBatch(claims: readonly SeatClaim[], seed: Uint8Array): readonly SeatVerdict[] {
    return verifySeatsBatchBy(this, claims, seed)
  }
}
