/**
 * The arena: where everything stands in linear memory. Nothing is allocated at run time; the host reads the addresses it
 * needs from the module's exports and checks every length before it writes.
 *
 *   0x00000 ┌───────────────────────────────┐
 *           │ static data (K, IV)           │  placed by asc from 0x40 on, ends below 0x400
 *   0x00400 │ scalar schedule, state, zeros │  256 B + 32 B + 32 B
 *   0x00600 │ IV, each word in four lanes   │  128 B
 *   0x00680 │ chaining values, four lanes   │  2 × 128 B
 *   0x00800 │ schedule ring, four lanes     │  256 B: the 16 schedule words in use
 *   0x00900 │ message block, four lanes     │  256 B: 16 words × 4 lanes, host order
 *   0x00a00 │ tail blocks                   │  4 × 128 B: the last blocks of four messages
 *   0x00c00 │ a pair of hashes, four lanes  │  256 B: left and right of four nodes
 *   0x00d00 │ RESULT                        │  256 B: digests that go to the host
 *   0x00e00 │ state between two blocks      │  128 B, four lanes
 *   0x01000 │ midstates                     │  128 × 32 B, one for each tag
 *   0x02000 │ K+W of known blocks           │  4 × 256 B: 64 words each
 *   0x02400 │ the same, four lanes          │  4 × 1 KiB (SIMD)
 *   0x03400 │ scratch of one kernel         │  up to 0x10000
 *   0x10000 │ K+W of the 256 possible last  │  256 × 256 B: a 65-byte message ends in one byte, so its last block has
 *           │ blocks of 65-byte messages    │  only 256 schedules (SIMD, filled on first use)
 *   0x20000 │ guard                         │  64 B, may be read and never matters
 *   0x20040 │ ARENA                         │  input and output of a call, divided by the host
 *  0x61ff00 │ guard                         │  256 B: a message is padded where it stands
 *  0x620000 └───────────────────────────────┘  98 pages
 */
export const SCHEDULE: usize = 0x400
export const STATE: usize = 0x500
/** 32 zero bytes: the hash of an empty subtree of the state tree. Never written. */
export const ZEROS: usize = 0x540
export const IV_LANES: usize = 0x600
export const STATE_LANES: usize = 0x680
export const MIDSTATE_LANES: usize = 0x700
export const RING: usize = 0x800
export const BLOCK_LANES: usize = 0x900
export const TAILS: usize = 0xa00
export const PAIR_LANES: usize = 0xc00
export const RESULT: usize = 0xd00
export const MIDDLE_LANES: usize = 0xe00
export const MIDSTATES: usize = 0x1000
export const MIDSTATE_COUNT: i32 = 128
/** K+W of the block that pads 64, 128 and any other number of bytes; the last place is for four different blocks. */
export const KW_64: usize = 0x2000
export const KW_128: usize = 0x2100
export const KW_OTHER: usize = 0x2200
export const KW_64_LANES: usize = 0x2400
export const KW_128_LANES: usize = 0x2800
export const KW_OTHER_LANES: usize = 0x2c00
export const KW_MIXED_LANES: usize = 0x3000
export const SCRATCH: usize = 0x3400
export const KW_LAST_BYTE: usize = 0x10000
export const ARENA: usize = 0x20040
export const ARENA_END: usize = 0x61ff00
