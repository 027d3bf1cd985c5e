import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PeerAccount, SERVE_LIMITS } from '../../src/net/peer-account.ts'

const LIMITS = { ...SERVE_LIMITS, streamCountMax: 2, requestsPerSecond: 2, requestBurst: 3, faultCountMax: 2 }

test('streams beyond the limit are refused until one is released', () => {
  const account = new PeerAccount(LIMITS, 0)
  assert.equal(account.admit(0), 'admitted')
  assert.equal(account.admit(0), 'admitted')
  assert.equal(account.admit(0), 'too-many-streams')
  account.released()
  assert.equal(account.admit(0), 'admitted')
})

test('requests beyond the burst wait for the rate', () => {
  const account = new PeerAccount(LIMITS, 0)
  const ask = (nowMs: number): string => {
    const admission = account.admit(nowMs)
    if (admission === 'admitted') account.released()
    return admission
  }
  assert.deepEqual([ask(0), ask(0), ask(0), ask(0)], ['admitted', 'admitted', 'admitted', 'too-many-requests'])
  assert.equal(ask(500), 'admitted')
  assert.equal(ask(500), 'too-many-requests')
  assert.equal(ask(10_000), 'admitted')
})

test('bytes may overdraw once, and then not before the debt is paid', () => {
  const account = new PeerAccount({ ...LIMITS, bytesPerSecond: 100, byteBurst: 10 }, 0)
  assert.equal(account.spend(1000, 0), true)
  assert.equal(account.spend(1, 9000), false)
  assert.equal(account.spend(1, 9950), true)
})

test('a clock that jumps back gives nothing away', () => {
  const account = new PeerAccount({ ...LIMITS, bytesPerSecond: 100, byteBurst: 10 }, 1000)
  assert.equal(account.spend(10, 1000), true)
  assert.equal(account.spend(1, 0), false)
})

test('one fault too many within the window bans for the set time; faults that are spread out do not', () => {
  const account = new PeerAccount(LIMITS, 0)
  assert.equal(account.fault(0), false)
  assert.equal(account.fault(LIMITS.faultWindowMs + 1), false)
  assert.equal(account.fault(LIMITS.faultWindowMs + 2), false)
  const bannedMs = LIMITS.faultWindowMs + 3
  assert.equal(account.fault(bannedMs), true)
  assert.equal(account.isBanned(bannedMs + LIMITS.banMs - 1), true)
  assert.equal(account.isBanned(bannedMs + LIMITS.banMs), false)
})
