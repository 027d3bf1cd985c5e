/** A transaction with what every rule needs of its bytes, computed once; and the memory of whose signatures verified. */
import type { Hash32 } from '../base/brand.ts'
import { toHex } from '../base/bytes.ts'
import { encodeTx, type Tx } from '../chain/transaction.ts'
import type { Kernels } from '../kernels/contract.ts'

/** Bytes of one witness on the wire, and of the list's count. */
const WITNESS_LENGTH = 32 + 64
const COUNT_LENGTH = 2

export interface PreparedTx {
  readonly tx: Tx
  readonly txid: Hash32
  /** Length of the encoded Tx, which fees are paid for. */
  readonly byteCount: number
  /** SHA-256 of the encoded Tx in hex: names the witnesses too, which the txid does not. */
  readonly digest: string
}

export function prepareTx(kernels: Kernels, tx: Tx): PreparedTx {
  const encoded = encodeTx(tx)
  const body = encoded.subarray(0, encoded.length - COUNT_LENGTH - WITNESS_LENGTH * tx.witnesses.length)
  const txid = kernels.tagged('stakecube/tx').hash(body)
  return { tx, txid, byteCount: encoded.length, digest: toHex(kernels.sha256(encoded)) }
}

/**
 * What a node has already verified: prepared transactions by object, and the digests of those whose signatures hold, so
 * that a transaction that came in by gossip costs no second signature check in its block. Bounded: the oldest digests go.
 *
 * Signatures depend on the transaction and the chain alone, so a remembered one stays good at every height.
 */
export class VerifiedCache {
  readonly #kernels: Kernels
  readonly #prepared = new WeakMap<Tx, PreparedTx>()
  readonly #verified = new Set<string>()
  readonly #countMax: number

  constructor(kernels: Kernels, countMax = 65_536) {
    this.#kernels = kernels
    this.#countMax = countMax
  }

  prepare(tx: Tx): PreparedTx {
    let prepared = this.#prepared.get(tx)
    if (prepared === undefined) {
      prepared = prepareTx(this.#kernels, tx)
      this.#prepared.set(tx, prepared)
    }
    return prepared
  }

  hasVerified(digest: string): boolean {
    return this.#verified.has(digest)
  }

  /** Whether this encoded certificate of the block with this hash has been verified. */
  hasVerifiedCert(blockHash: Hash32, cert: Uint8Array): boolean {
    return this.hasVerified(this.#certName(blockHash, cert))
  }

  rememberCert(blockHash: Hash32, cert: Uint8Array): void {
    this.remember(this.#certName(blockHash, cert))
  }

  #certName(blockHash: Hash32, cert: Uint8Array): string {
    return `certificate ${toHex(this.#kernels.sha256(cert))} of ${toHex(blockHash)}`
  }

  remember(digest: string): void {
    if (this.#verified.size >= this.#countMax) {
      const [oldest] = this.#verified
      this.#verified.delete(oldest!)
    }
    this.#verified.add(digest)
  }
}
