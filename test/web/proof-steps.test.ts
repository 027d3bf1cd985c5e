/** Proof files as the inspector tells them, over the simulator's ready-made chain with the model scheme. */
import { toHex } from '../../src/base/bytes.ts'
import { Prng } from '../../src/base/prng.ts'
import { blockHash } from '../../src/chain/header.ts'
import { txid } from '../../src/chain/transaction.ts'
import { exportProof } from '../../src/client/proof-export.ts'
import { verifyProofFile } from '../../src/light/proof-file.ts'
import type { Checkpoint } from '../../src/verify/trust.ts'
import { inspectProofFile, type InspectionContext } from '../../web/client/proof-steps.ts'
import { FixtureNetwork } from '../client/fixture-network.ts'
import { FixtureView, fixtureOf, modelEngine } from '../light/fixture-view.ts'
import { equal, ok } from './expect.ts'

const chain = fixtureOf({ epochs: 3 })
const view = new FixtureView(chain)
const nowMs = chain.header(chain.blocks.length).timeMs + 1000n
const { kernels } = modelEngine
const checkpointAt = (height: number): Checkpoint => ({
  height: BigInt(height),
  hash: blockHash(kernels, chain.header(height)),
})

async function paymentFile(checkpoint: Checkpoint | undefined): Promise<Uint8Array> {
  const network = new FixtureNetwork(new Map([['a', view]]))
  const context = {
    ...{ engine: modelEngine, spec: chain.spec, network, checkpoint },
    verify: (bytes: Uint8Array) => verify(bytes, checkpoint),
  }
  const { body } = chain.blocks[6]!.block.body.transactions[0]!
  const exported = await exportProof(context, 'a', { kind: 2, txid: txid(kernels, body) })
  if (exported.kind === 'rejected') throw new Error(exported.code)
  return exported.value.bytes
}

const verify = async (bytes: Uint8Array, checkpoint: Checkpoint | undefined) =>
  verifyProofFile(modelEngine, chain.spec, checkpoint, bytes, nowMs)

const contextOf = (checkpoint: Checkpoint | undefined, known: ReadonlyMap<bigint, Uint8Array> = new Map()) =>
  ({
    ...{ engine: modelEngine, spec: chain.spec, checkpoint, verify },
    provenHash: async (height: bigint) => known.get(height),
  }) satisfies InspectionContext

describe('proof steps', () => {
  it('tells a good file in five steps that all hold, from genesis and from a checkpoint', async () => {
    for (const checkpoint of [undefined, checkpointAt(5)]) {
      const proof = await inspectProofFile(contextOf(checkpoint), await paymentFile(checkpoint))
      equal(proof.ok, true)
      equal(proof.title, 'Payment in block 7')
      equal(
        proof.steps.map(({ held }) => held),
        [true, true, true, true, true],
      )
    }
  })
  it('takes a start that is no checkpoint of ours only if it is proven to be in our chain', async () => {
    const file = await paymentFile(checkpointAt(5))
    const ours = new Map([[5n, checkpointAt(5).hash]])
    equal((await inspectProofFile(contextOf(checkpointAt(9), ours), file)).ok, true)
    const other = new Map([[5n, checkpointAt(6).hash]])
    for (const known of [other, new Map<bigint, Uint8Array>()]) {
      const proof = await inspectProofFile(contextOf(checkpointAt(2), known), file)
      equal(proof.ok, false)
      equal(proof.steps.length, 2)
      ok(proof.steps[1]!.detail.includes('file-checkpoint'), proof.steps[1]!.detail)
    }
  })
  it('refuses every flipped bit, in a step that says why, and never rejects', async () => {
    const file = await paymentFile(checkpointAt(5))
    const random = new Prng('flips')
    for (let count = 0; count < 150; count++) {
      const changed = file.slice()
      const at = random.below(file.length)
      changed[at]! ^= 1 << random.below(8)
      const { ok: isOk, steps } = await inspectProofFile(contextOf(checkpointAt(5)), changed)
      equal(isOk, false, `byte ${at}`)
      equal(
        steps.map(({ held }) => held),
        [...Array(steps.length - 1).fill(true), false],
        `byte ${at}`,
      )
      ok(/ \([a-z-]+\)$/.test(steps.at(-1)!.detail), steps.at(-1)!.detail)
    }
  })
  it('refuses what is no proof file in one sentence', async () => {
    for (const bytes of [new Uint8Array(0), new TextEncoder().encode('hello'), new Uint8Array(1000)]) {
      const { ok: isOk, steps } = await inspectProofFile(contextOf(undefined), bytes)
      equal([isOk, steps.length], [false, 1], toHex(bytes).slice(0, 10))
    }
  })
})
