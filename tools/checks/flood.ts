/**
 * Check `flood`: validators as processes while peers send garbage, replays, frames that are too large, messages from the
 * future, dear requests and hellos with false proofs, each kind as fast as it is read, under new identities when cut off.
 *
 * It holds if what was sent was counted by the validators' own metrics, flooders were cut off, the memory of every
 * validator stayed below a bar and does not grow in the second half, and blocks went on becoming final.
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { toHex } from '../../src/base/bytes.ts'
import { chainIdOf, formatChainSpec } from '../../src/chain/spec.ts'
import { makeDevnet, saveDevnet } from '../../src/node/devnet-config.ts'
import { createNodeEngine } from '../../src/node/engine.ts'
import { ProcessDevnet } from '../../src/node/process-devnet.ts'
import type { FloodCounts } from './flooders.ts'
import { measured, noted, type CheckOptions, type CheckOutcome } from './registry.ts'
import { MIB, RSS, scrape } from './scrape.ts'

const MAIN = 'dist/cli/main.js'
const VALIDATORS = 4
const RSS_MIB_MAX = 768
/** Growth of the largest memory from the second third of the flood to the last. */
const GROWTH_MIB_MAX = 96
const FLOODER = ['--import', 'tsx', 'tools/checks/flood-process.ts']

interface Sample {
  readonly rssMiB: readonly number[]
  readonly height: number
  readonly dropped: number
  readonly faults: number
  readonly cutOff: number
}

export async function run({ full }: CheckOptions): Promise<CheckOutcome> {
  if (!existsSync(MAIN)) return { results: [], notRun: [`${MAIN} is not there: run "npm run build" first`] }
  const durationMs = full ? 600_000 : 25_000
  const folder = mkdtempSync(join(tmpdir(), 'stakecube-flood-'))
  const engine = await createNodeEngine()
  const config = makeDevnet(engine, VALIDATORS, Date.now())
  await saveDevnet(folder, config)
  const deaths: string[] = []
  const devnet = await ProcessDevnet.start({
    ...{ config, folder, portBase: 0, webrtc: false, command: [MAIN], log: { log: () => undefined } },
    onDeath: (validator, how) => void deaths.push(`validator ${validator} ended: ${how}`),
  })
  try {
    while (devnet.best.height < 3) await pause(50)
    const samples: Sample[] = [await sample(devnet)]
    const { blockTimeMs } = config.spec.params
    const order = {
      ...{ spec: formatChainSpec(config.spec), chainId: toHex(chainIdOf(engine.kernels, config.spec)), blockTimeMs },
      targets: devnet.addresses.filter((address) => /\/tcp\/\d+\/p2p\//.test(address)),
      ...{ height: devnet.best.height, durationMs },
    }
    const flooding = flood(JSON.stringify(order), durationMs + 60_000)
    let isOver = false
    void flooding.finally(() => (isOver = true)).catch(() => undefined)
    while (!isOver) {
      await pause(1000)
      samples.push(await sample(devnet))
    }
    const counts = await flooding
    return { results: judge(samples, counts, deaths, durationMs, full ? 50 : 3), notRun: [] }
  } finally {
    await devnet.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

function judge(
  samples: readonly Sample[],
  counts: FloodCounts,
  deaths: readonly string[],
  durationMs: number,
  cutOffMin: number,
) {
  const first = samples[0]!
  const last = samples.at(-1)!
  const largest = samples.map(({ rssMiB }) => Math.max(...rssMiB))
  const third = Math.floor(largest.length / 3)
  const [middle, end] = [Math.max(...largest.slice(third, 2 * third)), Math.max(...largest.slice(2 * third))]
  const minutes = durationMs / 60_000
  return [
    noted('messagesSent', counts.messages, 'messages'),
    noted('bytesSent', counts.bytes, 'bytes'),
    measured('kinds', Object.keys(counts.byKind).length, 'kinds of flood that got through to a validator', '>=', 15),
    noted('messagesByKind', counts.byKind, 'messages'),
    measured(
      'counted',
      last.dropped + last.faults - first.dropped - first.faults,
      'messages dropped and faults counted',
      '>',
      0,
    ),
    noted('droppedMessages', last.dropped - first.dropped, 'messages'),
    noted('faults', last.faults - first.faults, 'faults of peers'),
    measured('cutOff', last.cutOff - first.cutOff, 'times that a peer was cut off', '>=', cutOffMin),
    noted('identities', counts.identities, 'identities of flooders'),
    noted('rssBeforeMiB', Math.max(...first.rssMiB), 'MiB, the largest of the validators'),
    measured('rssMaxMiB', Math.max(...largest), 'MiB, the largest of the validators', '<=', RSS_MIB_MAX),
    measured('rssGrowthMiB', end - middle, 'MiB, last third over the one before', '<=', GROWTH_MIB_MAX),
    noted('heightBefore', first.height, 'height'),
    measured('heightAfter', last.height, 'height', '>=', first.height + Math.ceil(4 * minutes)),
    measured('deaths', deaths.length, 'validators that ended', '==', 0),
  ]
}

async function sample(devnet: ProcessDevnet): Promise<Sample> {
  const all = await Promise.all(devnet.processes.map(({ ready }) => scrape(ready!.monitor!)))
  const sum = (name: string) => all.reduce((total, one) => total + (one.get(name) ?? 0), 0)
  return {
    rssMiB: all.map((one) => Math.round(one.get(RSS)! / MIB)),
    height: Math.min(...all.map((one) => one.get('stakecube_chain_height')!)),
    dropped: sum('stakecube_messages_dropped_total'),
    faults: sum('stakecube_peer_faults_total'),
    cutOff: sum('stakecube_peers_cut_off_total'),
  }
}

/** Runs the flooders; resolves with what they counted. */
async function flood(order: string, timeoutMs: number): Promise<FloodCounts> {
  const child = spawn(process.execPath, FLOODER, { stdio: ['pipe', 'pipe', 'inherit'] })
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
  child.stdin.end(`${order}\n`)
  let last: FloodCounts | undefined
  try {
    for await (const line of createInterface({ input: child.stdout })) last = JSON.parse(line) as FloodCounts
  } finally {
    clearTimeout(timer)
  }
  if (last === undefined) throw new Error('the flooders ended before they had sent anything')
  return last
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
