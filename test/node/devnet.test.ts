import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { equalBytes } from '../../src/base/bytes.ts'
import { decodeBlock } from '../../src/chain/block.ts'
import { decodeCert } from '../../src/chain/certificate.ts'
import { blockHash } from '../../src/chain/header.ts'
import { epochOf } from '../../src/chain/params.ts'
import { DEFAULT_TIMES } from '../../src/consensus/agreement.ts'
import { committeeOf } from '../../src/ledger/ledger.ts'
import { loadDevnet, makeDevnet, saveDevnet, type DevnetConfig } from '../../src/node/devnet-config.ts'
import { Devnet, type DevnetOptions } from '../../src/node/devnet.ts'
import { createNodeEngine } from '../../src/node/engine.ts'
import { Traffic } from '../../src/node/traffic.ts'
import { LevelChainStore } from '../../src/store/level-chain.ts'
import { verifyCert } from '../../src/verify/certificate.ts'

const engine = await createNodeEngine()
/** A short pace: these tests wait for blocks, not for the clock. */
const TIMES = { ...DEFAULT_TIMES, proposeMs: 600, prevoteMs: 300, precommitMs: 300, growthMs: 300, resendMs: 400 }
const folders: string[] = []
after(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })))

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'stakecube-devnet-'))
  folders.push(folder)
  return folder
}

const newConfig = (validators: number): DevnetConfig =>
  makeDevnet(engine, validators, Date.now(), { blockTimeMs: 100, epochLength: 8 })

interface Run {
  readonly devnet: Devnet
  readonly warnings: string[]
  /** Resolves when some validator has the block at `height` on disk. */
  reaches(height: bigint): Promise<void>
}

async function start(options: Pick<DevnetOptions, 'config' | 'folder'> & Partial<DevnetOptions>): Promise<Run> {
  const waiting: { readonly height: bigint; readonly resolve: () => void }[] = []
  const warnings: string[] = []
  let head = 0n
  const devnet = await Devnet.start({
    ...{ engine, portBase: 0, webrtc: false, times: TIMES },
    log: { log: (_level, message) => void warnings.push(message) },
    onFinal: ({ block }) => {
      head = block.header.height
      for (const { height, resolve } of waiting) if (height <= head) resolve()
    },
    onFailure: (error) => assert.fail(error as Error),
    ...options,
  })
  const reaches = (height: bigint): Promise<void> =>
    head >= height ? Promise.resolve() : new Promise((resolve) => waiting.push({ height, resolve }))
  return { devnet, warnings, reaches }
}

/** Every stored block of a validator links to the one before and its certificate verifies. */
async function checkStore(folder: string, devnet: Devnet, until: bigint): Promise<void> {
  const store = await LevelChainStore.open(join(folder, 'chain'), devnet.chain.chainId, () => undefined)
  try {
    let parent = devnet.genesis.hash
    for (let height = 1n; height <= until; height++) {
      const block = decodeBlock(store.block(height)!)
      const cert = decodeCert(store.cert(height)!)
      assert.ok(block.kind === 'accepted' && cert.kind === 'accepted')
      const { header } = block.value
      assert.ok(equalBytes(header.parent, parent), `block ${height} has another parent`)
      const keys = committeeOf(devnet.best.ledger, epochOf(height, devnet.chain.params))
      const { params, chainId } = devnet.chain
      if (keys !== undefined)
        assert.equal(verifyCert(engine, params, chainId, keys, header, cert.value).kind, 'accepted')
      parent = blockHash(engine.kernels, header)
    }
  } finally {
    await store.close()
  }
}

test('one validator makes final blocks alone, over an epoch border, and goes on after a restart', async () => {
  const folder = newFolder()
  const config = newConfig(1)
  const first = await start({ config, folder })
  await first.reaches(10n)
  await first.devnet.stop()
  const stopped = first.devnet.best.height

  const second = await start({ config, folder })
  assert.equal(second.devnet.best.height, stopped)
  await second.reaches(stopped + 2n)
  await second.devnet.stop()
  await checkStore(join(folder, 'validator-0'), second.devnet, stopped + 2n)
  assert.deepEqual([...first.warnings, ...second.warnings], [])
})

