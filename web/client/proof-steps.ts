/**
 * A proof file, checked by the one function that decides, verifyProofFile of src/light, and told as steps. A refusal is told at
 * the step whose rule it broke; the checks run in this order, so the steps before it held and those after it were not run.
 */
import { equalBytes, toHex } from '../../src/base/bytes.ts'
import { sentence } from '../../src/base/sentence.ts'
import type { Operands, Verdict } from '../../src/base/verdict.ts'
import { blockHash } from '../../src/chain/header.ts'
import { chainIdOf, type ChainSpec } from '../../src/chain/spec.ts'
import { sentenceOf } from '../../src/client/errors.ts'
import type { Engine } from '../../src/crypto/engine.ts'
import { PROOF_FILE_SENTENCES, decodeProofFile, type ProofFile, type ProvenFile } from '../../src/light/proof-file.ts'
import type { Checkpoint } from '../../src/verify/trust.ts'
import type { ProofFacts, ProofStep } from './facts.ts'

export interface InspectionContext {
  readonly engine: Engine
  readonly spec: ChainSpec
  /** What the client was told to start from; genesis if undefined. */
  readonly checkpoint: Checkpoint | undefined
  /** Judges a file from `checkpoint`, as verifyProofFile does. */
  verify(file: Uint8Array, checkpoint: Checkpoint | undefined): Promise<Verdict<ProvenFile>>
  /** The hash at `height` of the chain that this client follows, proven now; undefined if nobody can prove it. */
  provenHash(height: bigint): Promise<Uint8Array | undefined>
}

const TITLES = [
  'It is a proof file of this chain',
  'It starts where this device trusts',
  'The way to its block is certified',
  'It proves its fact',
] as const

/** Verifies `bytes` and says how. Never rejects for what is in the file. */
export async function inspectProofFile(context: InspectionContext, bytes: Uint8Array): Promise<ProofFacts> {
  const { engine, spec } = context
  const decoded = decodeProofFile(bytes, spec.params)
  if (decoded.kind === 'rejected') return refused(bytes, 0, [], decoded)
  const held = [stepOf(0, `${bytes.length} bytes, chain ${toHex(chainIdOf(engine.kernels, spec)).slice(0, 8)}`)]
  const { checkpoint, how } = await startOf(context, decoded.value)
  const verdict = await context.verify(bytes, checkpoint)
  if (verdict.kind === 'accepted') return proven(bytes, held, how, verdict.value)
  const at = failedStep(verdict.code)
  const before = at >= 2 ? [...held, stepOf(1, how)] : at === 1 ? held : []
  if (at === 3) before.push(stepOf(2, `${decoded.value.hops.length} hops`))
  return refused(bytes, at, before, verdict)
}

/** The file's own start, if it is the checkpoint, genesis, or a block that a peer can prove to be in our chain. */
async function startOf(
  { engine, checkpoint, provenHash }: InspectionContext,
  { base, hops }: ProofFile,
): Promise<{ readonly checkpoint: Checkpoint | undefined; readonly how: string }> {
  const { height } = base
  if (height === 0n) return { checkpoint: undefined, how: 'genesis, which the chain spec fixes' }
  const headers = [base, ...hops.map(({ header }) => header)]
  const passes = (hash: Uint8Array) => headers.some((header) => equalBytes(blockHash(engine.kernels, header), hash))
  if (checkpoint !== undefined && passes(checkpoint.hash))
    return { checkpoint, how: `the checkpoint, block ${checkpoint.height}` }
  const hash = await provenHash(height)
  if (hash === undefined || !equalBytes(hash, blockHash(engine.kernels, base)))
    return { checkpoint, how: 'nothing that this device knows' }
  return { checkpoint: { height, hash }, how: `block ${height}, which is in the chain that this device follows` }
}

function failedStep(code: string): number {
  if (/^(decode|file-(size|magic|chain|refusal|height))/.test(code)) return 0
  if (/^(genesis|checkpoint|trusted|file-checkpoint|file-committee)/.test(code)) return 1
  return /^(header|cert|committee|audit|history-path|conflict|compact|bitmap|quorum)/.test(code) ? 2 : 3
}

const stepOf = (index: number, detail: string, held = true): ProofStep => ({ title: TITLES[index]!, detail, held })

function refused(
  file: Uint8Array,
  at: number,
  before: readonly ProofStep[],
  { code, operands }: { readonly code: string; readonly operands: Operands },
): ProofFacts {
  const template: string | undefined = (PROOF_FILE_SENTENCES as Readonly<Record<string, string>>)[code]
  const reason = template === undefined ? sentenceOf(code, operands) : sentence(template, operands)
  const steps = [...before, stepOf(at, `${reason} (${code})`, false)]
  return { kind: 'file', title: `File of ${file.length} bytes`, ok: false, steps, height: undefined, file: undefined }
}

function proven(file: Uint8Array, held: readonly ProofStep[], how: string, result: ProvenFile): ProofFacts {
  const { trusted, hopCount } = result
  const { title, steps, height } = factOf(result)
  const way = `${hopCount} ${hopCount === 1 ? 'hop' : 'hops'} to block ${trusted.header.height}, hash ${toHex(trusted.hash)}`
  return { kind: 'file', title, ok: true, height, file, steps: [...held, stepOf(1, how), stepOf(2, way), ...steps] }
}

function factOf({ value, trusted }: ProvenFile): Pick<ProofFacts, 'title' | 'steps' | 'height'> {
  const under = trusted.header.height
  switch (value.kind) {
    case 'header':
      return fact(`Block ${value.header.height}`, value.header.height, [inHistory(value.header.height, under)])
    case 'transaction': {
      const { header, txid, proof } = value
      const { height, txCount, txRoot } = header
      const detail = `transaction ${toHex(txid)}, number ${proof.index + 1} of ${txCount} under the root ${toHex(txRoot)}`
      const inBlock = { title: `The payment is in block ${height}`, detail, held: true }
      return fact(`Payment in block ${height}`, height, [inHistory(height, under), inBlock])
    }
    case 'state': {
      const detail = `exactly ${value.utxos.length} outputs under the prefix ${toHex(value.prefix.bytes)}, under the root ${toHex(value.at.stateRoot)}`
      return fact(`Unspent outputs at block ${under}`, under, [{ title: 'The set is complete', detail, held: true }])
    }
    case 'topic': {
      const count = value.blocks.reduce((sum, { leaves }) => sum + leaves.length, 0)
      const detail = `exactly ${count} transactions in ${value.blocks.length} blocks from ${value.start}`
      return fact('A topic', under, [{ title: 'Nothing of the topic was left out', detail, held: true }])
    }
  }
}

const fact = (title: string, height: bigint, steps: readonly ProofStep[]) => ({ title, height, steps })

const inHistory = (height: bigint, under: bigint): ProofStep => ({
  title: height === under ? `Block ${height} is that block` : `Block ${height} is in its history`,
  detail: height === under ? 'the same hash' : `inclusion under the history root of block ${under}`,
  held: true,
})
