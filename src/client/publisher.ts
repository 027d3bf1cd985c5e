/**
 * Publishes batches of lines under a topic, each once: across lost connections, restarts and power cuts.
 *
 * A batch is one transaction that pays an output of the account back to itself, less the fee, and carries the lines as its
 * payload. The signed bytes are recorded before they are sent, so after a restart the same bytes are sent again, which changes
 * nothing if they had arrived. Signed anew, with a later expiry, it is only when the client has proven that the old
 * transaction's input is unspent past its expiry; and it spends that same input again, so of all transactions ever signed for a
 * batch at most one can be in the chain.
 */
import { fromHex, toHex } from '../base/bytes.ts'
import { KIND, type Utxo } from '../chain/output.ts'
import { decodeTx, encodeTx, txid as txidOf, type Tx, type TxBody } from '../chain/transaction.ts'
import { ed25519Sign } from '../crypto/ed25519.ts'
import type { Account } from './wallet.ts'
import { ClientError } from './errors.ts'
import type { LightClient, ProvenTransaction } from './light-client.ts'

/** So many blocks may pass before a transaction that was not included is signed anew. */
const EXPIRY_HEIGHTS = 100n
const RETRY_MS_MIN = 1000
const RETRY_MS_MAX = 60_000

/** What is recorded of a batch before it is sent. */
export interface SignedBatch {
  /** From 1 on. */
  readonly number: number
  readonly lineCount: number
  readonly tx: Tx
}

export interface PublisherOptions {
  readonly client: LightClient
  readonly account: Account
  /** 8 bytes. */
  readonly topic: Uint8Array
  readonly signal: AbortSignal
  /** One sentence for a person, told when it changes. */
  readonly warn: (text: string) => void
}

export class Publisher {
  readonly #options: PublisherOptions
  #said = ''

  constructor(options: PublisherOptions) {
    this.#options = options
  }

  /** Signs a transaction that carries `payload`. Waits for a network and for money, as long as it takes. */
  async sign(payload: Uint8Array): Promise<Tx> {
    return this.#patiently(async () => {
      const { utxos, header } = await this.#options.client.unspent(this.#options.account.owner, this.#options)
      const own = utxos.filter(({ output }) => output.kind === KIND.transfer)
      const [largest] = own.sort((a, b) => (a.output.amount > b.output.amount ? -1 : 1))
      if (largest === undefined) throw new ClientError('funds-missing', { needed: this.#feeOf(payload), available: 0n })
      return this.#signed(largest, payload, header.height)
    })
  }

  /**
   * Sends a recorded batch until it is final. `record` is called, and must have it on disk when it resolves, before a batch
   * that was signed anew is sent.
   */
  async settle(batch: SignedBatch, record: (batch: SignedBatch) => Promise<void>): Promise<ProvenTransaction> {
    let current = batch
    return this.#patiently(async () => {
      try {
        return await this.#options.client.submit(current.tx, this.#options)
      } catch (error) {
        if (!(error instanceof ClientError) || error.code === 'aborted') throw error
        if (error.code === 'payment-expired') current = { ...current, tx: await this.#again(current.tx) }
        else if (error.code === 'payment-rejected') return await this.#findAfterAll(current, error)
        else throw error
        await record(current)
        return await this.#options.client.submit(current.tx, this.#options)
      }
    })
  }

  /** The same payload from the same input, with a later expiry. */
  async #again({ body }: Tx): Promise<Tx> {
    const { client, account } = this.#options
    const { utxos, header } = await client.unspent(account.owner, this.#options)
    const [input] = body.inputs
    const same = utxos.find(
      ({ outpoint }) => outpoint.index === input!.index && toHex(outpoint.txid) === toHex(input!.txid),
    )
    if (same === undefined) throw new ClientError('query-unavailable', { asked: 1, reasons: 'its input is spent' })
    return this.#signed(same, body.payload, header.height)
  }

  /** Refused by everyone: because it is in the chain already, or because its money went elsewhere. */
  async #findAfterAll({ tx }: SignedBatch, error: ClientError): Promise<ProvenTransaction> {
    const { client } = this.#options
    try {
      return await client.proveTransaction(txidOf(client.engine.kernels, tx.body), this.#options)
    } catch (cause) {
      if (cause instanceof ClientError && cause.code === 'aborted') throw cause
      throw error
    }
  }

  #signed(input: Utxo, payload: Uint8Array, height: bigint): Tx {
    const { client, account, topic } = this.#options
    const fee = this.#feeOf(payload)
    const amount = input.output.amount - fee
    if (amount < client.spec.params.minOutput)
      throw new ClientError('funds-missing', {
        needed: fee + client.spec.params.minOutput,
        available: input.output.amount,
      })
    const body: TxBody = {
      ...{ chainId: client.chainId, topic, expiry: height + EXPIRY_HEIGHTS, inputs: [input.outpoint], payload },
      outputs: [{ kind: KIND.transfer, amount, owner: account.owner, data: new Uint8Array(0) }],
    }
    const signature = ed25519Sign(account.secretKey, txidOf(client.engine.kernels, body))
    return { body, witnesses: [{ pk: account.pk, signature }] }
  }

  /** The least fee of a transaction of one input and one output with this payload. */
  #feeOf(payload: Uint8Array): bigint {
    const { client, account } = this.#options
    const zeros = new Uint8Array(32)
    const body: TxBody = {
      ...{ chainId: client.chainId, topic: new Uint8Array(8), expiry: 0n, payload },
      inputs: [{ txid: zeros, index: 0 }],
      outputs: [{ kind: KIND.transfer, amount: 0n, owner: account.owner, data: new Uint8Array(0) }],
    }
    const bytes = encodeTx({ body, witnesses: [{ pk: zeros, signature: new Uint8Array(64) }] })
    return client.spec.params.minFeePerByte * BigInt(bytes.length)
  }

  /** Again and again, more slowly each time, until it works; only an abort or a client that has stopped ends it. */
  async #patiently<Value>(attempt: () => Promise<Value>): Promise<Value> {
    for (let failures = 0; ; failures++) {
      try {
        return await attempt()
      } catch (error) {
        const { signal, warn } = this.#options
        if (!(error instanceof ClientError) || STOPPED.has(error.code) || signal.aborted) throw error
        if (error.message !== this.#said && failures > 0) warn(`${error.message}; it is kept and tried again`)
        this.#said = error.message
        await pause(Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** Math.min(failures, 10)), signal)
      }
    }
  }
}

const STOPPED: ReadonlySet<string> = new Set(['aborted', 'closed', 'conflict', 'store-other-chain', 'genesis-invalid'])

function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(end, delayMs)
    function end(): void {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    signal.addEventListener('abort', end, { once: true })
  })
}

/** A batch as it is recorded. */
export const encodeBatch = ({ number, lineCount, tx }: SignedBatch): Uint8Array =>
  new TextEncoder().encode(JSON.stringify({ number, lineCount, tx: toHex(encodeTx(tx)) }))

/** Undefined if it is none: then the store was written by something else. */
export function decodeBatch(bytes: Uint8Array): SignedBatch | undefined {
  const json = JSON.parse(new TextDecoder().decode(bytes)) as { number: number; lineCount: number; tx: string }
  const tx = decodeTx(fromHex(json.tx) ?? new Uint8Array(0))
  return tx.kind === 'accepted' ? { number: json.number, lineCount: json.lineCount, tx: tx.value } : undefined
}
