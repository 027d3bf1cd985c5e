import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { toHex } from '../../src/base/bytes.ts'
import { Prng } from '../../src/base/prng.ts'
import { DEVNET_PARAMS } from '../../src/chain/params.ts'
import {
  decodeAggregate,
  decodeMessage,
  encodeAggregate,
  encodeMessage,
  messageBytesMax,
  type Aggregate,
  type Message,
} from '../../src/consensus/messages.ts'
import { decodeSafetyRecord, encodeSafetyRecord, type SafetyRecord } from '../../src/consensus/safety-record.ts'

const SEED = process.env['MESSAGES_SEED'] ?? 'messages'
const prng = new Prng(SEED)

function aggregate(): Aggregate {
  return {
    type: prng.chance(0.5) ? 1 : 2,
    height: prng.uint64(),
    round: prng.uint32(),
    hash: prng.bytes(32),
    bitmap: prng.bytes(7),
    signature: prng.bytes(96),
  }
}

function messages(): Message[] {
  const { type, height, round, hash, signature } = aggregate()
  return [
    { kind: 'proposal', height, round, signature, block: prng.bytes(700) },
    { kind: 'proposal', height, round, signature, quorum: aggregate(), block: prng.bytes(10) },
    {
      kind: 'votes',
      type,
      height,
      round,
      hash,
      entries: [3, 9, 65_535].map((seat) => ({ seat, signature: prng.bytes(96) })),
    },
    { kind: 'aggregate', aggregate: aggregate() },
    { kind: 'status', height, round, hasProposal: true, wanted: hash },
    { kind: 'block', block: prng.bytes(33) },
    { kind: 'ask', type, height, round, hash, seat: 17 },
  ]
}

describe(`agreement messages (MESSAGES_SEED=${SEED})`, () => {
  it('decode to what was encoded', () => {
    for (let round = 0; round < 20; round++)
      for (const message of messages())
        assert.deepEqual(decodeMessage(encodeMessage(message), DEVNET_PARAMS), { kind: 'accepted', value: message })
  })

  it('have one encoding: whatever decodes encodes to the same bytes, and no truncation or extension decodes', () => {
    for (const message of messages()) {
      const bytes = encodeMessage(message)
      for (let length = 0; length < bytes.length; length++)
        assert.equal(
          decodeMessage(bytes.subarray(0, length), DEVNET_PARAMS).kind,
          'rejected',
          `${message.kind} ${length}`,
        )
      assert.equal(decodeMessage(Uint8Array.of(...bytes, 0), DEVNET_PARAMS).kind, 'rejected')
      for (let bit = 0; bit < 8 * Math.min(bytes.length, 400); bit++) {
        const flipped = bytes.slice()
        flipped[bit >> 3]! ^= 0x80 >> (bit & 7)
        const decoded = decodeMessage(flipped, DEVNET_PARAMS)
        if (decoded.kind === 'accepted') assert.equal(toHex(encodeMessage(decoded.value)), toHex(flipped))
      }
    }
  })

  it('never make a decoder throw, whatever the bytes', () => {
    for (let index = 0; index < 2000; index++) {
      const bytes = prng.bytes(prng.below(300))
      if (bytes.length > 0) bytes[0] = prng.below(9)
      decodeMessage(bytes, DEVNET_PARAMS)
      decodeAggregate(bytes)
      decodeSafetyRecord(bytes)
    }
  })

  it('are refused above the limits: blocks longer than the chain allows, entries that do not ascend', () => {
    const { height, round, signature, hash } = aggregate()
    const block = new Uint8Array(DEVNET_PARAMS.blockBytesMax + 315)
    const long = encodeMessage({ kind: 'proposal', height, round, signature, block })
    assert.equal(decodeMessage(long, DEVNET_PARAMS).kind, 'rejected')
    assert.ok(
      encodeMessage({ kind: 'proposal', height, round, signature, block: block.subarray(1) }).length <
        messageBytesMax(DEVNET_PARAMS),
    )
    const entries = [5, 5].map((seat) => ({ seat, signature }))
    const twice = encodeMessage({ kind: 'votes', type: 1, height, round, hash, entries })
    assert.equal(decodeMessage(twice, DEVNET_PARAMS).kind, 'rejected')
  })
})

describe('SafetyRecord', () => {
  const base = { height: 7n, round: 3, hasProposed: true }
  const records: SafetyRecord[] = [
    base,
    { ...base, prevote: prng.bytes(32) },
    { ...base, prevote: prng.bytes(32), precommit: prng.bytes(32), lock: { round: 2, hash: prng.bytes(32) } },
    { ...base, hasProposed: false, precommit: prng.bytes(32), valid: aggregate() },
  ]

  it('comes back as it was written, and no truncation of it does', () => {
    for (const record of records) {
      const bytes = encodeSafetyRecord(record)
      assert.deepEqual(decodeSafetyRecord(bytes), { kind: 'accepted', value: record })
      for (let length = 0; length < bytes.length; length++)
        assert.equal(decodeSafetyRecord(bytes.subarray(0, length)).kind, 'rejected')
    }
  })

  it('holds an aggregate that has an encoding of its own', () => {
    const one = aggregate()
    assert.deepEqual(decodeAggregate(encodeAggregate(one)), { kind: 'accepted', value: one })
  })
})
