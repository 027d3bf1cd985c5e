/**
 * [STATE-1], [PROOF-3]: all unspent outputs whose state keys start with a prefix, proven under a stateRoot. A prefix of
 * 128 bits that is an owner gives that owner's complete set; one that is `owner(deviceKey)` a device's registration.
 *
 * Attack: a peer that leaves an output out, shows another tree's, or hides a member as a foreign leaf. The set is
 * rebuilt into its subtree and the siblings into the root; a leaf at an early end is a member exactly if its key starts
 * with the prefix, whatever the peer calls it.
 *
 * Wire form:
 *
 *     depth u16 ‖ bitmap ⌈depth/8⌉ (bit i: sibling i is not empty; padding zero) ‖ the non-empty siblings, 32 each
 *     ‖ foreign u8 (0, 1) ‖ [key 32 ‖ value 32] ‖ leaves: list of (Outpoint ‖ createdHeight u64 ‖ Output)
 */
import { assertRange } from '../base/assert.ts'
import type { Hash32 } from '../base/brand.ts'
import { bitAt, compareBytes, equalBytes, isZero } from '../base/bytes.ts'
import { accepted, rejected, type Result } from '../base/verdict.ts'
import { Reader, Writer, type DecodeCode } from '../chain/codec.ts'
import { readUtxo, writeUtxo, type Utxo } from '../chain/output.ts'
import type { Kernels } from '../kernels/contract.ts'
import { stateKey, stateValue } from './state-entry.ts'
import { EMPTY_STATE_ROOT, type StateTree } from './state-tree.ts'

/** Leaves in one proof; a larger set is asked for by longer prefixes. */
export const STATE_PROOF_LEAF_COUNT_MAX = 2048

export type StateProofCode =
  'state-siblings' | 'state-leaf-count' | 'state-leaf-order' | 'state-leaf-prefix' | 'state-foreign' | 'state-root'
export const STATE_PROOF_CODES: readonly StateProofCode[] = [
  'state-siblings',
  'state-leaf-count',
  'state-leaf-order',
  'state-leaf-prefix',
  'state-foreign',
  'state-root',
]

export interface StateProof {
  /** From the root down, 32 zero bytes for an empty one; fewer than the prefix has bits if the way ends early. */
  readonly siblings: readonly Hash32[]
  /** The complete set, ascending by state key. */
  readonly leaves: readonly Utxo[]
  /** The one leaf at which the way ends early, when it is not in the set. */
  readonly other?: { readonly key: Hash32; readonly value: Hash32 }
}

/** True iff `key` starts with the first `bits` bits of `prefix`. */
export function hasPrefix(key: Hash32, bits: number, prefix: Uint8Array): boolean {
  const whole = bits >> 3
  for (let byte = 0; byte < whole; byte++) if (key[byte] !== prefix[byte]) return false
  return bits % 8 === 0 || (key[whole]! ^ prefix[whole]!) >> (8 - (bits % 8)) === 0
}

/** The proof for a prefix; `state-leaf-count` if the set is larger than one proof may be (ask for a longer prefix). */
export function buildStateProof(
  tree: StateTree,
  prefixBits: number,
  prefix: Uint8Array,
): Result<StateProof, 'state-leaf-count'> {
  const { siblings, count, leaves, foreign } = tree.way(prefixBits, prefix)
  if (count > STATE_PROOF_LEAF_COUNT_MAX)
    return rejected('state-leaf-count', { count, countMax: STATE_PROOF_LEAF_COUNT_MAX })
  if (foreign !== undefined)
    return accepted({ siblings, leaves: [], other: { key: foreign.key, value: foreign.value } })
  return accepted({ siblings, leaves: Array.from(leaves, ({ utxo }) => utxo) })
}

type Entry = { readonly key: Hash32; readonly value: Hash32 }

/**
 * Verifies an untrusted proof: the complete set of unspent outputs whose keys start with the first `prefixBits` bits of
 * `prefix`, ascending by key, or why not. `prefix` has at least ⌈prefixBits/8⌉ bytes. Sizes are checked before hashing.
 */
export function verifyStateProof(
  kernels: Kernels,
  root: Hash32,
  prefixBits: number,
  prefix: Uint8Array,
  proof: StateProof,
): Result<Utxo[], StateProofCode> {
  assertRange('prefixBits', prefixBits, 0, Math.min(256, 8 * prefix.length))
  const depth = proof.siblings.length
  const shape = checkShape(prefixBits, proof)
  if (shape.kind === 'rejected') return shape
  const entries = proof.leaves.map((utxo) => entryOf(kernels, utxo))
  const members = checkMembers(entries, prefixBits, prefix)
  if (members.kind === 'rejected') return members
  if (proof.other !== undefined) {
    const agrees = hasPrefix(proof.other.key, depth, prefix)
    const isMember = hasPrefix(proof.other.key, prefixBits, prefix)
    if (!agrees || isMember) return rejected('state-foreign', { depth, prefixBits, agrees, isMember })
    entries.push(proof.other)
  }
  const computed = rootAbove(kernels, kernels.stateRoot(joinEntries(entries), depth), prefix, proof.siblings)
  return equalBytes(computed, root) ? accepted([...proof.leaves]) : rejected('state-root', { depth, prefixBits })
}

