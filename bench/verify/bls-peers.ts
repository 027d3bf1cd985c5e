/** BLS verification by the peers, each called in the fastest way that its own documentation offers, keys decoded before. */
import { bls12_381 as bls } from '@noble/curves/bls12-381.js'
import { BLS_SIGNATURE_SUITE } from '../../src/crypto/bls-suite.ts'
import type { Environment } from '../harness/case.ts'
import { committeeKeys, type Certificate, type G1Point } from './bls-fixtures.ts'

/** One implementation, for committees of one size. Keys are decoded and validated on first use. */
export interface BlsEngine {
  readonly impl: string
  /** Sums the signers' keys and verifies. */
  verify(certificate: Certificate): boolean
  verifyAll?(certificates: readonly Certificate[]): boolean
  validateKey(bytes: Uint8Array): boolean
}

export type BlsEngineMaker = (seats: number) => BlsEngine

function nobleEngine(seats: number): BlsEngine {
  let keys: G1Point[] | undefined
  const { hash, verify, aggregatePublicKeys } = bls.longSignatures
  return {
    impl: '@noble/curves',
    verify({ message, signers, signature }) {
      keys ??= committeeKeys(seats, (bytes) => bls.G1.Point.fromBytes(bytes))
      return verify(
        signature,
        hash(message, BLS_SIGNATURE_SUITE),
        aggregatePublicKeys(signers.map((index) => keys![index]!)),
      )
    },
    validateKey: (bytes) => !bls.G1.Point.fromBytes(bytes).is0(),
  }
}

/** Node alone: a native addon and a CommonJS module that reads its own folder. Loaded by name so that no bundle holds them. */
async function optional<Module>(environment: Environment, name: string): Promise<Module | undefined> {
  if (environment.nodeCrypto === undefined) return undefined
  try {
    const loaded = (await import(name)) as Module & { readonly default?: Module }
    return loaded.default ?? loaded
  } catch {
    return undefined
  }
}

type Blst = typeof import('@chainsafe/blst')

function blstEngine(blst: Blst): BlsEngineMaker {
  return (seats) => {
    type Key = InstanceType<Blst['PublicKey']>
    let keys: Key[] | undefined
    const keysOf = (signers: readonly number[]): Key[] => {
      keys ??= committeeKeys(seats, (bytes) => blst.PublicKey.fromBytes(bytes, true))
      return signers.map((index) => keys![index]!)
    }
    return {
      impl: '@chainsafe/blst',
      verify: ({ message, signers, signature }) =>
        blst.fastAggregateVerify(message, keysOf(signers), blst.Signature.fromBytes(signature, true)),
      verifyAll: (certificates) =>
        blst.verifyMultipleAggregateSignatures(
          certificates.map(({ message, signers, signature }) => ({
            msg: message,
            pk: blst.aggregatePublicKeys(keysOf(signers)),
            sig: blst.Signature.fromBytes(signature, true),
          })),
        ),
      validateKey: (bytes) => blst.PublicKey.fromBytes(bytes, true) !== undefined,
    }
  }
}

type BlsEthWasm = typeof import('bls-eth-wasm')

function blsEthWasmEngine(herumi: BlsEthWasm): BlsEngineMaker {
  return (seats) => {
    type Key = InstanceType<BlsEthWasm['PublicKey']>
    let keys: Key[] | undefined
    const decode = (bytes: Uint8Array): Key => {
      const key = new herumi.PublicKey()
      key.deserialize(bytes)
      return key
    }
    return {
      impl: 'bls-eth-wasm',
      verify({ message, signers, signature }) {
        keys ??= committeeKeys(seats, decode)
        const point = new herumi.Signature()
        point.deserialize(signature)
        return point.fastAggregateVerify(
          signers.map((index) => keys![index]!),
          message,
        )
      },
      validateKey: (bytes) => !decode(bytes).isZero(),
    }
  }
}

/** noble everywhere; the others where they load. */
export async function blsPeers(environment: Environment): Promise<BlsEngineMaker[]> {
  const makers: BlsEngineMaker[] = [nobleEngine]
  const blst = await optional<Blst>(environment, '@chainsafe/blst')
  if (blst !== undefined) makers.push(blstEngine(blst))
  const herumi = await optional<BlsEthWasm>(environment, 'bls-eth-wasm')
  if (herumi !== undefined) {
    // It wants the global that Node 18 (the emulated board) lacks.
    if (typeof globalThis.crypto === 'undefined')
      Object.defineProperty(globalThis, 'crypto', { value: environment.nodeCrypto!.webcrypto, configurable: true })
    await herumi.init(herumi.BLS12_381)
    // Its default skips the subgroup checks that §1 asks for.
    herumi.verifyPublicKeyOrder(true)
    herumi.verifySignatureOrder(true)
    makers.push(blsEthWasmEngine(herumi))
  }
  return makers
}
