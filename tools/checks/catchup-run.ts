/**
 * One catch-up, measured: what runs in Node, in Chromium and on the emulated board alike. The answers of the server were
 * recorded before, so nothing is measured but the client: decoding, verification, and the waits of a simulated link.
 */
import { equalBytes, hex, toHex } from '../../src/base/bytes.ts'
import { chainIdOf, parseChainSpec, type ChainSpec } from '../../src/chain/spec.ts'
import { blsKernelBytes, createKernelBls } from '../../src/crypto/bls-kernel/index.ts'
import type { Engine } from '../../src/crypto/engine.ts'
import { loadKernels } from '../../src/kernels/load.ts'
import type { LightEffect, LightEvent } from '../../src/light/contract.ts'
import { LightMachine } from '../../src/light/machine.ts'
import { trustBase } from '../../src/light/start.ts'
import { verifyUpdate, type Trusted } from '../../src/verify/light.ts'
import type { Checkpoint } from '../../src/verify/trust.ts'
import { decodeHopsResponse, encodeHopsRequest } from '../../src/wire/hops.ts'
import { FORMS_FULL } from '../../src/wire/update.ts'

/**
 * `batched`: the client as it is. `one-by-one`: the same with a pairing check for each hop. `naive`: full committees, and
 * for each hop all keys decoded and one pairing check. `naive-cached`: the same with keys decoded once for the whole way.
 */
export type CatchupMode = 'batched' | 'one-by-one' | 'naive' | 'naive-cached'

/** A link of 10 Mbit/s and 40 ms there and back, the same in each mode. */
const LATENCY_MS = 40
const BYTES_PER_MS = 1250
const HOPS_ASKED = 16

export interface CatchupTask {
  readonly mode: CatchupMode
  readonly spec: string
  readonly height: string
  readonly hash: string
  readonly headHash: string
  readonly nowMs: string
  /** Responses in base64 by protocol and request in hex. */
  readonly answers: Readonly<Record<string, string>>
}

export interface CatchupResult {
  readonly bytes: number
  readonly wallMs: number
  /** CPU time of the client's own steps, start-up and link left out; in Chromium of the whole process meanwhile. */
  readonly stepsMs: number
  /** The longest step. */
  readonly stepMsMax: number
  readonly hops: number
  readonly height: string
  readonly kernels: string
  /** The head and its full, audited committee are verified. */
  readonly isAtHead: boolean
}

type Ask = (protocol: string, request: Uint8Array) => Promise<Uint8Array>

export async function makeEngine(): Promise<Engine> {
  const kernels = await loadKernels()
  return { kernels, bls: await createKernelBls({ sha256: (bytes) => kernels.sha256(bytes) }) }
}

/** `clockMs` measures the steps: CPU time where there is such a clock. `onReady` is awaited once everything is loaded. */
export async function runCatchup(
  task: CatchupTask,
  clockMs: () => number = () => performance.now(),
  onReady: () => Promise<void> = () => Promise.resolve(),
): Promise<CatchupResult> {
  const engine = await makeEngine()
  const spec = parseChainSpec(task.spec)
  if (spec.kind === 'rejected') throw new Error(`the chain spec does not parse: ${spec.code}`)
  const checkpoint = { height: BigInt(task.height), hash: hex(task.hash) }
  const link = { bytes: 0 }
  const ask: Ask = async (protocol, request) => {
    const text = task.answers[`${protocol} ${toHex(request)}`]
    if (text === undefined) throw new Error(`a request that was not recorded: ${protocol} ${toHex(request)}`)
    const response = fromBase64(text)
    link.bytes += request.length + response.length
    await new Promise((resolve) => setTimeout(resolve, LATENCY_MS + response.length / BYTES_PER_MS))
    return response
  }
  await onReady()
  const startedMs = performance.now()
  const client = task.mode.startsWith('naive')
    ? await naive(engine, spec.value, checkpoint, BigInt(task.nowMs), ask, task.mode === 'naive', clockMs)
    : await machine(engine, spec.value, checkpoint, BigInt(task.nowMs), ask, task.mode === 'batched' ? 16 : 1, clockMs)
  const { trusted, stepsMs, stepMsMax } = client
  return {
    bytes: link.bytes,
    wallMs: performance.now() - startedMs,
    stepsMs,
    stepMsMax,
    hops: client.hops,
    height: String(trusted.header.height),
    kernels: engine.kernels.name,
    isAtHead: equalBytes(trusted.hash, hex(task.headHash)) && trusted.committee !== undefined,
  }
}

interface Walked {
  readonly trusted: Trusted
  readonly stepsMs: number
  readonly stepMsMax: number
  readonly hops: number
}

