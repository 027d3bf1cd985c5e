/** `stakecube wallet stake|unstake|withdraw|stakes`: how a stranger joins and leaves. */
import { toHex, fromHex } from '../base/bytes.ts'
import { epochOf, firstHeightOf } from '../chain/params.ts'
import { ClientError } from '../client/errors.ts'
import type { Account, LightClient } from '../client/index.ts'
import {
  bindingsOf,
  buildStake,
  buildUnstake,
  buildWithdrawal,
  type Binding,
  type StakingTx,
} from '../client/staking.ts'
import type { Kernels } from '../kernels/contract.ts'
import { usage, type CommandDefinition, type CommandLine } from './command-line.ts'
import { CliError, EXIT } from './exit-codes.ts'
import { CLIENT_FLAGS, readChainInputs, readTextFile } from './light-inputs.ts'
import { EXPIRY_HEIGHTS, KEY_FLAGS, findAccount, note, print, readAmount, withClient } from './wallet-session.ts'

/** What stake is given up in one epoch is valid in that epoch alone: a boundary may come in between. */
const ATTEMPTS_MAX = 6

const EXAMPLE_FLAGS = '--wallet alice --devnet http://127.0.0.1:8080'

export const STAKE_DEFINITIONS = {
  stake: {
    name: 'wallet stake',
    summary:
      'Binds AMOUNT micro-units as stake for the BLS key of a validator. Three epochs later it is drawn into the cube; from\n' +
      'then on the validator must run, or its seats are missing.',
    operands: ['AMOUNT'],
    flags: {
      ...KEY_FLAGS,
      ...CLIENT_FLAGS,
      'validator-keys': {
        kind: 'text',
        value: 'FILE',
        help: 'keys of the validator, from stakecube validator --new-keys FILE',
      },
    },
    epilogue: `example: stakecube wallet stake 50000000 --validator-keys keys.json ${EXAMPLE_FLAGS}`,
  },
  unstake: {
    name: 'wallet unstake',
    summary:
      'Gives up all stake of the account, or one credential. Its seats stay through the second epoch from now; the money is\n' +
      'free after the unbonding time, for stakecube wallet withdraw.',
    flags: {
      ...KEY_FLAGS,
      ...CLIENT_FLAGS,
      credential: {
        kind: 'text',
        value: 'HEX',
        help: 'give up this one alone; a beginning of at least 8 digits will do',
      },
    },
    epilogue: `example: stakecube wallet unstake ${EXAMPLE_FLAGS}`,
  },
  withdraw: {
    name: 'wallet withdraw',
    summary: 'Takes back what was staked, given up, and is free by now.',
    flags: { ...KEY_FLAGS, ...CLIENT_FLAGS },
    epilogue: `example: stakecube wallet withdraw ${EXAMPLE_FLAGS}`,
  },
  stakes: {
    name: 'wallet stakes',
    summary: 'Lists the stake of the account: since when it is drawn, or from when on it is free.',
    flags: { ...KEY_FLAGS, ...CLIENT_FLAGS },
    epilogue: `example: stakecube wallet stakes ${EXAMPLE_FLAGS}`,
  },
} as const satisfies Record<string, CommandDefinition>

export type StakeCommandName = keyof typeof STAKE_DEFINITIONS

export async function runStakeCommand(name: StakeCommandName, line: CommandLine, kernels: Kernels): Promise<number> {
  const definition = STAKE_DEFINITIONS[name]
  const inputs = await readChainInputs(definition.name, line)
  const account = findAccount(line, kernels, inputs)
  if (account === undefined) throw usage(definition, 'give --key FILE or --wallet NAME')
  const prepared = prepare(name, line)
  return withClient(line, inputs, (client, signal) =>
    RUN[name]({ line, kernels, account, client, signal, ...prepared }),
  )
}

interface Work {
  readonly line: CommandLine
  readonly kernels: Kernels
  readonly account: Account
  readonly client: LightClient
  readonly signal: AbortSignal
  readonly amount: bigint
  readonly blsSecret: Uint8Array
  readonly credential: string | undefined
}

const RUN: Readonly<Record<StakeCommandName, (work: Work) => Promise<number>>> = { stake, unstake, withdraw, stakes }

