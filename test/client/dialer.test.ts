import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { Prng } from '../../src/base/prng.ts'
import { Dialer } from '../../src/client/dialer.ts'
import { AddressBook } from '../../src/light/address-book.ts'
import { TransportError, type Network } from '../../src/ports/network.ts'
import { modelEngine } from '../light/fixture-view.ts'

const ADDRESS = '/ip4/203.0.113.1/tcp/1/p2p/a'

function setUp() {
  const { kernels } = modelEngine
  const book = new AddressBook(kernels, new Prng('dialer'), new Uint8Array(32).fill(1), [ADDRESS])
  const dials: { resolve(peer: string): void; reject(error: unknown): void }[] = []
  const connect = () => new Promise<string>((resolve, reject) => dials.push({ resolve, reject }))
  const told: string[] = []
  const events = {
    onConnected: (peer: string) => told.push(`connected ${peer}`),
    onFailure: (_: string, { code }: TransportError) => told.push(code),
  }
  const abort = new AbortController()
  const dialer = new Dialer({ connect } as unknown as Network, book, events, abort.signal)
  return { dialer, dials, told, abort }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

test('a peer that is told as gone before its dial has ended is not believed to be connected, and is dialled again', async () => {
  const { dialer, dials, told, abort } = setUp()
  dialer.pump()
  dialer.onDisconnected('a')
  dials[0]!.resolve('a')
  await turn()
  deepEqual(told, ['closed'])
  deepEqual(dialer.connected, [])
  dialer.hurry()
  dialer.pump()
  equal(dials.length, 2)
  dials[1]!.resolve('a')
  await turn()
  deepEqual([told.at(-1), dialer.connected], ['connected a', ['a']])
  dialer.onDisconnected('a')
  deepEqual(dialer.connected, [])
  abort.abort()
})

test('another peer’s end does not touch a dial', async () => {
  const { dialer, dials, told, abort } = setUp()
  dialer.pump()
  dialer.onDisconnected('b')
  dials[0]!.resolve('a')
  await turn()
  deepEqual(told, ['connected a'])
  abort.abort()
})

test('a refused peer is not dialled again, however much the device hurries', async () => {
  const { dialer, dials, abort } = setUp()
  dialer.pump()
  dials[0]!.resolve('a')
  await turn()
  dialer.onRefused('a')
  dialer.onDisconnected('a')
  dialer.hurry()
  dialer.pump()
  equal(dials.length, 1)
  abort.abort()
})
