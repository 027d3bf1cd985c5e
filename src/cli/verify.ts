/** `stakecube verify FILE.scproof`: verifies a proof file offline, from a chain spec and a checkpoint (or genesis). */
import { toHex } from '../base/bytes.ts'
import { sentence } from '../base/sentence.ts'
import { loadBls } from '../crypto/bls-kernel/load.ts'
import { loadKernels } from '../kernels/load.ts'
import {
  isProofText,
  parseProofText,
  PROOF_FILE_BYTES_MAX,
  PROOF_FILE_SENTENCES,
  PROOF_TEXT_SENTENCES,
  verifyProofFile,
  type ProvenFile,
} from '../light/proof-file.ts'
import { explain } from '../verify/codes.ts'
import { readBoundedFile } from './bounded-file.ts'
import { parseCommandLine, type CommandDefinition } from './command-line.ts'
import { CliError, EXIT } from './exit-codes.ts'
import { CHAIN_FLAGS, readChainInputs } from './light-inputs.ts'

const DEFINITION: CommandDefinition = {
  name: 'verify',
  summary:
    'Verifies a proof file, or its text form (SCP1:…), without any network; FILE - is standard input. It is believed only as far as the chain spec and the checkpoint are.',
  operands: ['FILE'],
  flags: {
    ...CHAIN_FLAGS,
    'allow-weak': { kind: 'switch', help: "accept committees smaller than the chain's f and F" },
  },
  epilogue: 'example: stakecube verify payment.scproof --spec chain.json --checkpoint 1200:<hash>',
}

export async function verifyCommand(argv: string[]): Promise<number> {
  const line = parseCommandLine(DEFINITION, argv)
  if (line === undefined) return EXIT.ok
  const path = line.operands[0]!
  const { spec, checkpoint } = await readChainInputs('verify', line)
  const bytes = fileOf(readBoundedFile(path, 'proof file', PROOF_FILE_BYTES_MAX), path)
  const kernels = await loadKernels()
  const engine = { kernels, bls: await loadBls({ sha256: (message) => kernels.sha256(message) }) }
  const isWeakAllowed = line.has('allow-weak')
  const verdict = verifyProofFile(engine, spec, checkpoint, bytes, BigInt(Date.now()), isWeakAllowed)
  if (verdict.kind === 'accepted') {
    const text = line.has('json') ? JSON.stringify(provenJson(verdict.value)) : provenText(verdict.value)
    process.stdout.write(`${text}\n`)
    return EXIT.ok
  }
  const { kind, code, operands } = verdict
  if (line.has('json')) process.stdout.write(`${JSON.stringify({ verdict: kind, code, operands }, bigintText)}\n`)
  const own: string | undefined = (PROOF_FILE_SENTENCES as Readonly<Record<string, string>>)[code]
  const reason = own === undefined ? explain(verdict) : sentence(own, operands)
  throw new CliError(kind === 'undecided' ? 'undecided' : 'rejected', `${path} is ${kind}: ${reason}`)
}

const bigintText = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value)

/** The file itself, also where it comes as text (SCP1:…, what a QR code holds). */
function fileOf(bytes: Uint8Array, path: string): Uint8Array {
  if (!isProofText(bytes)) return bytes
  const parsed = parseProofText(new TextDecoder().decode(bytes))
  if (parsed.kind === 'accepted') return parsed.value
  throw new CliError('input', `${path}: ${sentence(PROOF_TEXT_SENTENCES[parsed.code], parsed.operands)}`)
}

function factOf({ value }: ProvenFile): string {
  switch (value.kind) {
    case 'header':
      return `block ${value.header.height} is in the chain`
    case 'transaction':
      return `transaction ${toHex(value.txid)} is number ${value.proof.index + 1} of ${value.header.txCount} in block ${value.header.height}`
    case 'state': {
      const total = value.utxos.reduce((sum, { output }) => sum + output.amount, 0n)
      return `key prefix ${toHex(value.prefix.bytes)} (${value.prefix.bits} bits) has exactly ${value.utxos.length} unspent outputs, ${total} micro-units in all`
    }
    case 'topic': {
      const count = value.blocks.reduce((sum, { leaves }) => sum + leaves.length, 0)
      return `the topic has exactly ${count} transactions in ${value.blocks.length} blocks from ${value.start}`
    }
  }
}

function provenText(proven: ProvenFile): string {
  const { trusted, from, hopCount } = proven
  const origin = from.height === 0n ? 'genesis' : `the checkpoint ${from.height}:${toHex(from.hash)}`
  return `verified: ${factOf(proven)}\nunder the final block ${trusted.header.height} (${toHex(trusted.hash)}), ${hopCount} hops from ${origin}`
}

const provenJson = (proven: ProvenFile): Readonly<Record<string, unknown>> => ({
  verdict: 'accepted',
  kind: proven.value.kind,
  fact: factOf(proven),
  height: Number(proven.trusted.header.height),
  hash: toHex(proven.trusted.hash),
  hops: proven.hopCount,
  fromHeight: Number(proven.from.height),
})
