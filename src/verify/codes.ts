/**
 * Every reason for which verification refuses something, once, with the sentence that a person reads. `{name}` stands for
 * an operand; a sentence says what was wrong, with both values, and what to do.
 *
 * The sentences of a family stand beside the checks that give them; this is the index. Not in it: what the ledger refuses
 * (ledger/) and what transports report (ports/).
 */
import { sentence } from '../base/sentence.ts'
import type { Operands } from '../base/verdict.ts'
import type { DecodeCode } from '../chain/codec.ts'
import { SPEC_SENTENCES } from '../chain/spec.ts'
import { AUDIT_SENTENCES } from '../cube/audit.ts'
import type { HistoryCode } from '../proofs/history.ts'
import type { MerkleCode } from '../proofs/merkle.ts'
import type { StateProofCode } from '../proofs/state-proof.ts'
import type { TopicCode } from '../proofs/topics.ts'
import type { TransactionProofCode } from '../proofs/transaction.ts'
import { CERT_SENTENCES } from './certificate.ts'
import { COMPACT_SENTENCES } from './compact.ts'
import { CONFLICT_SENTENCES } from './conflict.ts'
import { GENESIS_SENTENCES } from './genesis.ts'
import { LIGHT_SENTENCES } from './light.ts'
import { TRUST_SENTENCES } from './trust.ts'

export const DECODE_SENTENCES: Readonly<Record<DecodeCode, string>> = {
  'decode-short': 'At byte {offset}, {needed} bytes are needed and {left} are left; get the data again.',
  'decode-trailing': 'The data ends at byte {offset} and {left} more bytes follow; get the data again.',
  'decode-count': 'At byte {offset}, the size of {what} is not allowed ({values}); get the data from another source.',
  'decode-value':
    'At byte {offset}, the encoding breaks the rule "{what}" ({values}); get the data from another source.',
}

type ProofCode = HistoryCode | MerkleCode | StateProofCode | TopicCode | TransactionProofCode

export const PROOF_SENTENCES: Readonly<Record<ProofCode, string>> = {
  'history-proof':
    'The history path of {pathBytes} bytes does not lead from header {index} to the root over {size} headers; ask another peer.',
  'merkle-indices':
    'The leaves that the proof names are not an ascending set below the tree size {size}; ask another peer.',
  'merkle-leaves': 'The proof comes with {bytes} bytes of leaf hashes and needs {expected}; ask another peer.',
  'merkle-proof-length': 'The proof has {bytes} bytes and needs {expected}; ask another peer.',
  'merkle-root': 'The proof leads to another root than that of the tree of {size} leaves; ask another peer.',
  'state-siblings':
    'The state proof has {depth} siblings, more than or not fitting the prefix of {prefixBits} bits; ask another peer.',
  'state-leaf-count':
    'The state proof holds {count} outputs and at most {countMax} are allowed; ask for a longer prefix.',
  'state-leaf-order': 'Output {index} of the state proof does not come after the one before it; ask another peer.',
  'state-leaf-prefix':
    'Output {index} of the state proof lies outside the prefix of {prefixBits} bits that was asked for; ask another peer.',
  'state-foreign':
    'The foreign leaf at depth {depth} does not agree with the path, or is itself under the prefix of {prefixBits} bits; ask another peer.',
  'state-root':
    'The state proof for {prefixBits} bits, with {depth} siblings, leads to another root than the header has; ask another peer.',
  'topic-empty-tree':
    'The topic proof names {leaves} leaves from {start} in a block without transactions; ask another peer.',
  'topic-leaf-length': 'Leaf {index} of the topic proof has {length} bytes and must have {expected}; ask another peer.',
  'topic-leaf-order': 'Leaf {index} of the topic proof does not come after the one before it; ask another peer.',
  'topic-neighbours':
    'The topic proof has {below} leaves below and {above} above the topic, among {leaves} from {start} of {txCount}, where exactly one on each inner side is needed; ask another peer.',
  'transaction-proof':
    'The path of {pathBytes} bytes does not lead from transaction {index} of {txCount} to the root in the header; ask another peer.',
}

/** All codes with their sentences. Families do not overlap (asserted by a test). */
export const SENTENCE_FAMILIES: readonly Readonly<Record<string, string>>[] = [
  DECODE_SENTENCES,
  SPEC_SENTENCES,
  GENESIS_SENTENCES,
  AUDIT_SENTENCES,
  CERT_SENTENCES,
  TRUST_SENTENCES,
  LIGHT_SENTENCES,
  COMPACT_SENTENCES,
  CONFLICT_SENTENCES,
  PROOF_SENTENCES,
]

export const VERIFICATION_SENTENCES: Readonly<Record<string, string>> = Object.assign({}, ...SENTENCE_FAMILIES)
export const VERIFICATION_CODES: readonly string[] = Object.keys(VERIFICATION_SENTENCES)

/**
 * The sentence for a rejected or undecided verdict; a code from elsewhere is named as it is. `{values}` stands for all
 * operands that the sentence does not name.
 */
export function explain({ code, operands }: { readonly code: string; readonly operands: Operands }): string {
  const template = VERIFICATION_SENTENCES[code]
  if (template === undefined) return `Refused with code ${code} (${valuesOf(operands, '')}).`
  return sentence(template, { ...operands, values: valuesOf(operands, template) })
}

function valuesOf(operands: Operands, template: string): string {
  const rest = Object.entries(operands).filter(([name]) => !template.includes(`{${name}}`))
  return rest.length === 0 ? 'no values' : rest.map(([name, value]) => `${name} ${String(value)}`).join(', ')
}