/** What can be wrong before anything is asked of the network. */
function prepare(name: StakeCommandName, line: CommandLine): Pick<Work, 'amount' | 'blsSecret' | 'credential'> {
  const credential = line.text('credential')?.toLowerCase()
  if (credential !== undefined && !/^[0-9a-f]{8,64}$/.test(credential))
    throw usage(STAKE_DEFINITIONS.unstake, `--credential must be 8 to 64 hex digits, got "${credential.slice(0, 80)}"`)
  if (name !== 'stake') return { amount: 0n, blsSecret: new Uint8Array(32), credential }
  const file = line.text('validator-keys')
  if (file === undefined)
    throw usage(STAKE_DEFINITIONS.stake, 'give --validator-keys FILE; stakecube validator --new-keys FILE makes one')
  return { amount: readAmount(line.operands[0]!), blsSecret: readBlsSecret(file), credential }
}

function readBlsSecret(file: string): Uint8Array {
  let secrets: unknown
  try {
    secrets = (JSON.parse(readTextFile(file, 'validator keys')) as { blsSecrets?: unknown }).blsSecrets
  } catch (error) {
    if (error instanceof CliError) throw error
  }
  const first: unknown = Array.isArray(secrets) ? secrets[0] : undefined
  const secret = typeof first === 'string' ? fromHex(first) : undefined
  if (secret?.length !== 32)
    throw new CliError('input', `${file} holds no validator keys: make them with stakecube validator --new-keys FILE`)
  return secret
}

// ── The commands ─────────────────────────────────────────────────────────────────────────────────────────────────────

async function stake(work: Work): Promise<number> {
  const { line, kernels, account, client, signal, amount, blsSecret } = work
  const { nobleBlsSigner } = await import('../crypto/bls-signer.ts')
  const { utxos, header } = await client.unspent(account.owner, { signal })
  const expiry = header.height + EXPIRY_HEIGHTS
  const made = buildStake(kernels, nobleBlsSigner, chainOf(client), { account, utxos, expiry, amount, blsSecret })
  const height = await submit(work, made)
  const epoch = epochOf(height, client.spec.params)
  const blsPk = toHex(nobleBlsSigner.publicKey(blsSecret))
  print(
    line,
    `final: ${amount} micro-units are staked (fee ${made.fee}) in block ${height}, epoch ${epoch}; drawn from epoch ${epoch + 3} on, block ${firstHeightOf(epoch + 3, client.spec.params)}`,
    {
      ...factsOf(made, height),
      ...{ epoch, drawnFrom: epoch + 3, drawnFromHeight: Number(firstHeightOf(epoch + 3, client.spec.params)), blsPk },
    },
  )
  return EXIT.ok
}

async function unstake(work: Work): Promise<number> {
  const { line, kernels, account, client, signal } = work
  const { params } = client.spec
  for (let attempt = 1; ; attempt++) {
    const { utxos, header } = await client.unspent(account.owner, { signal })
    const leaving = chosen(work, bindingsOf(kernels, params, account.owner, utxos))
    const epoch = epochOf(header.height + 1n, params)
    const expiry = firstHeightOf(epoch + 1, params) - 1n
    const stakes = leaving.map(({ utxo }) => utxo)
    const made = buildUnstake(kernels, chainOf(client), { account, utxos, expiry, stakes, epoch })
    try {
      const height = await submit(work, made)
      const { releaseEpoch } = made
      const releaseHeight = Number(firstHeightOf(releaseEpoch, params))
      print(
        line,
        `final: ${made.amount} micro-units are given up (fee ${made.fee}) in block ${height}, epoch ${epoch}; drawn no more from epoch ${epoch + 3} on, free from epoch ${releaseEpoch} on, block ${releaseHeight}: stakecube wallet withdraw`,
        { ...factsOf(made, height), epoch, credentials: made.stakes.length, releaseEpoch, releaseHeight },
      )
      return EXIT.ok
    } catch (error) {
      if (!isEpochOver(error) || attempt === ATTEMPTS_MAX) throw error
      note(line, `epoch ${epoch} ended before that was in a block: once more`)
    }
  }
}

