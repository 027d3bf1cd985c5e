/** Commands of commands: `stakecube wallet send …` and the like. */
import { asCliError } from './client-exit.ts'
import { parseCommandLine, usage, type CommandDefinition, type CommandLine } from './command-line.ts'
import { EXIT } from './exit-codes.ts'

/**
 * Runs the one that `argv` begins with; resolves to the exit code. Without a name, or with `--help`, the overview is printed.
 * Throws CliError.
 */
export async function runSubcommand<Name extends string>(
  command: string,
  definitions: Readonly<Record<Name, CommandDefinition>>,
  overview: string,
  argv: readonly string[],
  run: (name: Name, line: CommandLine) => Promise<number>,
): Promise<number> {
  const [name, ...rest] = argv
  if (name === undefined || name === '--help') {
    process.stdout.write(overview)
    return name === undefined ? EXIT.usage : EXIT.ok
  }
  if (!Object.hasOwn(definitions, name))
    throw usage({ name: command }, `${command} has no command "${name}"; it has ${Object.keys(definitions).join(', ')}`)
  const line = parseCommandLine(definitions[name as Name], rest)
  if (line === undefined) return EXIT.ok
  try {
    return await run(name as Name, line)
  } catch (error) {
    throw asCliError(error)
  }
}
