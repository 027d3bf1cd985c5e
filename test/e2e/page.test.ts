/**
 * The page against a live devnet: real validators in a process of their own, Chromium's own WebRTC and IndexedDB. The tests
 * are one visit, in order.
 */
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import type { Browser } from 'playwright-core'
import { COMMAND, DevnetProcess, drawPortBase, freePort } from '../../tools/devnet-process.ts'
import { LivePage, launch } from './live-page.ts'

const TIMEOUT = { timeout: 180_000 }
const run = promisify(execFile)
let folder: string
let devnet: DevnetProcess
let browser: Browser
let live: LivePage
let restart: () => Promise<DevnetProcess>

before(async () => {
  execFileSync(process.execPath, ['--import', 'tsx', 'tools/build-web.ts'], { stdio: 'ignore' })
  folder = await mkdtemp(join(tmpdir(), 'stakecube-e2e-'))
  const options = { folder, httpPort: await freePort(), p2pPort: drawPortBase(), flags: ['--validators', '4'] }
  restart = () => DevnetProcess.start(options)
  devnet = await restart()
  browser = await launch()
  live = await LivePage.open(browser, devnet.ready.page)
}, TIMEOUT)

after(async () => {
  await browser?.close()
  await devnet?.stop()
  await rm(folder, { recursive: true, force: true })
})

const texts = (selector: string): Promise<string[]> => live.page.locator(selector).allInnerTexts()
const balanceText = async (): Promise<string> => (await texts('stakecube-balance .amount'))[0] ?? ''
const untilBalance = (amount: string): Promise<void> =>
  live.page.locator('stakecube-balance .amount', { hasText: amount }).waitFor({ timeout: 60_000 })

test('it verifies blocks as they become final, over webrtc-direct alone', TIMEOUT, async () => {
  const first = await live.until(
    'a verified head',
    ({ phase, height }) => phase === 'following' && height !== undefined,
  )
  const later = await live.until('three more', ({ height }) => height! >= first.height! + 3)
  ok(later.transports.length >= 2, `peers: ${later.transports.join()}`)
  deepEqual([...new Set(later.transports)], ['webrtc-direct'])
  ok(
    later.heads.some(({ delayMs }) => delayMs !== undefined),
    'it measures how long blocks take',
  )
})

test('its blocks are those of the validators', TIMEOUT, async () => {
  const { checkpoint } = (await (await fetch(new URL('/devnet.json', devnet.ready.page))).json()) as {
    checkpoint: string
  }
  const [height, hash] = checkpoint.split(':')
  const { heads } = await live.until('that block', ({ height: at }) => at! >= Number(height))
  equal(heads.find((head) => head.height === Number(height))?.hash, hash)
})

test('it audits the committee and shows who signed', TIMEOUT, async () => {
  await live.until('a committee', ({ committeeEpoch }) => committeeEpoch !== undefined)
  equal(await live.page.locator('stakecube-cube li').count(), 7)
  ok((await live.page.locator('stakecube-cube circle.seat.signed').count()) >= 33, 'a quorum is lit')
})

test('it shows a proven balance, pays, and shows the proof of inclusion', TIMEOUT, async () => {
  await untilBalance('000.00')
  const { page } = live
  const bob = await page.locator('stakecube-pay datalist option').nth(1).getAttribute('value')
  await page.locator('stakecube-pay #to').fill(bob!)
  await page.locator('stakecube-pay #amount').fill('1.5')
  await page.locator('stakecube-pay button').click()
  await page.locator('stakecube-pay [role=status]', { hasText: 'are paid in block' }).waitFor({ timeout: 60_000 })
  await page.locator('stakecube-proof .verdict', { hasText: 'every step holds' }).waitFor()
  equal(await page.locator('stakecube-proof .steps li').count(), 5)
  await page.locator('#wallet').selectOption({ index: 1 })
  await untilBalance('001.50')
  match(await balanceText(), /^1.001\.50/)
})

test(
  'the saved proof is verified by the command line, offline, and a changed one is refused here',
  TIMEOUT,
  async () => {
    const { page } = live
    const saving = page.waitForEvent('download')
    await page.locator('stakecube-proof button').click()
    const file = join(folder, 'payment.scproof')
    await (await saving).saveAs(file)
    const checkpoint = await page.evaluate(() => {
      const { height, hash } = document.querySelector('stakecube-client')!.config!.checkpoint!
      return `${height}:${Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('')}`
    })
    const args = ['verify', file, '--spec', devnet.ready.spec, '--checkpoint', checkpoint, '--json']
    const { stdout } = await run(process.execPath, [...COMMAND, ...args])
    equal((JSON.parse(stdout) as { verdict: string }).verdict, 'accepted')
    const bytes = await readFile(file)
    bytes[bytes.length - 40]! ^= 1
    await writeFile(file, bytes)
    await page.locator('stakecube-proof input').setInputFiles(file)
    await page.locator('stakecube-proof .verdict', { hasText: 'refused' }).waitFor()
  },
)

test('axe finds no violation in the live page, light and dark', TIMEOUT, async () => {
  // The page's own policy forbids foreign scripts: the driver injects axe beside it.
  const source = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
  await live.page.evaluate(source)
  // A block that is just fading in has no contrast yet.
  await live.page.emulateMedia({ reducedMotion: 'reduce' })
  for (const scheme of ['light', 'dark']) {
    await live.page.evaluate((name) => (document.documentElement.dataset['scheme'] = name), scheme)
    const found = await live.page.evaluate(async () => {
      const { axe } = globalThis as unknown as {
        axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> }
      }
      return (await axe.run()).violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
    })
    deepEqual(found, [], scheme)
  }
})

test('after a reload it goes on from what IndexedDB kept, before any peer has answered', TIMEOUT, async () => {
  const before = await live.until('a head', ({ height }) => height !== undefined)
  await live.page.reload()
  const resumed = await live.until('a resumed head', ({ resumedHeight }) => resumedHeight !== undefined)
  ok(resumed.resumedHeight! >= before.height!, `resumed at ${resumed.resumedHeight}, had ${before.height}`)
  await live.until('new blocks', ({ phase, height }) => phase === 'following' && height! > resumed.resumedHeight! + 1)
})

test(
  'when the network goes away it says so and keeps what it verified; when it is back it goes on',
  TIMEOUT,
  async () => {
    const before = await live.until('following', ({ phase }) => phase === 'following')
    await devnet.stop()
    const cut = await live.until('offline or stale', ({ level }) => level === 'offline' || level === 'stale')
    ok(cut.height! >= before.height!, 'the last verified head stays')
    devnet = await restart()
    await live.until('recovery', ({ phase, height }) => phase === 'following' && height! > cut.height! + 1, 150_000)
  },
)

test('a page with one script tag and no script of its own verifies too', TIMEOUT, async () => {
  const plain = await LivePage.open(browser, new URL('examples/plain.html', devnet.ready.page).href)
  await plain.until('a verified head', ({ phase, height }) => phase === 'following' && height !== undefined)
  const outside = plain.page.locator('main > stakecube-status')
  await outside.getByText('Verified').waitFor({ timeout: 30_000 })
  deepEqual(plain.errors, [])
  await plain.close()
})

test('no script of the page failed on the way', () => {
  const ours = live.errors.filter((text) => !/ERR_CONNECTION_REFUSED|ERR_EMPTY_RESPONSE/.test(text))
  deepEqual(ours, [])
})
