import { equal } from 'node:assert/strict'
import { test } from 'node:test'
import { hasChainBegun, type NewcomerWorld } from '../../src/node/newcomer.ts'

const BLOCK = { block: new Uint8Array(1), cert: new Uint8Array(1) }
type Says = 'none' | 'block' | 'lie' | 'silent'

/** Peers that say these things; what a peer says next is the next of its list, the last one again and again. */
function worldOf(peerCount: number, says: Record<string, readonly Says[]>): NewcomerWorld & { asked: string[] } {
  const asked: string[] = []
  const next = (peer: string): Says => {
    const list = says[peer]!
    return list[Math.min(asked.filter((one) => one === peer).length - 1, list.length - 1)]!
  }
  let saying: Says = 'none'
  return {
    asked,
    peerCount,
    peers: () => Object.keys(says),
    isStopped: () => asked.length > 20,
    askFirst: (peer) => {
      asked.push(peer)
      saying = next(peer)
      if (saying === 'silent') return Promise.reject(new Error('no answer'))
      return Promise.resolve(saying === 'none' ? undefined : BLOCK)
    },
    take: () => saying === 'block',
  }
}

test('a validator without peers begins by itself; with peers it waits until half of them have answered', async () => {
  equal(await hasChainBegun(worldOf(0, {})), false)
  equal(await hasChainBegun(worldOf(3, { a: ['none'], b: ['none'] })), false)
  const alone = worldOf(3, { a: ['none'], b: ['silent'] })
  equal(await hasChainBegun(alone), undefined, 'one of three is not half of them')
  equal(alone.asked.filter((peer) => peer === 'a').length, 1, 'who answered is not asked again')
})

test('one peer with a first block that verifies is enough, also one that answers late', async () => {
  equal(await hasChainBegun(worldOf(3, { a: ['none'], b: ['block'] })), true)
  equal(await hasChainBegun(worldOf(3, { a: ['none'], b: ['silent', 'silent', 'block'] })), true)
})

test('a first block that does not verify is as good as none', async () => {
  equal(await hasChainBegun(worldOf(2, { a: ['lie'], b: ['none'] })), false)
})
