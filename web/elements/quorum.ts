/** Words and numbers for the finality rule ([FIN-1]) and for who signed. Display only: src/verify decides. */
import type { Committee } from '../../src/chain/committee.ts'
import type { QuorumRule } from '../../src/chain/params.ts'

/** Seats that the flat rule asks for: ⌊2n/3⌋ + 1. */
export const flatQuorum = (seatCount: number): number => Math.floor((2 * seatCount) / 3) + 1

/** "33 needed" or "5 of 7 shards needed". */
export function quorumOf(rule: QuorumRule, seatCount: number): string {
  return rule === 'flat'
    ? `${flatQuorum(seatCount)} needed`
    : 'two thirds of the shards needed, with two thirds of each'
}

/** Which seats of each committee shard signed, in committee order; all false without a bitmap of the right length. */
export function signersByShard(committee: Committee, bitmap: Uint8Array | undefined): boolean[][] {
  let seat = 0
  return committee.shards.map(({ members }) =>
    members.map(() => {
      const index = seat++
      return (((bitmap?.[index >> 3] ?? 0) >> (7 - (index & 7))) & 1) === 1
    }),
  )
}
