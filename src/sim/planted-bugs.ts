/**
 * Bugs planted on purpose: each breaks one promise, and the checker of that promise must catch it. They are made from
 * outside, by subclasses and wrappers; no production code has a switch for them.
 */
import { assert } from '../base/assert.ts'
import { Agreement, type AgreementConfig, type AgreementTimes } from '../consensus/agreement.ts'
import { decodeSafetyRecord, encodeSafetyRecord } from '../consensus/safety-record.ts'
import { Seats } from '../consensus/seats.ts'
import { accepted } from '../base/verdict.ts'
import { executeBlock, VerifiedCache } from '../ledger/ledger.ts'
import type { Kernels } from '../kernels/contract.ts'
import type { CommitteeKeys } from '../verify/certificate.ts'
import type { CheckerName } from './checkers.ts'
import type { SimDisk } from './disk.ts'
import type { RunOptions } from './run-options.ts'
import type { LedgerSnapshot } from './sim-ledger-chain.ts'
import { FRAME, SimNode, type NodeSetup } from './sim-node.ts'

export interface PlantedBug {
  readonly name: string
  /** Which checker must see it. */
  readonly caughtBy: CheckerName
  /** What the checker must say, where it can see several things. */
  readonly says?: RegExp
  /** Makes a run likely to meet the bug. */
  readonly provoke: (options: RunOptions) => RunOptions
  readonly execute?: typeof executeBlock
  readonly makeCache?: (kernels: Kernels) => VerifiedCache
  readonly makeNode?: (setup: NodeSetup<LedgerSnapshot>) => SimNode<LedgerSnapshot>
  readonly openAgreement?: (config: AgreementConfig) => Agreement
  readonly times?: Partial<AgreementTimes>
}

/** A third of the seats is enough. */
class WeakSeats extends Seats {
  override isQuorum(bitmap: Uint8Array): boolean {
    return this.countIn(bitmap, 0, this.count) > this.count / 3
  }
}

class WeakQuorum extends Agreement {
  readonly #config: AgreementConfig

  constructor(config: AgreementConfig) {
    super(config)
    this.#config = config
  }

  protected override makeSeats(keys: CommitteeKeys): Seats {
    return new WeakSeats(this.#config.engine, this.#config.chain.params.quorum, keys)
  }
}

/** Every signature has "been verified before". */
class GullibleCache extends VerifiedCache {
  override hasVerified(): boolean {
    return true
  }
}

/** Says that votes are on disk and forgets them in a crash. */
class ForgetfulNode extends SimNode<LedgerSnapshot> {
  protected override writeRecord(_: SimDisk<LedgerSnapshot>): void {}
}

/** Says that a proposal is on disk and forgets that it made one. */
class AbsentMindedNode extends SimNode<LedgerSnapshot> {
  protected override writeRecord(...[disk, effect]: Parameters<SimNode<LedgerSnapshot>['writeRecord']>): void {
    const record = decodeSafetyRecord(effect.record)
    assert(record.kind === 'accepted', 'our own record decodes')
    super.writeRecord(disk, { ...effect, record: encodeSafetyRecord({ ...record.value, hasProposed: false }) })
  }
}

/** Sets bits in the aggregates that it sends. */
class BoastfulNode extends SimNode<LedgerSnapshot> {
  protected override broadcast(frame: Uint8Array): void {
    const boast = frame.slice()
    const bitmapAt = 2 + 1 + 8 + 4 + 32 + 2
    if (frame[0] === FRAME.agreement && frame[1] === 3) boast[bitmapAt] = 0xff
    super.broadcast(boast)
  }
}

const calm = (options: RunOptions): RunOptions => ({
  ...options,
  faulty: new Map(),
  crashCount: 0,
  partitionCount: 0,
  eclipseCount: 0,
  network: { ...options.network, loss: 0 },
})

/** Calm, with validators of equal stake. */
const equals = (options: RunOptions, validatorCount: number): RunOptions => ({
  ...calm(options),
  stakes: Array.from({ length: validatorCount }, () => [80_000_000n]),
})

export const PLANTED_BUGS: readonly PlantedBug[] = [
  {
    name: 'a third of the seats counts as a quorum',
    caughtBy: 'one-final-block',
    says: /node \d+ has .* node \d+ has/,
    provoke: (options) => ({ ...equals(options, 9), partitionCount: 12, healAfterMs: 12_000, progressMs: 1000 }),
    openAgreement: (config) => new WeakQuorum(config),
  },
  {
    name: 'signatures of transactions are taken as verified',
    caughtBy: 'valid-chain',
    provoke: (options) => ({
      ...equals(options, 7),
      faulty: new Map([[0, 'invalid-proposals']]),
      healAfterMs: 30_000,
      paymentEveryMs: 60,
      progressMs: 5000,
    }),
    makeCache: (kernels) => new GullibleCache(kernels),
  },
  {
    name: 'a fee is counted twice',
    caughtBy: 'money-conserved',
    provoke: calm,
    execute: (...args) => {
      const result = executeBlock(...args)
      if (result.kind === 'rejected' || result.value.header.txCount === 0) return result
      const { rewards } = result.value
      return accepted({ ...result.value, rewards: { ...rewards, fees: rewards.fees + 1n } })
    },
  },
  {
    name: 'votes are sent without having reached the disk',
    caughtBy: 'no-double-sign',
    says: /signed type/,
    provoke: (options) => ({ ...options, faulty: new Map(), crashCount: 60, healAfterMs: 20_000 }),
    makeNode: (setup) => new ForgetfulNode(setup),
  },
  {
    name: 'a proposal is sent without having reached the disk',
    caughtBy: 'no-double-sign',
    says: /signed proposal height/,
    provoke: (options) => ({ ...options, faulty: new Map(), diskMs: 200, crashCount: 60, healAfterMs: 20_000 }),
    makeNode: (setup) => new AbsentMindedNode(setup),
  },
  {
    name: 'aggregators set bits that nobody signed for',
    caughtBy: 'no-honest-blamed',
    provoke: calm,
    makeNode: (setup) => new BoastfulNode(setup),
  },
  {
    name: 'nothing is ever sent again',
    caughtBy: 'progress',
    provoke: (options) => ({
      ...options,
      faulty: new Map(),
      partitionCount: 4,
      progressMs: 20_000,
      network: { ...options.network, loss: 0.3 },
    }),
    times: { resendMs: 1e12 },
  },
]
