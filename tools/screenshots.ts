/**
 * Takes the pictures of docs/screenshots from a live devnet: `node --import tsx tools/screenshots.ts`. Nothing is staged: the
 * blocks, signers, balance, payment and proof are what the page verified while this ran.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, BrowserContextOptions } from 'playwright-core'
import { DevnetProcess, drawPortBase, freePort } from '../test/e2e/devnet-process.ts'
import { LivePage, launch } from '../test/e2e/live-page.ts'

const OUT = 'docs/screenshots'
const HEADS_WANTED = 16

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
  await page.locator('stakecube-proof .verdict').waitFor({ timeout: 60_000 })
}

async function shoot(browser: Browser, url: string, { name, options, pays }: Shot): Promise<void> {
  const live = await LivePage.open(browser, url, options)
  await live.until('a full strip', ({ phase, heads }) => phase === 'following' && heads.length >= HEADS_WANTED)
  if (pays) await pay(live)
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
  await live.until('some blocks', ({ phase, heads }) => phase === 'following' && heads.length >= 6)
  await devnet.stop()
  await live.until('offline', ({ level }) => level === 'offline')
  await live.page.screenshot({ path: join(OUT, 'offline.png') })
  console.log('screenshots: offline.png')
  await live.close()
}

execFileSync(process.execPath, ['--import', 'tsx', 'tools/build-web.ts'], { stdio: 'ignore' })
mkdirSync(OUT, { recursive: true })
const folder = mkdtempSync(join(tmpdir(), 'stakecube-shots-'))
const flags = ['--traffic', '2']
const devnet = await DevnetProcess.start({ folder, httpPort: await freePort(), p2pPort: drawPortBase(), flags })
const browser = await launch()
try {
  for (const shot of SHOTS) await shoot(browser, devnet.ready.page, shot)
  await shootOffline(browser, devnet)
} finally {
  await browser.close()
  await devnet.stop()
  rmSync(folder, { recursive: true, force: true })
}
