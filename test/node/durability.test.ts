import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, test } from 'node:test'
import { ClassicLevel } from 'classic-level'
import { encodeSafetyRecord, type SafetyRecord } from '../../src/consensus/safety-record.ts'
import { makeDevnet, saveDevnet } from '../../src/node/devnet-config.ts'
import { chainIdOf } from '../../src/chain/spec.ts'
import { genesisLedger } from '../../src/ledger/ledger.ts'
import { Devnet } from '../../src/node/devnet.ts'
import { createNodeEngine } from '../../src/node/engine.ts'
import { Execution } from '../../src/node/execution.ts'
import { openStore } from '../../src/node/open-store.ts'
import { SafetyStore } from '../../src/node/safety-store.ts'
import { LevelChainStore } from '../../src/store/level-chain.ts'

const engine = await createNodeEngine()
const base = mkdtempSync(join(tmpdir(), 'stakecube-durability-'))
after(() => rmSync(base, { recursive: true, force: true }))
let number = 0
const newFolder = () => join(base, String(number++))

// ── The vote record ──────────────────────────────────────────────────────────────────────────────────────────────────

const CHAIN = new Uint8Array(32).fill(1)
const record = (height: bigint, round: number, signed: Partial<SafetyRecord> = {}): Uint8Array =>
  encodeSafetyRecord({ height, round, hasProposed: false, ...signed })
const openLevel = (folder: string) => LevelChainStore.open(join(folder, 'chain'), CHAIN, () => undefined)

/** Saves both copies, then puts the database's back to `inStore`, as a torn end of LevelDB's log does. */
async function tornStore(saved: Uint8Array, inStore: Uint8Array) {
  const folder = newFolder()
  const store = await openLevel(folder)
  const safety = new SafetyStore(store, folder, false)
  await safety.save({ record: saved })
  await store.saveSafety({ record: inStore })
  safety.close()
  const again = new SafetyStore(store, folder, false)
  again.close()
  await store.close()
  return again
}

test('a vote record that the database lost comes back from the copy, later by height, round or what was signed', async () => {
  const hash = new Uint8Array(32).fill(9)
  const older = record(5n, 1, { prevote: hash })
  for (const newer of [record(6n, 0), record(5n, 2), record(5n, 1, { prevote: hash, precommit: hash })]) {
    const { saved, findings, isLost } = await tornStore(newer, older)
    deepEqual([saved?.record, isLost], [newer, false])
    match(findings.join(), /newer \(height \d, round \d\) and counts/)
  }
})

test('two copies that agree are told of with no word, and a database that is newer counts', async () => {
  const both = await tornStore(record(5n, 1), record(5n, 1))
  deepEqual([both.saved?.record, both.findings], [record(5n, 1), []])
  const newer = await tornStore(record(5n, 1), record(5n, 2))
  deepEqual(newer.saved?.record, record(5n, 2))
})

test('a copy with both slots damaged is a lost record, whatever the database says', async () => {
  const folder = newFolder()
  const store = await openLevel(folder)
  const safety = new SafetyStore(store, folder, false)
  await safety.save({ record: record(5n, 1) })
  safety.close()
  for (const name of ['safety-0', 'safety-1']) writeFileSync(join(folder, 'safety', name), 'torn')
  const again = new SafetyStore(store, folder, false)
  again.close()
  await store.close()
  equal(again.isLost, true)
  match(again.findings.join(), /damaged/)
})

test('a copy that is gone beside a database with a record is a lost record', async () => {
  const folder = newFolder()
  const store = await openLevel(folder)
  const safety = new SafetyStore(store, folder, false)
  await safety.save({ record: record(5n, 1) })
  safety.close()
  rmSync(join(folder, 'safety'), { recursive: true })
  const again = new SafetyStore(store, folder, false)
  again.close()
  await store.close()
  equal(again.isLost, true)
  match(again.findings.join(), /is gone/)
})

test('a damaged slot whose record the database has is told and costs nothing; one that it lost too is a lost record', async () => {
  const damaged = async (inStore: Uint8Array) => {
    const folder = newFolder()
    const store = await openLevel(folder)
    const safety = new SafetyStore(store, folder, false)
    await safety.save({ record: record(5n, 1) })
    await safety.save({ record: record(6n, 0) })
    safety.close()
    await store.saveSafety({ record: inStore })
    const newest = join(folder, 'safety', 'safety-0')
    const bytes = readFileSync(newest)
    bytes[20]! ^= 1
    writeFileSync(newest, bytes)
    const again = new SafetyStore(store, folder, false)
    again.close()
    await store.close()
    return again
  }
  const kept = await damaged(record(6n, 0))
  deepEqual([kept.saved?.record, kept.isLost], [record(6n, 0), false])
  match(kept.findings.join(), /damaged; the database has it/)
  const lost = await damaged(record(5n, 1))
  equal(lost.isLost, true)
  match(lost.findings.join(), /none that is newer/)
})

test('a database that lost its end says which blocks it fetches again; one that a crash left a vote behind says nothing', async () => {
  const { spec } = makeDevnet(engine, 1, Date.now())
  const chain = { params: spec.params, chainId: chainIdOf(engine.kernels, spec) }
  const opened = async (votedOn: bigint) => {
    const folder = newFolder()
    const lines: string[] = []
    const options = { execution: new Execution(engine, chain), genesis: genesisLedger(engine, spec), folder }
    const first = await openStore({ ...options, log: { log: () => undefined } })
    await first.safety.save({ record: record(votedOn, 0) })
    first.safety.close()
    await first.store.close()
    const again = await openStore({ ...options, log: { log: (_, text) => void lines.push(text) } })
    again.safety.close()
    await again.store.close()
    return lines.join()
  }
  match(await opened(6n), /ends at block 0, .* voted on 6: it has lost blocks 1 to 5/)
  equal(await opened(1n), '')
})

