/** What a command declares: its name, operands and flags. {@link ./command-line.ts} makes parsing and help of it. */

export interface TextFlag {
  readonly kind: 'text'
  /** Placeholder in the help, such as DIR. */
  readonly value: string
  readonly help: string
  /** When given, the only values allowed. */
  readonly oneOf?: readonly string[]
  readonly many?: boolean
}
export interface NumberFlag {
  readonly kind: 'number'
  readonly value: string
  readonly help: string
  readonly low: number
  readonly high: number
  /** Numbers with a fraction are allowed. */
  readonly fraction?: boolean
}
export interface SwitchFlag {
  readonly kind: 'switch'
  readonly help: string
}
export type Flag = TextFlag | NumberFlag | SwitchFlag

export interface CommandDefinition {
  /** As in `stakecube NAME`. */
  readonly name: string
  readonly summary: string
  /** Positional operands as they appear in the usage line, such as 'FILE'; a trailing '?' means that it may be left out. */
  readonly operands?: readonly string[]
  readonly flags: Readonly<Record<string, Flag>>
  /** Takes `--config FILE` and `--print-config` (CONFIG_FLAGS). */
  readonly hasConfig?: boolean
  /** Printed after the flags: examples, what to do next. */
  readonly epilogue?: string
}
