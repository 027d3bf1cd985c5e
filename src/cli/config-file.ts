/**
 * Options from a file: `name = value`, one a line, the names of the command's flags without dashes. `#` begins a comment. Flags on
 * the command line count in place of the file's. Strict: an unknown name, one given twice or a switch that is neither yes nor
 * no is refused, with the line and the nearest name there is.
 */
import { readFileSync } from 'node:fs'
import type { CommandDefinition, Flag } from './command-definition.ts'
import { CliError } from './exit-codes.ts'

type Flags = Readonly<Record<string, Flag>>

/** What the file says, as arguments. */
export function argumentsFromFile(path: string, flags: Flags): readonly string[] {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new CliError('input', `cannot read the configuration ${path} (${code}): name a file that is there`)
  }
  const seen = new Set<string>()
  return text.split('\n').flatMap((raw, index) => {
    const row = raw
      .replace(/\r$/, '')
      .replace(/(^|\s)#.*$/, '')
      .trim()
    return row === '' ? [] : readRow(row, `${path}:${index + 1}`, flags, seen)
  })
}

function readRow(row: string, where: string, flags: Flags, seen: Set<string>): readonly string[] {
  const match = /^([A-Za-z0-9_-]+)\s*=\s*(.*)$/.exec(row)
  if (match === null) throw new CliError('input', `${where}: a line is "name = value", got "${row.slice(0, 60)}"`)
  const [, name, value] = match as unknown as [string, string, string]
  const flag = Object.hasOwn(flags, name) ? flags[name] : undefined
  if (flag === undefined)
    throw new CliError('input', `${where}: unknown option "${name}"${hint(name, Object.keys(flags))}`)
  if (value === '')
    throw new CliError('input', `${where}: "${name}" has no value; leave the line out to use the default`)
  const isMany = flag.kind === 'text' && flag.many === true
  if (seen.has(name) && !isMany) throw new CliError('input', `${where}: "${name}" is given twice`)
  seen.add(name)
  if (flag.kind !== 'switch') return [`--${name}=${value}`]
  if (value !== 'yes' && value !== 'no')
    throw new CliError('input', `${where}: "${name}" is yes or no, got "${value.slice(0, 40)}"`)
  return value === 'yes' ? [`--${name}`] : []
}

/** "; did you mean …?" when a name is near enough to be one mistyped. */
export function hint(name: string, known: readonly string[]): string {
  const [nearest] = known
    .map((candidate) => ({ candidate, distance: distanceOf(name.toLowerCase(), candidate) }))
    .sort((a, b) => a.distance - b.distance)
  const isNear = nearest !== undefined && nearest.distance <= Math.max(2, Math.floor(name.length / 3))
  return isNear ? `; did you mean "${nearest.candidate}"?` : ''
}

/** Letters to insert, remove or change. */
function distanceOf(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)))
    row = next
  }
  return row[b.length]!
}

/** A file with every option explained, all of them commented out. */
export function exampleConfig({ name, flags }: Pick<CommandDefinition, 'name' | 'flags'>): string {
  const rows = Object.entries(flags)
    .filter(([flag]) => flag !== 'config' && flag !== 'print-config')
    .map(([flag, what]) => {
      const value = what.kind === 'switch' ? 'yes' : what.value
      const many = what.kind === 'text' && what.many === true ? ' May be given often.' : ''
      return `# ${what.help.replaceAll('\n', '\n# ')}.${many}\n#${flag} = ${value}\n`
    })
  return [
    `# Options of "stakecube ${name}", one a line: name = value. What is commented out has its default.`,
    `# A flag on the command line counts in place of a line here. Used with: stakecube ${name} --config FILE\n`,
    ...rows,
  ].join('\n')
}
