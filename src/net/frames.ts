/**
 * Frames on a libp2p stream: a u32 length (big-endian) and so many bytes.
 *
 * The length is checked before anything of the frame is kept, so a peer that announces 4 GiB costs four bytes. What is
 * read ahead is bounded by one frame: beyond it the stream is paused.
 */
import type { Stream } from '@libp2p/interface'
import { assertRange } from '../base/assert.ts'
import { TransportError } from '../ports/network.ts'

/** Bytes of a frame's length. */
const PREFIX = 4
/** Longest frame of any protocol; single protocols set less. */
export const FRAME_BYTES_MAX = 8 * 1024 * 1024

/** Sends one frame; resolves when the transport has taken it (back pressure). Rejects with TransportError. */
export async function writeFrame(stream: Stream, frame: Uint8Array, signal?: AbortSignal): Promise<void> {
  assertRange('frame bytes', frame.length, 0, FRAME_BYTES_MAX)
  const bytes = new Uint8Array(PREFIX + frame.length)
  new DataView(bytes.buffer).setUint32(0, frame.length)
  bytes.set(frame, PREFIX)
  try {
    if (!stream.send(bytes)) await stream.onDrain(signal === undefined ? {} : { signal })
  } catch (error) {
    throw transportError(error, 'while sending')
  }
}

interface Waiter {
  readonly resolve: (frame: Uint8Array | undefined) => void
  readonly reject: (error: TransportError) => void
}

/** Reads frames from a stream; owns its read side from construction on. One `next` at a time. */
export class FrameReader {
  readonly #stream: Stream
  readonly #frameBytesMax: number
  readonly #chunks: Uint8Array[] = []
  #buffered = 0
  #fault: TransportError | undefined
  #ended = false
  #waiter: Waiter | undefined

  constructor(stream: Stream, frameBytesMax: number) {
    assertRange('frameBytesMax', frameBytesMax, 0, FRAME_BYTES_MAX)
    this.#stream = stream
    this.#frameBytesMax = frameBytesMax
    stream.addEventListener('message', (event) => this.#received(event.data.subarray()))
    stream.addEventListener('remoteCloseWrite', () => this.#end())
    stream.addEventListener('close', (event) =>
      event.error === undefined ? this.#end() : this.#fail(transportError(event.error, 'while receiving')),
    )
    // Closed before anyone listened: what was received is still delivered, in a microtask, ahead of this macrotask.
    if (stream.status !== 'open' || stream.remoteWriteStatus !== 'writable') setTimeout(() => this.#end(), 0)
  }

  /** The next frame, or undefined when the other side has ended between two frames. Rejects with TransportError. */
  next(): Promise<Uint8Array | undefined> {
    return new Promise((resolve, reject) => {
      this.#waiter = { resolve, reject }
      this.#settle()
    })
  }

  #received(bytes: Uint8Array): void {
    if (bytes.length === 0 || this.#fault !== undefined) return
    this.#chunks.push(bytes)
    this.#buffered += bytes.length
    this.#settle()
    if (this.#buffered > this.#frameBytesMax + PREFIX && this.#stream.readStatus === 'readable') this.#stream.pause()
  }

  #end(): void {
    this.#ended = true
    this.#settle()
  }

  #fail(error: TransportError): void {
    this.#fault ??= error
    this.#settle()
  }

  #settle(): void {
    const length = this.#length()
    if (length !== undefined && length > this.#frameBytesMax) this.#refuse(length)
    const waiter = this.#waiter
    if (waiter === undefined) return
    if (this.#fault === undefined && length !== undefined && this.#buffered >= PREFIX + length) {
      this.#waiter = undefined
      waiter.resolve(this.#take(PREFIX + length).subarray(PREFIX))
      if (this.#stream.readStatus === 'paused') this.#stream.resume()
    } else if (this.#fault !== undefined) {
      this.#waiter = undefined
      waiter.reject(this.#fault)
    } else if (this.#ended) {
      this.#waiter = undefined
      if (this.#buffered === 0) waiter.resolve(undefined)
      else
        waiter.reject(new TransportError('stream-reset', `the stream ended inside a frame, ${this.#buffered} bytes in`))
    }
  }

  #refuse(length: number): void {
    if (this.#fault !== undefined) return
    this.#fault = new TransportError(
      'frame-too-large',
      `a frame of ${length} bytes was announced, at most ${this.#frameBytesMax} are allowed here`,
    )
    this.#chunks.length = 0
    this.#buffered = 0
    this.#stream.abort(this.#fault)
  }

  /** Length of the frame at the front, once its prefix is there. */
  #length(): number | undefined {
    if (this.#buffered < PREFIX) return undefined
    const first = this.#chunks[0]!
    if (first.length < PREFIX) this.#chunks.unshift(this.#take(PREFIX, false))
    const front = this.#chunks[0]!
    return new DataView(front.buffer, front.byteOffset, PREFIX).getUint32(0)
  }

  /** Removes and returns the first `count` buffered bytes; with `consume` false they stay counted as buffered. */
  #take(count: number, consume = true): Uint8Array {
    const taken = new Uint8Array(count)
    let filled = 0
    while (filled < count) {
      const chunk = this.#chunks.shift()!
      const part = chunk.subarray(0, count - filled)
      taken.set(part, filled)
      filled += part.length
      if (part.length < chunk.length) this.#chunks.unshift(chunk.subarray(part.length))
    }
    if (consume) this.#buffered -= count
    return taken
  }
}

/** Whatever libp2p threw, as our one error type. */
export function transportError(error: unknown, when: string): TransportError {
  if (error instanceof TransportError) return error
  const { name, message } = error instanceof Error ? error : { name: '', message: String(error) }
  const sentence = `${message.split('\n', 1)[0]} ${when}`
  if (name === 'TimeoutError') return new TransportError('timeout', sentence, { cause: error })
  if (name === 'AbortError' || name === 'StreamAbortedError')
    return new TransportError('aborted', sentence, { cause: error })
  if (name === 'UnsupportedProtocolError') return new TransportError('protocol-unsupported', sentence, { cause: error })
  if (/Closed|NotStarted|StreamState/.test(name)) return new TransportError('closed', sentence, { cause: error })
  return new TransportError('stream-reset', sentence, { cause: error })
}
