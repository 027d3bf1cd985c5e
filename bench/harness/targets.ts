/** The ratios that issues 3 and 5 ask for, by generation of the engine. `least` must hold; `bold` is what we want to be known for. */
import type { Generation } from './report.ts'

export interface Bar {
  readonly least: number
  readonly bold: number
}

export interface Target {
  readonly id: string
  readonly impl: string
  readonly peer: string
  /** The peer's case where it is another one than ours. */
  readonly peerId?: string
  /** `>=`: the peer takes at least `bar` times as long. `<=`: we take at most `bar` times as long as the peer. */
  readonly op: '>=' | '<='
  readonly bars: Partial<Readonly<Record<Generation, Bar>>>
}

const both = (least: number, bold: number) => ({ 'v8-11': { least, bold }, later: { least, bold } })

export const TARGETS: readonly Target[] = [
  {
    id: 'merkle-64',
    impl: 'simd',
    peer: '@chainsafe/as-sha256',
    op: '>=',
    bars: { 'v8-11': { least: 5, bold: 6 }, later: { least: 4.5, bold: 5.2 } },
  },
  {
    id: 'merkle-64',
    impl: 'simd',
    peer: '@noble/hashes',
    op: '>=',
    bars: { 'v8-11': { least: 12, bold: 15 }, later: { least: 10, bold: 12 } },
  },
  { id: 'merkle-rfc9162', impl: 'simd', peer: 'simd', peerId: 'merkle-64', op: '<=', bars: both(1.25, 1.1) },
  {
    id: 'sha256-64',
    impl: 'simd',
    peer: '@chainsafe/as-sha256',
    op: '>=',
    bars: { 'v8-11': { least: 2, bold: 2.6 }, later: { least: 1.7, bold: 2.2 } },
  },
  { id: 'sha256-1MiB', impl: 'simd', peer: 'hash-wasm', op: '>=', bars: both(1.35, 1.6) },
  { id: 'select-small', impl: 'simd', peer: 'twin', op: '>=', bars: both(10, 30) },
  { id: 'select-large', impl: 'simd', peer: 'twin', op: '>=', bars: both(10, 30) },
  { id: 'audit-256', impl: 'simd', peer: 'twin', op: '>=', bars: both(10, 30) },
  {
    id: 'merkle-64',
    impl: 'scalar',
    peer: '@chainsafe/as-sha256',
    op: '>=',
    bars: { board: { least: 2.5, bold: 3.2 } },
  },
  { id: 'merkle-64', impl: 'scalar', peer: 'twin', op: '>=', bars: { board: { least: 1, bold: 1.2 } } },
  {
    id: 'bls-certificate-256',
    impl: 'kernel',
    peer: '@noble/curves',
    op: '>=',
    bars: { ...both(2.5, 3), board: { least: 4, bold: 8 } },
  },
  { id: 'bls-52-batch', impl: 'kernel', peer: 'kernel', peerId: 'bls-52-singles', op: '<=', bars: both(0.7, 0.55) },
]

/** Null where this generation has no bar. */
export function barFor(target: Target, generation: Generation): Bar | null {
  return target.bars[generation] ?? null
}
