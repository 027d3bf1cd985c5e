/**
 * Certificates and vote aggregates over a committee: keys by seat, and a bitmap that says who signed. What a verifier
 * without a faster way does, and the order of the verdicts that all of them keep.
 */
import { assert } from '../base/assert.ts'
import { bitAt, popCount } from '../base/bytes.ts'
import type {
  BlsKey,
  BlsVerifier,
  SeatClaim,
  SeatKeys,
  SeatVerdict,
  SignedMessage,
  WeightedKey,
} from './bls-contract.ts'

type Sums = Pick<BlsVerifier, 'sumKeys' | 'subtractKeys'>
type Checks = Pick<BlsVerifier, 'isSignature' | 'sumSeats'>

/** Whether `bitmap` has one bit for each of `seats` seats, most significant first, and zeros after them. */
export function isSeatBitmap(seats: number, bitmap: Uint8Array): boolean {
  if (bitmap.length !== (seats + 7) >> 3) return false
  for (let bit = seats; bit < 8 * bitmap.length; bit++) if (bitAt(bitmap, bit) === 1) return false
  return true
}

/** Asserts what {@link isSeatBitmap} says. */
export function assertSeatBitmap({ keys }: SeatKeys, bitmap: Uint8Array): void {
  if (isSeatBitmap(keys.length, bitmap)) return
  assert(false, `bitmap must have ${keys.length} bits and zeros after them, got ${bitmap.length} bytes`)
}

/** Whether fewer keys stand to be subtracted from the total than to be added up. */
export function subtractsAbsent({ keys, total }: SeatKeys, bitmap: Uint8Array): boolean {
  return total !== undefined && 2 * popCount(bitmap) > keys.length
}

/** {@link BlsVerifier.sumSeats} by sums of weighted keys. */
export function sumSeatsBy(bls: Sums, seats: SeatKeys, bitmap: Uint8Array): BlsKey | undefined {
  assertSeatBitmap(seats, bitmap)
  if (!subtractsAbsent(seats, bitmap)) return bls.sumKeys(weighted(seats, bitmap, 1))
  const absent = weighted(seats, bitmap, 0)
  return absent.length === 0 ? seats.total : bls.subtractKeys(seats.total!, absent)
}

/** Each distinct key whose bit is `bit`, with the number of its seats. */
function weighted({ keys }: SeatKeys, bitmap: Uint8Array, bit: 0 | 1): WeightedKey[] {
  const times = new Map<string, { key: BlsKey; times: number }>()
  for (const [seat, key] of keys.entries()) {
    if (bitAt(bitmap, seat) !== bit) continue
    const name = String.fromCharCode(...key.bytes)
    const entry = times.get(name)
    if (entry === undefined) times.set(name, { key, times: 1 })
    else entry.times++
  }
  return [...times.values()]
}

/** A claim whose pairing is still to be checked, or why it need not be. */
type Opened = { readonly item: SignedMessage } | { readonly verdict: Exclude<SeatVerdict, 'valid' | 'signature'> }

function open(bls: Checks, { seats, bitmap, message, signature }: SeatClaim): Opened {
  if (!isSeatBitmap(seats.keys.length, bitmap)) return { verdict: 'bitmap' }
  if (!bls.isSignature(signature)) return { verdict: 'signature-encoding' }
  const key = bls.sumSeats(seats, bitmap)
  return key === undefined ? { verdict: 'key-sum' } : { item: { key, message, signature } }
}

/** {@link BlsVerifier.verifySeats} in steps. */
export function verifySeatsBy(bls: Checks & Pick<BlsVerifier, 'verify'>, claim: SeatClaim): SeatVerdict {
  const opened = open(bls, claim)
  if ('verdict' in opened) return opened.verdict
  const { key, message, signature } = opened.item
  return bls.verify(key, message, signature) ? 'valid' : 'signature'
}

/** {@link BlsVerifier.verifySeatsBatch} over verifyBatch. */
export function verifySeatsBatchBy(
  bls: Checks & Pick<BlsVerifier, 'verifyBatch'>,
  claims: readonly SeatClaim[],
  seed: Uint8Array,
): readonly SeatVerdict[] {
  const verdicts: SeatVerdict[] = []
  const items: SignedMessage[] = []
  const places: number[] = []
  for (const [index, claim] of claims.entries()) {
    const opened = open(bls, claim)
    verdicts.push('verdict' in opened ? opened.verdict : 'valid')
    if ('verdict' in opened) continue
    items.push(opened.item)
    places.push(index)
  }
  for (const bad of bls.verifyBatch(items, seed)) verdicts[places[bad]!] = 'signature'
  return verdicts
}
