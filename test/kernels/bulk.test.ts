import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { concatBytes, u32, u64 } from '../../src/base/bytes.ts'
import { Prng } from '../../src/base/prng.ts'
import { BUILDS } from './builds.ts'

for (const kernels of BUILDS)
  describe(`bulk entry points, ${kernels.name}`, () => {
    test('what is written into the input view gives what a copy gives', () => {
      const bytes = new Prng('view').bytes(64 * 50)
      const write = () => {
        const view = kernels.inputView(bytes.length)
        view.set(bytes)
        return view
      }
      assert.deepEqual(kernels.sha256(write()), kernels.sha256(bytes))
      assert.deepEqual(kernels.sha256Many(write(), 64), kernels.sha256Many(bytes, 64))
      assert.deepEqual(kernels.leafHashes(write(), 40), kernels.leafHashes(bytes, 40))
      assert.deepEqual(kernels.merkleRoot(write()), kernels.merkleRoot(bytes))
      assert.deepEqual(kernels.inclusionProof(write(), 37), kernels.inclusionProof(bytes, 37))
      assert.deepEqual(kernels.tagged('t').hash(write()), kernels.tagged('t').hash(bytes))
      assert.deepEqual(kernels.sha256Stream().update(write()).digest(), kernels.sha256(bytes))
    })

    test('a view survives every first argument: prefixed, streamed after other bytes, beyond one batch or one chunk', () => {
      const small = new Prng('small').bytes(32)
      const write = (bytes: Uint8Array) => {
        const view = kernels.inputView(bytes.length)
        view.set(bytes)
        return view
      }
      assert.deepEqual(kernels.leafHash(write(small)), kernels.leafHash(small))
      assert.deepEqual(kernels.nodeHash(write(small), small), kernels.nodeHash(small, small))
      assert.deepEqual(kernels.stateLeaf(write(small), small), kernels.stateLeaf(small, small))
      assert.deepEqual(kernels.stateNode(write(small), small), kernels.stateNode(small, small))
      const block = new Prng('block').bytes(1 << 16)
      const large = new Uint8Array(kernels.name === 'twin' ? 1 << 16 : kernels.inputBytesMax)
      for (let at = 0; at < large.length; at += block.length)
        large.set(
          block.map((byte) => byte + (at >> 16)),
          at,
        )
      const stream = () => kernels.sha256Stream().update(small)
      assert.deepEqual(stream().update(write(large)).digest(), stream().update(large).digest())
      for (const length of [16, 32, 64, 128])
        assert.deepEqual(kernels.sha256Many(write(large), length), kernels.sha256Many(large, length))
      assert.deepEqual(kernels.leafHashes(write(large), 16), kernels.leafHashes(large, 16))
      assert.deepEqual(kernels.merkleRoot(write(large)), kernels.merkleRoot(large))
      assert.deepEqual(kernels.hashTree64(write(large)), kernels.hashTree64(large))
      assert.deepEqual(kernels.inclusionProof(write(large), 1000), kernels.inclusionProof(large, 1000))
      assert.deepEqual(kernels.consistencyProof(write(large), 1001), kernels.consistencyProof(large, 1001))
      assert.deepEqual(kernels.inclusionProofs(write(large), [1, 2000]), kernels.inclusionProofs(large, [1, 2000]))
      const level = write(large)
      const count = kernels.reduceLevel(level, 'rfc9162')
      assert.deepEqual(kernels.merkleRoot(level.slice(0, 32 * count)), kernels.merkleRoot(large))
    })

    test('the whole input view may be used', () => {
      const view = kernels.inputView(kernels.inputBytesMax)
      view.fill(7)
      assert.deepEqual(kernels.sha256(view), kernels.sha256(new Uint8Array(kernels.inputBytesMax).fill(7)))
    })

    test('levels reduced in place end in the root, at every count up to 40', () => {
      const leaves = new Prng('levels').bytes(32 * 40)
      for (let count = 1; count <= 40; count++) {
        const level = leaves.slice(0, 32 * count)
        let rest = count
        while (rest > 1) rest = kernels.reduceLevel(level.subarray(0, 32 * rest), 'rfc9162')
        assert.deepEqual(level.slice(0, 32), kernels.merkleRoot(leaves.subarray(0, 32 * count)))
        for (rest = count; rest > 1;) rest = kernels.reduceLevel(level.subarray(0, 32 * rest), 'plain')
      }
    })

    test('the 64-byte tree is the pairwise hash of its level, up to 2^17 hashes', () => {
      const random = new Prng('64')
      for (const log of [0, 1, 2, 3, 4, 5, 6, 9, ...(kernels.name === 'twin' ? [] : [17])]) {
        const hashes = random.bytes(32 << Math.min(log, 9))
        let level: Uint8Array = new Uint8Array(32 << log)
        for (let at = 0; at < level.length; at += hashes.length) level.set(hashes, at)
        const root = kernels.hashTree64(level)
        while (level.length > 32) level = kernels.sha256Many(level, 64)
        assert.deepEqual(root, level)
      }
    })

    test('all proofs of a tree in one call are its proofs one by one, and verify in one call', () => {
      const leaves = new Prng('proofs').bytes(32 * 70)
      for (const count of [1, 2, 3, 8, 31, 32, 33, 64, 70]) {
        const hashes = leaves.subarray(0, 32 * count)
        const indices = Array.from({ length: count }, (_, index) => index)
        const { root, proofs } = kernels.inclusionProofs(hashes, indices)
        assert.deepEqual(root, kernels.merkleRoot(hashes))
        for (const index of indices) assert.deepEqual(proofs[index], kernels.inclusionProof(hashes, index))
        const valid = kernels.verifyInclusions(root, BigInt(count), indices.map(BigInt), hashes, proofs)
        assert.ok(valid.length === count && valid.every(Boolean))
      }
    })

    test('one spoiled proof among many is false and spoils no other', () => {
      const random = new Prng('spoiled')
      const count = 77
      const hashes = random.bytes(32 * count)
      const indices = Array.from({ length: count }, (_, index) => index)
      const { root, proofs } = kernels.inclusionProofs(hashes, indices)
      for (let round = 0; round < 30; round++) {
        const bad = random.below(count)
        const spoiled = proofs[bad]!.slice()
        spoiled[random.below(spoiled.length)]! ^= 1 << random.below(8)
        const paths = proofs.map((path, at) =>
          at === bad ? random.pick([spoiled, path.slice(1), path.slice(32)]) : path,
        )
        const valid = kernels.verifyInclusions(root, BigInt(count), indices.map(BigInt), hashes, paths)
        assert.deepEqual(
          valid.flatMap((ok, at) => (ok ? [] : [at])),
          [bad],
        )
      }
    })

    test('an audit answers what tagged hashes and Select answer, and zeros outside the domain', () => {
      const random = new Prng('audit')
      const draws = [3, 4, 5].map((epoch) => ({ epoch, seed: random.bytes(32), stake: 10_000_000n }))
      const list = concatBytes(...draws.map(({ epoch, seed, stake }) => concatBytes(u32(epoch), seed, u64(stake))))
      const credentials = Array.from({ length: 9 }, () => random.bytes(32))
      const members = Array.from({ length: 61 }, (_, index) => ({
        credential: random.pick(credentials),
        amount: index === 7 ? 10_000_001n : index === 8 ? 1n << 60n : 700_000n + BigInt(random.below(3)),
        epoch: index === 9 ? 6 : 3 + random.below(3),
        seat: random.below(9),
      }))
      const encoded = concatBytes(
        ...members.map((own) =>
          concatBytes(random.bytes(48), own.credential, u64(own.amount), u32(own.epoch), u32(own.seat)),
        ),
      )
      const audit = kernels.auditDraws(list, encoded, 256n)
      for (const [index, { credential, amount, epoch, seat }] of members.entries()) {
        const draw = draws.find((own) => own.epoch === epoch)
        const inside = draw !== undefined && amount <= draw.stake
        const digest = inside ? kernels.tagged('stakecube/draw').hash(draw.seed, credential) : new Uint8Array(32)
        const position = inside
          ? kernels.tagged('stakecube/seat').hash(draw.seed, credential, u32(seat))
          : new Uint8Array(32)
        assert.deepEqual(audit.digests.slice(32 * index, 32 * index + 32), digest)
        assert.deepEqual(audit.positions.slice(32 * index, 32 * index + 32), position)
        assert.equal(audit.seats[index], inside ? kernels.select(amount, draw.stake, 256n, digest) : 0n)
      }
    })
  })
