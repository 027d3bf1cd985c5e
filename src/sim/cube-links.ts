/** The links that the cube of an epoch gives the nodes of a simulated network ([CUBE-4]). */
import { assert } from '../base/assert.ts'
import { concatBytes, u32 } from '../base/bytes.ts'
import type { ChainParams } from '../chain/params.ts'
import type { Engine } from '../crypto/engine.ts'
import { CubeOverlay } from '../cube/overlay.ts'
import { responsibleShard } from '../cube/routing.ts'
import { buildCube } from '../cube/shards.ts'
import { credentialsOf } from '../ledger/epochs.ts'
import type { Ledger } from '../ledger/ledger.ts'

/**
 * The overlay of `epoch`, which must be the ledger's next one (or, at genesis, its own): each seat puts its holder into its
 * shard; a node without a seat is a guest of the shard that is responsible for a hash of its number. Undefined without a committee.
 */
export function overlayOf(
  { kernels }: Engine,
  params: ChainParams,
  ledger: Ledger,
  epoch: number,
  nodeCount: number,
  nodeOfKey: (blsPk: Uint8Array) => number | undefined,
): CubeOverlay | undefined {
  const head = ledger.epochs.find((record) => record.epoch === epoch)?.committee?.head
  if (head === undefined) return undefined
  const stakeEnd = ledger.stakeEnds.find((end) => end.epoch === Math.max(-1, epoch - 3))
  assert(stakeEnd !== undefined, 'the ledger must hold the stake set of its next epoch')
  const credentials = credentialsOf(kernels, params, stakeEnd.stakes.values())
  const cube = buildCube(kernels, params, epoch, credentials, head.draws)
  const sizes = cube.shards.map(({ seats }) => seats.length).join()
  assert(
    sizes === head.cube.map(({ seats }) => seats).join(),
    'the cube must be the one that the committee vouches for',
  )
  const shards = cube.shards.map(({ label, seats }) => ({
    label,
    nodes: new Set(seats.map(({ credential }) => nodeOfKey(credential.blsPk)!)),
  }))
  const seated = new Set(shards.flatMap(({ nodes }) => [...nodes]))
  for (let node = 0; node < nodeCount; node++) {
    const place = kernels.sha256(concatBytes(u32(node), head.draws.at(-1)!.seed))
    if (!seated.has(node)) responsibleShard(shards, place).nodes.add(node)
  }
  return new CubeOverlay(
    shards.map(({ label, nodes }) => ({ label, nodes: [...nodes].sort((a, b) => a - b) })),
    nodeCount,
  )
}
