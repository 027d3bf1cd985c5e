/**
 * `stakecube publish --topic NAME [FILE]`: readings of a sensor, one line each, into the chain: queued on the card while there is
 * no network, sent in batches, each with a proof in the end. Nothing that was taken is lost or sent twice, whenever the power
 * goes away (client/publisher.ts, store/spool.ts).
 */
import { closeSync, fsyncSync, openSync, renameSync, statSync, writeSync, mkdirSync, createReadStream } from 'node:fs'
import { join, resolve } from 'node:path'
import { concatBytes, toHex } from '../base/bytes.ts'
import { encodeTx } from '../chain/transaction.ts'
import { decodeBatch, encodeBatch, Publisher, type SignedBatch } from '../client/publisher.ts'
import type { LightClient } from '../client/index.ts'
import { topicOf, ownerOf } from '../crypto/keys.ts'
import { txid as txidOf } from '../chain/transaction.ts'
import { loadKernels } from '../kernels/load.ts'
import { openCardStore, type CardStore } from '../store/card.ts'
import { Spool, type Cursor } from '../store/spool.ts'
import { asCliError } from './client-exit.ts'
import { CONFIG_FLAGS, parseCommandLine, usage, type CommandDefinition, type CommandLine } from './command-line.ts'
import { CliError, EXIT } from './exit-codes.ts'
import { CLIENT_FLAGS, codeOf, openClient, readChainInputs } from './light-inputs.ts'
import { isService, SERVICE_FLAGS } from './service-flags.ts'
import { findAccount, KEY_FLAGS } from './wallet-session.ts'

const { store: _, ...NETWORK_FLAGS } = CLIENT_FLAGS

const DEFINITION: CommandDefinition = {
  name: 'publish',
  hasConfig: true,
  summary:
    'Publishes lines from FILE, or from standard input, under a topic: batched into transactions, queued on disk while\n' +
    'offline, none lost or sent twice. Use a key of its own; it pays the fees.',
  operands: ['FILE?'],
  flags: {
    topic: { kind: 'text', value: 'NAME', help: 'what they are published under, such as energy/meter-7' },
    queue: { kind: 'text', value: 'DIR', help: 'where lines wait until they are final; one for each publisher' },
    proofs: {
      kind: 'text',
      value: 'DIR',
      help: 'write the transaction and the proof of each batch here (N.tx, N.scproof)',
    },
    'batch-seconds': {
      kind: 'number',
      value: 'S',
      low: 0,
      high: 86_400,
      fraction: true,
      help: 'how long a line may wait for others to share a transaction (60)',
    },
    'sync-seconds': {
      kind: 'number',
      value: 'S',
      low: 0,
      high: 3600,
      fraction: true,
      help: 'how often taken lines are made safe on the card: after a cut, younger ones must come again (5)',
    },
    'queue-mb': {
      kind: 'number',
      value: 'MB',
      low: 1,
      high: 1024,
      help: 'take no more lines while so much waits (16)',
    },
    ...KEY_FLAGS,
    ...NETWORK_FLAGS,
    ...SERVICE_FLAGS,
    ...CONFIG_FLAGS,
  },
  epilogue:
    'example: read-meter | stakecube publish --topic energy/meter-7 --queue ./queue --key meter.json --spec chain.json --peer ADDR',
}

