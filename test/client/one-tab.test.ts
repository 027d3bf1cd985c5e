import { deepEqual, equal, rejects } from 'node:assert/strict'
import { test } from 'node:test'
import { inOneTab, type Locks } from '../../src/client/one-tab.ts'

/** As the Web Locks of one origin: first come, first served; a wait ends with its signal. */
function webLocks(): Locks {
  const tails = new Map<string, Promise<unknown>>()
  return {
    async request(name, { signal }, whileHeld) {
      const before = tails.get(name) ?? Promise.resolve()
      const aborted = new Promise<never>((_, reject) =>
        signal?.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError'))),
      )
      const turn = Promise.race([before, aborted]).then(whileHeld)
      tails.set(
        name,
        before.then(() => turn.catch(() => undefined)),
      )
      return turn
    },
  }
}

class Tab {
  readonly heard: string[] = []
  readonly abort = new AbortController()
  readonly done: Promise<void>
  tell: ((message: string) => void) | undefined
  readonly leads: Promise<void>

  constructor(name: string, locks: Locks) {
    let elected: () => void
    this.leads = new Promise((resolve) => (elected = resolve))
    this.done = inOneTab<string>({
      name,
      locks,
      signal: this.abort.signal,
      hear: (message) => void this.heard.push(message),
      lead: async (tell, signal) => {
        this.tell = tell
        elected()
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
      },
    })
  }
}

test('one tab leads and the others hear it; when it closes another takes over', async () => {
  const locks = webLocks()
  const [first, second, third] = [new Tab('a', locks), new Tab('a', locks), new Tab('a', locks)]
  await first.leads
  equal(second.tell, undefined)
  first.tell!('head 1')
  while (second.heard.length === 0 || third.heard.length === 0) await new Promise((resolve) => setImmediate(resolve))
  deepEqual([first.heard, second.heard, third.heard], [[], ['head 1'], ['head 1']])
  first.abort.abort()
  await first.done
  await second.leads
  second.tell!('head 2')
  while (third.heard.length < 2) await new Promise((resolve) => setImmediate(resolve))
  deepEqual(second.heard, ['head 1'], 'a leader does not listen')
  third.abort.abort()
  await third.done
  equal(third.tell, undefined, 'a wait that is ended leads nothing')
  second.abort.abort()
  await second.done
})

test('sites and stores do not mix, and what leading fails with comes out', async () => {
  const locks = webLocks()
  const [a, b] = [new Tab('a', locks), new Tab('b', locks)]
  await Promise.all([a.leads, b.leads])
  for (const tab of [a, b]) tab.abort.abort()
  await Promise.all([a.done, b.done])
  const failing = { name: 'a', locks, hear: () => undefined, signal: new AbortController().signal }
  await rejects(inOneTab({ ...failing, lead: () => Promise.reject(new Error('no network')) }), /no network/)
})

test('without Web Locks every tab leads', async () => {
  const abort = new AbortController()
  let count = 0
  const options = { name: 'c', hear: () => undefined, signal: abort.signal, lead: async () => void count++ }
  await Promise.all([inOneTab(options), inOneTab(options)])
  equal(count, 2)
})
