/**
 * A full node's database: final blocks with their certificates, committees, where each transaction is, what its validator
 * must not forget, and snapshots of the ledger.
 *
 *     b/<height>      encoded block                       heights are 16 hex digits, so that keys ascend with them
 *     c/<height>      encoded certificate (none at 0)
 *     t/<txid hex>    height u64 of the block that holds it
 *     e/<epoch>       encoded committee
 *     v/record        SafetyRecord          v/valid   encoded block that its `valid` names
 *     q/<height>/<n>  prevote quorums acted on ([BFT-1])
 *     x/<hash>-<hash> encoded conflict of these two final blocks ([EVI-2])
 *     s/<height>/<n>  parts of a ledger snapshot taken after that height
 *     meta/…          version, chain, head (height u64, written with its block)
 */
import type { Hash32 } from '../base/brand.ts'
import { equalBytes, toHex, u64 } from '../base/bytes.ts'
import { CorruptionError, LevelDb, type Write } from './level-db.ts'
import { StoreError, type StoreWarning } from './store-error.ts'

export interface FinalRecord {
  readonly height: bigint
  /** Encoded block. */
  readonly block: Uint8Array
  /** Encoded certificate; undefined at height 0. */
  readonly cert: Uint8Array | undefined
  readonly txids: readonly Hash32[]
  /** Encoded committees that are new with this block. */
  readonly committees: readonly { readonly epoch: number; readonly bytes: Uint8Array }[]
}

export interface SafetyWrite {
  readonly record: Uint8Array
  readonly validBlock?: Uint8Array
  readonly quorum?: Uint8Array
}

const HEIGHT_DIGITS = 16
const nameOf = (height: bigint): string => height.toString(16).padStart(HEIGHT_DIGITS, '0')
const epochName = (epoch: number): string => epoch.toString(16).padStart(8, '0')

export class LevelChainStore {
  readonly #db: LevelDb
  #headHeight: bigint | undefined
  #quorumCount = 0

  private constructor(db: LevelDb) {
    this.#db = db
    const head = db.get('meta/head')
    this.#headHeight = head === undefined ? undefined : readU64(head)
  }

  /** Opens the database of `chainId` in `folder`. Rejects with StoreError, also when it holds another chain. */
  static async open(folder: string, chainId: Hash32, warn: (warning: StoreWarning) => void): Promise<LevelChainStore> {
    const db = await LevelDb.open(folder, warn)
    const known = db.get('meta/chain')
    if (known === undefined) await db.write([{ key: 'meta/chain', value: chainId }])
    else if (!equalBytes(known, chainId)) {
      await db.close()
      throw new StoreError(
        'failed',
        `the database in ${folder} is of chain ${toHex(known.subarray(0, 4))}…, not ${toHex(chainId.subarray(0, 4))}…: ` +
          'name another folder, or start over with --reset',
      )
    }
    return new LevelChainStore(db)
  }

  get folder(): string {
    return this.#db.folder
  }

  /** Height of the last final block that is stored; undefined before genesis is. */
  get headHeight(): bigint | undefined {
    return this.#headHeight
  }

  block(height: bigint): Uint8Array | undefined {
    return this.#db.get(`b/${nameOf(height)}`)
  }

  cert(height: bigint): Uint8Array | undefined {
    return this.#db.get(`c/${nameOf(height)}`)
  }

  committee(epoch: number): Uint8Array | undefined {
    return this.#db.get(`e/${epochName(epoch)}`)
  }

  heightOf(txid: Hash32): bigint | undefined {
    const value = this.#db.get(`t/${toHex(txid)}`)
    return value === undefined ? undefined : readU64(value)
  }

  /** Appends a final block; heights are consecutive. Durable when it resolves. */
  async append({ height, block, cert, txids, committees }: FinalRecord): Promise<void> {
    const name = nameOf(height)
    const writes: Write[] = [
      { key: `b/${name}`, value: block },
      { key: 'meta/head', value: u64(height) },
      ...txids.map((txid) => ({ key: `t/${toHex(txid)}`, value: u64(height) })),
      ...committees.map(({ epoch, bytes }) => ({ key: `e/${epochName(epoch)}`, value: bytes })),
    ]
    if (cert !== undefined) writes.push({ key: `c/${name}`, value: cert })
    await this.#db.write(writes)
    this.#headHeight = height
  }

  /** Replaces a damaged block by the same one, from elsewhere. Durable when it resolves. */
  async replace({ height, block, cert }: Pick<FinalRecord, 'height' | 'block' | 'cert'>): Promise<void> {
    const name = nameOf(height)
    const writes: Write[] = [{ key: `b/${name}`, value: block }]
    if (cert !== undefined) writes.push({ key: `c/${name}`, value: cert })
    await this.#db.write(writes)
  }

  /** What the validator must not forget, on disk before its vote leaves it ([BFT-1]). */
  async saveSafety({ record, validBlock, quorum }: SafetyWrite): Promise<void> {
    const writes: Write[] = [{ key: 'v/record', value: record }]
    if (validBlock !== undefined) writes.push({ key: 'v/valid', value: validBlock })
    if (quorum !== undefined) writes.push({ key: this.#quorumKey(), value: quorum })
    await this.#db.write(writes)
  }

  safety(): { readonly record: Uint8Array; readonly validBlock?: Uint8Array } | undefined {
    const record = this.#db.get('v/record')
    if (record === undefined) return undefined
    const validBlock = this.#db.get('v/valid')
    return validBlock === undefined ? { record } : { record, validBlock }
  }

  /** `name`: of the conflict, two hashes in hex. */
  async saveConflict(name: string, bytes: Uint8Array): Promise<void> {
    await this.#db.write([{ key: `x/${name}`, value: bytes }])
  }

  async conflictNames(): Promise<string[]> {
    return (await this.#db.keys('x/')).map((key) => key.slice(2))
  }

  /** Keeps the newest snapshot only: the old one goes in the same write in which the new one comes. */
  async saveSnapshot(height: bigint, parts: readonly Uint8Array[]): Promise<void> {
    const old = await this.#db.keys('s/')
    const writes = parts.map((value, index) => ({ key: `s/${nameOf(height)}/${nameOf(BigInt(index))}`, value }))
    const kept = new Set(writes.map(({ key }) => key))
    await this.#db.write([
      ...old.filter((key) => !kept.has(key)).map((key) => ({ key, value: undefined })),
      ...writes,
      { key: 'meta/snapshot', value: u64(height) },
    ])
  }

  async snapshot(): Promise<{ readonly height: bigint; readonly parts: readonly Uint8Array[] } | undefined> {
    const at = this.#db.get('meta/snapshot')
    if (at === undefined) return undefined
    const height = readU64(at)
    const parts: Uint8Array[] = []
    for await (const { value } of this.#db.entries(`s/${nameOf(height)}/`)) parts.push(value)
    return { height, parts }
  }

  async close(): Promise<void> {
    await this.#db.close()
  }

  #quorumKey(): string {
    return `q/${nameOf((this.#headHeight ?? 0n) + 1n)}/${String(this.#quorumCount++).padStart(6, '0')}`
  }
}

function readU64(bytes: Uint8Array): bigint {
  if (bytes.length !== 8) throw new CorruptionError(`a height has ${bytes.length} bytes instead of 8`)
  return new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0)
}
