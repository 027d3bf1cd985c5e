/** What the light client throws: a code, one sentence with both values, and what to do. */
import { sentence } from '../base/sentence.ts'
import type { Operands } from '../base/verdict.ts'
import { SYNC_SENTENCES, type SyncCode } from '../light/codes.ts'
import { explain } from '../verify/codes.ts'

export type ClientCode =
  | SyncCode
  | 'funds-missing'
  | 'amount-too-small'
  | 'outputs-too-many'
  | 'payment-rejected'
  | 'payment-expired'
  | 'payment-unknown'
  | 'range-invalid'
  | 'argument-invalid'
  | 'conflict'
  | 'aborted'
  | 'closed'
  | 'store-failed'
  | 'internal-fault'
  | 'network-fault'
  | 'serve-unsupported'
  | 'worker-unavailable'
  | 'worker-failed'
  | 'no-peers'

export const CLIENT_SENTENCES: Readonly<Record<Exclude<ClientCode, SyncCode>, string>> = {
  'funds-missing':
    'the payment needs {needed} micro-units with its fee and {available} can be spent: send less, or wait',
  'amount-too-small': 'the amount is {amount} micro-units and the chain allows no less than {least}: send more',
  'outputs-too-many':
    'the payment would spend {count} outputs and a transaction spends at most {most}: send a part of it to yourself first',
  'payment-rejected': 'every peer refused the transaction: {reasons}',
  'payment-expired': 'the transaction was not in a block by height {expiry}: nothing was spent; send it again',
  'payment-unknown':
    'the transaction may no longer be included after height {expiry}, no peer shows it in a block, and what it would spend is spent: look at the balance before you pay again',
  'range-invalid':
    'blocks from {start} up to, without, {end} were asked for: from 1 to {most} blocks, none above the head {last}',
  'argument-invalid': 'the {name} is {got} and must be {expected}: correct the call',
  conflict:
    'two final blocks of height {height} conflict: the chain is broken and the client has stopped; the evidence is kept in the store',
  aborted: 'stopped before it was done',
  closed: 'the client is closed',
  'store-failed': 'what was verified could not be saved ({reason}): it is not lost yet, and will be on a restart',
  'internal-fault':
    'a fault in StakeCube itself, not of a peer or the chain ({reason}, at {event}): the client has stopped and keeps what it had verified; please report it, and start it again',
  'network-fault':
    'the network failed in a way that it should not ({reason}): it is counted as a lost connection; please report it',
  'serve-unsupported':
    'this network cannot be dialled by others: give one that listens, or do not ask the client to serve',
  'worker-unavailable':
    'no worker could be started ({reason}), so this thread verifies: serve the worker file from the page’s origin and allow it by worker-src',
  'worker-failed':
    'the worker that verifies has ended ({reason}): what was verified is saved; start a new client to go on from there',
  'no-peers': 'no address of a peer is known: give at least one',
}

export class ClientError extends Error {
  override readonly name = 'ClientError'
  readonly code: string
  readonly operands: Operands
  constructor(code: string, operands: Operands = {}, options?: ErrorOptions) {
    super(sentenceOf(code, operands), options)
    this.code = code
    this.operands = operands
  }
}

/** The sentence of any code of the client or of verification, with its operands filled in. */
export function sentenceOf(code: string, operands: Operands): string {
  const template = lookUp(SYNC_SENTENCES, code) ?? lookUp(CLIENT_SENTENCES, code)
  return template === undefined ? explain({ code, operands }) : sentence(template, operands)
}

const lookUp = (table: Readonly<Record<string, string>>, code: string): string | undefined =>
  Object.hasOwn(table, code) ? table[code] : undefined
