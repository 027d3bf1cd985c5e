/**
 * Several hops at once ([LC-4c]): the certificates of all go into one batch of pairings, and nothing of it is accepted
 * before all of it holds.
 */
import { rejected, type Verdict } from '../base/verdict.ts'
import type { Engine } from '../crypto/engine.ts'
import { checkSignatureEncoding, verifyClaim } from './certificate.ts'
import type { Hash32 } from '../base/brand.ts'
import type { Header } from '../chain/header.ts'
import { epochOf } from '../chain/params.ts'
import { drawSeedHeight } from '../cube/draws.ts'
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
  const seeds = new SeedsOnTheWay(chain)
  let at = trusted
  for (const [index, update] of updates.entries()) {
    const prepared = prepareUpdate(engine, seeds, at, update, nowMs, true)
    if (prepared.kind === 'rejected') return { verified: [], verdict: prepared, index }
    if (prepared.kind === 'undecided') return settle(engine, walked, verified, prepared, index, seed)
    walked.push(prepared.value)
    const { verdict } = prepared.value
    if (verdict.kind !== 'accepted') return settle(engine, walked, verified, verdict, index, seed)
    verified.push(verdict.value)
    seeds.pass(update.header)
    at = verdict.value
  }
  return settle(engine, walked, verified, { kind: 'accepted', value: at }, updates.length - 1, seed)
}

/** The chain, with the draw seeds of headers that the walk itself has passed. */
class SeedsOnTheWay implements Chain {
  readonly params: Chain['params']
  readonly chainId: Hash32
  readonly weakCommitteesAllowed: boolean
  readonly #chain: Chain
  readonly #seeds = new Map<number, Hash32>()

  constructor(chain: Chain) {
    this.#chain = chain
    this.params = chain.params
    this.chainId = chain.chainId
    this.weakCommitteesAllowed = chain.weakCommitteesAllowed ?? false
  }

  pass(header: Header): void {
    const drawn = drawnBy(this.params, header)
    if (drawn !== undefined) this.#seeds.set(drawn, header.seed)
  }

  drawSeed(epoch: number): Hash32 | undefined {
    return this.#seeds.get(epoch) ?? this.#chain.drawSeed?.(epoch)
  }
}

/** The epoch that is drawn with the seed of `header` ([DRAW-1]): that of an epoch's last block draws the epoch after the next. */
export function drawnBy(params: Chain['params'], { height }: Pick<Header, 'height'>): number | undefined {
  const epoch = epochOf(height, params) + 2
  return drawSeedHeight(params, epoch) === height ? epoch : undefined
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
  const encoding = checkSignatureEncoding(engine.bls, cert)
  if (encoding !== undefined) return encoding
  const signed = verifyClaim(engine, claim, head, cert)
  return signed.kind === 'rejected' ? signed : rejected('cert-signature', { hash: 'of a batch that failed', seats: 0 })
}
