/**
 * The blocks that were accepted lately, to compare with what peers say about them and with a checkpoint.
 *
 * They are kept as bytes, and without their committees: a decoded header is a dozen arrays, and the committees of many
 * epochs would be held for nothing (claims are judged by the last two alone). About 0.6 kB each.
 */
import type { Hash32 } from '../base/brand.ts'
import { assert } from '../base/assert.ts'
import { encodeCert } from '../chain/certificate.ts'
import { Reader, Writer } from '../chain/codec.ts'
import { encodeHeader, readHeader } from '../chain/header.ts'
import { epochOf, type ChainParams } from '../chain/params.ts'
import type { Trusted } from '../verify/light.ts'
import { readCert } from '../wire/certified-header.ts'
import { CERT_BYTES_MAX } from '../wire/limits.ts'

export const RECENT_COUNT_MAX = 256

export class RecentBlocks {
  readonly #params: ChainParams
  /** hash 32 ‖ header 314 ‖ certificate (byte string; empty where there is none), by height; the oldest first. */
  readonly #kept = new Map<bigint, Uint8Array>()

  constructor(params: ChainParams) {
    this.#params = params
  }

  /** Keeps `trusted`, which was accepted; the oldest goes when there are more than {@link RECENT_COUNT_MAX}. */
  add({ header, hash, cert }: Trusted): void {
    const certBytes = cert === undefined ? new Uint8Array(0) : encodeCert(cert)
    this.#kept.set(
      header.height,
      new Writer(512).bytes(hash).bytes(encodeHeader(header)).byteString(certBytes).finish(),
    )
    if (this.#kept.size <= RECENT_COUNT_MAX) return
    const oldest = this.#kept.keys().next()
    if (oldest.done !== true) this.#kept.delete(oldest.value)
  }

  /** Our block at `height` if it is among them, without its committee. */
  at(height: bigint): Trusted | undefined {
    const bytes = this.#kept.get(height)
    return bytes && decode(bytes)
  }

  /** The newest block of `epoch` among them, without its committee. */
  lastOf(epoch: number): Trusted | undefined {
    let last = -1n
    for (const height of this.#kept.keys()) if (height > last && epochOf(height, this.#params) === epoch) last = height
    return this.at(last)
  }
}

function decode(bytes: Uint8Array): Trusted {
  const reader = new Reader(bytes)
  const hash = reader.bytes(32) as Hash32
  const header = readHeader(reader)
  const certBytes = reader.byteString('certificate', CERT_BYTES_MAX)
  const cert = certBytes.length === 0 ? undefined : readCert(reader, certBytes)
  const decoded = reader.finish({ header, hash, committee: undefined })
  assert(decoded.kind === 'accepted', 'a block that was kept decodes')
  return cert === undefined ? decoded.value : { ...decoded.value, cert }
}
