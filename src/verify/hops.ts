/**
 * Several hops at once ([LC-4c]): the certificates of all go into one batch of pairings, and nothing of it is accepted
 * before all of it holds.
 */
import { rejected, type Verdict } from '../base/verdict.ts'
import type { Engine } from '../crypto/engine.ts'
import { verifyClaim } from './certificate.ts'
import { prepareUpdate, type Prepared, type Update, type VerifyCode } from './light.ts'
import type { Chain, Trusted } from './trust.ts'

export interface HopsOutcome {
  /** What each hop led to, in order; empty unless every one of them holds. */
  readonly verified: readonly Trusted[]
  /** Of the last hop, or of the first that was not accepted: that one ended the walk. */
  readonly verdict: Verdict<Trusted, VerifyCode>
  /** The hop that `verdict` is about. */
  readonly index: number
}

/**
 * Walks `updates` (at least one) from `trusted`, each on top of the one before, and verifies their signatures in one batch.
 * `seed` is 32 bytes or more that the senders could not foresee. An undecided hop ends the walk and leaves those before
 * it; a rejected one leaves none, and two final blocks that conflict count only with all signatures verified.
 */
export function verifyHops(
  engine: Engine,
  chain: Chain,
  trusted: Trusted,
  updates: readonly Update[],
  nowMs: bigint,
  seed: Uint8Array,
): HopsOutcome {
  const walked: Prepared[] = []
  const verified: Trusted[] = []
  let at = trusted
  for (const [index, update] of updates.entries()) {
    const prepared = prepareUpdate(engine, chain, at, update, nowMs)
    if (prepared.kind === 'rejected') return { verified: [], verdict: prepared, index }
    if (prepared.kind === 'undecided') return settle(engine, walked, verified, prepared, index, seed)
    walked.push(prepared.value)
    const { verdict } = prepared.value
    if (verdict.kind !== 'accepted') return settle(engine, walked, verified, verdict, index, seed)
    verified.push(verdict.value)
    at = verdict.value
  }
  return settle(engine, walked, verified, { kind: 'accepted', value: at }, updates.length - 1, seed)
}

function settle(
  engine: Engine,
  walked: readonly Prepared[],
  verified: readonly Trusted[],
  verdict: Verdict<Trusted, VerifyCode>,
  index: number,
  seed: Uint8Array,
): HopsOutcome {
  const claims = walked.map(({ claim }) => claim)
  const [bad] = claims.length === 0 ? [] : engine.bls.verifyBatch(claims, seed)
  if (bad !== undefined) return { verified: [], verdict: signatureFault(engine, walked[bad]!), index: bad }
  return { verified: verdict.kind === 'rejected' ? [] : verified, verdict, index }
}

/** The rejection of a hop whose claim the batch found bad. */
function signatureFault(engine: Engine, { claim, head, cert }: Prepared): Verdict<Trusted, VerifyCode> {
  const signed = verifyClaim(engine, claim, head, cert)
  return signed.kind === 'rejected' ? signed : rejected('cert-signature', { hash: 'of a batch that failed', seats: 0 })
}