function entryOf(kernels: Kernels, utxo: Utxo): Entry {
  return { key: stateKey(kernels, utxo.outpoint, utxo.output), value: stateValue(kernels, utxo) }
}

function checkShape(prefixBits: number, { siblings, leaves, other }: StateProof): Result<void, StateProofCode> {
  const depth = siblings.length
  if (depth > prefixBits || siblings.some(({ length }) => length !== 32))
    return rejected('state-siblings', { depth, prefixBits })
  const early = depth < prefixBits
  const countMax = early ? (other === undefined ? 1 : 0) : STATE_PROOF_LEAF_COUNT_MAX
  if (leaves.length > countMax) return rejected('state-leaf-count', { count: leaves.length, countMax })
  if (other !== undefined && (!early || other.key.length !== 32 || other.value.length !== 32))
    return rejected('state-foreign', { depth, prefixBits, agrees: false, isMember: !early })
  return accepted(undefined)
}

function checkMembers(entries: readonly Entry[], prefixBits: number, prefix: Uint8Array): Result<void, StateProofCode> {
  for (const [index, { key }] of entries.entries()) {
    if (!hasPrefix(key, prefixBits, prefix)) return rejected('state-leaf-prefix', { index, prefixBits })
    if (index > 0 && compareBytes(entries[index - 1]!.key, key) >= 0) return rejected('state-leaf-order', { index })
  }
  return accepted(undefined)
}

function joinEntries(entries: readonly Entry[]): Uint8Array {
  const joined = new Uint8Array(64 * entries.length)
  entries.forEach(({ key, value }, index) => {
    joined.set(key, 64 * index)
    joined.set(value, 64 * index + 32)
  })
  return joined
}

/** The root over a subtree's hash and the siblings on its way. */
function rootAbove(kernels: Kernels, hash: Hash32, prefix: Uint8Array, siblings: readonly Hash32[]): Hash32 {
  for (let depth = siblings.length - 1; depth >= 0; depth--) {
    const sibling = siblings[depth]!
    hash = bitAt(prefix, depth) === 0 ? kernels.stateNode(hash, sibling) : kernels.stateNode(sibling, hash)
  }
  return hash
}

export function writeStateProof(writer: Writer, { siblings, leaves, other }: StateProof): void {
  const bitmap = new Uint8Array((siblings.length + 7) >> 3)
  siblings.forEach((sibling, index) => {
    if (!isZero(sibling)) bitmap[index >> 3]! |= 0x80 >> (index & 7)
  })
  writer.u16(siblings.length).bytes(bitmap)
  for (const sibling of siblings) if (!isZero(sibling)) writer.bytes(sibling)
  writer.u8(other === undefined ? 0 : 1)
  if (other !== undefined) writer.bytes(other.key).bytes(other.value)
  writer.list(leaves, writeUtxo)
}

export function readStateProof(reader: Reader): StateProof {
  const siblings = readSiblings(reader)
  const form = reader.u8()
  reader.expect(form <= 1, 'foreign leaf flag', { form })
  const other = form === 1 ? { key: reader.bytes(32), value: reader.bytes(32) } : undefined
  const leaves = reader.list('state leaves', 0, STATE_PROOF_LEAF_COUNT_MAX, readUtxo)
  return other === undefined ? { siblings, leaves } : { siblings, leaves, other }
}

function readSiblings(reader: Reader): Hash32[] {
  const depth = reader.u16()
  if (depth > 256) reader.fail('decode-count', { what: 'siblings', count: depth, countMax: 256 })
  const bitmap = reader.bytes(reader.failed ? 0 : (depth + 7) >> 3)
  const siblings: Hash32[] = []
  for (let index = 0; index < 8 * bitmap.length && !reader.failed; index++) {
    const present = bitAt(bitmap, index) === 1
    if (index >= depth) reader.expect(!present, 'sibling bitmap padding is zero', { depth })
    else if (!present) siblings.push(EMPTY_STATE_ROOT)
    else {
      const sibling = reader.bytes(32)
      reader.expect(!isZero(sibling), 'a sibling on the wire is not empty', { index })
      siblings.push(sibling)
    }
  }
  return siblings
}

export function encodeStateProof(proof: StateProof): Uint8Array {
  const writer = new Writer(512)
  writeStateProof(writer, proof)
  return writer.finish()
}
export function decodeStateProof(bytes: Uint8Array): Result<StateProof, DecodeCode> {
  const reader = new Reader(bytes)
  return reader.finish(readStateProof(reader))
}
