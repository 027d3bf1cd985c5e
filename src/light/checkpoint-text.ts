/**
 * Checkpoints as people pass them on. All forms say a height and a hash; one that also names the chain cannot be used for
 * another chain by mistake.
 *
 *     1234:<64 hex>                                    as `stakecube light` prints it
 *     stakecube:<8 hex of the chainId>:1234:<64 hex>   a share from another client
 *     https://…#checkpoint=1234:<64 hex>               a link (or …#checkpoint=stakecube:…)
 *     {"height": "1234", "hash": "<64 hex>"}           a file
 *
 * A checkpoint is trust itself: whoever gives it decides which chain is believed. Take it from someone you would believe
 * about that, over a way on which nobody else could change it.
 */
import type { Hash32 } from '../base/brand.ts'
import { fromHex, toHex } from '../base/bytes.ts'
import { accepted, rejected, type Result } from '../base/verdict.ts'
import type { Checkpoint } from '../verify/trust.ts'

export type CheckpointTextCode = 'checkpoint-form' | 'checkpoint-chain'

export const CHECKPOINT_TEXT_SENTENCES: Readonly<Record<CheckpointTextCode, string>> = {
  'checkpoint-form':
    'a checkpoint is HEIGHT:HASH with 64 hex digits, a share (stakecube:…), a link with #checkpoint=… or a JSON file with height and hash, got "{got}"',
  'checkpoint-chain':
    'the checkpoint is of chain {got}… and this is chain {expected}…: ask for a checkpoint of this chain, or name the other chain spec',
}

const TEXT_LENGTH_MAX = 4096
const SHARE = /^stakecube:([0-9a-f]{8}):(.+)$/i
const PAIR = /^(\d{1,20}):([0-9a-f]{64})$/i
const HEIGHT_MAX = 2n ** 64n - 1n

export const checkpointPair = ({ height, hash }: Checkpoint): string => `${height}:${toHex(hash)}`

/** `stakecube:<first 8 hex of the chainId>:<height>:<hash>` */
export const shareText = (chainId: Hash32, checkpoint: Checkpoint): string =>
  `stakecube:${toHex(chainId.subarray(0, 4))}:${checkpointPair(checkpoint)}`

/** Reads any of the forms. `chainId`: refuse a share of another chain; without it such a share is taken as it is. */
export function parseCheckpoint(text: string, chainId?: Hash32): Result<Checkpoint, CheckpointTextCode> {
  const wrong = rejected('checkpoint-form' as const, { got: text.trim().slice(0, 90) })
  if (text.length > TEXT_LENGTH_MAX) return wrong
  const bare = fromLink(fromJson(text.trim()))
  const share = SHARE.exec(bare)
  if (share !== null && chainId !== undefined) {
    const [got, expected] = [share[1]!.toLowerCase(), toHex(chainId.subarray(0, 4))]
    if (got !== expected) return rejected('checkpoint-chain', { got, expected })
  }
  const pair = PAIR.exec(share === null ? bare : share[2]!)
  const height = pair === null ? HEIGHT_MAX + 1n : BigInt(pair[1]!)
  return pair === null || height > HEIGHT_MAX ? wrong : accepted({ height, hash: fromHex(pair[2]!)! })
}

/** What stands behind `checkpoint=` in the fragment of a link; anything else is left as it is. */
function fromLink(text: string): string {
  const match = /#(?:[^\s]*&)?checkpoint=([^&\s]+)$|#(?:[^\s]*&)?checkpoint=([^&\s]+)&/.exec(text)
  const value = match?.[1] ?? match?.[2]
  return value === undefined ? text : value.replaceAll(/%3a/gi, ':')
}

function fromJson(text: string): string {
  if (!text.startsWith('{')) return text
  try {
    const { height, hash, checkpoint } = JSON.parse(text) as Readonly<Record<string, unknown>>
    if (typeof checkpoint === 'string') return checkpoint
    const isWhole = typeof height === 'string' || (typeof height === 'number' && Number.isSafeInteger(height))
    return isWhole && typeof hash === 'string' ? `${height}:${hash}` : text
  } catch {
    return text
  }
}