test('four validators agree on one chain with payments in it, and pay its signers', async () => {
  const folder = newFolder()
  const config = newConfig(4)
  const run = await start({ config, folder })
  const traffic = new Traffic({
    ...{ kernels: engine.kernels, chain: run.devnet.chain, nodes: run.devnet.nodes },
    ...{ secretKey: config.wallets[3]!.secretKey, transactionsPerSecond: 20 },
  })
  traffic.start()
  await run.reaches(10n)
  traffic.stop()
  await run.devnet.stop()
  assert.ok(traffic.sentCount > 0)
  assert.ok(run.devnet.best.ledger.money.issued > run.devnet.genesis.money.issued)
  for (const index of config.validators.keys()) await checkStore(join(folder, `validator-${index}`), run.devnet, 9n)
})

// A quorum is 33 of 49 seats drawn by lot: with seven of eight validators it is as good as sure, with six of eight it is not.
test('eight validators keep going with one that was never there, one whose store is damaged, and one whose folder was emptied', async () => {
  const folder = newFolder()
  const config = makeDevnet(engine, 8, Date.now(), { blockTimeMs: 100, epochLength: 8, clockDriftMsMax: 500 })
  const first = await start({ config, folder, dead: [5] })
  await first.reaches(5n)
  await first.devnet.stop()
  let height = first.devnet.best.height

  const dataOf = (index: number): string => join(folder, `validator-${index}`)
  const damaged = join(dataOf(1), 'chain')
  const cases: readonly (readonly [index: number, spoil: () => void, saying: RegExp])[] = [
    [5, () => undefined, /no record of what this validator signed, and the chain has blocks: it signs nothing until/],
    [1, spoilDatabaseAndRecord, /record of what this validator signed is lost: it signs nothing until/],
    [2, () => rmSync(dataOf(2), { recursive: true }), /no record of what this validator signed, and the chain has/],
  ]
  function spoilDatabaseAndRecord(): void {
    for (const name of readdirSync(damaged))
      if (name.startsWith('MANIFEST')) writeFileSync(join(damaged, name), 'garbage')
    // The copy of the vote record beside it too: only then is it lost.
    rmSync(join(dataOf(1), 'safety'), { recursive: true })
  }
  for (const [index, spoil, saying] of cases) {
    spoil()
    const next = await start({ config, folder })
    await next.reaches(height + 3n)
    const node = next.devnet.nodes[index]!
    while (!node.signs || node.height < height + 3n) await next.reaches(next.devnet.best.height + 1n)
    await next.devnet.stop()
    assert.equal(next.warnings.filter((warning) => saying.test(warning)).length, 1, next.warnings.join('\n'))
    assert.ok(next.warnings.some((warning) => warning.startsWith('signing from height')))
    assert.equal(next.warnings.filter((warning) => warning.includes('voted twice')).length, 0)
    assert.equal(
      next.warnings.some((warning) => warning.includes(`${damaged}`)),
      index === 1,
    )
    height = next.devnet.best.height
  }
  for (const [index] of cases) await checkStore(dataOf(index), first.devnet, 5n)
  assert.ok(readdirSync(dataOf(1)).includes('chain.damaged-1'))
})

test('a devnet’s files come back as they were written', async () => {
  const folder = newFolder()
  const config = newConfig(2)
  await saveDevnet(folder, config)
  assert.deepEqual(await loadDevnet(folder), config)
  assert.equal(statSync(join(folder, 'devnet-keys.json')).mode & 0o077, 0)
  truncateSync(join(folder, 'devnet-keys.json'), 10)
  await assert.rejects(loadDevnet(folder), /--reset/)
  rmSync(join(folder, 'devnet-keys.json'))
  await assert.rejects(loadDevnet(folder), /cannot read .*devnet-keys\.json/)
})
