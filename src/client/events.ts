/** What a light client tells: event names, their shapes, and who listens. */
import type { Operands } from '../base/verdict.ts'
import type { LightPhase, PeerState, Progress, VerifiedHead } from '../light/contract.ts'
import type { Trust } from '../light/trust-meter.ts'
import type { Connectivity } from './liveness.ts'
import type { ClientError } from './errors.ts'

export interface Head extends VerifiedHead {
  /** Device clock when it was verified and saved; not stored. */
  readonly verifiedAtMs: number
  /** The peer that brought it; undefined for a stored head and for genesis. */
  readonly peer: string | undefined
}

/** A head as an iterator gives it. */
export interface HeadInTurn extends Head {
  /** Heads that passed between the one before and this one while the reader was busy; they are verified all the same. */
  readonly skippedCount: number
}

export interface PeerInfo {
  /** PeerId in text form. */
  readonly name: string
  /** The multiaddr it was reached at. */
  readonly address: string
  readonly state: PeerState
  /** Height of the last head that it brought. */
  readonly height: bigint | undefined
  /** Why it was dropped or moved down. */
  readonly code: string | undefined
}

/** Something to know about that stops nothing. */
export interface Warning {
  readonly code: string
  /** One sentence for a person. */
  readonly sentence: string
  readonly operands: Operands
}

export interface ClientEvents {
  /** A new verified head; it is saved. */
  readonly head: Head
  readonly phase: LightPhase
  /** With each step: the verified height, the highest that a peer claims, how far it has come (`hopsTotal` 0: it follows). */
  readonly progress: Progress
  readonly peer: PeerInfo
  readonly warning: Warning
  /** The trust meter says something else than before (its ages alone do not count). */
  readonly trust: Trust
  /** The device slept, its network changed, or a peer vanished without a word; recovery has begun. */
  readonly connectivity: Connectivity
  /** The client has stopped (conflict, broken chain, wrong checkpoint …), or what it verified could not be saved. */
  readonly error: ClientError
  readonly closed: undefined
}

export class Listeners {
  readonly #byName = new Map<string, Set<(event: never) => void>>()

  on<Name extends keyof ClientEvents>(name: Name, listener: (event: ClientEvents[Name]) => void): () => void {
    const listeners = this.#byName.get(name) ?? new Set()
    this.#byName.set(name, listeners)
    listeners.add(listener)
    return () => listeners.delete(listener)
  }

  emit<Name extends keyof ClientEvents>(name: Name, event: ClientEvents[Name]): void {
    for (const listener of [...(this.#byName.get(name) ?? [])])
      guarded(() => (listener as (event: ClientEvents[Name]) => void)(event))
  }
}

/** Calls what the application gave. If it throws that is its bug: it must surface, and must stop nothing but itself. */
export function guarded(call: () => void): void {
  try {
    call()
  } catch (error) {
    surface(error)
  }
}

/** As an uncaught error: browsers have reportError for that, Node throws it from a fresh stack. */
function surface(error: unknown): void {
  const { reportError } = globalThis as { reportError?: (error: unknown) => void }
  if (reportError !== undefined) return reportError(error)
  queueMicrotask(() => {
    throw error
  })
}
