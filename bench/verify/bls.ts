/**
 * Finality proofs: one certificate at 16, 49 and 256 seats with cached keys, 52 hops one by one and in one batch, the
 * validation of a key, and the start of the kernel from its bytes.
 */
import type { BlsVerifier, SeatClaim, SeatKeys } from '../../src/crypto/bls-contract.ts'
import { blsKernelBytes, createBlsMachine, createKernelBls } from '../../src/crypto/bls-kernel/index.ts'
import { createNobleBls } from '../../src/crypto/bls-noble.ts'
import type { Environment, Measurement } from '../harness/case.ts'
import { certificates, committeeKeys, freshKeys, hops, type Certificate } from './bls-fixtures.ts'
import { blsPeers, type BlsEngine, type BlsEngineMaker } from './bls-peers.ts'

const COMMITTEES = [16, 49, 256]
const LARGEST = 256
const BATCH_SEED = new Uint8Array(32).fill(9)
const holds = (answer: unknown): boolean => answer === true

/** A BlsVerifier as the client uses it: keys by seat, their sum known, and a bitmap. */
function ownEngine(impl: string, bls: BlsVerifier, validateKey: (bytes: Uint8Array) => boolean): BlsEngineMaker {
  return (seats) => {
    let known: SeatKeys | undefined
    const claimOf = ({ signers, message, signature }: Certificate): SeatClaim => {
      if (known === undefined) {
        const keys = committeeKeys(seats, (bytes) => bls.decodeKey(bytes)!)
        known = { keys, total: bls.sumKeys(keys.map((key) => ({ key, times: 1 }))) }
      }
      return { seats: known, bitmap: bitmapOf(seats, signers), message, signature }
    }
    return {
      impl,
      verify: (certificate) => bls.verifySeats(claimOf(certificate)) === 'valid',
      verifyAll: (list) => bls.verifySeatsBatch(list.map(claimOf), BATCH_SEED).every((verdict) => verdict === 'valid'),
      validateKey,
    }
  }
}

function bitmapOf(seats: number, signers: readonly number[]): Uint8Array {
  const bitmap = new Uint8Array((seats + 7) >> 3)
  for (const seat of signers) bitmap[seat >> 3]! |= 0x80 >> (seat & 7)
  return bitmap
}

function casesOf(make: BlsEngineMaker, withHops: boolean): Measurement[] {
  const measurements: Measurement[] = []
  const add = (id: string, engine: BlsEngine, run: () => unknown) =>
    measurements.push({ id, impl: engine.impl, run, check: holds })
  for (const seats of COMMITTEES) {
    const engine = make(seats)
    const next = certificates(seats)
    add(`bls-certificate-${seats}`, engine, () => engine.verify(next()))
  }
  const engine = make(LARGEST)
  if (withHops) add('bls-52-singles', engine, () => hops(LARGEST).every((certificate) => engine.verify(certificate)))
  const { verifyAll } = engine
  if (withHops && verifyAll !== undefined) add('bls-52-batch', engine, () => verifyAll(hops(LARGEST)))
  const nextKey = freshKeys()
  add('bls-key', engine, () => engine.validateKey(nextKey()))
  return measurements
}

export async function blsCases(environment: Environment): Promise<Measurement[]> {
  const machine = await createBlsMachine()
  const kernel = ownEngine('kernel', await createKernelBls(), (bytes) => machine.decodeKey(0, bytes))
  // A new verifier for each key, since one keeps what it has decoded.
  const noble = ownEngine('twin (noble)', createNobleBls(), (bytes) => createNobleBls().decodeKey(bytes) !== undefined)
  const makers = [kernel, noble, ...(await blsPeers(environment))]
  const bytes = await blsKernelBytes()
  const start: Measurement = {
    id: 'bls-start',
    impl: 'kernel',
    run: () => WebAssembly.instantiate(bytes),
    check: (answer) => (answer as WebAssembly.WebAssemblyInstantiatedSource).instance !== undefined,
    asynchronous: true,
  }
  return [...makers.flatMap((make) => casesOf(make, make === kernel || environment.slow !== true)), start]
}
