import assert from 'node:assert/strict'
import { test } from 'node:test'
import { u16, u64, concatBytes } from '../../src/base/bytes.ts'
import {
  answerBlocks,
  BLOCK_COUNT_MAX,
  decodeBlocksRequest,
  decodeBlocksResponse,
  encodeBlocksRequest,
} from '../../src/node/block-sync.ts'

const block = (length: number) => ({ block: new Uint8Array(length).fill(1), cert: new Uint8Array(150).fill(2) })

test('an answer holds consecutive heights from the one asked for, up to the head', () => {
  const asked: bigint[] = []
  const response = answerBlocks(encodeBlocksRequest({ from: 5n, count: 10 }), (height) => {
    asked.push(height)
    return height < 8n ? block(100 + Number(height)) : undefined
  })
  assert.ok(response.kind === 'accepted')
  const blocks = decodeBlocksResponse(response.value)
  assert.ok(blocks.kind === 'accepted')
  assert.deepEqual(asked, [5n, 6n, 7n, 8n])
  assert.deepEqual(
    blocks.value.map((one) => one.block.length),
    [105, 106, 107],
  )
})

test('an answer stops growing at its aim, whatever count was asked for', () => {
  let served = 0
  const response = answerBlocks(encodeBlocksRequest({ from: 1n, count: BLOCK_COUNT_MAX }), () => {
    served++
    return block(1024 * 1024)
  })
  assert.equal(response.kind, 'accepted')
  assert.equal(served, 2)
})

test('requests for height 0, for none, for too many, cut short or too long are refused', () => {
  for (const bytes of [
    concatBytes(u64(0n), u16(1)),
    concatBytes(u64(1n), u16(0)),
    concatBytes(u64(1n), u16(BLOCK_COUNT_MAX + 1)),
    u64(1n),
    concatBytes(u64(1n), u16(1), u16(1)),
    new Uint8Array(0),
  ])
    assert.equal(decodeBlocksRequest(bytes).kind, 'rejected')
})

test('every truncation of a response, and lengths beyond it, are refused', () => {
  const response = answerBlocks(encodeBlocksRequest({ from: 1n, count: 2 }), () => block(40))
  assert.ok(response.kind === 'accepted')
  for (let length = 0; length < response.value.length; length++)
    assert.equal(decodeBlocksResponse(response.value.subarray(0, length)).kind, 'rejected', `length ${length}`)
  const lying = response.value.slice()
  lying.fill(255, 2, 6)
  assert.equal(decodeBlocksResponse(lying).kind, 'rejected')
})
