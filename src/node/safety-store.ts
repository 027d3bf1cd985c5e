/**
 * What a validator signed, kept twice: in a file of its own and in the database ([BFT-1]). A vote leaves when both have
 * it. After a start the later of the two counts.
 */
import { join } from 'node:path'
import { decodeSafetyRecord, type SafetyRecord } from '../consensus/safety-record.ts'
import type { SavedState } from '../consensus/events.ts'
import type { LevelChainStore, SafetyWrite } from '../store/level-chain.ts'
import { SafetyFile } from '../store/safety-file.ts'

export class SafetyStore {
  readonly #store: LevelChainStore
  readonly #file: SafetyFile
  /** What to go on from; undefined when nothing was ever signed, or when nothing of it is left. */
  readonly saved: SavedState | undefined
  /** What was found that needs telling, one sentence each. */
  readonly findings: readonly string[]
  /** Something was signed and neither copy is left. */
  readonly isLost: boolean

  /** `folder`: the node's. `wasReplaced`: the database was set aside, now or before, and holds no record since. */
  constructor(store: LevelChainStore, folder: string, wasReplaced: boolean) {
    this.#store = store
    this.#file = SafetyFile.open(join(folder, 'safety'))
    const fromFile = recordOf(this.#file.payload)
    const inStore = store.safety()
    const fromStore = recordOf(inStore?.record)
    const useFile = fromFile !== undefined && (fromStore === undefined || isLater(fromFile, fromStore))
    // The database is written first: when a write to a slot was cut off, it has that record. If it has none later than the
    // other slot's, both copies of the newest record are damaged, and what was signed last is not known.
    const isTorn = this.#file.hasTornSlot && !this.#file.isLost
    const isTornLost = isTorn && (fromStore === undefined || (fromFile !== undefined && !isLater(fromStore, fromFile)))
    // Nothing is signed before the slots are there: a database that holds a record had them beside it.
    const isGone = this.#file.isNew && fromStore !== undefined
    const block = inStore?.validBlock === undefined ? {} : { validBlock: inStore.validBlock }
    this.saved = useFile ? { record: this.#file.payload!, ...block } : inStore
    this.isLost = this.#file.isLost || isGone || isTornLost || (this.saved === undefined && wasReplaced)
    this.findings = [
      ...(isTornLost
        ? ['a slot of the vote record is damaged, and the database holds none that is newer than the other']
        : []),
      ...(this.#file.isLost ? ['both slots of the vote record beside the database are damaged'] : []),
      ...(isGone ? ['the vote record beside the database is gone'] : []),
      ...(isTorn && !isTornLost
        ? ['a slot of the vote record beside the database is damaged; the database has it']
        : []),
      ...(useFile
        ? [
            `the vote record beside the database is newer (height ${fromFile.height}, round ${fromFile.round}) and counts`,
          ]
        : []),
    ]
  }

  async save(write: SafetyWrite): Promise<void> {
    // The database first: it holds the block that a lock is on too, and a record without it could leave everybody waiting.
    await this.#store.saveSafety(write)
    await this.#file.save(write.record)
  }

  close(): void {
    this.#file.close()
  }
}

function recordOf(bytes: Uint8Array | undefined): SafetyRecord | undefined {
  const record = bytes && decodeSafetyRecord(bytes)
  return record?.kind === 'accepted' ? record.value : undefined
}

/** Records only grow: in height, round, and what was signed in the round. */
function isLater(a: SafetyRecord, b: SafetyRecord): boolean {
  if (a.height !== b.height) return a.height > b.height
  if (a.round !== b.round) return a.round > b.round
  return signedCount(a) > signedCount(b)
}

const signedCount = ({ prevote, precommit, hasProposed }: SafetyRecord): number =>
  (prevote === undefined ? 0 : 1) + (precommit === undefined ? 0 : 1) + (hasProposed ? 1 : 0)
