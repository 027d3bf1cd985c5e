/**
 * What every response frame begins with: `0x00 ‖ body`, or `0x01 ‖ refusal u8`.
 *
 * A refusal is a server saying that it cannot serve this request now. It is no proof of bad faith, so a client asks
 * another peer and bans nobody for it. A malformed *request* gets no answer: the server drops the stream.
 */
import { concatBytes } from '../base/bytes.ts'
import { accepted, type Result } from '../base/verdict.ts'
import { Reader, type DecodeCode } from '../chain/codec.ts'

/** On the wire: the index in this list. Append only. */
export const REFUSALS = ['not-found', 'pruned', 'not-ahead', 'unsupported', 'busy', 'too-large'] as const
/**
 * `not-found`: no such height, transaction or committee here. `pruned`: known once, given up since. `not-ahead`: asked
 * about a height above the server's head. `unsupported`: this server does not do that. `busy`: over a bound; ask later.
 * `too-large`: what was asked for does not fit a frame; ask for less (a longer prefix).
 */
export type Refusal = (typeof REFUSALS)[number]

export type Answer<Body> =
  { readonly kind: 'served'; readonly body: Body } | { readonly kind: 'refused'; readonly refusal: Refusal }

export const served = <Body>(body: Body): Answer<Body> => ({ kind: 'served', body })
export const refused = (refusal: Refusal): Answer<never> => ({ kind: 'refused', refusal })

export function encodeAnswer<Body>(answer: Answer<Body>, encodeBody: (body: Body) => Uint8Array): Uint8Array {
  if (answer.kind === 'refused') return Uint8Array.of(1, REFUSALS.indexOf(answer.refusal))
  return concatBytes(Uint8Array.of(0), encodeBody(answer.body))
}

/** A whole response frame that refuses. */
export const refusalFrame = (refusal: Refusal): Uint8Array => encodeAnswer(refused(refusal), () => new Uint8Array(0))

/** `readBody` reads from the reader after the first byte; trailing bytes are refused. */
export function decodeAnswer<Body>(
  bytes: Uint8Array,
  readBody: (reader: Reader) => Body,
): Result<Answer<Body>, DecodeCode> {
  const reader = new Reader(bytes)
  const tag = reader.u8()
  reader.expect(tag <= 1, 'response tag', { tag })
  if (reader.failed) return reader.finish(undefined as never)
  if (tag === 0) return reader.finish(served(readBody(reader)))
  const index = reader.u8()
  const refusal = REFUSALS[index]
  reader.expect(refusal !== undefined, 'refusal', { index })
  const result = reader.finish(refusal)
  return result.kind === 'rejected' ? result : accepted(refused(refusal!))
}