export async function publishCommand(argv: string[]): Promise<number> {
  const line = parseCommandLine(DEFINITION, argv)
  if (line === undefined) return EXIT.ok
  const topic = line.text('topic')
  const folder = line.text('queue')
  if (topic === undefined || folder === undefined) throw usage(DEFINITION, 'give --topic NAME and --queue DIR')
  const inputs = await readChainInputs('publish', line)
  const kernels = await loadKernels()
  const account = findAccount(line, kernels, inputs)
  if (account === undefined) throw usage(DEFINITION, 'give --key FILE or --wallet NAME')
  const warn = (text: string) => process.stderr.write(`stakecube publish: ${text}\n`)
  const stop = new AbortController()
  const interrupt = () => stop.abort('interrupted')
  process.once('SIGINT', interrupt)
  process.once('SIGTERM', interrupt)
  try {
    const lineBytesMax = inputs.spec.params.payloadBytesMax
    const queue = await Queue.open(folder, line, lineBytesMax, stop.signal, warn)
    try {
      const client = await openClient(withStore(line, join(folder, 'light')), inputs, warn)
      try {
        const publisher = new Publisher({ client, account, topic: topicOf(kernels, topic), signal: stop.signal, warn })
        await queue.claim(`${toHex(client.chainId)} ${topic} ${toHex(ownerOf(kernels, account.pk))}`)
        await attachService(line, client, queue, warn)
        return await publishAll(line, client, queue, publisher, stop.signal)
      } finally {
        await client.close()
      }
    } finally {
      await queue.close()
    }
  } catch (error) {
    throw asCliError(error)
  } finally {
    process.off('SIGINT', interrupt)
    process.off('SIGTERM', interrupt)
  }
}

/** The client's own store lies in the queue's folder. */
function withStore(line: CommandLine, store: string): CommandLine {
  return Object.assign(Object.create(line) as CommandLine, {
    operands: line.operands,
    text: (flag: string) => (flag === 'store' ? store : line.text(flag)),
    texts: (flag: string) => line.texts(flag),
    number: (flag: string) => line.number(flag),
    has: (flag: string) => line.has(flag),
  })
}

async function attachService(
  line: CommandLine,
  client: LightClient,
  queue: Queue,
  note: (text: string) => void,
): Promise<void> {
  if (!isService(line)) return
  const { startService } = await import('./service.ts')
  const service = await startService(line, { client, note, metrics: () => queue.metrics() })
  client.on('closed', () => void service.close())
}

// ── The loop ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Ends when the input has, and all of it is final; or by a signal, with the rest kept. */
async function publishAll(
  line: CommandLine,
  client: LightClient,
  queue: Queue,
  publisher: Publisher,
  signal: AbortSignal,
): Promise<number> {
  const failed = new Promise<never>((_, reject) =>
    client.on('error', (error) => (error.code === 'store-failed' ? undefined : reject(error))),
  )
  failed.catch(() => undefined)
  const source = queue.takeLines(line.operands[0])
  source.catch(() => undefined)
  const started = client.start()
  started.catch(() => undefined)
  const publishing = (async () => {
    await started
    for (;;) {
      const batch = queue.batch ?? (await signNext(queue, publisher))
      if (batch === undefined) return
      const { header } = await publisher.settle(batch, (signed) => queue.record(signed))
      await keepProof(line, client, queue.batch ?? batch, signal)
      report(line, client, queue.batch ?? batch, header.height)
      await queue.done()
    }
  })()
  try {
    await Promise.race([Promise.all([publishing, source]), failed])
    return EXIT.ok
  } catch (error) {
    if (signal.aborted) return EXIT.ok
    throw error
  }
}

/** Takes the next lines, signs them and records that before anyone hears of it. Undefined when there will be none. */
async function signNext(queue: Queue, publisher: Publisher): Promise<SignedBatch | undefined> {
  if (!(await queue.due())) return undefined
  const { lines, next } = queue.peek()
  const payload = concatBytes(...lines.flatMap((text, index) => (index === 0 ? [text] : [Uint8Array.of(10), text])))
  const batch = { number: queue.batchCount + 1, lineCount: lines.length, tx: await publisher.sign(payload) }
  await queue.record(batch, next)
  return batch
}

