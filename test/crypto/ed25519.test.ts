import assert from 'node:assert/strict'
import { createPrivateKey, createPublicKey, sign as nodeSign, verify as nodeVerify } from 'node:crypto'
import { test } from 'node:test'
import { ed25519 } from '@noble/curves/ed25519.js'
import { sha512 } from '@noble/hashes/sha2.js'
import { concatBytes, hex, toHex } from '../../src/base/bytes.ts'
import { Prng } from '../../src/base/prng.ts'
import { verifyEd25519 } from '../../src/crypto/ed25519-verify.ts'
import {
  ed25519PublicKey,
  ed25519Sign,
  ed25519Verify as verifyByLibrary,
  isEd25519Key,
} from '../../src/crypto/ed25519.ts'

/** Both implementations of the rule, which must never differ: a chain would split. */
function ed25519Verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const verdict = verifyByLibrary(publicKey, message, signature)
  assert.equal(verifyEd25519(publicKey, message, signature), verdict, 'the two implementations differ')
  return verdict
}

const Point = ed25519.Point
const L = Point.Fn.ORDER
const TORSION = Point.fromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a') // order 8
const prng = new Prng(process.env['SEED'] ?? 'ed25519')

const toNumber = (bytes: Uint8Array) => BigInt(`0x${toHex(Uint8Array.from(bytes).reverse())}`)
const toLittle = (value: bigint) => hex(value.toString(16).padStart(64, '0')).reverse()

function nodeAccepts(pk: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const der = concatBytes(hex('302a300506032b6570032100'), pk)
  const key = createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' })
  return nodeVerify(null, message, key, signature)
}

/** A signature that satisfies S·B = R + k·A + torsion, for chosen torsion components of A and R. */
function craft(torsionOfKey: bigint, torsionOfR: bigint, message: Uint8Array) {
  const a = (toNumber(prng.bytes(32)) % (L - 1n)) + 1n
  const r = (toNumber(prng.bytes(32)) % (L - 1n)) + 1n
  const withTorsion = (scalar: bigint, times: bigint) =>
    times === 0n ? Point.BASE.multiply(scalar) : Point.BASE.multiply(scalar).add(TORSION.multiplyUnsafe(times))
  const pk = withTorsion(a, torsionOfKey).toBytes()
  const rBytes = withTorsion(r, torsionOfR).toBytes()
  const k = toNumber(sha512(concatBytes(rBytes, pk, message))) % L
  return { pk, signature: concatBytes(rBytes, toLittle((r + k * a) % L)), k }
}

