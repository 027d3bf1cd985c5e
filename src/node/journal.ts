/**
 * What a validator said in the agreement, one JSON line each, written before it leaves, so that a journal misses nothing
 * that reached the wire, kill -9 included. For audits; the node itself never reads it.
 *
 *   {"say":"vote","type":1,"height":5,"round":0,"hash":hex,"seats":[…],"signatures":[hex …]}
 *   {"say":"sum","type":2,"height":5,"round":0,"hash":hex,"bitmap":hex}
 *   {"say":"proposal","height":5,"round":0,"hash":hex,"signature":hex}
 */
import { closeSync, openSync, writeSync } from 'node:fs'
import { toHex } from '../base/bytes.ts'
import { decodeBlock } from '../chain/block.ts'
import { blockHash } from '../chain/header.ts'
import type { ChainParams } from '../chain/params.ts'
import { decodeMessage, type Message } from '../consensus/messages.ts'
import type { Kernels } from '../kernels/contract.ts'

export class Journal {
  readonly #kernels: Kernels
  readonly #params: ChainParams
  #file: number | undefined

  /** Appends to `path`. */
  constructor(path: string, kernels: Kernels, params: ChainParams) {
    this.#kernels = kernels
    this.#params = params
    this.#file = openSync(path, 'a', 0o600)
  }

  /** `bytes`: an agreement message that is about to leave. Throws when the disk does not take it: then it must not leave. */
  record(bytes: Uint8Array): void {
    const message = decodeMessage(bytes, this.#params)
    const line = message.kind === 'accepted' ? this.#line(message.value) : undefined
    if (line !== undefined && this.#file !== undefined) writeSync(this.#file, `${JSON.stringify(line)}\n`)
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file)
    this.#file = undefined
  }

  #line(message: Message): Readonly<Record<string, unknown>> | undefined {
    if (message.kind === 'votes') {
      const { type, height, round, hash, entries } = message
      const seats = entries.map(({ seat }) => seat)
      const signatures = entries.map(({ signature }) => toHex(signature))
      return { say: 'vote', type, height: Number(height), round, hash: toHex(hash), seats, signatures }
    }
    if (message.kind === 'aggregate') {
      const { type, height, round, hash, bitmap } = message.aggregate
      return { say: 'sum', type, height: Number(height), round, hash: toHex(hash), bitmap: toHex(bitmap) }
    }
    if (message.kind !== 'proposal') return undefined
    const { height, round, signature } = message
    const block = decodeBlock(message.block)
    const hash = block.kind === 'accepted' ? toHex(blockHash(this.#kernels, block.value.header)) : ''
    return { say: 'proposal', height: Number(height), round, hash, signature: toHex(signature) }
  }
}
