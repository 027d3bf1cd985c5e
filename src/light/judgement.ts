/** What a verdict of verify/light.ts means for the one who sent the update, and for us. */
import { isBrokenChain, type VerifyCode } from '../verify/light.ts'

export type Judgement =
  /** Ahead of the clock: keep it, look again ([LC-6]). */
  | 'later'
  /** Our own trust ran out ([LC-1]). */
  | 'stale'
  /** Forged, or of a chain that conflicts with ours: ask what its history has ([LC-5]). */
  | 'not-in-history'
  /** Two certified blocks where there can be one. */
  | 'conflict'
  /** Certified, and against the rules ([LC-4]). */
  | 'broken-chain'
  /** Smaller than the chain's f and F ([LC-3]). */
  | 'weak-committee'
  | 'bad-peer'

export function judge(code: VerifyCode): Judgement {
  if (code === 'header-future') return 'later'
  if (code === 'trust-expired') return 'stale'
  if (code === 'history-path') return 'not-in-history'
  if (code === 'committee-weak') return 'weak-committee'
  if (code === 'conflict-height' || code === 'conflict-history') return 'conflict'
  return isBrokenChain(code) ? 'broken-chain' : 'bad-peer'
}
