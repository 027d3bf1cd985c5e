import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Kernels } from '../../src/kernels/contract.ts'
import { BUILDS, isAssertion } from './builds.ts'

const h = (length: number) => new Uint8Array(length).fill(length)
const entries = (...firstBytes: number[]) => {
  const bytes = new Uint8Array(64 * firstBytes.length)
  for (const [index, byte] of firstBytes.entries()) bytes[64 * index] = byte
  return bytes
}

/** Everything out of range that a caller can pass. */
const BAD: Readonly<Record<string, (kernels: Kernels) => unknown>> = {
  'message that is no Uint8Array': (k) => k.sha256('abc' as unknown as Uint8Array),
  'messageLength 0': (k) => k.sha256Many(h(64), 0),
  'messageLength −1': (k) => k.sha256Many(h(64), -1),
  'messageLength 1.5': (k) => k.sha256Many(h(63), 1.5),
  'messageLength that does not divide': (k) => k.sha256Many(h(65), 64),
  'tagged messageLength that does not divide': (k) => k.tagged('t').hashMany(h(65), 64),
  'leafLength 0': (k) => k.leafHashes(h(64), 0),
  'update after digest': (k) => {
    const stream = k.sha256Stream()
    stream.digest()
    stream.update(h(1))
  },
  'digest twice': (k) => {
    const stream = k.sha256Stream()
    stream.digest()
    stream.digest()
  },
  'short left': (k) => k.nodeHash(h(31), h(32)),
  'long right': (k) => k.stateNode(h(32), h(33)),
  'short key': (k) => k.stateLeaf(h(31), h(32)),
  'half a leaf hash': (k) => k.merkleRoot(h(48)),
  'index at count': (k) => k.inclusionProof(h(64), 2),
  'index −1': (k) => k.inclusionProof(h(64), -1),
  'index NaN': (k) => k.inclusionProof(h(64), NaN),
  'index into nothing': (k) => k.inclusionProof(h(0), 0),
  'firstSize 0': (k) => k.consistencyProof(h(64), 0),
  'firstSize above count': (k) => k.consistencyProof(h(64), 3),
  'index −1n': (k) => k.rootFromInclusion(-1n, 2n, h(32), h(32)),
  'size 2^64': (k) => k.rootFromInclusion(0n, 1n << 64n, h(32), h(32)),
  'firstSize 2^64': (k) => k.verifyConsistency(1n << 64n, 1n, h(32), h(32), h(0)),
  'half an entry': (k) => k.stateRoot(h(96), 0),
  'depth −1': (k) => k.stateRoot(h(64), -1),
  'depth 257': (k) => k.stateRoot(h(64), 257),
  'keys not ascending': (k) => k.stateRoot(entries(2, 1), 0),
  'equal keys': (k) => k.stateRoot(entries(1, 1), 0),
  'keys that part above depth': (k) => k.stateRoot(entries(1, 2), 7),
  'n above total': (k) => k.select(2n, 1n, 1n, h(32)),
  'n negative': (k) => k.select(-1n, 1n, 1n, h(32)),
  'n at 2^56': (k) => k.select(1n << 56n, 1n << 57n, 1n, h(32)),
  'total 0': (k) => k.select(0n, 0n, 1n, h(32)),
  'total 2^64': (k) => k.select(0n, 1n << 64n, 1n, h(32)),
  'expected 0': (k) => k.select(0n, 1n, 0n, h(32)),
  'short digest': (k) => k.select(0n, 1n, 1n, h(31)),
  'input view too long': (k) => k.inputView(k.inputBytesMax + 1),
  'input view −1': (k) => k.inputView(-1),
  'half a hash in a level': (k) => k.reduceLevel(h(33), 'plain'),
  'three hashes in a perfect tree': (k) => k.hashTree64(h(96)),
  'no hash in a perfect tree': (k) => k.hashTree64(h(0)),
  'one of many indices at count': (k) => k.inclusionProofs(h(64), [0, 2]),
  'fewer paths than indices': (k) => k.verifyInclusions(h(32), 2n, [0n, 1n], h(64), [h(32)]),
  'fewer leaves than indices': (k) => k.verifyInclusions(h(32), 2n, [0n, 1n], h(32), [h(32), h(32)]),
  'short root': (k) => k.verifyInclusions(h(31), 2n, [0n], h(32), [h(32)]),
  'half a draw': (k) => k.auditDraws(h(43), h(96), 1n),
  'half a member': (k) => k.auditDraws(h(44), h(95), 1n),
  'no seats expected': (k) => k.auditDraws(h(44), h(96), 0n),
}

for (const kernels of BUILDS)
  describe(`arguments out of range, ${kernels.name}`, () => {
    for (const [name, call] of Object.entries(BAD))
      test(`${name} asserts and leaves the input memory as it was`, () => {
        kernels.tagged('t')
        const view = kernels.inputView(4096)
        view.fill(0xa5)
        assert.throws(() => call(kernels), isAssertion)
        assert.ok(kernels.inputView(4096).every((byte) => byte === 0xa5))
      })
  })
