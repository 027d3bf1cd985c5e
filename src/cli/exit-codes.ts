/** The one table of exit codes. Documented by `stakecube --help`; every command returns or throws one of these. */
export const EXIT = {
  ok: 0,
  bug: 1,
  usage: 2,
  input: 3,
  rejected: 4,
  undecided: 5,
  network: 6,
  store: 7,
  environment: 8,
  interrupted: 130,
} as const
export type ExitName = keyof typeof EXIT

/** One line for each code, in the order of the table. */
export const EXIT_MEANINGS: Readonly<Record<ExitName, string>> = {
  ok: 'done',
  bug: 'a fault in StakeCube itself; please report it',
  usage: 'unknown command or malformed flag',
  input: 'a file, address, key or chain spec that is missing or malformed',
  rejected: 'verification failed: the data is not what it claims to be',
  undecided: 'cannot be decided now: stale checkpoint, or a header ahead of the clock',
  network: 'no peer answered, or a peer broke the protocol',
  store: 'a data folder that is locked, corrupted or of a newer version',
  environment: 'the machine says no: busy port, no permission, no space, missing browser',
  interrupted: 'stopped by Ctrl-C before it was done',
}

/** What a command throws to end with one sentence: what was wrong, with both values, and what to do. No stack is shown. */
export class CliError extends Error {
  override readonly name = 'CliError'
  readonly exit: ExitName
  constructor(exit: ExitName, sentence: string, options?: ErrorOptions) {
    super(sentence, options)
    this.exit = exit
  }
}
