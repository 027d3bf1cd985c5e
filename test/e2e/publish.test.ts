/** A sensor's readings against a live devnet, from the edge file, with its power cut again and again. */
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Prng } from '../../src/base/prng.ts'
import { toHex } from '../../src/base/bytes.ts'
import { decodeTx, txid } from '../../src/chain/transaction.ts'
import { parseChainSpec } from '../../src/chain/spec.ts'
import { createLightClient } from '../../src/client/index.ts'
import { nodeNetwork } from '../../src/client/node-network.ts'
import { topicOf } from '../../src/crypto/keys.ts'
import { loadKernels } from '../../src/kernels/load.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { DevnetProcess, drawPortBase, freePort } from '../../tools/devnet-process.ts'

const EDGE_FILE = 'dist/edge/stakecube.mjs'
const LINE_COUNT = 100
const KILL_COUNT = 5
const seed = String(Date.now())
const prng = new Prng(seed)
const folder = mkdtempSync(join(tmpdir(), 'stakecube-publish-'))
let devnet: DevnetProcess
before(async () => {
  console.log(`publish seed ${seed}`)
  const flags = ['--validators', '4']
  devnet = await DevnetProcess.start({
    ...{ folder: join(folder, 'devnet'), httpPort: await freePort(), p2pPort: drawPortBase(), flags },
  })
})
after(async () => {
  await devnet?.stop()
  rmSync(folder, { recursive: true, force: true })
})

const linesOf = (name: string, count: number) =>
  Array.from({ length: count }, (_, index) => `{"meter":"${name}","n":${index},"wh":${prng.below(100_000)}}`)

interface FinalEvent {
  readonly event: string
  readonly batch: number
  readonly lines: number
  readonly txid: string
}

function publish(name: string, wallet: string, args: readonly string[]): ChildProcess {
  const flags = [
    '--topic',
    `test/${name}`,
    '--queue',
    join(folder, name),
    '--wallet',
    wallet,
    '--json',
    '--save-every',
    '0',
  ]
  return spawn(
    process.execPath,
    [
      EDGE_FILE,
      'publish',
      ...args,
      ...flags,
      '--devnet',
      join(folder, 'devnet'),
      '--proofs',
      join(folder, `${name}-proofs`),
    ],
    { stdio: ['pipe', 'pipe', 'pipe'] },
  )
}

const sayings = (child: ChildProcess): string[] => {
  const said: string[] = []
  createInterface({ input: child.stderr! }).on('line', (text) => said.push(text))
  return said
}

/** The lines of all batches as their transactions carry them, in order, and the ids of the transactions. */
async function published(name: string) {
  const kernels = await loadKernels()
  const path = join(folder, `${name}-proofs`)
  const numbers = readdirSync(path)
    .filter((file) => file.endsWith('.tx'))
    .map((file) => Number(file.slice(0, -3)))
    .sort((a, b) => a - b)
  const lines: string[] = []
  const ids: string[] = []
  for (const number of numbers) {
    const tx = decodeTx(new Uint8Array(readFileSync(join(path, `${number}.tx`))))
    ok(tx.kind === 'accepted')
    lines.push(...new TextDecoder().decode(tx.value.body.payload).split('\n'))
    ids.push(toHex(txid(kernels, tx.value.body)))
    const { status, stderr } = spawnSync(
      process.execPath,
      [EDGE_FILE, 'verify', join(path, `${number}.scproof`), '--spec', devnet.ready.spec],
      { encoding: 'utf8' },
    )
    equal(status, 0, stderr)
  }
  deepEqual(
    numbers,
    numbers.map((_, index) => index + 1),
    'batches are numbered without a gap',
  )
  return { lines, ids }
}

/** Every transaction that the chain has under the topic, proven complete ([PROOF-4]). */
async function inTheChain(name: string): Promise<readonly string[]> {
  const spec = parseChainSpec(readFileSync(devnet.ready.spec, 'utf8'))
  ok(spec.kind === 'accepted')
  const { tcpPeers } = devnet.ready as unknown as { tcpPeers: string[] }
  const client = await createLightClient({
    ...{ spec: spec.value, peers: tcpPeers, store: createMemoryStore(), network: nodeNetwork({ webrtc: false }) },
  })
  try {
    await client.start()
    const { header } = await client.whenHead(({ peer }) => peer !== undefined)
    const topic = topicOf(await loadKernels(), `test/${name}`)
    const ids: string[] = []
    for (let start = 1n; start <= header.height; start += 32n) {
      const end = start + 32n <= header.height ? start + 32n : header.height + 1n
      // A machine that does much else at a time may need a second try.
      const ask = () => client.topicIn(topic, start, end)
      const { transactions } = await ask().catch(ask)
      ids.push(...transactions.map((transaction) => toHex(transaction.txid)))
    }
    return ids
  } finally {
    await client.close()
  }
}

