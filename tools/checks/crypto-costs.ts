/** What cryptography costs on this machine, in the units that the simulator charges: the verifier and signer that validators run. */
import type { Prng } from '../../src/base/prng.ts'
import type { BlsKey, BlsVerifier } from '../../src/crypto/bls-contract.ts'
import { nobleBlsSigner } from '../../src/crypto/bls-signer.ts'
import { ed25519PublicKey, ed25519Sign, ed25519Verify } from '../../src/crypto/ed25519.ts'
import type { SimCosts } from '../../src/sim/measured-costs.ts'

const ITEM_COUNT = 16

/** Milliseconds of this process. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** CPU milliseconds per call, the best of three: a busy machine does not inflate them. */
function timed(times: number, run: (index: number) => void): number {
  let best = Infinity
  for (let attempt = 0; attempt < 3; attempt++) {
    const startMs = cpuMs()
    for (let index = 0; index < times; index++) run(index)
    best = Math.min(best, (cpuMs() - startMs) / times)
  }
  return best
}

/** Fresh messages and signatures: caches would flatter it. */
export async function measureCosts(create: () => Promise<BlsVerifier>, prng: Prng): Promise<SimCosts> {
  const secrets = Array.from({ length: ITEM_COUNT }, () => nobleBlsSigner.secretKeyFrom(prng.bytes(32)))
  const first = await create()
  const keys = secrets.map((secret): BlsKey => first.decodeKey(nobleBlsSigner.publicKey(secret))!)
  const decoded = (bls: BlsVerifier) => keys.map(({ bytes }) => bls.decodeKey(bytes)!)
  const message = prng.bytes(32)
  const items = secrets.map((secret) => nobleBlsSigner.sign(secret, message))
  const singles = secrets.map((secret) => {
    const own = prng.bytes(32)
    return { message: own, signature: nobleBlsSigner.sign(secret, own) }
  })
  const verifiers = await Promise.all(Array.from({ length: 3 * ITEM_COUNT + 12 }, create))
  let turn = 0
  const fresh = () => verifiers[turn++ % verifiers.length]!
  const prepared = verifiers.map(decoded)
  const keysOf = (bls: BlsVerifier) => prepared[verifiers.indexOf(bls)]!
  const verifyMs = timed(ITEM_COUNT, (index) => {
    const bls = fresh()
    bls.verify(keysOf(bls)[index]!, singles[index]!.message, singles[index]!.signature)
  })
  const batchMs = timed(2, () => {
    const bls = fresh()
    bls.verifyBatch(
      items.map((signature, index) => ({ key: keysOf(bls)[index]!, message, signature })),
      prng.bytes(32),
    )
  })
  const sumMs = timed(2, () => fresh().sumSignatures(items.map((signature) => ({ signature, times: 1 }))))
  const keyMs = timed(20, () => {
    const bls = verifiers[0]!
    bls.sumKeys(keysOf(bls).map((key) => ({ key, times: 3 })))
  })
  const account = prng.bytes(32)
  const signature = ed25519Sign(account, message)
  const pk = ed25519PublicKey(account)
  return {
    verifyMs,
    batchItemMs: Math.max(0, (batchMs - verifyMs) / (ITEM_COUNT - 1)),
    sumItemMs: sumMs / ITEM_COUNT,
    keyItemMs: keyMs / ITEM_COUNT,
    signMs: timed(ITEM_COUNT, (index) => nobleBlsSigner.sign(secrets[index]!, prng.bytes(32))),
    ed25519Ms: timed(20, () => ed25519Verify(pk, message, signature)),
  }
}
