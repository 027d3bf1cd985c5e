/**
 * The three-valued answer about remote data. Core code never throws on remote bytes: it returns one of these.
 *
 * `rejected` carries a code (listed once, in verify/codes.ts and the codecs) and the operands that disagreed, so that a
 * person reads one sentence with both values.
 */
export type Operands = Readonly<Record<string, string | number | bigint | boolean>>

export interface Accepted<Value> {
  readonly kind: 'accepted'
  readonly value: Value
}
export interface Undecided<Code extends string> {
  readonly kind: 'undecided'
  readonly code: Code
  readonly operands: Operands
}
export interface Rejected<Code extends string> {
  readonly kind: 'rejected'
  readonly code: Code
  readonly operands: Operands
}
export type Verdict<Value, Code extends string = string> = Accepted<Value> | Undecided<Code> | Rejected<Code>
/** A verdict that is never undecided: decoders, structural checks. */
export type Result<Value, Code extends string = string> = Accepted<Value> | Rejected<Code>

export const accepted = <Value>(value: Value): Accepted<Value> => ({ kind: 'accepted', value })
export const rejected = <Code extends string>(code: Code, operands: Operands = {}): Rejected<Code> => ({
  kind: 'rejected',
  code,
  operands,
})
export const undecided = <Code extends string>(code: Code, operands: Operands = {}): Undecided<Code> => ({
  kind: 'undecided',
  code,
  operands,
})
