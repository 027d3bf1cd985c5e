/** Payments at a steady rate, for a devnet that shall look alive: one wallet pays itself, output by output. */
import { KIND, type Outpoint, type Utxo } from '../chain/output.ts'
import type { Chain, Ledger } from '../ledger/ledger.ts'
import { encodeTx, txid, type Tx, type TxBody } from '../chain/transaction.ts'
import { encodeOutpoint } from '../chain/output.ts'
import { toHex } from '../base/bytes.ts'
import { ed25519PublicKey, ed25519Sign } from '../crypto/ed25519.ts'
import { ownerOf } from '../crypto/keys.ts'
import type { Kernels } from '../kernels/contract.ts'
import type { FullNode } from './node.ts'

const TICK_MS = 100
const EXPIRY_HEIGHTS = 100n
/** Bits of a state key that are the owner. */
const OWNER_BITS = 128

export interface TrafficOptions {
  readonly kernels: Kernels
  readonly chain: Chain
  /** Ed25519 secret of the paying wallet. */
  readonly secretKey: Uint8Array
  readonly transactionsPerSecond: number
  readonly nodes: readonly FullNode[]
  /** Each transaction that a node accepted. */
  readonly onSent?: (tx: Tx) => void
}

export class Traffic {
  readonly #options: TrafficOptions
  readonly #pk: Uint8Array
  readonly #owner: Uint8Array
  /** Outputs spent by transactions that wait, with the height at which they may be tried again. */
  readonly #inFlight = new Map<string, bigint>()
  #due = 0
  #sent = 0
  #timer: ReturnType<typeof setInterval> | undefined

  constructor(options: TrafficOptions) {
    this.#options = options
    this.#pk = ed25519PublicKey(options.secretKey)
    this.#owner = ownerOf(options.kernels, this.#pk)
  }

  /** Transactions that a node accepted so far. */
  get sentCount(): number {
    return this.#sent
  }

  start(): void {
    this.#timer = setInterval(() => this.#tick(), TICK_MS)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #tick(): void {
    const { transactionsPerSecond } = this.#options
    this.#due = Math.min(this.#due + (transactionsPerSecond * TICK_MS) / 1000, 2 * transactionsPerSecond + 1)
    if (this.#due < 1) return
    const node = this.#options.nodes[this.#sent % this.#options.nodes.length]!
    const { ledger } = node
    for (const utxo of this.#spendable(ledger)) {
      if (this.#due < 1) return
      this.#due--
      this.#inFlight.set(nameOf(utxo.outpoint), ledger.header.height + EXPIRY_HEIGHTS)
      const tx = this.#payment(utxo, ledger.header.height)
      if (node.submit(tx).outcome !== 'accepted') continue
      this.#sent++
      this.#options.onSent?.(tx)
    }
  }

  #spendable(ledger: Ledger): Utxo[] {
    const { height } = ledger.header
    for (const [name, until] of this.#inFlight) if (until < height) this.#inFlight.delete(name)
    const found: Utxo[] = []
    for (const { utxo } of ledger.outputs.tree.way(OWNER_BITS, this.#owner).leaves)
      if (utxo.output.kind === KIND.transfer && !this.#inFlight.has(nameOf(utxo.outpoint))) found.push(utxo)
    return found
  }

  #payment({ outpoint, output }: Utxo, height: bigint): Tx {
    const { kernels, chain, secretKey } = this.#options
    const body = (fee: bigint): TxBody => ({
      chainId: chain.chainId,
      topic: new Uint8Array(8),
      expiry: height + EXPIRY_HEIGHTS,
      inputs: [outpoint],
      outputs: [{ kind: KIND.transfer, amount: output.amount - fee, owner: this.#owner, data: new Uint8Array(0) }],
      payload: new Uint8Array(0),
    })
    const unsigned = [{ pk: this.#pk, signature: new Uint8Array(64) }]
    const fee = chain.params.minFeePerByte * BigInt(encodeTx({ body: body(0n), witnesses: unsigned }).length)
    const paying = body(fee)
    return { body: paying, witnesses: [{ pk: this.#pk, signature: ed25519Sign(secretKey, txid(kernels, paying)) }] }
  }
}

const nameOf = (outpoint: Outpoint): string => toHex(encodeOutpoint(outpoint))
