/**
 * Of the tabs of one site, one runs the client; the others hear from it, and one of them takes over when it is closed.
 *
 * A Web Lock elects; a BroadcastChannel carries what the leader tells. Both end at the site's origin, so a message is as
 * trustworthy as the site's own script and no more: a tab that waits shows what another tab has verified, and verifies again
 * itself, from the store, when its turn comes. Where the engine has no Web Locks every tab leads, as if it were alone: each
 * verifies what is stored before it uses it, and a head goes to the store only over an older one (light/shared-save.ts), so
 * two writers can neither corrupt it nor lose what is newest.
 */

/** The part of LockManager that is used. */
export interface Locks {
  request(name: string, options: { readonly signal?: AbortSignal }, whileHeld: () => Promise<void>): Promise<unknown>
}

export interface OneTabOptions<Message> {
  /** The same for all tabs that share: the name of the store. */
  readonly name: string
  /** Runs in the tab that is elected, until `signal` aborts; what it passes to `tell` reaches the others. */
  lead(tell: (message: Message) => void, signal: AbortSignal): Promise<void>
  /** Runs in the tabs that wait. Messages are copied by structured clone. */
  hear(message: Message): void
  /** Ends leading or waiting. */
  readonly signal: AbortSignal
  /** navigator.locks unless given. */
  readonly locks?: Locks
}

/** Resolves when `lead` has ended, or the signal has aborted while waiting. Rejects with what `lead` rejects with. */
export async function inOneTab<Message>(options: OneTabOptions<Message>): Promise<void> {
  const { name, lead, hear, signal } = options
  if (signal.aborted) return
  const title = `stakecube/${name}`
  const locks = options.locks ?? (globalThis as { navigator?: { locks?: Locks } }).navigator?.locks
  const channel = new BroadcastChannel(title)
  let isLeading = false
  channel.onmessage = ({ data }: { data: unknown }) => (isLeading ? undefined : hear(data as Message))
  const run = async (): Promise<void> => {
    isLeading = true
    await lead((message) => channel.postMessage(message), signal)
  }
  try {
    await (locks === undefined ? run() : locks.request(title, { signal }, run))
  } catch (error) {
    // A wait that was ended by its owner is no failure.
    if (isLeading || !signal.aborted) throw error
  } finally {
    channel.close()
  }
}
