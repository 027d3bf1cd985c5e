/**
 * The promises around the agreement machine: what it asks for is done in order, and it hears of it.
 *
 * Votes are on disk before they leave ([BFT-1]): a `persist` effect is written with LevelDB's sync flag, then reported, and
 * only then does the machine hand out what depends on it. Writes keep their order by one queue. The machine itself never
 * waits: while a write is under way it takes further events.
 */
import { encodeBlock, type Block } from '../chain/block.ts'
import { encodeCert, type FinalityCert } from '../chain/certificate.ts'
import type { Agreement } from '../consensus/agreement.ts'
import type { AgreementEffect, AgreementEvent, MisbehaviourCode, SavedState, SignedVote } from '../consensus/events.ts'
import type { Log } from '../ports/index.ts'

export interface DriverWorld {
  readonly agreement: Agreement
  readonly log: Log
  nowMs(): number
  broadcast(bytes: Uint8Array): void
  /** False when it is not known where to. */
  sendToKey(blsPk: Uint8Array, bytes: Uint8Array): boolean
  sendToPeer(peer: string, bytes: Uint8Array): void
  saveSafety(effect: Extract<AgreementEffect, { type: 'persist' }>): Promise<void>
  saveFinal(final: FinalBytes): Promise<void>
  /** The block is final and on disk. */
  onFinal(final: FinalBytes): void
  onPeerAhead(peer: string, height: bigint): void
  onMisbehaviour(peer: string, code: MisbehaviourCode): void
  onEquivocation(first: SignedVote, second: SignedVote): void
  /** The store failed: nothing may be signed from here on. The driver has stopped. */
  onFailure(error: unknown): void
}

export interface FinalBytes {
  readonly block: Block
  readonly hash: Uint8Array
  readonly cert: FinalityCert
  readonly blockBytes: Uint8Array
  readonly certBytes: Uint8Array
}

export class AgreementDriver {
  readonly #world: DriverWorld
  #writes: Promise<void> = Promise.resolve()
  #timer: ReturnType<typeof setTimeout> | undefined
  #isStopped = false

  constructor(world: DriverWorld) {
    this.#world = world
  }

  start(saved: SavedState | undefined): void {
    this.#step({ type: 'started', nowMs: this.#world.nowMs(), ...(saved === undefined ? {} : { saved }) })
  }

  receive(from: string, bytes: Uint8Array): void {
    this.#step({ type: 'message-received', nowMs: this.#world.nowMs(), from, bytes })
  }

  /** A final block for the next height, from a peer. */
  receiveFinal(from: string, block: Uint8Array, cert: Uint8Array): void {
    this.#step({ type: 'final-received', nowMs: this.#world.nowMs(), from, block, cert })
  }

  /** Resolves when everything under way is on disk. */
  async stop(): Promise<void> {
    this.#isStopped = true
    clearTimeout(this.#timer)
    await this.#writes
  }

  #step(event: AgreementEvent): void {
    if (this.#isStopped) return
    for (const effect of this.#world.agreement.step(event)) this.#carryOut(effect)
  }

  #carryOut(effect: AgreementEffect): void {
    const world = this.#world
    switch (effect.type) {
      case 'persist':
        return this.#write(async () => {
          await world.saveSafety(effect)
          this.#step({ type: 'persisted', nowMs: world.nowMs(), id: effect.id })
        })
      case 'final':
        return this.#final(effect)
      case 'broadcast':
        return world.broadcast(effect.bytes)
      case 'send-to-key':
        if (!world.sendToKey(effect.blsPk, effect.bytes)) world.broadcast(effect.bytes)
        return
      case 'send-to-peer':
        return world.sendToPeer(effect.peer, effect.bytes)
      case 'wake':
        clearTimeout(this.#timer)
        this.#timer = setTimeout(() => this.#tick(), Math.max(0, effect.atMs - world.nowMs()))
        return
      case 'peer-ahead':
        return world.onPeerAhead(effect.peer, effect.height)
      case 'peer-behind':
        // It hears from us that it is behind, and asks.
        return
      case 'misbehaviour':
        world.log.log('warn', `peer ${effect.peer}: ${effect.code}`, effect.operands)
        return world.onMisbehaviour(effect.peer, effect.code)
      case 'equivocation':
        return world.onEquivocation(effect.first, effect.second)
    }
  }

  #tick(): void {
    this.#step({ type: 'ticked', nowMs: this.#world.nowMs() })
  }

  #final({ block, hash, cert }: Extract<AgreementEffect, { type: 'final' }>): void {
    const final = { block, hash, cert, blockBytes: encodeBlock(block), certBytes: encodeCert(cert) }
    this.#write(async () => {
      await this.#world.saveFinal(final)
      this.#world.onFinal(final)
    })
  }

  /** After a failed write nothing is written or stepped any more: a vote that might be forgotten must not be cast. */
  #write(job: () => Promise<void>): void {
    this.#writes = this.#writes.then(async () => {
      if (this.#hasFailed) return
      try {
        await job()
      } catch (error) {
        this.#hasFailed = true
        this.#isStopped = true
        clearTimeout(this.#timer)
        this.#world.onFailure(error)
      }
    })
  }

  #hasFailed = false
}