// ── The client's machine, until it could follow ──────────────────────────────────────────────────────────────────────

export function machine(
  engine: Engine,
  spec: ChainSpec,
  checkpoint: Checkpoint,
  nowMs: bigint,
  ask: Ask,
  hopBatchMax: number,
  clockMs: () => number,
  onSave: (writes: ReadonlyMap<string, Uint8Array | undefined>) => void = () => undefined,
): Promise<Walked> {
  const light = new LightMachine({ engine, spec, checkpoint, seed: 'catchup', hopBatchMax })
  let [stepsMs, stepMsMax, hops] = [0, 0, 0]
  return new Promise((resolve, reject) => {
    const carryOut = (effect: LightEffect): void => {
      if (effect.kind === 'resume-soon') setTimeout(() => step({ kind: 'work-resumed' }), 0)
      if (effect.kind === 'save') onSave(effect.writes)
      if (effect.kind === 'send-request') {
        const { requestId } = effect
        ask(effect.protocol, effect.bytes).then(
          (bytes) => step({ kind: 'response-received', requestId, bytes }),
          (error: unknown) => reject(error instanceof Error ? error : new Error(String(error))),
        )
      }
      if (effect.kind === 'open-follow') resolve({ trusted: light.trusted!, stepsMs, stepMsMax, hops })
      if (effect.kind !== 'emit') return
      const { notice } = effect
      if (notice.kind === 'progress') hops = notice.hopsDone
      if (notice.kind === 'failed' || notice.kind === 'warning') reject(new Error(`the client says ${notice.code}`))
    }
    let resuming = 0
    const step = (event: LightEvent): void => {
      const startedMs = clockMs()
      const effects = light.step(event)
      const tookMs = clockMs() - startedMs
      stepsMs += tookMs
      stepMsMax = Math.max(stepMsMax, tookMs)
      if (event.kind === 'work-resumed') resuming--
      for (const effect of effects) {
        if (effect.kind === 'resume-soon' && resuming > 0) continue
        if (effect.kind === 'resume-soon') resuming++
        carryOut(effect)
      }
    }
    step({ kind: 'started', nowMs, saved: new Map() })
    step({ kind: 'peer-connected', peer: 'server' })
  })
}

// ── The naive way ────────────────────────────────────────────────────────────────────────────────────────────────────

/** `isFresh`: each hop has a verifier that has seen no key before. */
export async function naive(
  engine: Engine,
  spec: ChainSpec,
  checkpoint: Checkpoint,
  nowMs: bigint,
  ask: Ask,
  isFresh: boolean,
  clockMs: () => number,
): Promise<Walked> {
  const { kernels } = engine
  const module = await WebAssembly.compile(await blsKernelBytes())
  const chain = { params: spec.params, chainId: chainIdOf(kernels, spec) }
  let [stepsMs, stepMsMax, hops] = [0, 0, 0]
  const timed = <Value>(work: () => Value): Value => {
    const startedMs = clockMs()
    const value = work()
    const tookMs = clockMs() - startedMs
    stepsMs += tookMs
    stepMsMax = Math.max(stepMsMax, tookMs)
    return value
  }
  const fetch = async (fromHeight: bigint, base: 'none' | 'full') => {
    const response = await ask('hops', encodeHopsRequest({ fromHeight, countMax: HOPS_ASKED, base, forms: FORMS_FULL }))
    const answer = timed(() => decodeHopsResponse(response, spec.params))
    if (answer.kind === 'rejected' || answer.value.kind === 'refused') throw new Error('the server does not answer')
    return answer.value.body
  }
  const first = await fetch(checkpoint.height, 'full')
  const start = timed(() => trustBase({ engine, ...chain }, checkpoint, first.base!))
  if (start.kind !== 'trusted') throw new Error(`the checkpoint is not trusted: ${start.kind}`)
  let { trusted } = start
  for (let { updates } = first; updates.length > 0; updates = (await fetch(trusted.header.height, 'none')).updates)
    for (const update of updates) {
      const bls = isFresh ? await createKernelBls({ module, sha256: (bytes) => kernels.sha256(bytes) }) : engine.bls
      const verdict = timed(() => verifyUpdate({ kernels, bls }, chain, trusted, update, nowMs))
      if (verdict.kind !== 'accepted') throw new Error(`a hop is not accepted: ${verdict.code}`)
      trusted = verdict.value
      hops++
    }
  return { trusted, stepsMs, stepMsMax, hops }
}

function fromBase64(text: string): Uint8Array {
  const binary = atob(text)
  const bytes = new Uint8Array(binary.length)
  for (let index = 0; index < bytes.length; index++) bytes[index] = binary.charCodeAt(index)
  return bytes
}