// ── A bad block ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** Runs a devnet until `isOver` holds after a block or a line of log. */
async function runUntil(folder: string, config: ReturnType<typeof makeDevnet>, isOver: (devnet: Devnet) => boolean) {
  const lines: string[] = []
  let look: () => void = () => undefined
  const over = new Promise<void>((resolve) => (look = resolve))
  let devnet: Devnet | undefined
  const check = (): void => (devnet !== undefined && isOver(devnet) ? look() : undefined)
  devnet = await Devnet.start({
    ...{ engine, config, folder, portBase: 0, webrtc: false },
    log: {
      log: (_level, message) => {
        lines.push(message)
        // The count is raised just before the line is written, or just after.
        setImmediate(check)
      },
    },
    onFinal: check,
  })
  check()
  await over
  await devnet.stop()
  return { lines, chain: devnet.chain, height: devnet.best.height }
}

test('a block that the disk gives back damaged is said, fetched from a peer, verified and written again', async () => {
  const folder = newFolder()
  const config = makeDevnet(engine, 2, Date.now(), { blockTimeMs: 100, epochLength: 8 })
  await saveDevnet(folder, config)
  const first = await runUntil(folder, config, ({ nodes }) => nodes.every(({ height }) => height >= 5n))
  const path = join(folder, 'validator-0', 'chain')
  const level = new ClassicLevel<string, Uint8Array>(path, { keyEncoding: 'utf8', valueEncoding: 'view' })
  const key = (kind: string, height: number) => `${kind}/${height.toString(16).padStart(16, '0')}`
  for (const damaged of [key('b', 2), key('c', 3)]) {
    const bytes = Uint8Array.from((await level.get(damaged))!)
    bytes[20]! ^= 1
    await level.put(damaged, bytes)
  }
  await level.close()
  const second = await runUntil(folder, config, ({ nodes }) => nodes[0]!.repair.repairedCount === 2)
  for (const height of [2, 3]) {
    ok(second.lines.some((line) => line.startsWith(`block ${height} is damaged on disk`)))
    ok(second.lines.includes(`block ${height} is repaired from a peer`))
  }
  const stores = await Promise.all(
    [0, 1].map((index) =>
      LevelChainStore.open(join(folder, `validator-${index}`, 'chain'), first.chain.chainId, () => undefined),
    ),
  )
  deepEqual(stores[0]!.block(2n), stores[1]!.block(2n))
  ok(stores[0]!.cert(3n) !== undefined)
  await Promise.all(stores.map((store) => store.close()))
})

// ── A full disk ──────────────────────────────────────────────────────────────────────────────────────────────────────

interface Ended {
  readonly code: number | null
  readonly heights: readonly number[]
  readonly logs: readonly string[]
}

/** A validator process whose files may not grow beyond `kib` (as a disk that is full), until it ends or has `blocks`. */
async function runLimited(config: string, kib: number | 'unlimited', blocks: number): Promise<Ended> {
  const node = [process.execPath, '--import', 'tsx', 'src/cli/main.ts', 'validator', '--config', config, '--json']
  const script = `trap '' XFSZ; ulimit -f ${kib}; exec ${node.map((part) => `'${part}'`).join(' ')}`
  const child = spawn('bash', ['-c', script], { stdio: ['ignore', 'pipe', 'pipe'] })
  const heights: number[] = []
  const logs: string[] = []
  child.stderr.on('data', (chunk: Buffer) => logs.push(chunk.toString()))
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  for await (const line of createInterface({ input: child.stdout })) {
    const event = JSON.parse(line) as { event: string; height: number; message: string }
    if (event.event === 'block') heights.push(event.height)
    if (event.event === 'log') logs.push(event.message)
    if (heights.length >= blocks && !child.killed) child.kill('SIGTERM')
  }
  return { code: await ended, heights, logs }
}

test('a validator whose disk is full stops with one sentence, and goes on from what it had when there is room', async () => {
  const folder = newFolder()
  const config = makeDevnet(engine, 1, Date.now(), { blockTimeMs: 50, epochLength: 8 })
  await saveDevnet(folder, config)
  const file = join(folder, 'validator.json')
  const [{ seed, blsSecret }] = config.validators as [(typeof config.validators)[0]]
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
  writeFileSync(join(folder, 'keys.json'), JSON.stringify({ seed: hex(seed), blsSecrets: [hex(blsSecret)] }))
  const options = { chainSpec: 'chain.json', data: 'data', keys: 'keys.json', peers: [], journal: true }
  writeFileSync(file, JSON.stringify({ ...options, listen: ['/ip4/127.0.0.1/tcp/0'] }))
  const full = await runLimited(file, 48, 10_000)
  ok(full.heights.length > 0, 'it made blocks before the disk was full')
  equal(full.code, 7)
  match(full.logs.join('\n'), /stopping, nothing is signed any more: cannot use the store in .* \(EFBIG\)/)
  const again = await runLimited(file, 'unlimited', 3)
  equal(again.code, 0)
  ok(again.heights[0]! >= full.heights.at(-1)!, 'nothing final was lost')
  const said = new Map<string, string>()
  for (const line of readFileSync(join(folder, 'data', 'journal.jsonl'), 'utf8')
    .trim()
    .split('\n')) {
    const { say, type, height, round, hash } = JSON.parse(line) as Record<string, string>
    const slot = `${say} ${type} ${height} ${round}`
    equal(said.get(slot) ?? hash, hash, `${slot} was signed twice`)
    said.set(slot, hash!)
  }
})
