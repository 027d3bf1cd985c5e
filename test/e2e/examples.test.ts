/** Each example as a person would start it, in Chromium, against a devnet; and two pages that have only each other. */
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { createServer } from 'vite'
import { createHost } from '../../src/net/host.ts'
import { DevnetProcess, drawPortBase, freePort } from '../../tools/devnet-process.ts'
import { LivePage, launch } from './live-page.ts'

const TIMEOUT = { timeout: 240_000 }
let folder: string
let devnet: DevnetProcess
let browser: Browser

before(async () => {
  execFileSync(process.execPath, ['--import', 'tsx', 'tools/build-web.ts'], { stdio: 'ignore' })
  folder = await mkdtemp(join(tmpdir(), 'stakecube-examples-'))
  const options = { folder, httpPort: await freePort(), p2pPort: drawPortBase(), flags: ['--validators', '4'] }
  devnet = await DevnetProcess.start(options)
  browser = await launch()
}, TIMEOUT)

after(async () => {
  await browser?.close()
  await devnet?.stop()
  await rm(folder, { recursive: true, force: true })
})

const open = (path: string): Promise<LivePage> => LivePage.open(browser, new URL(path, devnet.ready.page).href)

test('checkout: it says "Paid" for a verified receipt, and not before', TIMEOUT, async () => {
  const shop = await open('examples/checkout.html')
  await shop.until('a head', ({ phase, height }) => phase === 'following' && height !== undefined)
  equal(await shop.page.locator('#state').innerText(), 'Not paid yet.')
  await shop.page.locator('stakecube-pay button:enabled').click()
  await shop.page.locator('#state[data-paid]').waitFor({ timeout: 90_000 })
  match(await shop.page.locator('#state').innerText(), /^Paid in block \d+\.$/)
  await shop.page.locator('stakecube-proof .verdict', { hasText: 'every step holds' }).waitFor()
  deepEqual(shop.errors, [])
  await shop.close()
})

test('checkout: a receipt that does not verify leaves the order open', TIMEOUT, async () => {
  const shop = await open('examples/checkout.html')
  await shop.until('a head', ({ phase, height }) => phase === 'following' && height !== undefined)
  await shop.page.evaluate(() => {
    const forged = { file: new Uint8Array(500).fill(7), ok: true, height: 5n }
    document.querySelector('#pay')!.dispatchEvent(new CustomEvent('paid', { detail: forged }))
  })
  await shop.page.locator('#state', { hasText: 'does not verify' }).waitFor()
  equal(await shop.page.locator('#state[data-paid]').count(), 0)
  await shop.close()
})

test('sensor wall: a report appears in the proven list of its topic, and in no other', TIMEOUT, async () => {
  const wall = await open('examples/sensors.html')
  await wall.until('a head', ({ phase, height }) => phase === 'following' && height !== undefined)
  await wall.page.locator('#topic-roof .proven').waitFor({ timeout: 60_000 })
  await wall.page.getByRole('button', { name: 'Report from the roof' }).click()
  await wall.page.locator('#topic-roof li').waitFor({ timeout: 90_000 })
  equal(await wall.page.locator('#topic-roof .count').innerText(), '1')
  await wall.page.locator('#topic-cellar .proven').waitFor()
  equal(await wall.page.locator('#topic-cellar li').count(), 0)
  deepEqual(wall.errors, [])
  await wall.close()
})

test('Vite with Preact: the elements verify inside of a framework', TIMEOUT, async () => {
  process.env['DEVNET'] = devnet.ready.page
  const root = 'web/examples/vite-preact'
  const server = await createServer({
    root,
    logLevel: 'error',
    server: { port: await freePort() },
    cacheDir: join(folder, 'vite'),
  })
  try {
    await server.listen()
    const page = await LivePage.open(browser, server.resolvedUrls!.local[0]!)
    await page.until('a verified head', ({ phase, height }) => phase === 'following' && height !== undefined)
    await page.page.locator('stakecube-balance .proven').waitFor({ timeout: 60_000 })
    equal(await page.page.locator('select option').count(), 4)
    deepEqual(page.errors, [])
    await page.close()
  } finally {
    await server.close()
  }
})

test('a page that knows only another page follows through it, also when the relay is gone', TIMEOUT, async () => {
  const relay = await createHost({ listen: ['/ip4/127.0.0.1/tcp/0/ws'], relay: true, webrtc: false })
  try {
    const at = relay.getMultiaddrs()[0]!.toString()
    const first = await open(`#relays=${encodeURIComponent(at)}`)
    await first.until('following', ({ phase }) => phase === 'following')
    const address = await first.page.evaluate(async () => {
      for (;;) {
        const addresses = await document.querySelector('stakecube-client')!.client!.addresses()
        const found = addresses.find((each) => each.includes('/webrtc/'))
        if (found !== undefined) return found
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
    })
    const second = await open(`#peers=${encodeURIComponent(address)}`)
    const before = await second.until('following', ({ phase, height }) => phase === 'following' && height !== undefined)
    equal(before.transports.length, 1)
    await relay.stop()
    const later = await second.until('blocks without the relay', ({ height }) => height! >= before.height! + 4)
    ok(later.phase === 'following')
    await first.close()
    await second.close()
  } finally {
    await relay.stop()
  }
})

for (const [name, fragment, sentence] of [
  ['a wrong checkpoint', 'checkpoint=12', 'Wrong checkpoint'],
  ['a peer that is none', 'peers=nobody', 'A peer is a multiaddr'],
  ['a chain that is none', 'chain=' + encodeURIComponent('{"name":7}'), 'The chain spec is refused'],
  ['a document that is not there', 'src=/nothing.json', '/nothing.json answers 404'],
  ['a checkpoint of another chain', `checkpoint=1:${'ab'.repeat(32)}`, 'check the checkpoint'],
] as const)
  test(`${name} is told in a sentence, and the page around it goes on`, TIMEOUT, async () => {
    const page = await open(`#${fragment}`)
    await page.page.locator('stakecube-client [role=alert]', { hasText: sentence }).waitFor({ timeout: 90_000 })
    equal(await page.page.locator('h1').isVisible(), true)
    await page.page.locator('#scheme').click()
    deepEqual(
      page.errors.filter((text) => !/404/.test(text)),
      [],
    )
    await page.close()
  })
