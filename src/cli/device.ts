/**
 * `stakecube device`: a board's key as a registered device (§8). Its libp2p key, its account and its device id are one Ed25519 key;
 * the registration is an output that an owner pays for, and that the owner or the device itself may revoke. Who looks one up gets
 * a proof, of its absence too.
 */
import { toHex, fromHex } from '../base/bytes.ts'
import { DEVICE_ROLE, deviceData, encodeDeviceData } from '../chain/output-data.ts'
import { KIND, type Output, type Utxo } from '../chain/output.ts'
import { encodeTx, txid as txidOf, type Tx, type TxBody } from '../chain/transaction.ts'
import type { Account, LightClient } from '../client/index.ts'
import { registrationOf } from '../client/registrations.ts'
import { ed25519Sign } from '../crypto/ed25519.ts'
import { deviceMessage, ownerOf } from '../crypto/keys.ts'
import { loadKernels } from '../kernels/load.ts'
import { usage, type CommandDefinition, type CommandLine } from './command-line.ts'
import { CliError, EXIT } from './exit-codes.ts'
import { CLIENT_FLAGS, readChainInputs } from './light-inputs.ts'
import { runSubcommand } from './subcommands.ts'
import { EXPIRY_HEIGHTS, findAccount, KEY_FLAGS, print, readKeyFile, withClient } from './wallet-session.ts'

const METADATA_BYTES_MAX = 256
const ROLES = Object.keys(DEVICE_ROLE) as (keyof typeof DEVICE_ROLE)[]

const DEFINITIONS = {
  register: {
    name: 'device register',
    summary:
      'Registers a device key under the account that pays (--key), or gives a registered one another role or metadata.',
    flags: {
      ...KEY_FLAGS,
      'device-key': { kind: 'text', value: 'FILE', help: 'key file of the device, from stakecube wallet new' },
      role: { kind: 'text', value: 'ROLE', oneOf: ROLES, help: `${ROLES.join(', ')} (light)` },
      metadata: { kind: 'text', value: 'TEXT', help: `up to ${METADATA_BYTES_MAX} bytes, for everyone to read` },
      ...CLIENT_FLAGS,
    },
  },
  revoke: {
    name: 'device revoke',
    summary: 'Ends the registration of a device: signed and paid by its owner (--key) or by the device itself.',
    operands: ['DEVICE'],
    flags: { ...KEY_FLAGS, ...CLIENT_FLAGS },
  },
  show: {
    name: 'device show',
    summary: 'Whether a device key (64 hex digits) is registered now, proven.',
    operands: ['DEVICE'],
    flags: CLIENT_FLAGS,
  },
} as const satisfies Record<string, CommandDefinition>

type Sub = keyof typeof DEFINITIONS
const RUN: Readonly<Record<Sub, (line: CommandLine) => Promise<number>>> = { register, revoke, show }

const OVERVIEW = `usage: stakecube device ${Object.keys(DEFINITIONS).join('|')} [flags]\n\n${Object.values(DEFINITIONS)
  .map(({ name, summary }) => `  ${name.padEnd(16)}  ${summary}\n`)
  .join('')}`

export const deviceCommand = (argv: string[]): Promise<number> =>
  runSubcommand('device', DEFINITIONS, OVERVIEW, argv, (name, line) => RUN[name](line))

async function register(line: CommandLine): Promise<number> {
  const kernels = await loadKernels()
  const inputs = await readChainInputs('device register', line)
  const payer = findAccount(line, kernels, inputs)
  const deviceFile = line.text('device-key')
  if (payer === undefined || deviceFile === undefined)
    throw usage(DEFINITIONS.register, 'give --device-key FILE, and --key FILE or --wallet NAME to pay')
  const device = readKeyFile(kernels, deviceFile)
  const metadata = new TextEncoder().encode(line.text('metadata') ?? '')
  if (metadata.length > METADATA_BYTES_MAX)
    throw new CliError('usage', `--metadata has ${metadata.length} bytes and may have ${METADATA_BYTES_MAX}`)
  const role = DEVICE_ROLE[(line.text('role') ?? 'light') as keyof typeof DEVICE_ROLE]
  return withClient(line, inputs, async (client, signal) => {
    const { live } = await registrationOf(client, device.pk, { signal })
    const message = deviceMessage(kernels, client.chainId, payer.owner, device.pk, role)
    const data = encodeDeviceData({
      deviceKey: device.pk,
      role,
      deviceSig: ed25519Sign(device.secretKey, message),
      metadata,
    })
    const output: Output = { kind: KIND.device, amount: 0n, owner: payer.owner, data }
    // Spending the live one is what [DEV-1] asks for; its owner or the device may.
    const spent = live === undefined ? [] : [{ utxo: live, by: device }]
    return settle(line, client, payer, spent, [output], signal, { device: toHex(device.pk), role: ROLES[role]! })
  })
}

