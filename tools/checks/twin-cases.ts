/**
 * Random inputs for every kernel. A case is made from one seeded generator and answers, for one implementation, with bytes
 * that all implementations must agree on.
 */
import { concatBytes, u32, u64 } from '../../src/base/bytes.ts'
import type { Prng } from '../../src/base/prng.ts'
import type { Kernels } from '../../src/kernels/contract.ts'

export type Run = (kernels: Kernels) => Uint8Array
export type CaseMaker = (random: Prng) => Run

/** Lengths around block ends are the ones that go wrong. */
function messageLength(random: Prng): number {
  const kind = random.below(8)
  if (kind < 3) return random.below(66)
  if (kind < 5) return Math.max(0, 64 * (1 + random.below(5)) - 10 + random.below(12))
  return random.below(kind === 7 ? 700 : 200)
}

/** Pieces of `bytes` at random split points, some of them empty. */
function pieces(random: Prng, bytes: Uint8Array): Uint8Array[] {
  const parts: Uint8Array[] = []
  for (let at = 0; at < bytes.length;) {
    const end = Math.min(bytes.length, at + random.below(random.chance(0.3) ? 3 : 130))
    parts.push(bytes.subarray(at, end))
    at = end
  }
  return parts
}

const flag = (value: boolean) => Uint8Array.of(value ? 1 : 0)
const optional = (value: Uint8Array | undefined) => value ?? new Uint8Array(0)
const leafCount = (random: Prng) => (random.chance(0.05) ? random.below(130) : random.below(20))
const TAGS = ['stakecube/draw', 'stakecube/seat', 'stakecube/tx', '', 'größer als ASCII ☃']

/** Mostly right paths; the rest has one byte, one hash, the index or the size changed. */
function inclusionCase(random: Prng): Run {
  const count = 1 + leafCount(random)
  const leaves = random.bytes(32 * count)
  const index = random.below(count)
  const fault = random.below(6)
  const shift = random.uint64()
  return (kernels) => {
    let path = kernels.inclusionProof(leaves, index)
    const leaf = leaves.slice(32 * index, 32 * index + 32)
    if (fault === 1) path = concatBytes(path, leaf)
    if (fault === 2) path = path.subarray(0, Math.max(0, path.length - 32))
    if (fault === 3) path = concatBytes(path, leaf.subarray(1))
    const at = fault === 4 ? shift : BigInt(index)
    const size = fault === 5 ? shift : BigInt(count)
    return concatBytes(path, optional(kernels.rootFromInclusion(at, size, leaf, path)))
  }
}

function consistencyCase(random: Prng): Run {
  const count = 1 + leafCount(random)
  const first = 1 + random.below(count)
  const leaves = random.bytes(32 * count)
  const fault = random.below(6)
  const at = random.uint32()
  return (kernels) => {
    const proof = kernels.consistencyProof(leaves, first)
    const changed = proof.slice()
    if (fault === 1 && changed.length > 0) changed[at % changed.length]! ^= 1 << (at >>> 29)
    const shown = fault === 2 ? concatBytes(proof, leaves.subarray(0, 32)) : changed
    const firstRoot = kernels.merkleRoot(leaves.subarray(0, 32 * first))
    const secondRoot = kernels.merkleRoot(leaves)
    if (fault === 3) secondRoot[at % 32]! ^= 1
    const firstSize = BigInt(first) + (fault === 4 ? 1n : 0n)
    const secondSize = BigInt(count) + (fault === 5 ? BigInt(at) : 0n)
    return concatBytes(proof, flag(kernels.verifyConsistency(firstSize, secondSize, firstRoot, secondRoot, shown)))
  }
}

/** Keys with long common prefixes among random ones. */
function stateCase(random: Prng): Run {
  const count = leafCount(random)
  const keys = new Map<string, Uint8Array>()
  let key: Uint8Array = random.bytes(32)
  const depth = random.chance(0.7) ? 0 : random.below(40)
  const prefix = key.slice()
  for (let index = 0; index < count; index++) {
    key = random.chance(0.5) ? random.bytes(32) : key.slice()
    const bit = random.below(random.chance(0.1) ? 256 : 30)
    key[bit >> 3]! ^= 1 << (bit & 7)
    for (let shared = 0; shared < depth; shared++) copyBit(prefix, key, shared)
    keys.set(key.join(), key)
  }
  const sorted = [...keys.values()].sort((a, b) => Buffer.compare(a, b))
  const entries = concatBytes(...sorted.flatMap((own) => [own, random.bytes(32)]))
  return (kernels) => kernels.stateRoot(entries, depth)
}

function copyBit(from: Uint8Array, to: Uint8Array, bit: number): void {
  const mask = 0x80 >> (bit & 7)
  to[bit >> 3] = (to[bit >> 3]! & ~mask) | (from[bit >> 3]! & mask)
}

/** Select takes about n × expected / total steps: no case is drawn that would take hours. */
const STEPS_MAX = 5000n

