/** Fetching the final blocks that a node lacks, from whoever has them. The agreement verifies each of them. */
import type { ChainParams } from '../chain/params.ts'
import type { Libp2pNetwork } from '../net/network.ts'
import {
  BLOCK_COUNT_MAX,
  BLOCKS_PROTOCOL,
  blocksBytesMax,
  decodeBlocksResponse,
  encodeBlocksRequest,
  type FinalBlock,
} from './block-sync.ts'

export interface CatchUpWorld {
  readonly network: Libp2pNetwork
  readonly params: ChainParams
  height(): bigint
  /** Connected nodes. */
  peers(): readonly string[]
  /** Takes an encoded block and certificate; `height` tells whether it was good. */
  take(peer: string, block: Uint8Array, cert: Uint8Array): void
}

const TIMEOUT_MS = 15_000

export class CatchUp {
  readonly #world: CatchUpWorld
  #isRunning = false
  #isStopped = false

  constructor(world: CatchUpWorld) {
    this.#world = world
  }

  /** `peer` says that it works at `height`. If that is above the next one, blocks are fetched; one fetch runs at a time. */
  behind(peer: string, height: bigint): void {
    if (this.#isRunning || this.#isStopped || height <= this.#world.height() + 1n) return
    this.#isRunning = true
    void this.#fetchAll(peer).finally(() => (this.#isRunning = false))
  }

  /** The block above the head as `peer` has it, not verified; undefined when it has none. Rejects when it does not answer. */
  async askNext(peer: string): Promise<FinalBlock | undefined> {
    return (await this.#ask(peer, this.#world.height() + 1n, 1))[0]
  }

  /** The final block at `height` from each connected node that gives one. The caller verifies it. */
  async *fetchOne(height: bigint): AsyncIterable<FinalBlock> {
    for (const peer of this.#world.peers()) {
      if (this.#isStopped) return
      const blocks = await this.#ask(peer, height, 1).catch(() => [])
      if (blocks[0] !== undefined) yield blocks[0]
    }
  }

  stop(): void {
    this.#isStopped = true
  }

  async #fetchAll(author: string): Promise<void> {
    const connected = this.#world.peers()
    const order = [...connected.filter((peer) => peer === author), ...connected.filter((peer) => peer !== author)]
    for (const peer of order) {
      const before = this.#world.height()
      await this.#fetchFrom(peer).catch(() => undefined)
      if (this.#world.height() > before || this.#isStopped) return
    }
  }

  async #fetchFrom(peer: string): Promise<void> {
    while (!this.#isStopped) {
      const from = this.#world.height() + 1n
      const blocks = await this.#ask(peer, from, BLOCK_COUNT_MAX)
      if (blocks.length === 0) return
      for (const { block, cert } of blocks) {
        const before = this.#world.height()
        this.#world.take(peer, block, cert)
        if (this.#world.height() === before) return
        // Each block costs a pairing check: let the network breathe in between.
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
  }

  /** Empty when the peer has none, or sends what is no answer. */
  async #ask(peer: string, from: bigint, count: number): Promise<readonly FinalBlock[]> {
    const { network, params } = this.#world
    const response = await network.ask(peer, BLOCKS_PROTOCOL, encodeBlocksRequest({ from, count }), {
      timeoutMs: TIMEOUT_MS,
      responseBytesMax: blocksBytesMax(params),
    })
    const blocks = decodeBlocksResponse(response)
    return blocks.kind === 'rejected' ? [] : blocks.value
  }
}
