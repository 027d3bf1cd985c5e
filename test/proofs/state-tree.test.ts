import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concatBytes, equalBytes, hex, toHex } from '../../src/base/bytes.ts'
import { Prng } from '../../src/base/prng.ts'
import type { Utxo } from '../../src/chain/output.ts'
import { createTwin } from '../../src/kernels/twin/index.ts'
import {
  buildStateProof,
  decodeStateProof,
  encodeStateProof,
  hasPrefix,
  verifyStateProof,
} from '../../src/proofs/state-proof.ts'
import { StateTree, type StateLeaf } from '../../src/proofs/state-tree.ts'

const kernels = createTwin()
const SEED = process.env['SEED'] ?? 'state-tree-1'

/** Few owners, some of them neighbours in one bit, so that shared prefixes of every length occur. */
function owners(prng: Prng): Uint8Array[] {
  const base = prng.bytes(16)
  const near = [0, 3, 64, 126, 127].map((bit) => {
    const owner = base.slice()
    owner[bit >> 3]! ^= 0x80 >> (bit & 7)
    return owner
  })
  return [base, ...near, prng.bytes(16), prng.bytes(16)]
}

const randomUtxo = (prng: Prng, owner: Uint8Array): Utxo => ({
  outpoint: { txid: prng.bytes(32), index: prng.below(4) },
  createdHeight: BigInt(prng.below(1000)),
  output: { kind: 0, amount: BigInt(prng.below(1_000_000)), owner, data: new Uint8Array(0) },
})

const rootOf = (leaves: Iterable<StateLeaf>) =>
  kernels.stateRoot(concatBytes(...[...leaves].map(({ key, value }) => concatBytes(key, value))), 0)

test(`random updates keep the root equal to the one over the sorted entries, and old trees unchanged (seed ${SEED})`, () => {
  const prng = new Prng(SEED)
  const all = owners(prng)
  let tree = StateTree.empty(kernels)
  let live: Utxo[] = []
  const earlier: { tree: StateTree; root: string }[] = []
  for (let step = 0; step < 120; step++) {
    const added = Array.from({ length: prng.below(8) }, () => randomUtxo(prng, prng.pick(all)))
    const removed = prng.shuffled(live).slice(0, prng.below(step % 10 === 9 ? live.length + 1 : 5))
    const updated = tree.update(removed, added)
    assert.ok(updated.kind === 'accepted')
    tree = updated.value
    live = [...live.filter((utxo) => !removed.includes(utxo)), ...added]
    assert.equal(tree.size, live.length)
    assert.equal(toHex(tree.root), toHex(rootOf(tree.leaves())))
    earlier.push({ tree, root: toHex(tree.root) })
  }
  for (const { tree: old, root } of earlier) assert.equal(toHex(rootOf(old.leaves())), root)
})

test('removing what is not there and adding a taken key are refused with their codes', () => {
  const prng = new Prng(`${SEED}/codes`)
  const [first, second] = [randomUtxo(prng, prng.bytes(16)), randomUtxo(prng, prng.bytes(16))]
  const tree = StateTree.of(kernels, [first])
  assert.ok(tree.kind === 'accepted')
  assert.equal((tree.value.update([second], []) as { code: string }).code, 'state-key-missing')
  assert.equal((tree.value.update([first, first], []) as { code: string }).code, 'state-key-missing')
  assert.equal((tree.value.update([], [first]) as { code: string }).code, 'state-key-taken')
  assert.equal((tree.value.update([], [second, second]) as { code: string }).code, 'state-key-taken')
  const replaced = tree.value.update([first], [first])
  assert.ok(replaced.kind === 'accepted' && equalBytes(replaced.value.root, tree.value.root))
})

test(`proofs of random prefixes give exactly the set and mutated ones never another (seed ${SEED})`, () => {
  const prng = new Prng(`${SEED}/proofs`)
  const all = owners(prng)
  const built = StateTree.of(
    kernels,
    Array.from({ length: 40 }, () => randomUtxo(prng, prng.pick(all))),
  )
  assert.ok(built.kind === 'accepted')
  const tree = built.value
  const leaves = [...tree.leaves()]
  for (let round = 0; round < 150; round++) {
    const bits = prng.pick([0, 1, 3, 8, 64, 65, 127, 128, 128, 128, 131, 200, 256])
    const prefix = concatBytes(prng.chance(0.8) ? prng.pick(leaves).key : prng.bytes(32))
    if (prng.chance(0.3)) prefix[prng.below(16)]! ^= 1 << prng.below(8)
    const proof = buildStateProof(tree, bits, prefix)
    assert.ok(proof.kind === 'accepted')
    const expected = leaves.filter(({ key }) => hasPrefix(key, bits, prefix)).map(({ utxo }) => utxo)
    assert.deepEqual(verifyStateProof(kernels, tree.root, bits, prefix, proof.value), {
      kind: 'accepted',
      value: expected,
    })
    const encoded = encodeStateProof(proof.value)
    const mutant = encoded.slice()
    mutant[prng.below(mutant.length)]! ^= 1 << prng.below(8)
    const decoded = decodeStateProof(mutant)
    if (decoded.kind === 'rejected') continue
    assert.equal(verifyStateProof(kernels, tree.root, bits, prefix, decoded.value).kind, 'rejected', toHex(mutant))
  }
})

test('a truncated or padded proof does not decode', () => {
  const utxo = randomUtxo(new Prng(`${SEED}/truncated`), hex('00'.repeat(16)))
  const other = randomUtxo(new Prng(`${SEED}/other`), hex('00'.repeat(16)))
  const tree = StateTree.of(kernels, [utxo, other])
  assert.ok(tree.kind === 'accepted')
  const proof = buildStateProof(tree.value, 129, concatBytes(utxo.output.owner, hex('80')))
  assert.ok(proof.kind === 'accepted')
  const encoded = encodeStateProof(proof.value)
  for (let length = 0; length < encoded.length; length++)
    assert.equal(decodeStateProof(encoded.subarray(0, length)).kind, 'rejected')
  assert.equal(decodeStateProof(concatBytes(encoded, hex('00'))).kind, 'rejected')
})
