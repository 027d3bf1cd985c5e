/** What two proven sets of an owner's outputs say about burnt stake, against every lawful way for stake to go. */
import { deepEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { Prng } from '../../src/base/prng.ts'
import { encodeUnbondingData } from '../../src/chain/output-data.ts'
import { KIND, type OutputKind, type Utxo } from '../../src/chain/output.ts'
import { credentialOf } from '../../src/crypto/keys.ts'
import { burntBetween } from '../../src/devices/burnt-stake.ts'
import { twin } from '../../src/kernels/twin/index.ts'

const prng = new Prng('burnt')
const utxo = (kind: OutputKind, data: Uint8Array = new Uint8Array(0)): Utxo => ({
  outpoint: { txid: prng.bytes(32), index: prng.below(3) },
  createdHeight: 5n,
  output: { kind, amount: 1_000n, owner: new Uint8Array(16), data },
})
const stake = (): Utxo => utxo(KIND.stake, prng.bytes(144))
const unbondingOf = (of: Utxo, releaseEpoch: number): Utxo =>
  utxo(
    KIND.unbonding,
    encodeUnbondingData({ releaseEpoch, credential: credentialOf(twin, of.outpoint), blsPk: prng.bytes(48) }),
  )
const burnt = (earlier: readonly Utxo[], from: number, later: readonly Utxo[], to: number) =>
  burntBetween(twin, { epoch: from, utxos: earlier }, { epoch: to, utxos: later })

test('stake that is gone with no unbonding output in its place was burnt', () => {
  const [kept, gone] = [stake(), stake()]
  deepEqual(burnt([kept, gone], 7, [kept], 7), [gone])
  deepEqual(burnt([kept, gone], 7, [kept], 9), [gone])
  deepEqual(burnt([gone], 7, [unbondingOf(kept, 12)], 8), [gone], 'another one’s unbonding does not excuse it')
})

test('stake that is given up lawfully was not, however far the two sets are apart', () => {
  const given = stake()
  const unbonding = unbondingOf(given, 10)
  deepEqual(burnt([given], 7, [given], 8), [])
  deepEqual(burnt([given], 7, [unbonding], 7), [])
  // Given up at once, released after the three epochs of a chain with a trust period of nothing, and spent.
  deepEqual(burnt([given], 7, [], 10), [])
  deepEqual(burnt([unbonding], 8, [], 10), [])
  deepEqual(burnt([unbonding], 8, [unbonding], 9), [])
})

test('an unbonding output that is gone before its release epoch was burnt', () => {
  const unbonding = unbondingOf(stake(), 12)
  deepEqual(burnt([unbonding], 8, [], 11), [unbonding])
  deepEqual(burnt([unbonding], 8, [], 12), [])
})

test('money, escrow and devices come and go', () => {
  const others = [utxo(KIND.transfer), utxo(KIND.escrow, prng.bytes(56)), utxo(KIND.device, prng.bytes(97))]
  deepEqual(burnt(others, 7, [], 7), [])
})
