/**
 * Takes the pictures of docs/screenshots from a live devnet: `node --import tsx tools/screenshots.ts`. Nothing is staged: the
 * blocks, signers, balance, payment and proof are what the page verified while this ran.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, BrowserContextOptions } from 'playwright-core'
import { DevnetProcess, drawPortBase, freePort } from './devnet-process.ts'
import { LivePage, launch } from '../test/e2e/live-page.ts'

const OUT = 'docs/screenshots'
/** A full strip on a wide page. */
const HEADS_WANTED = 12
/** Blocks take long on a machine that is busy. */
const TIMEOUT_MS = 300_000

interface Shot {
  readonly name: string
  readonly options: BrowserContextOptions
  readonly pays: boolean
}

const SHOTS: readonly Shot[] = [
  { name: 'desktop', options: { viewport: { width: 1280, height: 800 } }, pays: true },
  { name: 'dark', options: { viewport: { width: 1280, height: 800 }, colorScheme: 'dark' }, pays: true },
  {
    name: 'phone',
    options: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 1.5, isMobile: true, hasTouch: true },
    pays: true,
  },
]

async function pay({ page }: LivePage): Promise<void> {
  const bob = await page.locator('stakecube-pay datalist option').nth(1).getAttribute('value')
  await page.locator('stakecube-pay #to').fill(bob!)
  await page.locator('stakecube-pay #amount').fill('1.5')
  await page.locator('stakecube-pay button').click()
  await page.locator('stakecube-proof .verdict').waitFor({ timeout: TIMEOUT_MS })
}

/** Pages besides the dashboard: the path and what has to be done before the picture is taken. */
const OTHERS: readonly {
  readonly name: string
  readonly path: string
  readonly prepare: (live: LivePage) => Promise<void>
}[] = [
  {
    name: 'checkout',
    path: 'examples/checkout.html',
    prepare: async ({ page }) => {
      await page.locator('stakecube-pay button:enabled').click()
      await page.locator('#state[data-paid]').waitFor({ timeout: TIMEOUT_MS })
    },
  },
  {
    name: 'sensors',
    path: 'examples/sensors.html',
    prepare: async ({ page }) => {
      await page.getByRole('button', { name: 'Report from the roof' }).click()
      await page.getByText('final in block').waitFor({ timeout: TIMEOUT_MS })
      await page.locator('#topic-roof li').waitFor()
    },
  },
  {
    name: 'docs',
    path: 'docs/stakecube-status.html',
    prepare: async ({ page }) => page.locator('stakecube-status .meter').first().waitFor({ timeout: TIMEOUT_MS }),
  },
]

async function shootOther(
  browser: Browser,
  site: string,
  { name, path, prepare }: (typeof OTHERS)[number],
): Promise<void> {
  const live = await LivePage.open(browser, new URL(path, site).href, { viewport: { width: 1100, height: 800 } })
  await live.until('following', ({ phase, heads }) => phase === 'following' && heads.length >= 3, TIMEOUT_MS)
  await prepare(live)
  await live.page.screenshot({ path: join(OUT, `${name}.png`) })
  console.log(`screenshots: ${name}.png`)
  await live.close()
}

async function shoot(browser: Browser, url: string, { name, options, pays }: Shot): Promise<void> {
  // A block that is just coming in would leave a gap in the picture.
  const live = await LivePage.open(browser, url, { ...options, reducedMotion: 'reduce' })
  await live.until(
    'a full strip',
    ({ phase, heads }) => phase === 'following' && heads.length >= HEADS_WANTED,
    TIMEOUT_MS,
  )
  if (pays) await pay(live)
  await live.until('a fresh head', ({ level }) => level === 'verified', TIMEOUT_MS)
  await live.page.evaluate(() => {
    ;(document.activeElement as HTMLElement | null)?.blur()
    scrollTo(0, 0)
  })
  await live.page.screenshot({ path: join(OUT, `${name}.png`), fullPage: true })
  console.log(`screenshots: ${name}.png at block ${(await live.facts())?.height}`)
  if (live.errors.length > 0) throw new Error(live.errors.join('\n'))
  await live.close()
}

/** The devnet is stopped while the page is open: what does the page say? */
async function shootOffline(browser: Browser, devnet: DevnetProcess): Promise<void> {
  const live = await LivePage.open(browser, devnet.ready.page)
  await live.until('some blocks', ({ phase, heads }) => phase === 'following' && heads.length >= 6, TIMEOUT_MS)
  await devnet.stop()
  await live.until('offline', ({ level }) => level === 'offline', TIMEOUT_MS)
  await live.page.screenshot({ path: join(OUT, 'offline.png') })
  console.log('screenshots: offline.png')
  await live.close()
}

execFileSync(process.execPath, ['--import', 'tsx', 'tools/build-web.ts'], { stdio: 'ignore' })
mkdirSync(OUT, { recursive: true })
const folder = mkdtempSync(join(tmpdir(), 'stakecube-shots-'))
const flags = ['--traffic', '2', '--validators', '4']
const devnet = await DevnetProcess.start({ folder, httpPort: await freePort(), p2pPort: drawPortBase(), flags })
const browser = await launch()
try {
  for (const shot of SHOTS) await shoot(browser, devnet.ready.page, shot)
  for (const other of OTHERS) await shootOther(browser, devnet.ready.page, other)
  await shootOffline(browser, devnet)
} finally {
  await browser.close()
  await devnet.stop()
  rmSync(folder, { recursive: true, force: true })
}
