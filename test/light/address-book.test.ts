import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { Prng } from '../../src/base/prng.ts'
import { twin } from '../../src/kernels/twin/index.ts'
import { AddressBook, BUCKET_SIZE } from '../../src/light/address-book.ts'
import { networkGroup } from '../../src/light/network-group.ts'

const seed = String(Date.now())
console.log(`address book seed ${seed}`)
const key = new Prng(seed).bytes(32)
const bookOf = (given: readonly string[] = [], name = seed) => new AddressBook(twin, new Prng(name), key, given)
const addressOf = (group: number, index: number) =>
  `/ip4/${1 + (group >> 8)}.${group & 255}.${(index >> 8) & 255}.${index & 255}/tcp/4001/p2p/peer${group}x${index}`
const pickMany = (book: AddressBook, count: number) => Array.from({ length: count }, () => book.pick(() => true))

test('one source that tells thousands of addresses fills no more than its few buckets', () => {
  const book = bookOf()
  for (let index = 0; index < 5000; index++) book.add(addressOf(index % 2000, index), '/ip4/6.6.6.6/tcp/1/p2p/liar')
  ok(book.size <= 4 * BUCKET_SIZE, `${book.size}`)
})

test('a flood from one network leaves the addresses that others told and that worked in place', () => {
  const book = bookOf()
  const honest = Array.from({ length: 6 }, (_, index) => addressOf(100 + index, 1))
  for (const [index, address] of honest.entries()) {
    ok(book.add(address, addressOf(200 + index, 1)))
    book.connected(address)
  }
  for (let index = 0; index < 5000; index++) {
    const address = addressOf(300, index)
    book.add(address, addressOf(300, 0))
    book.connected(address)
  }
  deepEqual(
    honest.filter((address) => !book.tried.includes(address)),
    [],
  )
  const picked = pickMany(book, 400)
  const share = picked.filter((address) => networkGroup(address!) === networkGroup(addressOf(300, 0))).length / 400
  ok(share < 0.7, `one network with nearly all entries gets ${share} of the draws`)
})

test('an address of a network that is not connected yet comes first', () => {
  const book = bookOf([addressOf(1, 1), addressOf(1, 2), addressOf(2, 1)])
  const groups = new Set([networkGroup(addressOf(1, 1))])
  for (let count = 0; count < 50; count++)
    equal(
      book.pick(() => true, groups),
      addressOf(2, 1),
    )
  equal(book.pick((address) => address !== addressOf(2, 1), groups)?.includes('peer1x'), true)
})

test('given addresses are never crowded out: half of all draws are theirs', () => {
  const book = bookOf([addressOf(1, 1)])
  for (let index = 0; index < 5000; index++) book.add(addressOf(index % 3000, index), addressOf(index % 500, 7))
  const share = pickMany(book, 600).filter((address) => address === addressOf(1, 1)).length / 600
  ok(share > 0.4, `${share}`)
})

test('what is saved is what is restored; anything else is an empty book with the given addresses', () => {
  const book = bookOf([addressOf(9, 9)])
  for (let index = 0; index < 40; index++) book.add(addressOf(index, 1), addressOf(index + 50, 1))
  for (let index = 0; index < 10; index++) book.connected(addressOf(index, 1))
  const saved = book.encode()
  const other = new Prng(`${seed}/other`).bytes(32)
  const again = AddressBook.restore(twin, new Prng('a'), saved, other, [addressOf(9, 9)])
  deepEqual(again.tried.toSorted(), book.tried.toSorted())
  equal(again.size, book.size)
  deepEqual(again.encode().subarray(0, 32), key, 'the buckets stay where they were')
  for (const bytes of [undefined, saved.subarray(0, 40), Uint8Array.of(...saved, 1)])
    equal(AddressBook.restore(twin, new Prng('b'), bytes, other, [addressOf(9, 9)]).size, 1)
})

test('addresses that worked outlive every restart, however full the new buckets are', () => {
  let book = bookOf()
  for (let index = 0; index < 12; index++) {
    book.add(addressOf(index, 1), addressOf(index + 50, 1))
    book.connected(addressOf(index, 1))
  }
  const worked = book.tried.toSorted()
  for (let start = 0; start < 4; start++) {
    for (let index = 0; index < 1000; index++) book.add(addressOf(index, start + 2), addressOf(index % 200, 1))
    book = AddressBook.restore(twin, new Prng(`${seed}/start ${start}`), book.encode(), key, [])
    deepEqual(book.tried.toSorted(), worked, `start ${start}`)
  }
})

test('what is no address with a PeerId is not taken, and one that fails again and again is forgotten', () => {
  const book = bookOf()
  for (const bad of [
    '',
    'x',
    '/ip4/1.2.3.4/tcp/1',
    '/ip4/1.2.3.4/tcp/1/p2p/',
    `/dns4/${'a'.repeat(600)}/tcp/1/p2p/x`,
    '/ip4/1.2.3.4 /p2p/x',
  ])
    equal(book.add(bad, ''), false, bad)
  book.add(addressOf(1, 1), '')
  for (let count = 0; count < 5; count++) book.failed(addressOf(1, 1))
  equal(book.size, 0)
})
