/**
 * Verification and signing with results kept: both are pure, so the nodes of one process need not repeat each other's work.
 * For real BLS, where one check costs milliseconds; what a node is charged in virtual time does not change.
 */
import { toHex } from '../base/bytes.ts'
import type { BlsSigner, BlsVerifier, SignedMessage } from '../crypto/bls-contract.ts'
import { sumSeatsBy, verifySeatsBatchBy, verifySeatsBy } from '../crypto/bls-seats.ts'

/** `bls`, remembering which signatures hold. */
export function sharedVerifier(bls: BlsVerifier): BlsVerifier {
  const known = new Map<string, boolean>()
  const nameOf = ({ key, message, signature }: SignedMessage) =>
    `${toHex(key.bytes)} ${toHex(message)} ${toHex(signature)}`
  const shared: BlsVerifier = {
    scheme: bls.scheme,
    engine: bls.engine,
    decodeKey: (bytes) => bls.decodeKey(bytes),
    isSignature: (bytes) => bls.isSignature(bytes),
    sumKeys: (keys) => bls.sumKeys(keys),
    subtractKeys: (total, keys) => bls.subtractKeys(total, keys),
    verifyPossession: (key, message, signature) => bls.verifyPossession(key, message, signature),
    sumSignatures: (signatures) => bls.sumSignatures(signatures),
    verify: (key, message, signature) => {
      const name = nameOf({ key, message, signature })
      const holds = known.get(name) ?? bls.verify(key, message, signature)
      known.set(name, holds)
      return holds
    },
    verifyBatch: (items, seed) => {
      const names = items.map(nameOf)
      const open = names.flatMap((name, index) => (known.has(name) ? [] : [index]))
      const openItems = open.map((index) => items[index]!)
      const bad = new Set((open.length === 0 ? [] : bls.verifyBatch(openItems, seed)).map((at) => open[at]!))
      for (const index of open) known.set(names[index]!, !bad.has(index))
      return names.flatMap((name, index) => (known.get(name) === true ? [] : [index]))
    },
    sumSeats: (seats, bitmap) => sumSeatsBy(shared, seats, bitmap),
    verifySeats: (claim) => verifySeatsBy(shared, claim),
    verifySeatsBatch: (claims, seed) => verifySeatsBatchBy(shared, claims, seed),
  }
  return shared
}

/** `signer`, which says the same again without computing it again: BLS signatures are unique. */
export function sharedSigner(signer: BlsSigner): BlsSigner {
  const keys = new Map<string, Uint8Array>()
  const signatures = new Map<string, Uint8Array>()
  const kept = (map: Map<string, Uint8Array>, name: string, make: () => Uint8Array): Uint8Array => {
    const known = map.get(name) ?? make()
    map.set(name, known)
    return known
  }
  return {
    scheme: signer.scheme,
    publicKey: (secretKey) => kept(keys, toHex(secretKey), () => signer.publicKey(secretKey)),
    secretKeyFrom: (entropy) => signer.secretKeyFrom(entropy),
    sign: (secretKey, message) =>
      kept(signatures, `${toHex(secretKey)} ${toHex(message)}`, () => signer.sign(secretKey, message)),
    provePossession: (secretKey, message) => signer.provePossession(secretKey, message),
  }
}
