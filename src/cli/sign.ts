/**
 * Signing on a machine without network: `wallet balance OWNER --proof-out FILE` on one that has it writes the proven outputs,
 * `wallet sign` verifies that proof, builds the payment and signs, `wallet submit` sends what was signed from anywhere.
 *
 * The proof is needed: a transaction does not say what its inputs are worth, so whoever lied about them could have all the rest
 * go to the fee. What is signed is one line of text, to be carried by file, QR code or hand:
 *   stakecube-tx:1:<transaction in base64url>
 */
import { writeFileSync } from 'node:fs'
import { fromHex, toHex } from '../base/bytes.ts'
import { sentence } from '../base/sentence.ts'
import type { Utxo } from '../chain/output.ts'
import { chainIdOf } from '../chain/spec.ts'
import { decodeTx, encodeTx, txid as txidOf, type Tx } from '../chain/transaction.ts'
import { accountOf, buildPayment, parseOwner } from '../client/index.ts'
import { loadBls } from '../crypto/bls-kernel/load.ts'
import type { Kernels } from '../kernels/contract.ts'
import { PROOF_FILE_BYTES_MAX, PROOF_FILE_SENTENCES, verifyProofFile } from '../light/proof-file.ts'
import { explain } from '../verify/codes.ts'
import { readBoundedFile } from './bounded-file.ts'
import { usage, type CommandDefinition, type CommandLine } from './command-line.ts'
import { CliError, EXIT } from './exit-codes.ts'
import { CHAIN_FLAGS, CLIENT_FLAGS, codeOf, readChainInputs, readTextFile, type ChainInputs } from './light-inputs.ts'
import { devnetWallet, findAccount, KEY_FLAGS, note, print, readAmount, withClient } from './wallet-session.ts'

const EXPIRY_HEIGHTS = 1000

export const SIGN_DEFINITIONS = {
  sign: {
    name: 'wallet sign',
    summary: 'Builds and signs a payment without any network, from the proof of wallet balance; writes it to --out.',
    operands: ['TO', 'AMOUNT'],
    flags: {
      ...KEY_FLAGS,
      ...CHAIN_FLAGS,
      inputs: { kind: 'text', value: 'FILE', help: 'proof of the outputs to spend, from wallet balance --proof-out' },
      'allow-weak': CLIENT_FLAGS['allow-weak'],
      out: { kind: 'text', value: 'FILE', help: 'where the signed transaction goes; without it, only printed' },
      expiry: {
        kind: 'number',
        value: 'N',
        low: 1,
        high: 10_000,
        help: `so many blocks after the inputs it may still be included (${EXPIRY_HEIGHTS})`,
      },
    },
  },
  submit: {
    name: 'wallet submit',
    summary: 'Sends a signed transaction, waits until it is final and proves it. Sending it twice does no harm.',
    operands: ['FILE'],
    flags: CLIENT_FLAGS,
  },
} as const satisfies Record<string, CommandDefinition>

export const sign = async (line: CommandLine, kernels: Kernels): Promise<number> => {
  const file = line.text('inputs')
  if (file === undefined) throw usage(SIGN_DEFINITIONS.sign, 'give --inputs FILE, from wallet balance --proof-out')
  const inputs = await readChainInputs('wallet sign', line)
  const account = findAccount(line, kernels, inputs)
  if (account === undefined) throw usage(SIGN_DEFINITIONS.sign, 'give --key FILE or --wallet NAME')
  const chainId = chainIdOf(kernels, inputs.spec)
  const { height, utxos } = await provenInputs(file, inputs, kernels, line)
  const [toName, amountText] = line.operands as [string, string]
  const to = parseOwner(toName) ?? accountOf(kernels, namedWallet(inputs, toName)).owner
  const amount = readAmount(amountText)
  const expiry = height + BigInt(line.number('expiry') ?? EXPIRY_HEIGHTS)
  const chain = { chainId, params: inputs.spec.params }
  const { tx, txid, fee, change } = buildPayment(kernels, chain, { account, utxos, to, amount, expiry })
  const text = `stakecube-tx:1:${toText(encodeTx(tx))}`
  const out = line.text('out')
  if (out !== undefined) write(out, `${text}\n`)
  note(line, `pays ${amount} micro-units to ${toHex(to)} (fee ${fee}, change ${change}), until height ${expiry}`)
  print(line, out === undefined ? text : `signed ${toHex(txid)} in ${out}`, {
    ...{ txid: toHex(txid), to: toHex(to), amount: String(amount), fee: String(fee), change: String(change) },
    ...{ expiry: Number(expiry), transaction: text },
  })
  return EXIT.ok
}