function selectCase(random: Prng): Run {
  const totalBits = 1 + random.below(random.chance(0.1) ? 64 : 57)
  const total = (random.uint64() >> BigInt(64 - totalBits)) | 1n
  const limit = total < 1n << 56n ? total : (1n << 56n) - 1n
  const anyN = random.chance(0.05) ? limit : random.uint64() % (random.chance(0.5) ? limit + 1n : limit / 64n + 1n)
  const expected = random.chance(0.02)
    ? random.uint64() | 1n
    : 1n + BigInt(random.below(random.chance(0.2) ? 3000 : 60))
  const isLong = expected < total && (anyN * expected) / total > STEPS_MAX
  const n = isLong ? (STEPS_MAX * total) / expected : anyN
  const digest = random.bytes(32)
  const edge = random.below(8)
  if (edge === 0) digest.fill(0xff, 0, random.below(33))
  if (edge === 1) digest.fill(0, 0, random.below(33))
  return (kernels) => u64(kernels.select(n, total, expected, digest))
}

function hashTreeCase(random: Prng): Run {
  const hashes = random.bytes(32 << random.below(random.chance(0.05) ? 9 : 5))
  const nodes = random.chance(0.5) ? 'plain' : 'rfc9162'
  const level = random.bytes(32 * leafCount(random))
  const inView = random.chance(0.5)
  return (kernels) => {
    const view = inView ? kernels.inputView(level.length) : new Uint8Array(level.length)
    view.set(level)
    const count = kernels.reduceLevel(view, nodes)
    return concatBytes(view.slice(0, 32 * count), kernels.hashTree64(hashes))
  }
}

/** Many proofs from one tree, some of them spoiled before they are verified. */
function proofsCase(random: Prng): Run {
  const count = 1 + leafCount(random)
  const leaves = random.bytes(32 * count)
  const indices = Array.from({ length: random.below(12) }, () => random.below(count))
  const faults = indices.map(() => random.below(5))
  const far = random.uint64()
  return (kernels) => {
    const { root, proofs } = kernels.inclusionProofs(leaves, indices)
    const shown = proofs.map((path, at) => {
      const spoiled = faults[at] === 1 ? path.slice(0, path.length - 7) : path.slice()
      if (faults[at] === 2 && spoiled.length > 0) spoiled[spoiled.length >> 1]! ^= 4
      return spoiled
    })
    const places = indices.map((index, at) => (faults[at] === 3 ? far : BigInt(index)))
    const own = concatBytes(...indices.map((index) => leaves.subarray(32 * index, 32 * index + 32)))
    const valid = kernels.verifyInclusions(root, BigInt(count), places, own, shown)
    return concatBytes(root, ...proofs, ...valid.map(flag))
  }
}

/** Committees of a few credentials; some members name no draw, some an amount outside the domain. */
function auditCase(random: Prng): Run {
  const epochs = 1 + random.below(4)
  const stake = 1n + (random.uint64() >> BigInt(8 + random.below(50)))
  const draws = concatBytes(
    ...Array.from({ length: epochs }, (_, epoch) =>
      concatBytes(u32(epoch), random.bytes(32), u64(random.chance(0.05) ? 0n : stake)),
    ),
  )
  const credentials = Array.from({ length: 1 + random.below(5) }, () => random.bytes(32))
  const members = concatBytes(
    ...Array.from({ length: random.below(14) }, () => {
      const amount = random.chance(0.1) ? random.uint64() : random.uint64() % (stake + 1n)
      return concatBytes(
        random.bytes(48),
        random.pick(credentials),
        u64(random.chance(0.5) ? stake / 3n : amount),
        u32(random.below(epochs + (random.chance(0.2) ? 1 : 0))),
        u32(random.below(3)),
      )
    }),
  )
  const expected = 1n + BigInt(random.below(40))
  return (kernels) => {
    const audit = kernels.auditDraws(draws, members, expected)
    return concatBytes(audit.digests, audit.positions, ...[...audit.seats].map(u64))
  }
}

export const CASES: Readonly<Record<string, CaseMaker>> = {
  sha256(random) {
    const message = random.bytes(messageLength(random))
    return (kernels) => kernels.sha256(message)
  },
  sha256Stream(random) {
    const parts = pieces(random, random.bytes(messageLength(random)))
    return (kernels) => {
      const stream = kernels.sha256Stream()
      for (const part of parts) stream.update(part)
      return stream.digest()
    }
  },
  sha256Many(random) {
    const length = 1 + random.below(random.chance(0.2) ? 200 : 70)
    const messages = random.bytes(length * random.below(12))
    return (kernels) => kernels.sha256Many(messages, length)
  },
  tagged(random) {
    const tag = random.pick(TAGS)
    const parts = pieces(random, random.bytes(messageLength(random)))
    return (kernels) => kernels.tagged(tag).hash(...parts)
  },
  taggedMany(random) {
    const tag = random.pick(TAGS)
    const length = 1 + random.below(random.chance(0.2) ? 200 : 70)
    const messages = random.bytes(length * random.below(12))
    return (kernels) => kernels.tagged(tag).hashMany(messages, length)
  },
  leafHashes(random) {
    const length = 1 + random.below(random.chance(0.2) ? 200 : 70)
    const leaves = random.bytes(length * random.below(24))
    return (kernels) => concatBytes(kernels.leafHashes(leaves, length), kernels.leafHash(leaves))
  },
  merkleRoot(random) {
    const leaves = random.bytes(32 * leafCount(random))
    return (kernels) => kernels.merkleRoot(leaves)
  },
  inclusion: inclusionCase,
  consistency: consistencyCase,
  stateRoot: stateCase,
  select: selectCase,
  hashTree: hashTreeCase,
  proofs: proofsCase,
  auditDraws: auditCase,
}
