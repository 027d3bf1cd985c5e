/** Stands in for cli/stake.ts in the edge file: boards do not stake, and it needs a signer of 60 kB. */
import type { CommandDefinition } from '../cli/command-line.ts'
import { CliError } from '../cli/exit-codes.ts'

const leftOut = (name: string): CommandDefinition => ({
  name: `wallet ${name}`,
  summary: 'Left out of the edge file: use the stakecube package on a larger machine.',
  flags: {},
})

export const STAKE_DEFINITIONS = {
  stake: leftOut('stake'),
  unstake: leftOut('unstake'),
  withdraw: leftOut('withdraw'),
  stakes: leftOut('stakes'),
}

export async function runStakeCommand(name: keyof typeof STAKE_DEFINITIONS): Promise<number> {
  throw new CliError(
    'usage',
    `wallet ${name} is left out of the edge file: use the stakecube package on a larger machine`,
  )
}
