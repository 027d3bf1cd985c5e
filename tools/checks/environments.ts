/**
 * Check `environments`: a chain of 10 epochs, made by the simulator with real BLS, verifies the same in Node and in Chromium
 * with the twin (and noble's BLS), the scalar and the SIMD kernels (and the BLS kernel). Same: one digest over every verdict,
 * mutants, codes and operands included. The long form has the devnet's committee of 49 seats and 16 blocks to an epoch.
 */
import { chromium } from 'playwright-core'
import { build } from 'esbuild'
import { fileURLToPath } from 'node:url'
import { toHex } from '../../src/base/bytes.ts'
import { Writer } from '../../src/chain/codec.ts'
import { DEVNET_PARAMS } from '../../src/chain/params.ts'
import { formatChainSpec } from '../../src/chain/spec.ts'
import { txid } from '../../src/chain/transaction.ts'
import { createKernelBls } from '../../src/crypto/bls-kernel/index.ts'
import { nobleBlsSigner } from '../../src/crypto/bls-signer.ts'
import type { KernelName } from '../../src/kernels/contract.ts'
import { loadKernels } from '../../src/kernels/load.ts'
import { twin } from '../../src/kernels/twin/index.ts'
import { FIXTURE_PARAMS, chainFixture, type ChainFixture } from '../../src/sim/fixture.ts'
import { answer, nextUpdate } from '../../src/wire/answer.ts'
import { encodeProofRequest, type ProofRequest } from '../../src/wire/proof.ts'
import { writeUpdate } from '../../src/wire/update.ts'
import { FixtureView } from '../../test/light/fixture-view.ts'
import { CHROMIUM_FLAGS, chromiumPath } from '../chromium.ts'
import { runEnvironment, type EnvironmentFixture, type EnvironmentResult } from './environment-digest.ts'
import { measured, noted, type CheckOptions, type CheckOutcome, type CheckResult } from './registry.ts'

const EPOCHS = 10
const KERNELS: readonly KernelName[] = ['twin', 'scalar', 'simd']

export async function run({ seed, full }: CheckOptions): Promise<CheckOutcome> {
  const fixture = await makeFixture(seed, full)
  const results: (readonly [where: string, result: EnvironmentResult])[] = []
  for (const name of KERNELS) results.push(['node', await runEnvironment(name, fixture)])
  for (const result of await inChromium(fixture)) results.push(['chromium', result])
  const notRun = results.flatMap(([where, { kernels }], index) => {
    const wanted = KERNELS[index % KERNELS.length]!
    return kernels === wanted ? [] : [`${where} with ${wanted}: the engine runs ${kernels} instead`]
  })
  return { results: [...figures(fixture, results), ...results.map((result) => digestResult(result, results))], notRun }
}

const idOf = ([where, { kernels }]: readonly [string, EnvironmentResult]): string => `digest.${where}.${kernels}`

/** Each digest against that of the twin in Node. */
function digestResult(
  result: readonly [string, EnvironmentResult],
  results: readonly (readonly [string, EnvironmentResult])[],
): CheckResult {
  const bar = results[0]![1].digest
  const { digest } = result[1]
  return { id: idOf(result), value: digest, unit: 'sha-256', op: '==', bar, pass: digest === bar }
}

function figures(
  fixture: EnvironmentFixture,
  results: readonly (readonly [string, EnvironmentResult])[],
): CheckResult[] {
  const [, first] = results[0]!
  const digests = new Set(results.map(([, { digest }]) => digest))
  return [
    measured('environments', results.length, 'environments', '==', 2 * KERNELS.length),
    measured('digests', digests.size, 'different digests', '==', 1),
    noted('signatures', 'bls', 'scheme'),
    measured('updates', fixture.updates.length, 'headers', '>=', 4 * EPOCHS - 1),
    measured('verdicts', first.verdicts, 'verdicts', '>=', 7 * fixture.updates.length),
    measured('accepted', first.accepted, 'verdicts', '>=', fixture.updates.length + fixture.proofs.length + 1),
    measured('codes', Object.keys(first.codes).length, 'different codes', '>=', 5),
    ...results.map((result) => noted(`${idOf(result)}.ms`, result[1].durationMs, `ms, ${result[1].bls}`)),
  ]
}

