import { doesNotThrow, throws } from 'node:assert/strict'
import { test } from 'node:test'
import { checkOwnStore, TrustError } from '../../src/node/trust.ts'

const header = { height: 7n, timeMs: 1_000_000n }
const params = { trustPeriodMs: 60_000 }

test('[LC-1] a store is gone on from up to the trust period exactly, and when the clock is behind it', () => {
  doesNotThrow(() => checkOwnStore(header, params, 1_060_000))
  doesNotThrow(() => checkOwnStore(header, params, 0))
})

test('[LC-1] an older store is refused with both times and what to do', () => {
  throws(
    () => checkOwnStore(header, params, 1_060_001),
    (error: unknown) =>
      error instanceof TrustError &&
      /height 7.*1970-01-01T00:16:40.000Z.*1970-01-01T00:17:40.001Z.*60 s.*--trust-own-store/.test(error.message),
  )
})
