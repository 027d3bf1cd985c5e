import { deepEqual, equal, rejects, throws } from 'node:assert/strict'
import { test } from 'node:test'
import { guardGossip } from '../../src/node/gossip-guard.ts'

/** The parts of gossipsub that are guarded, and what reached them. */
function router() {
  const handled: string[] = []
  const invalid: string[] = []
  const errors: string[] = []
  return {
    ...{ handled, invalid, errors },
    handleReceivedRpc: (from: { toString(): string }) => {
      handled.push(from.toString())
      return Promise.resolve()
    },
    handlePeerReadStreamError: (error: Error) => void errors.push(error.name),
    decodeRpc: (bytes: Uint8Array) => {
      if (bytes.length === 0) throw new Error('malformed')
      return { messages: [] }
    },
    score: { rejectInvalidMessage: (from: string) => void invalid.push(from) },
  }
}

function guarded(banned: string[] = []) {
  const pubsub = router()
  const faults: string[] = []
  const drops: string[] = []
  guardGossip(pubsub, {
    isBanned: (peer) => banned.includes(peer),
    onFault: (peer, reason) => void faults.push(`${peer} ${reason}`),
    onDrop: (reason) => void drops.push(reason),
  })
  return { pubsub, faults, drops }
}
const rpc = (count: number, bytes = 10) => ({
  messages: Array(count).fill({ data: new Uint8Array(bytes) }) as { data: Uint8Array }[],
})

test('a peer within its budget is heard; a flood of entries or of bytes is dropped, counted and held against it alone', async () => {
  const { pubsub, faults, drops } = guarded()
  const send = (peer: string, frame: ReturnType<typeof rpc>) =>
    (pubsub.handleReceivedRpc as (from: string, rpc: unknown) => Promise<void>)(peer, frame)
  await send('a', rpc(10))
  await send('b', rpc(5000))
  await send('b', rpc(1))
  for (let count = 0; count < 40; count++) await send('c', rpc(1, 1_000_000))
  await send('a', rpc(10))
  deepEqual(pubsub.handled.filter((peer) => peer === 'a').length, 2)
  deepEqual(pubsub.handled.filter((peer) => peer === 'b').length, 1)
  equal(faults.includes('b gossip-flood'), true)
  equal(faults.includes('c gossip-flood'), true)
  equal(
    faults.some((fault) => fault.startsWith('a')),
    false,
  )
  equal(
    drops.every((reason) => reason === 'gossip-flood'),
    true,
  )
})

test('names of messages in control entries count too', async () => {
  const { pubsub, faults } = guarded()
  const names = Array(5000).fill(new Uint8Array(20)) as Uint8Array[]
  const control = { control: { iwant: Array(10).fill({ messageIDs: names }) as object[] } }
  const send = pubsub.handleReceivedRpc as (from: string, rpc: unknown) => Promise<void>
  await send('a', control)
  await send('a', control)
  deepEqual(faults, ['a gossip-flood'])
})

test('a banned peer is not heard, an unsigned message and a frame too large are faults, a malformed frame is counted', async () => {
  const { pubsub, faults, drops } = guarded(['bad'])
  await (pubsub.handleReceivedRpc as (from: string, rpc: unknown) => Promise<void>)('bad', rpc(1))
  ;(pubsub.score.rejectInvalidMessage as (from: string, topic: string) => void)('x', 'topic')
  const tooLong = Object.assign(new Error(), { name: 'InvalidDataLengthError' })
  const fail = pubsub.handlePeerReadStreamError as (error: Error, peer: string) => void
  fail(tooLong, 'y')
  fail(new Error('reset'), 'z')
  throws(() => pubsub.decodeRpc(new Uint8Array(0)), /malformed/)
  deepEqual(faults, ['x gossip-not-signed', 'y gossip-frame-too-large'])
  deepEqual(drops, ['banned', 'gossip-frame-malformed'])
  deepEqual([pubsub.handled, pubsub.invalid, pubsub.errors], [[], ['x'], ['InvalidDataLengthError', 'Error']])
})

test('a gossipsub without the guarded parts fails at the start', async () => {
  await rejects(
    async () => guardGossip({}, { isBanned: () => false, onFault: () => undefined, onDrop: () => undefined }),
    /gossipsub has no handleReceivedRpc/,
  )
})