test('a file published through power cuts at random moments is in the chain once, whole and in order, with proofs', async () => {
  const source = join(folder, 'readings.txt')
  const lines = linesOf('a', LINE_COUNT)
  writeFileSync(source, `${lines.join('\n')}\n`)
  const flags = [source, '--batch-seconds', '0']
  for (let kill = 0; kill < KILL_COUNT; kill++) {
    const child = publish('a', 'alice', flags)
    sayings(child)
    const gone = once(child, 'exit')
    const seen = once(createInterface({ input: child.stdout! }), 'line')
    await Promise.race([gone, prng.chance(0.5) ? seen : sleep(8000), sleep(8000 * prng.float())])
    child.kill('SIGKILL')
    await gone
    // The last line was being written when the power went.
    const spool = join(folder, 'a', 'lines')
    const segment = existsSync(spool) ? readdirSync(spool).sort().at(-1) : undefined
    if (segment !== undefined) appendFileSync(join(spool, segment), prng.bytes(1 + prng.below(60)))
  }
  const child = publish('a', 'alice', flags)
  const said = sayings(child)
  child.stdout!.resume()
  const [code] = (await once(child, 'exit')) as [number]
  equal(code, 0, said.join('\n'))
  const { lines: found, ids } = await published('a')
  deepEqual(found, lines)
  deepEqual([...(await inTheChain('a'))].sort(), [...ids].sort(), 'the chain has other transactions under the topic')
})

test('lines from a pipe are batched, made final and reported, and the end of the pipe ends the command', async () => {
  const child = publish('b', 'bob', ['--batch-seconds', '60', '--sync-seconds', '0.1'])
  const said = sayings(child)
  const events: FinalEvent[] = []
  createInterface({ input: child.stdout! }).on('line', (text) => events.push(JSON.parse(text) as FinalEvent))
  const lines = linesOf('b', 40)
  for (const line of lines) child.stdin!.write(`${line}\r\n\n`)
  child.stdin!.write('x'.repeat(1025) + '\n')
  child.stdin!.end()
  const [code] = (await once(child, 'exit')) as [number]
  equal(code, 0, said.join('\n'))
  equal(said.filter((text) => /a line of 1025 bytes is longer than the 1024/.test(text)).length, 1)
  const { lines: found, ids } = await published('b')
  deepEqual(found, lines)
  deepEqual(
    events.map(({ txid }) => txid),
    ids,
  )
  equal(
    events.reduce((sum, event) => sum + event.lines, 0),
    lines.length,
  )
})

test('a queue refuses another topic, another file and a file that shrank, each in one sentence', async () => {
  const other = join(folder, 'other.txt')
  writeFileSync(other, 'short\n')
  const runs: readonly (readonly [args: readonly string[], name: string, expected: RegExp])[] = [
    [[other, '--queue', join(folder, 'a')], 'zzz', /another chain, topic or key/],
    [[other], 'a', /this queue reads .*readings\.txt, not .*other\.txt|has 6 bytes and was read up to/],
    [[join(folder, 'absent.txt')], 'c', /cannot read .*absent\.txt \(ENOENT\)/],
    [[folder], 'd', /is a folder: name a file of lines/],
  ]
  for (const [args, name, expected] of runs) {
    const given = ['--topic', `test/${name}`, '--wallet', 'alice', '--devnet', join(folder, 'devnet')]
    const queue = args.includes('--queue') ? [] : ['--queue', join(folder, name)]
    const { status, stderr } = spawnSync(process.execPath, [EDGE_FILE, 'publish', ...args, ...queue, ...given], {
      encoding: 'utf8',
    })
    equal(status, 3, stderr)
    const complaint = stderr.split('\n').filter((text) => text.startsWith('stakecube: '))
    equal(complaint.length, 1, stderr)
    match(complaint[0]!, expected)
  }
})
