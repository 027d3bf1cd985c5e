/**
 * Flags of a command: declared once, from which parsing, the one-sentence errors and `--help` follow.
 *
 * `--json` and `--help` exist everywhere. A flag that is unknown, repeated, lacks its value or has one out of range throws
 * CliError('usage'), naming the flag, the value and what is allowed.
 */
import { parseArgs } from 'node:util'
import type { CommandDefinition, Flag } from './command-definition.ts'
import { argumentsFromFile, exampleConfig, hint } from './config-file.ts'
import { CliError } from './exit-codes.ts'

export type { CommandDefinition, Flag, NumberFlag, SwitchFlag, TextFlag } from './command-definition.ts'

/** For commands that set `hasConfig`. */
export const CONFIG_FLAGS = {
  config: { kind: 'text', value: 'FILE', help: 'options from a file, one a line: name = value' },
  'print-config': { kind: 'switch', help: 'print such a file with every option explained, and end' },
} as const satisfies Readonly<Record<string, Flag>>

export class CommandLine {
  readonly operands: readonly string[]
  readonly #values: ReadonlyMap<string, string | number | boolean | readonly string[]>

  constructor(operands: readonly string[], values: ReadonlyMap<string, string | number | boolean | readonly string[]>) {
    this.operands = operands
    this.#values = values
  }

  text(flag: string): string | undefined {
    const value = this.#values.get(flag)
    return typeof value === 'string' ? value : undefined
  }

  texts(flag: string): readonly string[] {
    const value = this.#values.get(flag)
    return Array.isArray(value) ? (value as readonly string[]) : []
  }

  number(flag: string): number | undefined {
    const value = this.#values.get(flag)
    return typeof value === 'number' ? value : undefined
  }

  has(flag: string): boolean {
    return this.#values.has(flag)
  }
}

const EVERYWHERE: Readonly<Record<string, Flag>> = {
  json: { kind: 'switch', help: 'answer as JSON lines on standard output' },
  help: { kind: 'switch', help: 'show this help' },
}

/** Undefined when `--help` was asked for and has been printed to `print`. */
export function parseCommandLine(
  definition: CommandDefinition,
  argv: readonly string[],
  print: (text: string) => void = (text) => process.stdout.write(text),
): CommandLine | undefined {
  const flags = { ...definition.flags, ...EVERYWHERE }
  const { values, operands } = tokenize(definition, flags, withConfig(definition, flags, argv))
  if (definition.hasConfig === true && values.has('print-config')) {
    print(exampleConfig(definition))
    return undefined
  }
  if (values.has('help')) {
    print(helpText(definition))
    return undefined
  }
  checkOperands(definition, operands)
  return new CommandLine(operands, values)
}

/** What the file of `--config` says, as far as the command line does not say it. */
function withConfig(
  definition: CommandDefinition,
  flags: Readonly<Record<string, Flag>>,
  argv: readonly string[],
): readonly string[] {
  if (definition.hasConfig !== true) return argv
  const path = tokenize(definition, flags, argv).values.get('config')
  if (typeof path !== 'string') return argv
  const given = new Set(argv.flatMap((argument) => /^--([^=]+)/.exec(argument)?.[1] ?? []))
  const { config: _, 'print-config': __, help: ___, ...allowed } = flags
  const fromFile = argumentsFromFile(path, allowed)
  return [...fromFile.filter((argument) => !given.has(/^--([^=]+)/.exec(argument)![1]!)), ...argv]
}

function tokenize(definition: CommandDefinition, flags: Readonly<Record<string, Flag>>, argv: readonly string[]) {
  const options = Object.fromEntries(
    Object.entries(flags).map(([name, flag]) => [
      name,
      { type: flag.kind === 'switch' ? ('boolean' as const) : ('string' as const) },
    ]),
  )
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, allowPositionals: true, tokens: true })
  const values = new Map<string, string | number | boolean | readonly string[]>()
  const operands: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') operands.push(token.value)
    if (token.kind !== 'option') continue
    const flag = flags[token.name]
    if (flag === undefined)
      throw usage(definition, `unknown flag ${token.rawName}${hint(token.name, Object.keys(flags))}`)
    const value = readFlag(definition, token.name, flag, token.value)
    const before = values.get(token.name)
    if (flag.kind === 'text' && flag.many === true)
      values.set(token.name, [...((before as readonly string[] | undefined) ?? []), value as string])
    else if (before !== undefined) throw usage(definition, `--${token.name} is given twice`)
    else values.set(token.name, value)
  }
  return { values, operands }
}

function readFlag(definition: CommandDefinition, name: string, flag: Flag, value: string | undefined) {
  if (flag.kind === 'switch') {
    if (value !== undefined) throw usage(definition, `--${name} takes no value, got "${value}"`)
    return true
  }
  if (value === undefined || value === '' || value.startsWith('--'))
    throw usage(definition, `--${name} needs a value: --${name} ${flag.value}`)
  if (flag.kind === 'text') {
    if (flag.oneOf !== undefined && !flag.oneOf.includes(value))
      throw usage(definition, `--${name} must be one of ${flag.oneOf.join(', ')}, got "${value}"`)
    return value
  }
  const number = Number(value)
  const kind = flag.fraction === true ? 'a number' : 'a whole number'
  const fits = flag.fraction === true ? Number.isFinite(number) : Number.isSafeInteger(number)
  if (!fits || number < flag.low || number > flag.high)
    throw usage(definition, `--${name} must be ${kind} from ${flag.low} to ${flag.high}, got "${value}"`)
  return number
}

function checkOperands(definition: CommandDefinition, operands: readonly string[]): void {
  const declared = definition.operands ?? []
  const least = declared.filter((operand) => !operand.endsWith('?')).length
  if (operands.length < least) throw usage(definition, `${declared[operands.length]} is missing`)
  if (operands.length > declared.length) throw usage(definition, `unexpected operand "${operands[declared.length]}"`)
}

/** A usage error of this command: `sentence`, then where the help is. */
export function usage(definition: Pick<CommandDefinition, 'name'>, sentence: string): CliError {
  return new CliError('usage', `${sentence}; see stakecube ${definition.name} --help`)
}

export function helpText(definition: CommandDefinition): string {
  const operands = (definition.operands ?? []).map((operand) =>
    operand.endsWith('?') ? ` [${operand.slice(0, -1)}]` : ` ${operand}`,
  )
  const rows = Object.entries({ ...definition.flags, ...EVERYWHERE }).map(
    ([name, flag]) => [`--${name}${flag.kind === 'switch' ? '' : ` ${flag.value}`}`, flag.help] as const,
  )
  const width = Math.max(...rows.map(([left]) => left.length))
  const lines = rows.map(([left, help]) => `  ${left.padEnd(width)}  ${help}`)
  const epilogue = definition.epilogue === undefined ? [] : ['', definition.epilogue]
  return [
    `usage: stakecube ${definition.name}${operands.join('')} [flags]`,
    '',
    definition.summary,
    '',
    ...lines,
    ...epilogue,
    '',
  ].join('\n')
}
