/** Who is drawn in an epoch and when that is fixed ([DRAW-1], [DRAW-2]), as records that a ledger keeps. */
import type { Hash32 } from '../base/brand.ts'
import { assert } from '../base/assert.ts'
import { compareBytes, toHex } from '../base/bytes.ts'
import type { Draw } from '../chain/committee.ts'
import { stakeData } from '../chain/output-data.ts'
import type { Owner, Utxo } from '../chain/output.ts'
import { epochOf, type ChainParams } from '../chain/params.ts'
import type { Engine } from '../crypto/engine.ts'
import { credentialOf } from '../crypto/keys.ts'
import { electCommittee, NO_COMMITTEE_ROOT } from '../cube/committee.ts'
import { firstDrawEpoch, type Credential } from '../cube/draws.ts'
import { buildCube } from '../cube/shards.ts'
import type { Kernels } from '../kernels/contract.ts'
import { committeeKeys, type CommitteeKeys } from '../verify/certificate.ts'

export interface EpochRecord {
  readonly epoch: number
  /** D_e and S_e. */
  readonly draw: Draw
  /** Undefined when the cube is empty, which stops the chain. */
  readonly committee: CommitteeKeys | undefined
  /** committeeRoot, 32 zero bytes without a committee. */
  readonly root: Hash32
  /** Owner of each committee member's stake output, by credential id in hex: whom [REW-1] pays even if it is spent. */
  readonly owners: ReadonlyMap<string, Owner>
}

/** j of [DRAW-2]: the first epoch whose stake set holds an output of this height. Genesis outputs are in those of 0 to 2. */
export const firstStakeEpoch = (createdHeight: bigint, params: ChainParams): number =>
  createdHeight === 0n ? 0 : epochOf(createdHeight, params) + 3

/** A stake set as the draws see it, ascending by credential id. */
export function credentialsOf(kernels: Kernels, params: ChainParams, stakes: Iterable<Utxo>): Credential[] {
  const credentials = Array.from(stakes, ({ outpoint, createdHeight, output }) => ({
    id: credentialOf(kernels, outpoint),
    outpoint,
    amount: output.amount,
    blsPk: stakeData(output.data).blsPk,
    owner: output.owner,
    firstEpoch: firstStakeEpoch(createdHeight, params),
  }))
  return credentials.sort((a, b) => compareBytes(a.id, b.id))
}

/**
 * The record of `epoch` from its stake set, its seed D_e and the draws of the epochs before it (ascending, at least the
 * last T − 1 that there are).
 */
export function electEpoch(
  engine: Engine,
  params: ChainParams,
  epoch: number,
  stakes: Iterable<Utxo>,
  seed: Hash32,
  earlier: readonly Draw[],
): EpochRecord {
  const credentials = credentialsOf(engine.kernels, params, stakes)
  const draw = { epoch, seed, stake: credentials.reduce((sum, { amount }) => sum + amount, 0n) }
  const first = firstDrawEpoch(params.seatLifetime, epoch)
  const draws = [...earlier.filter((one) => one.epoch >= first), draw]
  assert(draws[0]!.epoch === first, `draws of epoch ${epoch} must begin at epoch ${first}`)
  const cube = buildCube(engine.kernels, params, epoch, credentials, draws)
  const committee = electCommittee(engine, params, cube)
  if (committee === undefined) return { epoch, draw, committee, root: NO_COMMITTEE_ROOT, owners: new Map() }
  const keys = committeeKeys(engine, committee)
  assert(keys.kind === 'accepted', `the committee elected for epoch ${epoch} must be well formed`)
  const ownerOfId = new Map(credentials.map(({ id, owner }) => [toHex(id), owner]))
  const members = committee.shards.flatMap(({ members }) => members.map(({ credential }) => toHex(credential)))
  const owners = new Map(members.map((id) => [id, ownerOfId.get(id)!]))
  return { epoch, draw, committee: keys.value, root: keys.value.root, owners }
}
