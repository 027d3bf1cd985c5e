/**
 * docs/errors.md, made from the tables of codes that the programs use: `node --import tsx tools/errors-doc.ts` writes it, and a
 * test compares, so that no code can be shown that the page does not explain.
 */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { format, resolveConfig } from 'prettier'
import { SPEC_SENTENCES } from '../src/chain/spec.ts'
import { CLIENT_EXITS } from '../src/cli/client-exit.ts'
import { EXIT, EXIT_MEANINGS, type ExitName } from '../src/cli/exit-codes.ts'
import { CLIENT_SENTENCES } from '../src/client/errors.ts'
import { LEASE_SENTENCES } from '../src/client/lessee.ts'
import { CHECKPOINT_TEXT_SENTENCES } from '../src/light/checkpoint-text.ts'
import { SYNC_SENTENCES } from '../src/light/codes.ts'
import { PROOF_FILE_SENTENCES } from '../src/light/proof-file.ts'
import { PROOF_TEXT_SENTENCES } from '../src/light/proof-text.ts'
import { STATE_FILE_SENTENCES } from '../src/light/state-file.ts'
import type { TransportCode } from '../src/ports/network.ts'
import type { StoreCode } from '../src/store/store-error.ts'
import { VERIFICATION_SENTENCES } from '../src/verify/codes.ts'
import type { Refusal } from '../src/wire/envelope.ts'

export const ERRORS_DOC = fileURLToPath(new URL('../docs/errors.md', import.meta.url))

type Table = Readonly<Record<string, string>>

/** What a connection reports. No peer is blamed for any of these; the client dials again. */
const TRANSPORT: Readonly<Record<TransportCode, string>> = {
  'dial-failed': 'The peer could not be reached: check its address, and whether it runs; the client dials again.',
  'protocol-unsupported': 'The peer does not follow this chain, or does not serve it: name another peer.',
  timeout: 'No answer came in time: nothing, the client asks another peer and this one later.',
  aborted: 'The call was cancelled by its caller: nothing.',
  'stream-reset': 'The peer ended the stream: nothing, the client asks another peer.',
  'frame-too-large': 'The peer sent more than the protocol allows: nothing, the client asks another peer.',
  closed: 'The connection is gone: nothing, the client dials again.',
  'part-missing':
    'An optional package that this kind of address needs is not installed: install it, or use TCP or WebSocket addresses.',
}
const REFUSALS: Readonly<Record<Refusal, string>> = {
  'not-found': 'The peer has no such block or transaction: nothing, others are asked; it proves nothing.',
  pruned: 'The peer had it once and gave it up: ask for something newer, or a peer that keeps all.',
  'not-ahead': 'The peer is behind what was asked about: nothing, others are asked.',
  unsupported: 'The peer does not serve that, as a light client serves no state: add a full node.',
  'too-large':
    'The answer would not fit a frame: ask for less, as by a longer prefix or fewer blocks; the client pages sets by itself.',
  busy: 'The peer is over one of its bounds, or has nothing yet: nothing, it is asked later.',
}
const STORE: Readonly<Record<StoreCode | 'set-aside', string>> = {
  'version-newer': 'The store was written by a newer version: update the program, or name another store.',
  'not-writable': 'The store cannot be written: give permission, or name another folder.',
  'no-space': 'The disk is full: make room; what was verified since is lost on a restart and then verified again.',
  locked: 'Another process uses the store: end it, or name another store.',
  closed: 'The store was closed before: a fault in the program that embeds it.',
  failed: 'The store failed for the reason in the sentence: act on that.',
  'set-aside':
    'The store was torn or damaged and stands under another name: nothing, the client starts from its checkpoint or genesis; keep the old file if you want to know why.',
}
/** Words for a peer that is not asked any more, besides the codes of what it sent. */
const PEER: Table = {
  'too-many-peers': 'More connections than the client keeps: nothing.',
  'stream-ended': 'The peer stopped sending new blocks: nothing, it is asked for its status and followed again.',
  silent: 'The peer sent no new block while others did: nothing, it is asked less.',
}
/** Codes that stand as the reason in another sentence. */
const REASONS: Table = {
  'proof-kind': 'The peer answered another question than was asked: nothing, it is dropped.',
  'proof-height': 'The peer answered for another height than was asked: nothing, it is dropped.',
  'saved-incomplete':
    'The store holds a head without its committee, or the other way round: nothing, the client starts again.',
}
/** What to do where the sentence itself ends without it. */
const ADVICE: Table = {
  'base-missing': 'Nothing: that peer is dropped and another is asked.',
  'base-committee': 'Nothing: that peer is dropped and another is asked.',
  'base-certificate': 'Nothing: that peer is dropped and another is asked.',
  'claim-unproven': 'Nothing: that peer is dropped and remembered.',
  flooding: 'Nothing: that peer is hung up on.',
  banned: 'Nothing. To hear it again, start with another store.',
  malformed:
    'Nothing: that peer is dropped and remembered. If all are, the program is older than the chain: update it.',
  'proof-header': 'Nothing: that peer is dropped and another is asked.',
  'proof-invalid': 'Nothing: that peer is dropped and another is asked.',
  'query-unavailable': 'Ask again in a while, or name another peer; the reasons say what each peer answered.',
  'query-not-found': 'Wait a block and ask again. It is no proof that the transaction does not exist.',
  'query-timeout': 'Check the connection, name another peer, ask again.',
  'query-cancelled': 'Nothing.',
  stopped: 'See the reason, which has an entry of its own.',
  'store-rejected': 'Nothing, if it happens once. Often: the disk is failing, name another store.',
  'payment-rejected':
    'Correct what the reasons say; they are the peers’ and not proven. Nothing was spent as long as no peer took it.',
  'range-invalid': 'Ask for a range within these bounds.',
  conflict:
    'Stop using the chain, keep the store, and publish its evidence: more than a third of a committee broke the rules.',
  aborted: 'Nothing: the caller wanted it.',
  closed: 'Make a new client.',
  'store-failed': 'Make room or give permission, then restart.',
  'checkpoint-form': 'Copy the checkpoint again, whole, in one of these forms.',
  'file-topic-blocks': 'Ask for another file; in the client: nothing, the peer is dropped.',
}

