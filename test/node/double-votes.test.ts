import { deepEqual, equal, ok } from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import { toHex } from '../../src/base/bytes.ts'
import { VOTE, voteMessage } from '../../src/chain/certificate.ts'
import { chainIdOf } from '../../src/chain/spec.ts'
import { EvidencePool } from '../../src/consensus/evidence-pool.ts'
import type { SignedVote } from '../../src/consensus/events.ts'
import { decodeEvidence } from '../../src/ledger/evidence.ts'
import { committeeOf, genesisLedger } from '../../src/ledger/ledger.ts'
import { createHost } from '../../src/net/host.ts'
import { protocolPath } from '../../src/net/protocol-path.ts'
import { makeDevnet } from '../../src/node/devnet-config.ts'
import { Devnet } from '../../src/node/devnet.ts'
import { DoubleVotes } from '../../src/node/double-votes.ts'
import { createNodeEngine } from '../../src/node/engine.ts'
import { gossipOptions } from '../../src/node/gossip.ts'

const engine = await createNodeEngine()
const config = makeDevnet(engine, 4, Date.now(), { blockTimeMs: 100, epochLength: 8 })
const { params } = config.spec
const chainId = chainIdOf(engine.kernels, config.spec)
const ledger = genesisLedger(engine, config.spec)
const reporter = new Uint8Array(16).fill(1)

function vote(secret: Uint8Array, byte: number, height = 1n): SignedVote {
  const target = { type: VOTE.prevote, height, round: 7, hash: new Uint8Array(32).fill(byte) }
  const message = voteMessage(engine.kernels, chainId, target.type, height, target.round, target.hash)
  return { ...target, blsPk: engine.signer.publicKey(secret), signature: engine.signer.sign(secret, message) }
}
const secretOf = (validator: number): Uint8Array => config.validators[validator]!.blsSecret

const encoded = (first: SignedVote, second: SignedVote): Uint8Array =>
  new EvidencePool(params, reporter).encode([first, second], [])

function node() {
  const told: string[] = []
  const published: Uint8Array[] = []
  const pool = new EvidencePool(params, reporter)
  const doubleVotes = new DoubleVotes({
    ...{ engine, chain: { params, chainId }, pool },
    ledger: () => ledger,
    committee: (epoch) => (epoch <= 1 ? committeeOf(ledger, epoch) : undefined),
    publish: (bytes) => published.push(bytes),
    onKey: (blsPk) => told.push(toHex(blsPk)),
  })
  return { doubleVotes, pool, told, published }
}

test('a pair that the agreement found is passed on once, and another node takes it into its pool', () => {
  const [finder, other] = [node(), node()]
  const [first, second] = [vote(secretOf(1), 9), vote(secretOf(1), 3)]
  finder.doubleVotes.found(first, second)
  finder.doubleVotes.found(vote(secretOf(1), 4), vote(secretOf(1), 5))
  equal(finder.published.length, 1)
  equal(other.doubleVotes.judge(finder.published[0]!), 'accept')
  equal(other.doubleVotes.judge(finder.published[0]!), 'ignore', 'it is known')
  for (const { pool, told } of [finder, other]) {
    deepEqual(told, [toHex(first.blsPk)])
    const [item] = pool.candidates(ledger)
    const evidence = decodeEvidence(item!, 49)
    ok(evidence.kind === 'accepted' && evidence.value.burnt.length === 1)
  }
})

test('what does not hold is refused: one signature of another, no committee member, one hash twice, cut off, certificates', () => {
  const { doubleVotes, pool } = node()
  const [first, second] = [vote(secretOf(1), 9), vote(secretOf(1), 3)]
  const foreign = { ...second, signature: vote(secretOf(2), 3).signature }
  equal(doubleVotes.judge(encoded(first, foreign)), 'reject')
  const stranger = engine.signer.secretKeyFrom(new Uint8Array(32).fill(5))
  equal(doubleVotes.judge(encoded(vote(stranger, 9), vote(stranger, 3))), 'reject')
  equal(doubleVotes.judge(encoded(first, first)), 'reject')
  const bytes = encoded(first, second)
  for (let length = 0; length < bytes.length; length++) equal(doubleVotes.judge(bytes.subarray(0, length)), 'reject')
  equal(doubleVotes.judge(Uint8Array.of(2, ...bytes.subarray(1))), 'reject')
  equal(doubleVotes.judge(encoded(vote(secretOf(1), 9, 900n), vote(secretOf(1), 3, 900n))), 'ignore', 'not known yet')
  equal(pool.size, 0)
})

test('all validators of a devnet hear of a double vote from one that was told, and its stake is burnt', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'stakecube-double-votes-'))
  const told = new Set<number>()
  let devnet: Devnet | undefined
  const isFullyConnected = false
  const rogue = await createHost({ gossip: gossipOptions(chainId, params, isFullyConnected) })
  try {
    const burnt = new Promise<void>((resolve, reject) => {
      void Devnet.start({
        ...{ engine, config, folder, portBase: 0, webrtc: false },
        log: { log: () => undefined },
        onFinal: () => {
          for (const [index, { counts }] of devnet?.nodes.entries() ?? []) if (counts.equivocations > 0) told.add(index)
          const isBurnt = devnet?.nodes.every(({ ledger: { outputs } }) => outputs.stakes.size === 3) === true
          if (isBurnt && told.size === 4) resolve()
        },
        onFailure: reject,
      }).then(async (started) => {
        devnet = started
        const topic = protocolPath(chainId, 'double-votes')
        rogue.services.pubsub.subscribe(topic)
        await rogue.dial(multiaddr(started.nodes[0]!.addresses.find((address) => address.includes('/tcp/'))!))
        while (rogue.services.pubsub.getSubscribers(topic).length === 0)
          await new Promise((tick) =>
            rogue.services.pubsub.addEventListener('subscription-change', tick, { once: true }),
          )
        await rogue.services.pubsub.publish(topic, encoded(vote(secretOf(3), 9), vote(secretOf(3), 3)))
      }, reject)
    })
    await burnt
    deepEqual([...told].sort(), [0, 1, 2, 3])
  } finally {
    await rogue.stop()
    await devnet?.stop()
    rmSync(folder, { recursive: true, force: true })
  }
})
