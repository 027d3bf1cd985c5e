import { deepEqual, equal, ok, throws } from 'node:assert/strict'
import { test } from 'node:test'
import { Prng } from '../../src/base/prng.ts'
import type { Utxo } from '../../src/chain/output.ts'
import { DEVNET_PARAMS } from '../../src/chain/params.ts'
import { encodeTx, txid } from '../../src/chain/transaction.ts'
import { accountOf, buildPayment, newAccount, parseOwner } from '../../src/client/wallet.ts'
import { ed25519Verify } from '../../src/crypto/ed25519.ts'
import { twin } from '../../src/kernels/twin/index.ts'

const seed = Date.now()
console.log(`wallet seed ${seed}`)
const chain = { chainId: new Uint8Array(32).fill(7), params: DEVNET_PARAMS }
const to = new Uint8Array(16).fill(9)

function makeUtxos(prng: Prng, owner: Uint8Array, amounts: readonly bigint[]): Utxo[] {
  return amounts.map((amount) => ({
    outpoint: { txid: prng.bytes(32), index: prng.below(4) },
    createdHeight: 1n,
    output: { kind: 0 as const, amount, owner, data: new Uint8Array(0) },
  }))
}

test('any payment that the funds allow balances, pays at least the least fee, and is signed by the account', () => {
  const prng = new Prng(seed)
  for (let round = 0; round < 60; round++) {
    const account = accountOf(twin, prng.bytes(32))
    const amounts = Array.from({ length: 1 + prng.below(12) }, () => 1000n + BigInt(prng.below(5_000_000)))
    const utxos = makeUtxos(prng, account.owner, amounts)
    const total = amounts.reduce((sum, amount) => sum + amount, 0n)
    const amount = 1000n + (total * BigInt(prng.below(100))) / 120n
    try {
      const { tx, fee, change, inputs } = buildPayment(twin, chain, { account, utxos, to, amount, expiry: 50n })
      const spent = inputs.reduce((sum, { output }) => sum + output.amount, 0n)
      const paid = tx.body.outputs.reduce((sum, output) => sum + output.amount, 0n)
      equal(spent, paid + fee)
      ok(fee >= DEVNET_PARAMS.minFeePerByte * BigInt(encodeTx(tx).length), `fee ${fee}`)
      ok(change === 0n || change >= DEVNET_PARAMS.minOutput)
      equal(new Set(tx.body.inputs.map(({ txid: id, index }) => `${id.join()}:${index}`)).size, inputs.length)
      const id = txid(twin, tx.body)
      for (const { pk, signature } of tx.witnesses) ok(ed25519Verify(pk, id, signature))
    } catch (error) {
      equal((error as { code: string }).code, 'funds-missing')
      ok(total - amount < 4000n, `refused ${amount} of ${total}`)
    }
  }
})

test('too much, too little and too many pieces each get their own code, with both values', () => {
  const prng = new Prng(seed)
  const account = accountOf(twin, prng.bytes(32))
  const pay = (amount: bigint, amounts: readonly bigint[]) => () =>
    buildPayment(twin, chain, { account, utxos: makeUtxos(prng, account.owner, amounts), to, amount, expiry: 5n })
  throws(pay(10_000n, [5000n]), { code: 'funds-missing', message: /5000/ })
  throws(pay(10_000n, []), { code: 'funds-missing', message: / 0 / })
  throws(pay(999n, [100_000n]), { code: 'amount-too-small', message: /999 .* 1000/ })
  const pieces = Array.from({ length: 80 }, () => 2000n)
  throws(pay(150_000n, pieces), { code: 'outputs-too-many', message: /80 .* 64/ })
})

test('an owner is 32 hex digits and nothing else', () => {
  const { owner } = newAccount(twin)
  deepEqual(parseOwner(Buffer.from(owner).toString('hex')), owner)
  for (const text of ['', '00', 'zz'.repeat(16), '00'.repeat(17)]) equal(parseOwner(text), undefined)
})