export const submit = async (line: CommandLine, kernels: Kernels): Promise<number> => {
  const tx = readSigned(line.operands[0]!)
  const inputs = await readChainInputs('wallet submit', line)
  const chainId = toHex(chainIdOf(kernels, inputs.spec))
  if (toHex(tx.body.chainId) !== chainId)
    throw new CliError(
      'input',
      `the transaction is for the chain ${toHex(tx.body.chainId).slice(0, 16)}… and the spec is of ${chainId.slice(0, 16)}…: name that chain's spec`,
    )
  return withClient(line, inputs, async (client, signal) => {
    const { header } = await client.submit(tx, { signal })
    const txid = toHex(txidOf(kernels, tx.body))
    print(line, `final: ${txid} in block ${header.height}`, { txid, height: Number(header.height) })
    return EXIT.ok
  })
}

function namedWallet(inputs: ChainInputs, text: string): Uint8Array {
  if (inputs.wallets.length > 0) return devnetWallet(inputs, text).secretKey
  throw new CliError('input', `"${text.slice(0, 80)}" is not an owner: 32 hex digits, as wallet address prints`)
}

/** Verifies the proof file as `stakecube verify` does: its outputs are what they say, up to its height. */
async function provenInputs(
  path: string,
  { spec, checkpoint }: ChainInputs,
  kernels: Kernels,
  line: CommandLine,
): Promise<{ readonly height: bigint; readonly utxos: readonly Utxo[] }> {
  const bytes = readBoundedFile(path, 'proof (wallet balance --proof-out makes one)', PROOF_FILE_BYTES_MAX)
  const engine = { kernels, bls: await loadBls({ sha256: (message) => kernels.sha256(message) }) }
  const verdict = verifyProofFile(engine, spec, checkpoint, bytes, BigInt(Date.now()), line.has('allow-weak'))
  if (verdict.kind !== 'accepted') {
    const own: string | undefined = (PROOF_FILE_SENTENCES as Readonly<Record<string, string>>)[verdict.code]
    const reason = own === undefined ? explain(verdict) : sentence(own, verdict.operands)
    throw new CliError(verdict.kind === 'undecided' ? 'undecided' : 'rejected', `${path} is ${verdict.kind}: ${reason}`)
  }
  const { value, trusted } = verdict.value
  if (value.kind !== 'state')
    throw new CliError('input', `${path} proves no outputs: make it with wallet balance --proof-out`)
  return { height: trusted.header.height, utxos: value.utxos }
}

/** As text, as raw bytes, or as hex: whatever survived the way. */
function readSigned(path: string): Tx {
  const text = readTextFile(path, 'signed transaction').trim()
  const match = /^stakecube-tx:1:([A-Za-z0-9_-]+)$/.exec(text)
  const bytes = match === null ? fromHex(text) : new Uint8Array(Buffer.from(match[1]!, 'base64url'))
  const tx = bytes === undefined ? undefined : decodeTx(bytes)
  if (tx?.kind === 'accepted') return tx.value
  throw new CliError('input', `${path} is no signed transaction: make it with stakecube wallet sign`)
}

const toText = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')

function write(path: string, text: string): void {
  try {
    writeFileSync(path, text)
  } catch (error) {
    throw new CliError('environment', `cannot write ${path} (${codeOf(error)}): name another file`)
  }
}
