/** Honest and faulty nodes on toy chains in the simulator's world: the agreement without a ledger. */
import { toHex } from '../../src/base/bytes.ts'
import { Prng } from '../../src/base/prng.ts'
import { Agreement, DEFAULT_TIMES } from '../../src/consensus/agreement.ts'
import type { AgreementEffect } from '../../src/consensus/events.ts'
import { SimClock } from '../../src/sim/clock.ts'
import { SimDisk } from '../../src/sim/disk.ts'
import { EventQueue } from '../../src/sim/event-queue.ts'
import { GOOD_NETWORK, SimNetwork, type NetworkModel } from '../../src/sim/network.ts'
import { SimNode } from '../../src/sim/sim-node.ts'
import { ToyChain, engine, signer, toyWorld, type ToyWorld } from './toy-chain.ts'

export interface ToyNetwork {
  readonly world: ToyWorld
  readonly queue: EventQueue
  readonly network: SimNetwork
  readonly nodes: readonly SimNode<ReturnType<ToyChain['snapshot']>>[]
  /** Hashes by height, per node. */
  readonly finals: readonly Map<bigint, string>[]
  readonly reports: AgreementEffect[]
  runUntil(isDone: () => boolean, forMs: number): boolean
}

export function toyNetwork(seed: string, validatorCount: number, model: NetworkModel = GOOD_NETWORK): ToyNetwork {
  const world = toyWorld(seed, validatorCount)
  const queue = new EventQueue(Number(world.genesis.header.timeMs))
  const prng = new Prng(seed)
  const network = new SimNetwork(queue, prng.fork('network'), model, validatorCount, (from, to, bytes) =>
    nodes[to]!.receive(from, bytes),
  )
  const finals = Array.from({ length: validatorCount }, () => new Map<bigint, string>())
  const reports: AgreementEffect[] = []
  const nodes = world.cast.validators.map(
    ({ blsSecrets }, index) =>
      new SimNode<ReturnType<ToyChain['snapshot']>>({
        index,
        queue,
        network,
        disk: new SimDisk(),
        clock: new SimClock({ offsetMsMax: 0, driftPeriodMs: 0 }, new Prng('clock')),
        diskMs: 2,
        nodeOfKey: (blsPk) => world.cast.validatorOfKey.get(toHex(blsPk)),
        openChain: (after: ReturnType<ToyChain['snapshot']> | undefined) => new ToyChain(world, after),
        openAgreement: (chain) =>
          new Agreement({
            engine,
            chain,
            signer,
            secretKeys: blsSecrets,
            times: DEFAULT_TIMES,
            batchSeed: new Uint8Array(32).fill(index),
          }),
        observer: {
          sent: () => {},
          final: (node, { block, hash }) => finals[node]!.set(block.header.height, toHex(hash)),
          reported: (_, effect) => reports.push(effect),
        },
      }),
  )
  const runUntil = (isDone: () => boolean, forMs: number) => {
    const endMs = queue.nowMs + forMs
    while (!isDone() && (queue.next() ?? Infinity) <= endMs) queue.step()
    return isDone()
  }
  return { world, queue, network, nodes, finals, reports, runUntil }
}
