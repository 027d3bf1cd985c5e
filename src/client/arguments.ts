/**
 * What an application passes to the client, checked before anything is done with it: a bad argument is refused at the call
 * that brought it, with its name, what it is and what it must be, and never reaches the machine. Throws ClientError with the
 * code `argument-invalid`.
 */
import { encodeTx, decodeTx, type Tx } from '../chain/transaction.ts'
import type { ChainSpec } from '../chain/spec.ts'
import type { Checkpoint } from '../verify/trust.ts'
import { decodeProofRequest, encodeProofRequest, type Prefix, type ProofRequest } from '../wire/proof.ts'
import { ClientError } from './errors.ts'
import type { FreeProofRequest } from './proof-export.ts'
import type { WorkerChoice } from './start-worker.ts'

const HEIGHT_MAX = 2n ** 64n - 1n
const KEY_BITS = 256

const invalid = (name: string, got: unknown, expected: string, cause?: unknown): ClientError =>
  new ClientError('argument-invalid', { name, got: shown(got), expected }, { cause })

/** In a few words, whatever it is. */
function shown(value: unknown): string {
  if (value instanceof Uint8Array) return `${value.length} bytes`
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 60))
  return typeof value === 'object' || typeof value === 'function' ? typeof value : `${typeof value} ${String(value)}`
}

export function checkBytes(name: string, bytes: Uint8Array, length: number): void {
  if (!(bytes instanceof Uint8Array) || bytes.length !== length) throw invalid(name, bytes, `${length} bytes`)
}

export function checkBigint(name: string, value: bigint): void {
  if (typeof value !== 'bigint') throw invalid(name, value, 'a bigint')
}

export function checkHeight(name: string, height: bigint): void {
  if (typeof height !== 'bigint' || height < 0n || height > HEIGHT_MAX)
    throw invalid(name, height, 'a bigint from 0 to 2^64 - 1')
}

export function checkBits(name: string, bits: number, most: number): void {
  if (!Number.isInteger(bits) || bits < 0 || bits > most) throw invalid(name, bits, `a whole number from 0 to ${most}`)
}

/** A key prefix of at most 256 bits, in as many bytes as it needs, unused low bits zero. */
export function checkPrefix({ bits, bytes }: Prefix): void {
  checkBits('prefix bits', bits, KEY_BITS)
  checkBytes('prefix', bytes, (bits + 7) >> 3)
  const unused = (8 - (bits & 7)) & 7
  const last = bytes.at(-1) ?? 0
  if ((last & ((1 << unused) - 1)) !== 0) throw invalid('last byte of the prefix', last, 'zero in its unused low bits')
}

export function checkCheckpoint({ height, hash }: Checkpoint): void {
  checkHeight('checkpoint height', height)
  checkBytes('checkpoint hash', hash, 32)
}

export function checkSpec(spec: ChainSpec): void {
  if (typeof spec?.params !== 'object' || !Array.isArray(spec.outputs))
    throw invalid('spec', spec, 'a ChainSpec, the value of what parseChainSpec accepted')
}

export function checkPeers(peers: readonly string[]): void {
  if (!Array.isArray(peers)) throw invalid('peers', peers, 'a list of multiaddrs')
  for (const address of peers)
    if (typeof address !== 'string') throw invalid('address of a peer', address, 'a multiaddr')
}

export function checkWorker(worker: WorkerChoice): void {
  const isWorker = typeof worker === 'object' && (worker instanceof URL || typeof worker?.postMessage === 'function')
  if (!isWorker && typeof worker !== 'boolean' && (typeof worker !== 'string' || worker === ''))
    throw invalid('worker', worker, 'true, the address of the worker file, or a Worker that runs it')
}

/** A transaction that peers can read: they would cut off whoever sends another. */
export function checkTx(tx: Tx): void {
  const decoded = attempt('tx', tx, 'a signed transaction', () => decodeTx(encodeTx(tx)))
  if (decoded.kind === 'rejected') throw invalid('tx', decoded.code, 'a signed transaction that can be encoded')
}

export function checkProofRequest(request: FreeProofRequest): void {
  const asked = { ...request, at: 0n } as ProofRequest
  const expected = 'a proof request of kind 1 to 4 with its height, txid, prefix or range of at most 256 blocks'
  const decoded = attempt('proof request', request, expected, () => decodeProofRequest(encodeProofRequest(asked)))
  if (decoded.kind === 'rejected') throw invalid('proof request', decoded.code, expected)
}

function attempt<Value>(name: string, got: unknown, expected: string, make: () => Value): Value {
  try {
    return make()
  } catch (error) {
    throw invalid(name, got, expected, error)
  }
}