async function keepProof(
  line: CommandLine,
  client: LightClient,
  batch: SignedBatch,
  signal: AbortSignal,
): Promise<void> {
  const folder = line.text('proofs')
  if (folder === undefined) return
  const txid = txidOf(client.engine.kernels, batch.tx.body)
  for (;;) {
    try {
      const { bytes } = await client.exportProof({ kind: 2, txid }, { signal })
      mkdirSync(folder, { recursive: true })
      writeWhole(join(folder, `${batch.number}.tx`), encodeTx(batch.tx))
      writeWhole(join(folder, `${batch.number}.scproof`), bytes)
      return
    } catch (error) {
      if (signal.aborted || typeof (error as NodeJS.ErrnoException).errno === 'number') throw proofError(folder, error)
      await new Promise((resolve) => setTimeout(resolve, 2000))
    }
  }
}

const proofError = (folder: string, error: unknown): unknown =>
  typeof (error as NodeJS.ErrnoException).errno === 'number'
    ? new CliError(
        'environment',
        `cannot write a proof to ${folder} (${codeOf(error)}): make room, or name another folder; the batch is kept`,
      )
    : error

/** Aside, synced and renamed: a proof is there whole or not at all. */
function writeWhole(path: string, bytes: Uint8Array): void {
  const file = openSync(`${path}.new`, 'w')
  try {
    for (let written = 0; written < bytes.length;) written += writeSync(file, bytes, written)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(`${path}.new`, path)
}

function report(line: CommandLine, client: LightClient, { number, lineCount, tx }: SignedBatch, height: bigint): void {
  const txid = toHex(txidOf(client.engine.kernels, tx.body))
  const text = line.has('json')
    ? JSON.stringify({ event: 'final', batch: number, lines: lineCount, txid, height: Number(height) })
    : `final: batch ${number}, ${lineCount} lines, transaction ${txid} in block ${height}`
  process.stdout.write(`${text}\n`)
}

// ── The queue ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Lines on the card, and the one batch of them that is under way. */
class Queue {
  readonly #state: CardStore
  readonly #spool: Spool
  readonly #options: {
    readonly batchMs: number
    readonly syncMs: number
    readonly bytesMax: number
    readonly lineBytesMax: number
  }
  readonly #signal: AbortSignal
  readonly #warn: (text: string) => void
  #cursor: Cursor
  #sourceEnd: number
  batchCount: number
  batch: SignedBatch | undefined
  #lineCount = 0
  #refusedCount = 0
  #hasEnded = false
  #oldestMs: number | undefined
  #syncTimer: ReturnType<typeof setTimeout> | undefined
  #failure: unknown
  #wake: () => void = () => undefined

  private constructor(
    state: CardStore,
    spool: Spool,
    progress: Progress,
    batch: SignedBatch | undefined,
    line: CommandLine,
    lineBytesMax: number,
    signal: AbortSignal,
    warn: (text: string) => void,
  ) {
    this.#state = state
    this.#spool = spool
    this.#cursor = progress.cursor
    this.#sourceEnd = progress.sourceEnd
    this.batchCount = progress.batchCount
    this.batch = batch
    this.#signal = signal
    this.#warn = warn
    this.#options = {
      lineBytesMax,
      batchMs: 1000 * (line.number('batch-seconds') ?? 60),
      syncMs: 1000 * (line.number('sync-seconds') ?? 5),
      bytesMax: 1_000_000 * (line.number('queue-mb') ?? 16),
    }
    signal.addEventListener('abort', () => this.#wake(), { once: true })
    // What was queued before has waited long enough.
    if (this.peek().lines.length > 0) this.#oldestMs = -Infinity
  }

  static async open(
    folder: string,
    line: CommandLine,
    lineBytesMax: number,
    signal: AbortSignal,
    warn: (text: string) => void,
  ): Promise<Queue> {
    const state = await openCardStore(folder, { everyMs: 0, onWarning: ({ message }) => warn(message) })
    try {
      const spool = new Spool(join(folder, 'lines'))
      const saved = await state.get('progress')
      const progress =
        saved === undefined
          ? { cursor: spool.start, sourceEnd: 0, batchCount: 0 }
          : (JSON.parse(new TextDecoder().decode(saved)) as Progress)
      const recorded = await state.get('batch')
      const batch = recorded === undefined ? undefined : decodeBatch(recorded)
      return new Queue(state, spool, progress, batch, line, lineBytesMax, signal, warn)
    } catch (error) {
      await state.close()
      throw error
    }
  }

  /** A queue belongs to one chain, topic and account: its lines must not end up elsewhere. */
  async claim(owner: string): Promise<void> {
    const known = await this.#state.get('belongs-to')
    const bytes = new TextEncoder().encode(owner)
    if (known !== undefined && new TextDecoder().decode(known) !== owner)
      throw new CliError(
        'input',
        'this queue belongs to another chain, topic or key: name another --queue, or give what it was begun with',
      )
    if (known === undefined) await this.#state.commit(new Map([['belongs-to', bytes]]))
  }

  metrics() {
    const { written } = this.#state
    return [
      { name: 'queue_bytes', help: 'Bytes of lines that wait.', kind: 'gauge' as const, value: this.#spool.bytes },
      {
        name: 'lines_taken_total',
        help: 'Lines taken since the start.',
        kind: 'counter' as const,
        value: this.#lineCount,
      },
      {
        name: 'lines_refused_total',
        help: 'Lines longer than a payload.',
        kind: 'counter' as const,
        value: this.#refusedCount,
      },
      {
        name: 'batches_final_total',
        help: 'Batches that are final.',
        kind: 'counter' as const,
        value: this.batchCount,
      },
      {
        name: 'queue_written_bytes_total',
        help: 'Bytes of pages written for batches.',
        kind: 'counter' as const,
        value: written.bytes,
      },
    ]
  }

  // ── Taking lines ──

  /** Reads FILE from where it was left, or standard input, until it ends or the signal aborts. */
  async takeLines(file: string | undefined): Promise<void> {
    const begin = Math.max(this.#spool.sourceEnd, this.#sourceEnd)
    const stream = file === undefined ? process.stdin : openSource(file, begin)
    if (file !== undefined) await this.claimSource(resolve(file))
    const abort = () => stream.destroy()
    this.#signal.addEventListener('abort', abort, { once: true })
    let position = file === undefined ? 0 : begin
    let rest: Uint8Array = new Uint8Array(0)
    try {
      for await (const chunk of stream) {
        rest = concatBytes(rest, typeof chunk === 'string' ? Buffer.from(chunk) : (chunk as Uint8Array))
        for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
          position += end + 1
          this.#take(rest.subarray(0, end), position)
          rest = rest.subarray(end + 1)
        }
        rest = rest.slice()
        await this.#whileFull()
      }
      // A last line without a newline is a line.
      if (rest.length > 0) this.#take(rest, position + rest.length)
    } catch (error) {
      if (!this.#signal.aborted) throw error
    } finally {
      this.#signal.removeEventListener('abort', abort)
      this.#sync()
      this.#hasEnded = true
      this.#wake()
    }
    if (this.#failure !== undefined) throw this.#failure
  }

  async claimSource(path: string): Promise<void> {
    const known = await this.#state.get('source')
    if (known !== undefined && new TextDecoder().decode(known) !== path)
      throw new CliError(
        'input',
        `this queue reads ${new TextDecoder().decode(known)}, not ${path}: name another --queue`,
      )
    if (known === undefined) await this.#state.commit(new Map([['source', new TextEncoder().encode(path)]]))
  }

  #take(raw: Uint8Array, position: number): void {
    const text = raw.at(-1) === 13 ? raw.subarray(0, -1) : raw
    if (text.length === 0) return
    const { lineBytesMax } = this.#options
    if (text.length > lineBytesMax) {
      this.#refusedCount++
      this.#warn(
        `a line of ${text.length} bytes is longer than the ${lineBytesMax} that a transaction carries: left out`,
      )
      return
    }
    this.#spool.append(text, position)
    this.#lineCount++
    this.#oldestMs ??= performance.now()
    this.#syncTimer ??= setTimeout(() => this.#sync(), this.#options.syncMs)
    this.#wake()
  }

  #sync(): void {
    clearTimeout(this.#syncTimer)
    this.#syncTimer = undefined
    try {
      this.#spool.sync()
    } catch (error) {
      this.#failure = error
      this.#wake()
    }
  }

  async #whileFull(): Promise<void> {
    if (this.#spool.bytes < this.#options.bytesMax) return
    this.#warn(`${this.#spool.bytes} bytes wait to be sent (--queue-mb): no more lines are taken until some are final`)
    while (this.#spool.bytes >= this.#options.bytesMax && !this.#signal.aborted)
      await new Promise((resolve) => setTimeout(resolve, 500))
  }

  // ── Batches ──

  /** Waits until lines should be sent: false when the input has ended and none is left. */
  async due(): Promise<boolean> {
    for (;;) {
      if (this.#signal.aborted) return false
      if (this.#failure !== undefined) throw this.#failure
      const { lines, isFull } = this.peek()
      const waitedMs = performance.now() - (this.#oldestMs ?? performance.now())
      if (lines.length > 0 && (isFull || this.#hasEnded || waitedMs >= this.#options.batchMs)) return true
      if (lines.length === 0 && this.#hasEnded) return false
      const untilMs = lines.length > 0 ? this.#options.batchMs - waitedMs : 3_600_000
      await this.#sleep(Math.max(1, Math.min(untilMs, 3_600_000)))
    }
  }

  #sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, delayMs)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  /** The next lines that fit, and whether more wait behind them. */
  peek() {
    const { lineBytesMax } = this.#options
    const { lines, next } = this.#spool.read(this.#cursor, lineBytesMax)
    return { lines, next, isFull: lines.length > 0 && this.#spool.read(next, lineBytesMax).lines.length > 0 }
  }

  /** The batch, and that its lines are taken: one write, before it is sent. */
  async record(batch: SignedBatch, next?: Cursor): Promise<void> {
    this.#spool.sync()
    const writes = new Map([['batch', encodeBatch(batch)]])
    if (next !== undefined) {
      this.#cursor = next
      writes.set('progress', this.#progress(this.batchCount))
    }
    await this.#state.commit(writes)
    this.batch = batch
    this.#oldestMs = this.peek().lines.length > 0 ? performance.now() : undefined
  }

  async done(): Promise<void> {
    await this.#state.commit(
      new Map<string, Uint8Array | undefined>([
        ['batch', undefined],
        ['progress', this.#progress(this.batchCount + 1)],
      ]),
    )
    this.batchCount++
    this.batch = undefined
    this.#spool.trim(this.#cursor)
  }

  #progress(batchCount: number): Uint8Array {
    const progress: Progress = { cursor: this.#cursor, sourceEnd: this.#spool.sourceEnd, batchCount }
    return new TextEncoder().encode(JSON.stringify(progress))
  }

  async close(): Promise<void> {
    clearTimeout(this.#syncTimer)
    this.#spool.close()
    await this.#state.close()
  }
}

interface Progress {
  readonly cursor: Cursor
  readonly sourceEnd: number
  /** Batches that are final. */
  readonly batchCount: number
}

function openSource(path: string, start: number) {
  try {
    const stats = statSync(path)
    if (stats.isDirectory()) throw new CliError('input', `${path} is a folder: name a file of lines`)
    if (!stats.isFile()) return createReadStream(path, { highWaterMark: 16 * 1024 })
    const { size } = stats
    if (size < start)
      throw new CliError(
        'input',
        `${path} has ${size} bytes and was read up to ${start}: it was replaced; name another --queue for the new one`,
      )
    return createReadStream(path, { start, highWaterMark: 16 * 1024 })
  } catch (error) {
    if (error instanceof CliError) throw error
    throw new CliError('input', `cannot read ${path} (${codeOf(error)}): name a file that is there`)
  }
}