test('[ED-1] signatures of RFC 8032 §7.1 verify, and those of node:crypto and ours are the same bytes', () => {
  const secret = hex('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60')
  const pk = ed25519PublicKey(secret)
  assert.equal(toHex(pk), 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a')
  const signature = ed25519Sign(secret, new Uint8Array(0))
  assert.equal(toHex(signature.slice(0, 8)), 'e5564300c360ac72')
  assert.ok(ed25519Verify(pk, new Uint8Array(0), signature))
  for (let round = 0; round < 20; round++) {
    const seed = prng.bytes(32)
    const message = prng.bytes(prng.below(200))
    const der = concatBytes(hex('302e020100300506032b657004220420'), seed)
    const nodeKey = createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' })
    const ours = ed25519Sign(seed, message)
    assert.equal(toHex(ours), nodeSign(null, message, nodeKey).toString('hex'), `seed ${prng.seed}, round ${round}`)
    assert.ok(ed25519Verify(ed25519PublicKey(seed), message, ours))
  }
})

test('[ED-1] keys and R of mixed order are judged as node:crypto judges them: without a cofactor', () => {
  let nobleDiffers = 0
  let acceptedCount = 0
  for (let round = 0; round < 64; round++) {
    const message = prng.bytes(1 + prng.below(64))
    const torsionOfKey = BigInt(round % 8)
    const torsionOfR = BigInt(prng.chance(0.5) ? 0 : prng.below(8))
    const { pk, signature, k } = craft(torsionOfKey, torsionOfR, message)
    const ours = ed25519Verify(pk, message, signature)
    // enc([S]B − [k]A) = R holds iff R's torsion is −k times A's.
    assert.equal(ours, (torsionOfR + k * torsionOfKey) % 8n === 0n, `seed ${prng.seed}, round ${round}`)
    assert.equal(ours, nodeAccepts(pk, message, signature), `seed ${prng.seed}, round ${round}: node:crypto differs`)
    if (ours) acceptedCount++
    if (ours !== ed25519.verify(signature, message, pk)) nobleDiffers++
  }
  assert.ok(acceptedCount > 0)
  assert.ok(nobleDiffers > 0, 'noble alone accepts some mixed-order signatures, else these are no odd inputs')
})

test('[ED-1] a mixed-order key can verify: the rule asks for the bytes of R and nothing else of A', () => {
  for (let round = 0; round < 200; round++) {
    const message = prng.bytes(16)
    const { pk, signature, k } = craft(1n, 0n, message)
    if (k % 8n !== 0n) continue
    assert.ok(ed25519Verify(pk, message, signature))
    assert.ok(nodeAccepts(pk, message, signature))
    return
  }
  assert.fail(`no k divisible by 8 in 200 tries, seed ${prng.seed}`)
})

test('[ED-1] keys of small order are refused, though node:crypto lets them verify', () => {
  const message = new Uint8Array(0)
  let nodeAcceptsCount = 0
  for (let times = 0n; times < 8n; times++) {
    const pk = times === 0n ? Point.ZERO.toBytes() : TORSION.multiplyUnsafe(times).toBytes()
    assert.equal(isEd25519Key(pk), false)
    for (let torsion = 0n; torsion < 8n; torsion++) {
      const r = torsion === 0n ? Point.ZERO : TORSION.multiplyUnsafe(torsion)
      const signature = concatBytes(r.toBytes(), new Uint8Array(32))
      assert.equal(ed25519Verify(pk, message, signature), false)
      if (nodeAccepts(pk, message, signature)) nodeAcceptsCount++
    }
  }
  assert.ok(nodeAcceptsCount > 0, 'some of these satisfy the equation, so the small-order rule is what refuses them')
})

test('[ED-1] R of small order is allowed when the equation holds', () => {
  const message = prng.bytes(8)
  const a = 12345n
  const pk = Point.BASE.multiply(a).toBytes()
  const r = Point.ZERO.toBytes()
  const k = toNumber(sha512(concatBytes(r, pk, message))) % L
  const signature = concatBytes(r, toLittle((k * a) % L))
  assert.ok(ed25519Verify(pk, message, signature))
  assert.ok(nodeAccepts(pk, message, signature))
})

test('[ED-1] non-canonical points are refused as A and as R: y ≥ p, and a sign bit on x = 0', () => {
  const P = 2n ** 255n - 19n
  const message = prng.bytes(8)
  const signed = craft(0n, 0n, message)
  for (let offset = 0n; offset < 19n; offset++) {
    const bytes = toLittle(P + offset)
    for (const sign of [0, 0x80]) {
      const odd = Uint8Array.from(bytes)
      odd[31]! |= sign
      assert.equal(isEd25519Key(odd), false)
      assert.equal(ed25519Verify(odd, message, signed.signature), false)
      assert.equal(ed25519Verify(signed.pk, message, concatBytes(odd, signed.signature.slice(32))), false)
    }
  }
  const identity = toLittle(1n)
  const minusZero = Uint8Array.from(identity)
  minusZero[31]! |= 0x80
  const k = (r: Uint8Array) => toNumber(sha512(concatBytes(r, signed.pk, message))) % L
  assert.equal(k(identity) === k(minusZero), false)
  assert.equal(ed25519Verify(minusZero, message, signed.signature), false)
})

test('[ED-1] S must be below L', () => {
  const seed = prng.bytes(32)
  const pk = ed25519PublicKey(seed)
  const message = prng.bytes(8)
  const signature = ed25519Sign(seed, message)
  const s = toNumber(signature.slice(32))
  assert.ok(ed25519Verify(pk, message, signature))
  for (let times = 1n; s + times * L < 2n ** 256n; times++)
    assert.equal(ed25519Verify(pk, message, concatBytes(signature.slice(0, 32), toLittle(s + times * L))), false)
})

test('[ED-1] every single-bit change of key, message and signature is refused', () => {
  const seed = prng.bytes(32)
  const pk = ed25519PublicKey(seed)
  const message = prng.bytes(32)
  const signature = ed25519Sign(seed, message)
  const flip = (bytes: Uint8Array, bit: number) => {
    const flipped = Uint8Array.from(bytes)
    flipped[bit >> 3]! ^= 1 << (bit & 7)
    return flipped
  }
  for (let bit = 0; bit < 512; bit++) assert.equal(ed25519Verify(pk, message, flip(signature, bit)), false)
  for (let bit = 0; bit < 256; bit++) {
    assert.equal(ed25519Verify(flip(pk, bit), message, signature), false)
    assert.equal(ed25519Verify(pk, flip(message, bit), signature), false)
  }
})

test('[ED-1] keys and signatures of another length are refused, never thrown at', () => {
  const seed = prng.bytes(32)
  const pk = ed25519PublicKey(seed)
  const signature = ed25519Sign(seed, pk)
  for (const length of [0, 31, 33]) assert.equal(ed25519Verify(prng.bytes(length), pk, signature), false)
  for (const length of [0, 63, 65]) assert.equal(ed25519Verify(pk, pk, prng.bytes(length)), false)
})
