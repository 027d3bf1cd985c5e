/** `stakecube wallet`: keys, a balance with its proof, and payments that wait for finality. */
import { writeFileSync } from 'node:fs'
import { toHex } from '../base/bytes.ts'
import {
  accountOf,
  balanceOf,
  buildPayment,
  newAccount,
  parseOwner,
  proofText,
  type FreeProofRequest,
  type LightClient,
  type Payment,
  type ProvenTransaction,
} from '../client/index.ts'
import type { Kernels } from '../kernels/contract.ts'
import { loadKernels } from '../kernels/load.ts'
import { usage, type CommandDefinition, type CommandLine } from './command-line.ts'
import { CliError, EXIT } from './exit-codes.ts'
import { CHAIN_FLAGS, CLIENT_FLAGS, codeOf, readChainInputs, type ChainInputs } from './light-inputs.ts'
import { sign, SIGN_DEFINITIONS, submit } from './sign.ts'
import { STAKE_DEFINITIONS, runStakeCommand } from './stake.ts'
import { runSubcommand } from './subcommands.ts'
import {
  EXPIRY_HEIGHTS,
  KEY_FLAGS,
  devnetWallet,
  findAccount,
  note,
  print,
  readAmount,
  warn,
  withClient,
} from './wallet-session.ts'

const PROOF_OUT = {
  kind: 'text',
  value: 'FILE',
  help: 'write the proof as a .scproof file, or as text if the name ends in .txt',
} as const

const DEFINITIONS = {
  new: {
    name: 'wallet new',
    summary: 'Makes a key and prints its owner. The file holds the secret: whoever has it can spend.',
    operands: ['FILE'],
    flags: {},
  },
  address: {
    name: 'wallet address',
    summary: 'Prints the owner that others pay to.',
    flags: { ...KEY_FLAGS, devnet: CHAIN_FLAGS.devnet },
  },
  balance: {
    name: 'wallet balance',
    summary: 'Prints the balance of an owner, proven complete under a final block.',
    operands: ['OWNER?'],
    flags: { ...KEY_FLAGS, ...CLIENT_FLAGS, 'proof-out': PROOF_OUT },
  },
  send: {
    name: 'wallet send',
    summary:
      'Pays AMOUNT micro-units to an owner (or a wallet of the devnet), waits until that is final and proves it.',
    operands: ['TO', 'AMOUNT'],
    flags: {
      ...KEY_FLAGS,
      ...CLIENT_FLAGS,
      'proof-out': PROOF_OUT,
    },
    epilogue: 'example: stakecube wallet send bob 1000000 --wallet alice --devnet http://127.0.0.1:8080',
  },
  ...SIGN_DEFINITIONS,
  ...STAKE_DEFINITIONS,
} as const satisfies Record<string, CommandDefinition>

type Sub = keyof typeof DEFINITIONS

const OVERVIEW = `usage: stakecube wallet ${Object.keys(DEFINITIONS).join('|')} [flags]      stakecube wallet NAME --help\n\n${Object.values(
  DEFINITIONS,
)
  .map(({ name, summary }) => `  ${name.padEnd(14)}  ${summary}`)
  .join('\n')}\n`

export const walletCommand = (argv: string[]): Promise<number> =>
  runSubcommand('wallet', DEFINITIONS, OVERVIEW, argv, async (name, line) => RUN[name](line, await loadKernels()))

const RUN: Readonly<Record<Sub, (line: CommandLine, kernels: Kernels) => Promise<number>>> = {
  new: makeKey,
  address: showAddress,
  balance: showBalance,
  send,
  sign,
  submit,
  stake: (line, kernels) => runStakeCommand('stake', line, kernels),
  unstake: (line, kernels) => runStakeCommand('unstake', line, kernels),
  withdraw: (line, kernels) => runStakeCommand('withdraw', line, kernels),
  stakes: (line, kernels) => runStakeCommand('stakes', line, kernels),
}

// ── Keys ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

async function makeKey(line: CommandLine, kernels: Kernels): Promise<number> {
  const path = line.operands[0]!
  const { secretKey, owner } = newAccount(kernels)
  const text = `${JSON.stringify({ kind: 'stakecube-key', secretKey: toHex(secretKey), owner: toHex(owner) }, undefined, 2)}\n`
  try {
    writeFileSync(path, text, { flag: 'wx', mode: 0o600 })
  } catch (error) {
    const code = codeOf(error)
    const advice =
      code === 'EEXIST' ? 'it exists and is not overwritten: name another file' : `${code}: name another file`
    throw new CliError('environment', `cannot write the key file ${path}: ${advice}`)
  }
  print(line, toHex(owner), { owner: toHex(owner), file: path })
  return EXIT.ok
}

