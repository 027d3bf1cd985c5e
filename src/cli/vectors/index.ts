/** `stakecube vectors KIND FILE`: runs a file of test vectors through the public code paths. */
import { readFile } from 'node:fs/promises'
import { createKernelBls } from '../../crypto/bls-kernel/index.ts'
import { createNobleBls } from '../../crypto/bls-noble.ts'
import type { Engine } from '../../crypto/engine.ts'
import type { KernelName } from '../../kernels/contract.ts'
import { bestKernel, loadKernels } from '../../kernels/load.ts'
import { parseCommandLine, usage, type CommandDefinition } from '../command-line.ts'
import { CliError, EXIT } from '../exit-codes.ts'
import { VectorFileError } from './fields.ts'
import { runVectors, VECTOR_KINDS, type VectorKind, type VectorReport } from './run.ts'

const KERNEL_NAMES: readonly KernelName[] = ['scalar', 'simd', 'twin']
const SHOWN_FAILURES_MAX = 10
const SHOWN_VALUE_LENGTH_MAX = 400

const DEFINITION: CommandDefinition = {
  name: 'vectors',
  summary: 'Runs a file of test vectors of one kind through the public code paths and compares every answer.',
  operands: ['KIND', 'FILE'],
  flags: {
    kernel: {
      kind: 'text',
      value: 'NAME',
      help: 'scalar, simd or twin; simd where the engine has it',
      oneOf: KERNEL_NAMES,
    },
  },
  epilogue: [
    `KIND is one of ${VECTOR_KINDS.join(', ')}.`,
    'Answers {cases, passed, failed: [{index, expected, got}]}; the exit code is 0 only if every case passed.',
  ].join('\n'),
}

/** `print` gets the whole answer. */
export async function vectorsCommand(
  argv: string[],
  print: (text: string) => void = (text) => process.stdout.write(text),
): Promise<number> {
  const line = parseCommandLine(DEFINITION, argv, print)
  if (line === undefined) return EXIT.ok
  const [kind, path] = line.operands as [string, string]
  if (!isKind(kind)) throw usage(DEFINITION, `KIND must be one of ${VECTOR_KINDS.join(', ')}, got "${kind}"`)
  const report = runFile(kind, path, await readText(path), await engineNamed(line.text('kernel')))
  print(line.has('json') ? `${JSON.stringify(report)}\n` : reportText(kind, path, report))
  return report.failed.length === 0 ? EXIT.ok : EXIT.rejected
}

const isKind = (kind: string): kind is VectorKind => (VECTOR_KINDS as readonly string[]).includes(kind)

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const problem = code === 'ENOENT' ? 'does not exist' : `cannot be read (${code ?? String(error)})`
    throw new CliError('input', `the vector file ${path} ${problem}; name a JSON file of vectors`)
  }
}

/** The kernels asked for and no others: a run must not pass on a fallback. BLS comes from AssemblyScript with them. */
async function engineNamed(name: string | undefined): Promise<Engine> {
  const wanted = (name ?? bestKernel()) as KernelName
  const kernels = await loadKernels({ prefer: wanted })
  if (kernels.name !== wanted)
    throw new CliError(
      'environment',
      `this engine cannot run the kernels ${wanted}, it runs ${kernels.name}; choose those`,
    )
  const sha256 = (bytes: Uint8Array) => kernels.sha256(bytes)
  return { kernels, bls: wanted === 'twin' ? createNobleBls(sha256) : await createKernelBls({ sha256 }) }
}

function runFile(kind: VectorKind, path: string, text: string, engine: Engine): VectorReport {
  try {
    return runVectors(kind, text, engine)
  } catch (error) {
    if (error instanceof VectorFileError) throw new CliError('input', `${path}: ${error.message}`)
    throw error
  }
}

function reportText(kind: string, path: string, { cases, passed, failed }: VectorReport): string {
  const shown = failed
    .slice(0, SHOWN_FAILURES_MAX)
    .flatMap(({ index, expected, got }) => [
      `case ${index}`,
      `  expected ${cut(JSON.stringify(expected))}`,
      `  got      ${cut(JSON.stringify(got))}`,
    ])
  const more = failed.length > SHOWN_FAILURES_MAX ? [`and ${failed.length - SHOWN_FAILURES_MAX} more; see --json`] : []
  return [`${kind} ${path}: ${passed} of ${cases} cases passed`, ...shown, ...more, ''].join('\n')
}

const cut = (text: string): string =>
  text.length <= SHOWN_VALUE_LENGTH_MAX ? text : `${text.slice(0, SHOWN_VALUE_LENGTH_MAX - 1)}…`
