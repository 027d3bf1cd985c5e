/**
 * The draws of a committee ([LC-4]) in one call.
 *
 *   ARENA   draws      d × 44   epoch u32 ‖ D 32 ‖ S u64, big-endian, as in CommitteeHead
 *           members    n × 96   blsPk 48 ‖ credential 32 ‖ amount u64 ‖ drawEpoch u32 ‖ seat u32
 *           digests    n × 32
 *           positions  n × 32
 *           seats      n × 8    u64, host order
 *           messages   n × 68   D ‖ credential, then D ‖ credential ‖ seat
 *           found      n × 4    address of the member's draw, 0 if the member is outside the domain
 *           table      m × 4    open addressing by digest, m ≥ 2n a power of two: 1 + index of a member, or 0
 */
import { copy32, hashMany } from './hash'
import { equal32 } from './merkle'
import { select } from './select'

/** Arena bytes that one member needs beside the draws. */
export const AUDIT_MEMBER_BYTES: i32 = 96 + 32 + 32 + 8 + 68 + 4 + 16

/** Address of the draw of a member, or 0 if there is none or the amount is outside the domain of Select. */
function drawOf(draws: usize, drawCount: i32, member: usize): usize {
  const epoch = load<u32>(member, 88)
  const amount = bswap(load<u64>(member, 80))
  for (; drawCount > 0; drawCount--, draws += 44)
    if (load<u32>(draws) == epoch) return amount <= bswap(load<u64>(draws, 36)) && amount >> 56 == 0 ? draws : 0
  return 0
}

/** Members whose Select is the same have the same digest (so the same D and credential) and amount. */
function findSame(digests: usize, members: usize, table: usize, mask: u32, index: i32): i32 {
  const digest = digests + (<usize>index << 5)
  const amount = load<u64>(members + <usize>index * 96, 80)
  let place = load<u32>(digest) & mask
  while (true) {
    const entry = table + (<usize>place << 2)
    const other = <i32>load<u32>(entry) - 1
    if (other < 0) {
      store<u32>(entry, index + 1)
      return index
    }
    if (load<u64>(members + <usize>other * 96, 80) == amount && equal32(digests + (<usize>other << 5), digest))
      return other
    place = (place + 1) & mask
  }
}

/** Returns the address of the digests; positions and seats follow. `drawTag` and `seatTag` are midstates. */
export function auditDraws(
  draws: usize, drawCount: i32, count: i32, expected: u64, drawTag: usize, seatTag: usize,
): usize {
  const members = draws + <usize>drawCount * 44
  const digests = members + <usize>count * 96
  const positions = digests + (<usize>count << 5)
  const seats = positions + (<usize>count << 5)
  const messages = seats + (<usize>count << 3)
  const found = messages + <usize>count * 68
  const table = found + (<usize>count << 2)
  for (let i = 0; i < count; i++) {
    const member = members + <usize>i * 96
    const draw = drawOf(draws, drawCount, member)
    store<u32>(found + (<usize>i << 2), <u32>draw)
    const message = messages + (<usize>i << 6)
    copy32(message, draw == 0 ? draws : draw + 4)
    copy32(message + 32, member + 48)
  }
  hashMany(drawTag, 64, -1, messages, 64, count, digests)
  for (let i = 0; i < count; i++) {
    const member = members + <usize>i * 96
    const draw = <usize>load<u32>(found + (<usize>i << 2))
    const message = messages + <usize>i * 68
    copy32(message, draw == 0 ? draws : draw + 4)
    copy32(message + 32, member + 48)
    store<u32>(message, load<u32>(member, 92), 64)
  }
  hashMany(seatTag, 64, -1, messages, 68, count, positions)
  const places: u32 = 1 << (33 - clz(count))
  memory.fill(table, 0, <usize>places << 2)
  for (let i = 0; i < count; i++) {
    const seat = seats + (<usize>i << 3)
    const draw = <usize>load<u32>(found + (<usize>i << 2))
    if (draw == 0) {
      memory.fill(digests + (<usize>i << 5), 0, 32)
      memory.fill(positions + (<usize>i << 5), 0, 32)
      store<u64>(seat, 0)
      continue
    }
    const first = findSame(digests, members, table, places - 1, i)
    const amount = bswap(load<u64>(members + <usize>i * 96, 80))
    const total = bswap(load<u64>(draw, 36))
    // S = 0 leaves only the amount 0, which wins nothing.
    if (first < i) store<u64>(seat, load<u64>(seats + (<usize>first << 3)))
    else store<u64>(seat, total == 0 ? 0 : select(amount, total, expected, digests + (<usize>i << 5)))
  }
  return digests
}