async function showAddress(line: CommandLine, kernels: Kernels): Promise<number> {
  const inputs = line.text('devnet') === undefined ? undefined : await readChainInputs('wallet address', line)
  const account = findAccount(line, kernels, inputs)
  if (account === undefined) throw usage(DEFINITIONS.address, 'give --key FILE, or --wallet NAME with --devnet')
  print(line, toHex(account.owner), { owner: toHex(account.owner) })
  return EXIT.ok
}

// ── On the network ───────────────────────────────────────────────────────────────────────────────────────────────────

async function showBalance(line: CommandLine, kernels: Kernels): Promise<number> {
  const inputs = await readChainInputs('wallet balance', line)
  const [text] = line.operands
  const owner = text === undefined ? findAccount(line, kernels, inputs)?.owner : readOwner(kernels, inputs, text)
  if (owner === undefined) throw usage(DEFINITIONS.balance, 'give an OWNER, --key FILE or --wallet NAME')
  return withClient(line, inputs, async (client, signal) => {
    const { header, utxos } = await client.unspent(owner, { signal })
    const { spendable, bound, escrowed } = balanceOf(owner, utxos)
    print(
      line,
      `${spendable} micro-units to spend, ${bound} bound as stake, ${escrowed} in escrow; ${utxos.length} outputs, proven complete at height ${header.height}`,
      {
        owner: toHex(owner),
        spendable: String(spendable),
        bound: String(bound),
        escrowed: String(escrowed),
        outputs: utxos.length,
        height: Number(header.height),
        stateRoot: toHex(header.stateRoot),
      },
    )
    await writeProof(client, { kind: 3, prefix: { bits: 128, bytes: owner } }, line, signal)
    return EXIT.ok
  })
}

function readOwner(kernels: Kernels, inputs: ChainInputs, text: string): Uint8Array {
  const owner = parseOwner(text)
  if (owner !== undefined) return owner
  if (/^[0-9a-fA-F]{8,}$/.test(text) || inputs.wallets.length === 0)
    throw new CliError(
      'input',
      `"${text.slice(0, 80)}" is not an owner: 32 hex digits, as stakecube wallet address prints`,
    )
  return accountOf(kernels, devnetWallet(inputs, text).secretKey).owner
}

async function send(line: CommandLine, kernels: Kernels): Promise<number> {
  const amount = readAmount(line.operands[1]!)
  const inputs = await readChainInputs('wallet send', line)
  const account = findAccount(line, kernels, inputs)
  if (account === undefined) throw usage(DEFINITIONS.send, 'give --key FILE or --wallet NAME')
  const to = readOwner(kernels, inputs, line.operands[0]!)
  return withClient(line, inputs, async (client, signal) => {
    const { utxos, header } = await client.unspent(account.owner, { signal })
    const expiry = header.height + EXPIRY_HEIGHTS
    const chain = { chainId: client.chainId, params: client.spec.params }
    const payment = buildPayment(kernels, chain, { account, utxos, to, amount, expiry })
    const proven = await client.submit(payment.tx, {
      signal,
      onStatus: (status) => (status.kind === 'sent' ? note(line, `${status.outcome} by ${status.peer}`) : undefined),
    })
    report(line, amount, payment, proven)
    await writeProof(client, { kind: 2, txid: payment.txid }, line, signal)
    return EXIT.ok
  })
}

function report(line: CommandLine, amount: bigint, { txid, fee, change }: Payment, proven: ProvenTransaction): void {
  const { header, proof, at } = proven
  const steps = proof.path.length / 32
  const text = [
    `final: ${toHex(txid)} pays ${amount} micro-units (fee ${fee}, change ${change})`,
    `proof: transaction ${proof.index + 1} of ${header.txCount} in block ${header.height} by ${steps} hashes, verified under the final block ${at.height}`,
  ].join('\n')
  print(line, text, {
    txid: toHex(txid),
    amount: String(amount),
    fee: String(fee),
    change: String(change),
    height: Number(header.height),
    index: proof.index,
    txCount: header.txCount,
    path: toHex(proof.path),
    provenAtHeight: Number(at.height),
  })
}

/** Where --proof-out says; nothing without it. */
async function writeProof(
  client: LightClient,
  request: FreeProofRequest,
  line: CommandLine,
  signal: AbortSignal,
): Promise<void> {
  const path = line.text('proof-out')
  if (path === undefined) return
  const { bytes } = await client.exportProof(request, { signal })
  const { text, characters, qrVersion } = proofText(bytes)
  try {
    writeFileSync(path, path.endsWith('.txt') ? `${text}\n` : bytes)
  } catch (error) {
    throw new CliError('environment', `cannot write the proof to ${path} (${codeOf(error)}): name another file`)
  }
  warn(
    `the proof is in ${path} (${bytes.length} bytes; as text ${characters} characters, ${qrVersion === undefined ? 'too many for a QR code' : `a QR code of version ${qrVersion}`}): stakecube verify ${path} --spec FILE`,
  )
}