/** The sentence in two: what it means, and what to do about it, which stands behind its last colon or semicolon. */
function halves(code: string, sentence: string): readonly [meaning: string, advice: string] {
  const own = ADVICE[code]
  const at = Math.max(sentence.lastIndexOf('; '), sentence.lastIndexOf(': '))
  const tail = sentence.slice(at + 2)
  if (own !== undefined) return [capital(sentence), own]
  if (at < 0 || tail.startsWith('{')) throw new Error(`the sentence of ${code} says nothing about what to do`)
  return [capital(sentence.slice(0, at)), capital(tail)]
}

const capital = (text: string): string => {
  const ended = /[.!?]$/.test(text) ? text : `${text}.`
  return (ended[0] ?? '').toUpperCase() + ended.slice(1)
}
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;')

function section(title: string, about: string, table: Table, exit?: (code: string) => ExitName): string {
  const head =
    exit === undefined ? '| code | what it means | what to do |' : '| code | what it means | what to do | exit |'
  const rows = Object.entries(table).map(([code, sentence]) => {
    const [meaning, advice] = halves(code, sentence)
    const last = exit === undefined ? '' : ` ${EXIT[exit(code)]} |`
    return `| \`${code}\` | ${cell(meaning)} | ${cell(advice)} |${last}`
  })
  const line = exit === undefined ? '| --- | --- | --- |' : '| --- | --- | --- | --- |'
  return [`## ${title}`, '', about, '', head, line, ...rows, ''].join('\n')
}

const exitOf = (code: string): ExitName => CLIENT_EXITS[code] ?? 'rejected'

/** Every table of the page, so that a test can look codes up in them. */
export const ERROR_TABLES: readonly Table[] = [
  CLIENT_SENTENCES,
  SYNC_SENTENCES,
  CHECKPOINT_TEXT_SENTENCES,
  VERIFICATION_SENTENCES,
  PROOF_FILE_SENTENCES,
  PROOF_TEXT_SENTENCES,
  STATE_FILE_SENTENCES,
  LEASE_SENTENCES,
  SPEC_SENTENCES,
  TRANSPORT,
  REFUSALS,
  STORE,
  PEER,
  REASONS,
]

export async function errorsDoc(): Promise<string> {
  const specs = new Set(Object.keys(SPEC_SENTENCES))
  const verification = Object.fromEntries(Object.entries(VERIFICATION_SENTENCES).filter(([code]) => !specs.has(code)))
  const exits = (Object.keys(EXIT) as ExitName[]).map((name) => `| ${EXIT[name]} | ${name} | ${EXIT_MEANINGS[name]} |`)
  const text = [
    '# Errors',
    '',
    '<!-- Made by tools/errors-doc.ts from the tables of codes; a test compares. Do not edit by hand. -->',
    '',
    'Every code that the light client, its tools and its proof files can show. A `ClientError` has `code`, `operands` and a sentence with both values; `{name}` below stands for an operand. A code never changes its meaning.',
    '',
    section(
      'What calls reject with, and why the client stops',
      '`exit` is the exit code of a command that ends with it.',
      CLIENT_SENTENCES,
      exitOf,
    ),
    section(
      'What the client says while it runs',
      'Warnings, unless the client stops or a call ends with it.',
      SYNC_SENTENCES,
      exitOf,
    ),
    section('Checkpoints', 'Where a checkpoint is read from a text.', CHECKPOINT_TEXT_SENTENCES),
    section('Proof files', 'Of `.scproof` files, in the client and in `stakecube verify`.', PROOF_FILE_SENTENCES),
    section('Proof files as text', 'Of the form that a QR code holds.', PROOF_TEXT_SENTENCES),
    section(
      'What peers are refused for',
      'Found by verification: the data is not what it claims to be. A peer that sends it is dropped and remembered; the client goes on with others.',
      verification,
    ),
    section('State files', 'Of the one small file that a client’s whole state is exported to.', STATE_FILE_SENTENCES),
    section(
      'Coordination nodes',
      'What a device is told that asks for its full nodes; the first four end `stakecube light` with exit code 4, unless it has peers of its own.',
      LEASE_SENTENCES,
    ),
    section('Reasons', 'They stand inside other sentences.', REASONS),
    section('Chain specs', 'Of the JSON file that names a chain.', SPEC_SENTENCES),
    section('Connections', 'No proof of bad faith: the peer is moved down, not remembered.', TRANSPORT),
    section('What a peer may answer instead', 'No proof of bad faith either.', REFUSALS),
    section('Peers', 'The `code` of the event `peer`, besides all of the above.', PEER),
    section('Stores', 'The code of a `StoreError`, or of a warning when a store is opened.', STORE),
    '## Exit codes',
    '',
    '| exit | name | meaning |',
    '| --- | --- | --- |',
    ...exits,
    '',
  ].join('\n')
  return format(text, { ...(await resolveConfig(ERRORS_DOC)), parser: 'markdown' })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(ERRORS_DOC, await errorsDoc())
