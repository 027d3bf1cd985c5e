import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { epochOf } from '../../src/chain/params.ts'
import { RECENT_COUNT_MAX, RecentBlocks } from '../../src/light/recent-blocks.ts'
import type { Trusted } from '../../src/verify/trust.ts'
import { fixtureOf } from './fixture-view.ts'

const chain = fixtureOf({ epochs: 3 })
const { params } = chain.spec
const tip = chain.blocks.length

const trustedAt = (height: number): Trusted => {
  const cert = height === 0 ? undefined : chain.blocks[height - 1]!.cert
  const { header, hash } = chain.ledger(height)
  return { header, hash, committee: undefined, ...(cert === undefined ? {} : { cert }) }
}

test('a block comes back as it was accepted, genesis without a certificate too, and no other does', () => {
  const recent = new RecentBlocks(params)
  for (let height = 0; height <= tip; height += 2) recent.add(trustedAt(height))
  for (let height = 0; height <= tip; height++)
    deepEqual(recent.at(BigInt(height)), height % 2 === 0 ? trustedAt(height) : undefined)
})

test('the newest block of an epoch is found, in whatever order they came', () => {
  const recent = new RecentBlocks(params)
  for (let height = tip; height >= 0; height--) recent.add(trustedAt(height))
  const last = Math.floor(tip / params.epochLength) - 1
  equal(recent.lastOf(last)?.header.height, BigInt((last + 1) * params.epochLength - 1))
  equal(epochOf(recent.lastOf(last)!.header.height, params), last)
  equal(recent.lastOf(99), undefined)
})

test('the oldest goes when there are too many', () => {
  const recent = new RecentBlocks(params)
  const { header, ...rest } = trustedAt(1)
  for (let height = 1n; height <= BigInt(RECENT_COUNT_MAX) + 5n; height++)
    recent.add({ ...rest, header: { ...header, height } })
  equal(recent.at(5n), undefined)
  equal(recent.at(6n)?.header.height, 6n)
  equal(recent.at(BigInt(RECENT_COUNT_MAX) + 5n)?.header.height, BigInt(RECENT_COUNT_MAX) + 5n)
})