/** The stake to give up, or why there is none. */
function chosen({ credential }: Work, bindings: readonly Binding[]): readonly Binding[] {
  const staked = bindings.filter(({ drawnFrom }) => drawnFrom !== undefined)
  if (staked.length === 0)
    throw new CliError('input', `the account has no stake to give up; ${bindings.length} outputs are unbonding`)
  if (credential === undefined) return staked
  const found = staked.filter((binding) => toHex(binding.credential).startsWith(credential))
  if (found.length === 1) return found
  const known = staked.map((binding) => toHex(binding.credential)).join(', ')
  throw new CliError(
    'input',
    `${found.length} credentials of the account begin with ${credential}, and it must be one; the account has ${known}`,
  )
}

const isEpochOver = (error: unknown): boolean =>
  error instanceof ClientError &&
  (error.code === 'payment-expired' ||
    (error.code === 'payment-rejected' && /unbonding|expired/i.test(String(error.operands['reasons']))))

async function withdraw(work: Work): Promise<number> {
  const { line, kernels, account, client, signal } = work
  const { params } = client.spec
  const { utxos, header } = await client.unspent(account.owner, { signal })
  const epoch = epochOf(header.height + 1n, params)
  const expiry = header.height + EXPIRY_HEIGHTS
  const made = buildWithdrawal(kernels, chainOf(client), { account, utxos, expiry, epoch })
  if (made === undefined) throw notYet(bindingsOf(kernels, params, account.owner, utxos), epoch)
  const height = await submit(work, made)
  print(
    line,
    `final: ${made.amount} micro-units are free again (fee ${made.fee}) in block ${height}`,
    factsOf(made, height),
  )
  return EXIT.ok
}

function notYet(bindings: readonly Binding[], epoch: number): CliError {
  const releases = bindings.flatMap(({ releaseEpoch }) => (releaseEpoch === undefined ? [] : [releaseEpoch]))
  if (releases.length === 0)
    return new CliError('input', 'nothing of this account is unbonding: give stake up first, with wallet unstake')
  return new CliError(
    'undecided',
    `the next block is of epoch ${epoch} and the first output is free from epoch ${Math.min(...releases)} on: wait`,
  )
}

async function stakes({ line, kernels, account, client, signal }: Work): Promise<number> {
  const { params } = client.spec
  const { utxos, header } = await client.unspent(account.owner, { signal })
  const epoch = epochOf(header.height, params)
  const rows = bindingsOf(kernels, params, account.owner, utxos).map(({ utxo, releaseEpoch, drawnFrom, ...rest }) => ({
    amount: String(utxo.output.amount),
    credential: toHex(rest.credential),
    blsPk: toHex(rest.blsPk),
    ...(releaseEpoch === undefined ? { state: 'staked', drawnFrom } : { state: 'unbonding', releaseEpoch }),
  }))
  const lines = rows.map(
    ({ amount, credential, state, ...when }) =>
      `${amount} micro-units ${state}, credential ${credential}, ${'releaseEpoch' in when ? `free from epoch ${when.releaseEpoch}` : `drawn from epoch ${when.drawnFrom}`} on`,
  )
  const head = `epoch ${epoch}, block ${header.height}: ${rows.length} outputs bound`
  print(line, [head, ...lines].join('\n'), { epoch, height: Number(header.height), stakes: rows })
  return EXIT.ok
}

// ── On the network ───────────────────────────────────────────────────────────────────────────────────────────────────

const chainOf = ({ chainId, spec }: LightClient) => ({ chainId, params: spec.params })

/** Resolves with the height of the block that holds it, proven. */
async function submit({ client, line, signal }: Work, { tx }: StakingTx): Promise<bigint> {
  const { header } = await client.submit(tx, {
    signal,
    onStatus: (status) => (status.kind === 'sent' ? note(line, `${status.outcome} by ${status.peer}`) : undefined),
  })
  return header.height
}

const factsOf = ({ txid, amount, fee }: StakingTx, height: bigint) => ({
  txid: toHex(txid),
  amount: String(amount),
  fee: String(fee),
  height: Number(height),
})
