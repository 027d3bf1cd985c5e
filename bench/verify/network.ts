/**
 * What faster verification is worth to the network: CPU of a devnet for each block, and time to final in the simulator with
 * its cost model, with noble (before) and with the kernel (after).
 *
 *   node --import tsx bench/verify/network.ts [--validators 8] [--blocks 10] [--block-time 1000]
 *
 * prints it as JSON; `npm run bench -- --network` puts it into the report.
 */
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { Prng } from '../../src/base/prng.ts'
import { loadBls, type BlsEngineName } from '../../src/crypto/bls-kernel/load.ts'
import { createModelBls, modelBlsSigner } from '../../src/crypto/bls-model.ts'
import { loadKernels } from '../../src/kernels/load.ts'
import type { SimCosts } from '../../src/sim/measured-costs.ts'
import { measureScale } from '../../src/sim/scale.ts'
import { measureCosts } from '../../tools/checks/crypto-costs.ts'
import { measureDevnet, type DevnetCost } from './devnet-cpu.ts'

export interface NetworkCost {
  readonly engine: BlsEngineName
  readonly devnet: DevnetCost
  /** What the simulator charges for each operation, measured here; signing and Ed25519 are the same in both. */
  readonly costModelMs: SimCosts
  readonly simulated: {
    readonly nodes: number
    readonly blocks: number
    readonly finalityMedianMs: number
    readonly finalityP99Ms: number
  }
}

export interface NetworkOptions {
  readonly validators: number
  readonly blocks: number
  readonly blockTimeMs: number
}

export const NETWORK_DEFAULTS: NetworkOptions = { validators: 8, blocks: 10, blockTimeMs: 1000 }

const SIMULATED_NODES = 64
const SIMULATED_BLOCKS = 2
const ENGINES: readonly BlsEngineName[] = ['noble', 'kernel']

/** One entry for each verifier, noble first. Takes minutes: noble cannot keep the pace of a block a second. */
export async function measureNetwork(options: NetworkOptions): Promise<NetworkCost[]> {
  const kernels = await loadKernels()
  const sha256 = (bytes: Uint8Array) => kernels.sha256(bytes)
  const tools = { engine: { kernels, bls: createModelBls() }, signer: modelBlsSigner }
  const costs: NetworkCost[] = []
  for (const engine of ENGINES) {
    process.stderr.write(`network with ${engine}\n`)
    const costModelMs = await measureCosts(() => loadBls({ prefer: engine, sha256 }), new Prng('network costs'))
    const row = measureScale(
      { seed: 'network', nodes: SIMULATED_NODES, blocks: SIMULATED_BLOCKS, costs: costModelMs },
      tools,
    )
    const { nodes, blocks, finalityMedianMs, finalityP99Ms } = row
    const devnet = await measureDevnet(engine, options.validators, options.blocks, options.blockTimeMs)
    costs.push({ engine, devnet, costModelMs, simulated: { nodes, blocks, finalityMedianMs, finalityP99Ms } })
  }
  return costs
}

function readOptions(): NetworkOptions {
  const { values } = parseArgs({
    options: { validators: { type: 'string' }, blocks: { type: 'string' }, 'block-time': { type: 'string' } },
  })
  const read = (name: keyof typeof values, normal: number): number => {
    const value = Number(values[name] ?? normal)
    if (Number.isInteger(value) && value >= 1) return value
    console.error(`network: --${name} must be a whole number from 1 on, got "${values[name]}"`)
    process.exit(2)
  }
  return {
    validators: read('validators', NETWORK_DEFAULTS.validators),
    blocks: read('blocks', NETWORK_DEFAULTS.blocks),
    blockTimeMs: read('block-time', NETWORK_DEFAULTS.blockTimeMs),
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  console.log(JSON.stringify(await measureNetwork(readOptions()), undefined, 1))
  process.exit(0)
}
