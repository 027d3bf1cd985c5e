import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { compareBytes, concatBytes, hex, toHex } from '../../src/base/bytes.ts'
import { Prng } from '../../src/base/prng.ts'
import { twin } from '../../src/kernels/twin/index.ts'
import { BUILDS } from './builds.ts'
import { readVectors, vectorsMissing } from './vectors.ts'

interface Utxo {
  readonly outpointHex: string
  readonly createdHeight: number | string
  readonly outputHex: string
}
interface Tree {
  readonly utxos: readonly Utxo[]
  readonly keys: readonly string[]
  readonly root: string
}

const sorted = (entries: readonly Uint8Array[]) => concatBytes(...[...entries].sort(compareBytes))

for (const kernels of BUILDS)
  describe(`state tree, ${kernels.name}`, () => {
    test('no entry is zero, one entry is its leaf at any depth', () => {
      const random = new Prng('few')
      const [key, value] = [random.bytes(32), random.bytes(32)]
      const leaf = twin.sha256(concatBytes(Uint8Array.of(0), key, value))
      for (const depth of [0, 1, 100, 255, 256]) {
        assert.deepEqual(kernels.stateRoot(new Uint8Array(0), depth), new Uint8Array(32))
        assert.deepEqual(kernels.stateRoot(concatBytes(key, value), depth), leaf)
      }
      assert.deepEqual(kernels.stateLeaf(key, value), leaf)
      assert.deepEqual(kernels.stateNode(key, value), twin.sha256(concatBytes(key, value)))
    })

    test('two keys that part at their last bit are 255 empty siblings deep', () => {
      const [low, high] = [new Uint8Array(64), new Uint8Array(64)]
      high[31] = 1
      let root = kernels.stateNode(
        kernels.stateLeaf(low.slice(0, 32), low.slice(32)),
        kernels.stateLeaf(high.slice(0, 32), high.slice(32)),
      )
      for (let depth = 255; depth > 0; depth--) root = kernels.stateNode(root, new Uint8Array(32))
      assert.deepEqual(kernels.stateRoot(concatBytes(low, high), 0), root)
    })

    test('the root is the node of the roots of its halves', () => {
      const random = new Prng('halves')
      const entries = Array.from({ length: 600 }, () => random.bytes(64))
      const left = sorted(entries.filter((entry) => entry[0]! < 128))
      const right = sorted(entries.filter((entry) => entry[0]! >= 128))
      const whole = kernels.stateNode(kernels.stateRoot(left, 1), kernels.stateRoot(right, 1))
      assert.deepEqual(kernels.stateRoot(sorted(entries), 0), whole)
    })

    test('more entries than kernel memory holds', { skip: kernels === BUILDS[0] }, () => {
      const entries = new Uint8Array(64 * 45_000)
      for (let index = 0; index < 45_000; index++) {
        new DataView(entries.buffer).setUint32(64 * index, Math.floor(index * 95_000.7))
        entries[64 * index + 40] = index
      }
      assert.deepEqual(kernels.stateRoot(entries, 0), twin.stateRoot(entries, 0))
    })

    test('the trees of model/state.json', { skip: vectorsMissing }, () => {
      const { trees } = readVectors<{ trees: readonly Tree[] }>('model/state.json')
      assert.ok(trees.length > 0)
      for (const { utxos, keys, root } of trees) {
        const entries = utxos.map(({ outpointHex, createdHeight, outputHex }, index) => {
          const height = hex(BigInt(createdHeight).toString(16).padStart(16, '0'))
          return concatBytes(
            hex(keys[index]!),
            kernels.tagged('stakecube/utxo').hash(hex(outpointHex), height, hex(outputHex)),
          )
        })
        assert.equal(toHex(kernels.stateRoot(sorted(entries), 0)), root)
      }
    })
  })