// ── The chain ────────────────────────────────────────────────────────────────────────────────────────────────────────

async function makeFixture(seed: string, full: boolean): Promise<EnvironmentFixture> {
  const kernels = await loadKernels()
  const bls = await createKernelBls({ sha256: (bytes) => kernels.sha256(bytes) })
  const params = full ? DEVNET_PARAMS : FIXTURE_PARAMS
  const validatorCount = full ? 8 : 5
  const chain = chainFixture({
    engine: { kernels, bls },
    signer: nobleBlsSigner,
    epochs: EPOCHS,
    seed,
    params,
    validatorCount,
  })
  return { seed, spec: formatChainSpec(chain.spec), updates: updatesOf(chain), proofs: proofsOf(chain) }
}

function updatesOf(chain: ChainFixture): string[] {
  return chain.blocks.map((_, index) => {
    const next = nextUpdate(new FixtureView(chain, index + 1), BigInt(index))
    if (next.kind === 'refused' || next.body === undefined) throw new Error(`no update to height ${index + 1}`)
    const writer = new Writer(1024)
    writeUpdate(writer, next.body)
    return toHex(writer.finish())
  })
}

/** At the end of each epoch: an owner's outputs, an earlier header, and a transaction. */
function proofsOf(chain: ChainFixture): EnvironmentFixture['proofs'] {
  const { epochLength } = chain.spec.params
  const heights = Array.from({ length: EPOCHS }, (_, epoch) => epochLength * (epoch + 1) - 1)
  return heights.flatMap((height, epoch) => {
    const { owner } = chain.cast.wallets[epoch % chain.cast.wallets.length]!
    const at = BigInt(height)
    const [tx] = chain.blocks[Math.floor(height / 2)]!.block.body.transactions
    const requests: ProofRequest[] = [
      { kind: 3, at, prefix: { bits: 128, bytes: owner } },
      { kind: 3, at, prefix: { bits: 3, bytes: Uint8Array.of((32 * epoch) & 0xe0) } },
      { kind: 1, at, height: at / 2n },
    ]
    if (tx !== undefined) requests.push({ kind: 2, at, txid: txid(twin, tx.body) })
    return requests.map((request) => proofOf(chain, height, encodeProofRequest(request)))
  })
}

function proofOf(chain: ChainFixture, height: number, request: Uint8Array): EnvironmentFixture['proofs'][number] {
  const response = answer(new FixtureView(chain, height), 'proof', request)
  if (response.kind === 'rejected') throw new Error(`the fixture does not answer: ${response.code}`)
  return { height, request: toHex(request), response: toHex(response.value) }
}

// ── Chromium ─────────────────────────────────────────────────────────────────────────────────────────────────────────

async function inChromium(fixture: EnvironmentFixture): Promise<EnvironmentResult[]> {
  const browser = await chromium.launch({ executablePath: chromiumPath(), args: [...CHROMIUM_FLAGS] })
  try {
    const page = await browser.newPage()
    await page.addScriptTag({ content: await bundle() })
    const results: EnvironmentResult[] = []
    for (const name of KERNELS)
      results.push(
        await page.evaluate(
          ([kernel, chain]) =>
            (globalThis as unknown as { runEnvironment: typeof runEnvironment }).runEnvironment(kernel, chain),
          [name, fixture] as const,
        ),
      )
    return results
  } finally {
    await browser.close()
  }
}

async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('environment-page.ts', import.meta.url))],
    bundle: true,
    format: 'iife',
    platform: 'browser',
    target: 'es2022',
    write: false,
    ignoreAnnotations: true,
  })
  return outputFiles[0]!.text
}