async function revoke(line: CommandLine): Promise<number> {
  const kernels = await loadKernels()
  const inputs = await readChainInputs('device revoke', line)
  const payer = findAccount(line, kernels, inputs)
  if (payer === undefined) throw usage(DEFINITIONS.revoke, 'give --key FILE or --wallet NAME')
  const deviceKey = readDevice(line.operands[0]!)
  return withClient(line, inputs, async (client, signal) => {
    const { live } = await registrationOf(client, deviceKey, { signal })
    if (live === undefined)
      throw new CliError('input', `the device ${toHex(deviceKey)} is not registered: there is nothing to revoke`)
    const isOurs = [toHex(live.output.owner), toHex(ownerOf(kernels, deviceKey))].includes(toHex(payer.owner))
    if (!isOurs)
      throw new CliError(
        'input',
        `the device belongs to ${toHex(live.output.owner)} and the key given to ${toHex(payer.owner)}: only its owner or the device itself may revoke it`,
      )
    return settle(line, client, payer, [{ utxo: live, by: payer }], [], signal, {
      device: toHex(deviceKey),
      role: 'none',
    })
  })
}

async function show(line: CommandLine): Promise<number> {
  const inputs = await readChainInputs('device show', line)
  const deviceKey = readDevice(line.operands[0]!)
  return withClient(line, inputs, async (client, signal) => {
    const { live, height: at } = await registrationOf(client, deviceKey, { signal })
    const height = Number(at)
    if (live === undefined) {
      print(line, `not registered, proven at height ${height}`, { device: toHex(deviceKey), registered: false, height })
      return EXIT.rejected
    }
    const { role, metadata } = deviceData(live.output.data)
    const facts = {
      owner: toHex(live.output.owner),
      role: ROLES[role] ?? String(role),
      since: Number(live.createdHeight),
    }
    const text = new TextDecoder().decode(metadata)
    print(
      line,
      `registered as ${facts.role} by ${facts.owner} since height ${facts.since}${text === '' ? '' : `: ${text}`}`,
      {
        ...{ device: toHex(deviceKey), registered: true, ...facts, metadata: text, height },
      },
    )
    return EXIT.ok
  })
}

function readDevice(text: string): Uint8Array {
  const bytes = fromHex(text)
  if (bytes?.length === 32) return bytes
  throw new CliError('input', `"${text.slice(0, 80)}" is not a device key: 64 hex digits, as device register prints`)
}

interface Spent {
  readonly utxo: Utxo
  readonly by: Account
}

/** Pays the fee from the payer's largest output, change back, and waits until it is final. */
async function settle(
  line: CommandLine,
  client: LightClient,
  payer: Account,
  spent: readonly Spent[],
  outputs: readonly Output[],
  signal: AbortSignal,
  facts: { readonly device: string; readonly role: string },
): Promise<number> {
  const { utxos, header } = await client.unspent(payer.owner, { signal })
  const [largest] = utxos
    .filter(({ output }) => output.kind === KIND.transfer)
    .sort((a, b) => (a.output.amount > b.output.amount ? -1 : 1))
  const all = [...(largest === undefined ? [] : [{ utxo: largest, by: payer }]), ...spent]
  const withChange = (change: bigint): TxBody => ({
    ...{ chainId: client.chainId, topic: new Uint8Array(8), expiry: header.height + EXPIRY_HEIGHTS },
    inputs: all.map(({ utxo }) => utxo.outpoint),
    outputs: [...outputs, { kind: KIND.transfer, amount: change, owner: payer.owner, data: new Uint8Array(0) }],
    payload: new Uint8Array(0),
  })
  const blank = { pk: new Uint8Array(32), signature: new Uint8Array(64) }
  const bytes = encodeTx({ body: withChange(0n), witnesses: all.map(() => blank) }).length
  const { minFeePerByte, minOutput } = client.spec.params
  const fee = minFeePerByte * BigInt(bytes)
  const available = largest?.output.amount ?? 0n
  if (available < fee + minOutput)
    throw new CliError(
      'input',
      `the fee is ${fee} micro-units and ${available} can be spent: pay some to ${toHex(payer.owner)}`,
    )
  const body = withChange(available - fee)
  const txid = txidOf(client.engine.kernels, body)
  const tx: Tx = { body, witnesses: all.map(({ by }) => ({ pk: by.pk, signature: ed25519Sign(by.secretKey, txid) })) }
  const { header: at } = await client.submit(tx, { signal })
  print(
    line,
    `final in block ${at.height}: device ${facts.device} is ${facts.role === 'none' ? 'revoked' : `registered as ${facts.role}`}`,
    {
      ...{ txid: toHex(txid), height: Number(at.height), ...facts },
    },
  )
  return EXIT.ok
}
