/**
 * Reads that go on: what an owner has at each new head, and what happens in a topic, block by block without a gap. Each
 * item was proven before it is given out; a peer that leaves something out is caught by the proof and dropped.
 *
 * A read that no peer can answer now is tried again at the next head. The generators end when the client closes and throw
 * ClientError when it stops or the signal aborts.
 */
import { equalBytes, toHex } from '../base/bytes.ts'
import type { Header } from '../chain/header.ts'
import type { Owner, Utxo } from '../chain/output.ts'
import type { TopicValue } from '../light/contract.ts'
import { stateKeyOwner } from '../proofs/state-entry.ts'
import type { Kernels } from '../kernels/contract.ts'
import { TOPIC_BLOCK_COUNT_MAX } from '../wire/limits.ts'
import type { Prefix } from '../wire/proof.ts'
import { checkBits, checkBytes, checkHeight } from './arguments.ts'
import { ClientError } from './errors.ts'
import type { CallOptions, PrivateOptions, ProvenSet, Reader, TopicBlocks } from './reads.ts'

const TRANSIENT: ReadonlySet<string> = new Set(['query-unavailable', 'query-timeout'])
const RETRY_MS = 5_000

/** An owner's complete unspent set, and what changed since the item before. */
export interface OwnerState extends ProvenSet {
  readonly added: readonly Utxo[]
  readonly removed: readonly Utxo[]
}

/** The first `bits` bits of `bytes` as a prefix, unused low bits zero. */
export function prefixOf(bytes: Uint8Array, bits: number): Prefix {
  checkBits('prefixBits', bits, 8 * bytes.length)
  const cut = bytes.slice(0, (bits + 7) >> 3)
  if (bits % 8 !== 0) cut[cut.length - 1]! &= (0xff << (8 - (bits % 8))) & 0xff
  return { bits, bytes: cut }
}

/** Those of a bucket that lie under `owner` in the state (kind 4 lies under its device). */
export const ofOwner = (kernels: Kernels, owner: Owner, utxos: readonly Utxo[]): readonly Utxo[] =>
  utxos.filter(({ output }) => equalBytes(stateKeyOwner(kernels, output), owner))

export async function* watchOwner(
  client: Reader,
  owner: Owner,
  options: PrivateOptions = {},
): AsyncGenerator<OwnerState, void, undefined> {
  checkBytes('owner', owner, 16)
  let before = new Map<string, Utxo>()
  let height = -1n
  for await (const head of newestHeads(client, options)) {
    if (head.height <= height) continue
    const set = await untilAnswered(client, () => client.unspent(owner, options), options)
    if (set.header.height <= height) continue
    height = set.header.height
    const now = new Map(set.utxos.map((utxo) => [nameOf(utxo), utxo]))
    const without = (all: ReadonlyMap<string, Utxo>, some: ReadonlyMap<string, Utxo>) =>
      [...all].filter(([name]) => !some.has(name)).map(([, utxo]) => utxo)
    yield { ...set, added: without(now, before), removed: without(before, now) }
    before = now
  }
}

const nameOf = ({ outpoint }: Utxo): string => `${toHex(outpoint.txid)}:${outpoint.index}`

export async function* watchTopic(
  client: Reader,
  topic: Uint8Array,
  options: PrivateOptions & { readonly from?: bigint } = {},
): AsyncGenerator<TopicBlocks, void, undefined> {
  checkBytes('topic', topic, 8)
  if (options.from !== undefined) checkHeight('from', options.from)
  let next = options.from
  for await (const { height } of newestHeads(client, options)) {
    next ??= height
    while (next <= height) {
      const most: bigint = next + BigInt(TOPIC_BLOCK_COUNT_MAX)
      const end: bigint = most < height + 1n ? most : height + 1n
      const start = next
      yield await untilAnswered(client, () => client.topicIn(topic, start, end, options), options)
      next = end
    }
  }
}

/** What one answer shows of `topic`; a bucket is filtered. */
export function topicBlocks(topic: Uint8Array, { at, start, blocks }: TopicValue): TopicBlocks {
  const transactions = blocks.flatMap(({ height, leaves }) =>
    leaves
      .filter((leaf) => equalBytes(leaf.subarray(0, 8), topic))
      .map((leaf) => ({ height, topic: leaf.slice(0, 8), txid: leaf.slice(8) })),
  )
  return { header: at, start, end: start + BigInt(blocks.length), transactions }
}

/** The head now and then the newest one each time there is a newer one; those in between are skipped. */
async function* newestHeads(client: Reader, { signal }: CallOptions): AsyncGenerator<Header, void, undefined> {
  let height = -1n
  const options = signal === undefined ? {} : { signal }
  for (;;) {
    let head
    try {
      head = await client.whenHead(({ header }) => header.height > height, options)
    } catch (error) {
      if (error instanceof ClientError && error.code === 'closed') return
      throw error
    }
    height = head.header.height
    yield head.header
  }
}

/** Where no peer can answer now, asks again under the next head, and after a while without one. */
async function untilAnswered<Value>(
  client: Reader,
  ask: () => Promise<Value>,
  { signal }: CallOptions,
): Promise<Value> {
  for (;;) {
    const height = client.head?.header.height ?? -1n
    try {
      return await ask()
    } catch (error) {
      if (!(error instanceof ClientError) || !TRANSIENT.has(error.code)) throw error
    }
    const wait = AbortSignal.timeout(RETRY_MS)
    const both = signal === undefined ? wait : AbortSignal.any([signal, wait])
    await client
      .whenHead(({ header }) => header.height > height, { signal: both })
      .catch((error: unknown) => {
        if (!wait.aborted || signal?.aborted === true) throw error
      })
  }
}
