/**
 * Where everything stands in the linear memory of bls.wasm. Nothing is allocated at run time.
 *
 *   0x00040 ┌──────────────────────────┐
 *           │ constants                │  placed by asc, end below 0x2000
 *   0x02000 │ ZERO_WIDE                │  216 B of zeros, never written
 *   0x02100 │ WIDE0, WIDE1, WIDE2      │  products of 27 columns of 8 B, 256 B apart
 *   0x02400 │ frames                   │  temporaries, one frame for each level of the tower and the curve, so that
 *           │                          │  no function's temporaries are those of one that it calls
 *   0x06000 │ HASH_STATE, HASH_BLOCKS  │  SHA-256: 32 B and 64 words of schedule
 *   0x06200 │ HASH_MESSAGE             │  message of one digest, up to 0x800 B
 *   0x07000 │ INPUT                    │  16 KiB from the host
 *   0x0b000 │ OUTPUT                   │  256 B to the host
 *   0x0c000 │ PAIRS                    │  64 × 0x280 B: pointers, and the running point of the Miller loop
 *   0x16000 │ INVERSES                 │  2 × 130 × 56 B: batch inversion
 *   0x1a000 │ MESSAGES                 │  256 points of G2
 *   0x2f000 │ SIGNATURES               │  256 points of G2
 *   0x44000 │ SCALED_KEYS              │  65 points of G1: −G1, and sums that wait for a pairing
 *   0x47000 │ DIGITS                   │  256 × 2 × 72 B: recoded scalars
 *   0x50000 │ MULTIPLES                │  256 × 4 points: P, 3P, 5P, 7P
 *   0xa4000 │ KEYS                     │  4096 points of G1
 *  0x14c000 └──────────────────────────┘  and the rest of 22 pages, 22 pages
 *
 * A point is Jacobian (X, Y, Z), 168 B in G1 and 336 B in G2, and affine where Z is ONE limb by limb.
 */
export const FP: usize = 56
export const FP2: usize = 112
export const FP6: usize = 336
export const FP12: usize = 672
export const G1_POINT: usize = 168
export const G2_POINT: usize = 336

export const ZERO_WIDE: usize = 0x2000
export const WIDE0: usize = 0x2100
export const WIDE1: usize = 0x2200
export const WIDE2: usize = 0x2300

/** Frames: FRAME_x is where the temporaries of level x begin. */
export const FRAME_FP: usize = 0x2400 // 4 × 56
export const POWER_TABLE: usize = 0x2500 // 16 × 56
export const FRAME_FP2: usize = 0x2900 // 2 × 56
export const FRAME_FP2_ROOT: usize = 0x2a00 // 4 × 112
export const FRAME_FP6: usize = 0x2c00 // 8 × 112
export const FRAME_FP12: usize = 0x3000 // 5 × 336
export const FRAME_EXPONENT: usize = 0x3800 // 6 × 672
export const FRAME_POINT: usize = 0x4800 // 14 × 112
export const FRAME_MULTIPLE: usize = 0x4f00 // 5 × 336
export const FRAME_MAP: usize = 0x5600 // 14 × 112
export const FRAME_LINE: usize = 0x5c80 // 8 × 112

export const HASH_STATE: usize = 0x6000
export const HASH_SCHEDULE: usize = 0x6040
export const HASH_MESSAGE: usize = 0x6200
export const HASH_MESSAGE_END: usize = 0x6a00
export const HASH_UNIFORM: usize = 0x6a00 // 256 B
export const HASH_BLOCK: usize = 0x6b00 // 64 B

export const INPUT: usize = 0x7000
export const INPUT_SIZE: i32 = 0x4000
export const OUTPUT: usize = 0xb000
export const MILLER_VALUE: usize = 0xb200 // 672
export const MILLER_PRODUCT: usize = 0xb500 // 672
export const KEY_SUM: usize = 0xb800 // 168
export const SIGNATURE_SUM: usize = 0xb900 // 336
export const PAIRS: usize = 0xc000
export const PAIR_SIZE: usize = 0x280
export const PAIR_COUNT_MAX: i32 = 64
export const INVERSES: usize = 0x16000
export const INVERSE_PRODUCTS: usize = 0x18000
export const MESSAGES: usize = 0x1a000
export const MESSAGE_COUNT_MAX: i32 = 256
export const SIGNATURES: usize = 0x2f000
export const SIGNATURE_COUNT_MAX: i32 = 256
export const SCALED_KEYS: usize = 0x44000
export const DIGITS: usize = 0x47000
export const DIGITS_SIZE: usize = 72
export const MULTIPLES: usize = 0x50000
export const KEYS: usize = 0xa4000
export const KEY_COUNT_MAX: i32 = 4096
