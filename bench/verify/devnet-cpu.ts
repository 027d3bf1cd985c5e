/** CPU that a devnet spends on a block with either BLS verifier: all validators in this process, no traffic. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BlsEngineName } from '../../src/crypto/bls-kernel/load.ts'
import { makeDevnet } from '../../src/node/devnet-config.ts'
import { Devnet } from '../../src/node/devnet.ts'
import { createNodeEngine } from '../../src/node/engine.ts'

/** The first blocks decode keys, connect peers and warm compilers up. */
const WARM_UP_BLOCKS = 2n

export interface DevnetCost {
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

/** CPU and wall time per block after the first two, and pairings per block. */
export async function measureDevnet(
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
