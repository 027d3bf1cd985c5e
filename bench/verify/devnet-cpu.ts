/**
 * CPU that a devnet spends on a block with either BLS verifier: all validators in this process, no traffic.
 *
 *   node --import tsx bench/verify/devnet-cpu.ts [--validators 8] [--blocks 20] [--block-time 1000]
 *
 * Prints one line of JSON for each engine: CPU and wall time per block after the first two, and pairings per block.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { BlsEngineName } from '../../src/crypto/bls-kernel/load.ts'
import { makeDevnet } from '../../src/node/devnet-config.ts'
import { Devnet } from '../../src/node/devnet.ts'
import { createNodeEngine } from '../../src/node/engine.ts'

/** The first blocks decode keys, connect peers and warm compilers up. */
const WARM_UP_BLOCKS = 2n

interface DevnetCost {
  readonly engine: BlsEngineName
  readonly validators: number
  readonly blocks: number
  readonly cpuMsPerBlock: number
  readonly wallMsPerBlock: number
  readonly pairingsPerBlock: number
}

interface Mark {
  readonly cpuMs: number
  readonly wallMs: number
  readonly pairings: number
}

async function measureDevnet(
  name: BlsEngineName,
  validators: number,
  blocks: number,
  blockTimeMs: number,
): Promise<DevnetCost> {
  const engine = await createNodeEngine(name)
  const config = makeDevnet(engine, validators, Date.now(), { blockTimeMs })
  const folder = await mkdtemp(join(tmpdir(), 'devnet-cpu-'))
  const mark = (): Mark => {
    const { user, system } = process.cpuUsage()
    return { cpuMs: (user + system) / 1000, wallMs: performance.now(), pairings: engine.bls.pairingCount }
  }
  let first: Mark | undefined
  const { promise, resolve, reject } = withResolvers<Mark>()
  const devnet = await Devnet.start({
    ...{ engine, config, folder, portBase: 0, webrtc: false, log: { log: () => undefined }, onFailure: reject },
    onFinal: ({ block: { header } }) => {
      if (header.height === WARM_UP_BLOCKS) first = mark()
      if (header.height === WARM_UP_BLOCKS + BigInt(blocks)) resolve(mark())
    },
  })
  try {
    const last = await promise
    if (first === undefined) throw new Error('the devnet skipped the first blocks')
    return {
      ...{ engine: name, validators, blocks },
      cpuMsPerBlock: Math.round((last.cpuMs - first.cpuMs) / blocks),
      wallMsPerBlock: Math.round((last.wallMs - first.wallMs) / blocks),
      pairingsPerBlock: (last.pairings - first.pairings) / blocks,
    }
  } finally {
    await devnet.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

/** Promise.withResolvers, which Node 20 lacks. */
function withResolvers<Value>() {
  let resolve!: (value: Value) => void
  let reject!: (reason: unknown) => void
  const promise = new Promise<Value>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}

const { values } = parseArgs({
  options: {
    validators: { type: 'string', default: '8' },
    blocks: { type: 'string', default: '20' },
    'block-time': { type: 'string', default: '1000' },
  },
})
const [validators, blocks, blockTimeMs] = [values.validators, values.blocks, values['block-time']].map(Number)
if (![validators, blocks, blockTimeMs].every((value) => Number.isInteger(value) && value! >= 1)) {
  console.error('devnet-cpu: --validators, --blocks and --block-time must be whole numbers from 1 on')
  process.exit(2)
}
for (const name of ['noble', 'kernel'] as const)
  console.log(JSON.stringify(await measureDevnet(name, validators!, blocks!, blockTimeMs!)))
process.exit(0)
