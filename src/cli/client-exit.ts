/** Which exit code a failure of the light client ends in. */
import { ClientError } from '../client/errors.ts'
import { StoreError } from '../store/store-error.ts'
import { CliError, type ExitName } from './exit-codes.ts'

export const CLIENT_EXITS: Readonly<Record<string, ExitName>> = {
  'trusted-stale': 'undecided',
  'trust-expired': 'undecided',
  'header-future': 'undecided',
  'store-other-chain': 'store',
  'store-failed': 'store',
  'internal-fault': 'bug',
  'checkpoint-other-chain': 'input',
  'checkpoint-wrong-height': 'input',
  'genesis-invalid': 'input',
  'argument-invalid': 'input',
  'funds-missing': 'input',
  'amount-too-small': 'input',
  'outputs-too-many': 'input',
  'query-unavailable': 'network',
  'query-not-found': 'network',
  'query-timeout': 'network',
  'no-peers': 'network',
  aborted: 'interrupted',
}

/** The same failure as a CliError; anything that is not the client's or the store's is left as it is. */
export function asCliError(error: unknown): unknown {
  if (error instanceof ClientError)
    return new CliError(CLIENT_EXITS[error.code] ?? 'rejected', error.message, { cause: error })
  if (error instanceof StoreError) return new CliError('store', error.message, { cause: error })
  return error
}
