/** `devnet --processes` as a person sees it: a page and clients as ever, health, the cube, a killed validator, Ctrl-C. */
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { parseCheckpoint } from '../../src/light/checkpoint-text.ts'
import { COMMAND, DevnetProcess, freePort } from '../../tools/devnet-process.ts'

const folder = mkdtempSync(join(tmpdir(), 'stakecube-processes-'))
let devnet: DevnetProcess
let monitors: readonly string[]

before(async () => {
  const options = { folder: join(folder, 'devnet'), httpPort: await freePort(), p2pPort: 0 }
  devnet = await DevnetProcess.start({ ...options, flags: ['--processes', '--validators', '4'] })
  monitors = devnet.ready.monitors!
})
after(async () => {
  await devnet.stop()
  rmSync(folder, { recursive: true, force: true })
})

function stakecube(...argv: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [...COMMAND, ...argv], { timeout: 90_000 }, (error, out, err) => {
      resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1, out, err })
    })
  })
}
const pidsOf = (): string[] => {
  const pattern = `validator --config ${join(folder, 'devnet')}`
  const lines = execFileSync('ps', ['-eo', 'pid,args'], { encoding: 'utf8' }).split('\n')
  return lines.filter((line) => line.includes(pattern)).map((line) => line.trim().split(' ', 1)[0]!)
}

/** Health once so many peers are connected: a validator is ready a moment before its last peer is. */
async function healthWithPeers(monitor: string, peers: number): Promise<{ status: string; signs: boolean }> {
  for (;;) {
    const health = await fetch(`${monitor}/health`)
    equal(health.status, 200)
    const facts = (await health.json()) as { status: string; peers: number; signs: boolean }
    if (facts.peers >= peers) return facts
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

test('each validator is a process with health and metrics of its own', { timeout: 120_000 }, async () => {
  equal(pidsOf().length, 4)
  equal(new Set(monitors).size, 4)
  for (const monitor of monitors) {
    const facts = await healthWithPeers(monitor, 3)
    deepEqual([facts.status, facts.signs], ['ok', true])
    match(await (await fetch(`${monitor}/metrics`)).text(), /^stakecube_chain_height \d+$/m)
  }
  equal((await fetch(monitors[0]!)).status, 404)
})

test('on a new folder the printed checkpoint is one, and the printed command follows the chain from it', async () => {
  const { checkpoint, light } = devnet.ready
  const parsed = parseCheckpoint(checkpoint)
  ok(parsed.kind === 'accepted', checkpoint)
  const [program, ...argv] = light.split(' ')
  deepEqual([program, argv.includes(checkpoint)], ['stakecube', true])
  const followed = await stakecube(...argv, '--once', '--json')
  equal(followed.code, 0, followed.err)
})

test('a light client and the cube work with it as with any devnet', async () => {
  const light = await stakecube('light', '--devnet', devnet.ready.page, '--once', '--json')
  equal(light.code, 0, light.err)
  const verified = await stakecube('cube', '--devnet', devnet.ready.page, '--json')
  equal(verified.code, 0, verified.err)
  const cube = JSON.parse(verified.out) as { epoch: number; shards: { label: string; members: unknown }[] }
  ok(cube.shards.length >= 7)
  const own = await stakecube('cube', '--validator', monitors[1]!, '--json')
  const ownCube = JSON.parse(own.out) as typeof cube
  if (ownCube.epoch === cube.epoch) deepEqual(ownCube, cube)
  const tree = await stakecube('cube', '--validator', monitors[1]!)
  match(tree.out, /^epoch \d+: \d+ shards/)
})

const isHealthy = (monitor: string): Promise<boolean> =>
  fetch(`${monitor}/health`).then(
    ({ ok }) => ok,
    () => false,
  )

test('a validator that is killed comes back, its health where it was, and Ctrl-C leaves no process', async () => {
  const [victim] = pidsOf()
  process.kill(Number(victim), 'SIGKILL')
  const deadlineMs = performance.now() + 60_000
  while (performance.now() < deadlineMs && (pidsOf().length < 4 || pidsOf().includes(victim!)))
    await new Promise((resolve) => setTimeout(resolve, 200))
  equal(pidsOf().length, 4)
  ok(!pidsOf().includes(victim!))
  const areHealthy = async (): Promise<boolean> => (await Promise.all(monitors.map(isHealthy))).every(Boolean)
  while (performance.now() < deadlineMs && !(await areHealthy()))
    await new Promise((resolve) => setTimeout(resolve, 200))
  ok(await areHealthy(), 'a validator is not healthy where its health was announced')
  await devnet.stop()
  deepEqual(pidsOf(), [])
})

test('a configuration that is wrong ends with the code for bad input and one sentence', async () => {
  const missing = await stakecube('validator', '--config', join(folder, 'none.json'))
  equal(missing.code, 3)
  match(missing.err, /cannot read the configuration .*none\.json \(ENOENT\)/)
  const none = await stakecube('validator')
  equal(none.code, 2)
  const both = await stakecube('cube', '--validator', 'http://127.0.0.1:1', '--spec', 'x')
  equal(both.code, 2)
  const dead = await stakecube('cube', '--validator', 'http://127.0.0.1:1')
  equal(dead.code, 6)
})
