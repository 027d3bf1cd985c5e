/**
 * Check `a11y`: axe over the dashboard, each element alone, the examples and the component docs, over a live devnet, light and
 * dark; and a walk through the dashboard by keyboard, which must reach everything that can be operated, show where it is,
 * name it, and get out at the end.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { DevnetProcess, drawPortBase, freePort } from '../devnet-process.ts'
import { LivePage, launch } from '../../test/e2e/live-page.ts'
import { manifest } from '../manifest.ts'
import { measured, noted, type CheckOptions, type CheckOutcome, type CheckResult } from './registry.ts'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const SCHEMES = ['light', 'dark'] as const
/** Stops of the dashboard that a walk must pass, by what a reader of its source would call them. */
const MUST_REACH = [
  'a.skip',
  'button.scheme',
  'button.block',
  'select#wallet',
  'input#to',
  'input#amount',
  'input#file',
  'summary',
]
const STOPS_MAX = 120
const PAGES_AT_ONCE = 3

interface Stop {
  readonly what: string
  readonly name: string
  readonly isSeen: boolean
}

export async function run({ full }: CheckOptions): Promise<CheckOutcome> {
  execFileSync(process.execPath, ['--import', 'tsx', 'tools/build-web.ts'], { stdio: 'ignore' })
  const folder = mkdtempSync(join(tmpdir(), 'stakecube-a11y-'))
  const options = { folder, httpPort: await freePort(), p2pPort: drawPortBase() }
  const devnet = await DevnetProcess.start({ ...options, flags: ['--validators', '4', '--traffic', '1'] })
  const browser = await launch()
  try {
    const results: CheckResult[] = []
    const paths = pathsOf(full)
    for (let next = 0; next < paths.length; next += PAGES_AT_ONCE) {
      const some = paths.slice(next, next + PAGES_AT_ONCE).map((path) => readPage(browser, devnet.ready.page, path))
      results.push(...(await Promise.all(some)).flat())
    }
    return { results: [...results, ...(await walk(browser, devnet.ready.page))], notRun: [] }
  } finally {
    await browser.close()
    await devnet.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The short form leaves out each element alone (test/web/a11y.test.ts has them) and all pages of the docs but one. */
function pathsOf(full: boolean): string[] {
  const tags = manifest().modules.flatMap(({ declarations }) => declarations.map(({ tagName }) => tagName))
  const pages = [
    '',
    'examples/plain.html',
    'examples/checkout.html',
    'examples/sensors.html',
    'docs/stakecube-pay.html',
  ]
  if (!full) return pages
  const docs = ['index', ...tags.filter((tag) => tag !== 'stakecube-pay')].map((name) => `docs/${name}.html`)
  return [...pages, ...tags.map((tag) => `alone/${tag}`), ...docs]
}

/** A page with one element and nothing else, in place of a file. Its ground is said, as axe takes an unsaid one for white. */
const alone = (tag: string): string => `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${tag}</title>
<meta name="color-scheme" content="light dark"><style>body{background:Canvas;color:CanvasText}</style><script type="module" src="/elements.js"></script><script type="module" src="/docs/docs.js"></script></head>
<body><main><h1>${tag}</h1><stakecube-client src="/devnet.json"><${tag} topic="sensors/roof"></${tag}><stakecube-status compact></stakecube-status></stakecube-client></main></body></html>`

async function readPage(browser: Browser, site: string, path: string): Promise<CheckResult[]> {
  const context = await browser.newContext({ reducedMotion: 'reduce', viewport: { width: 1100, height: 900 } })
  await context.addInitScript('globalThis.__name ??= (target) => target')
  await context.route('**/alone/*', (route, request) =>
    route.fulfill({ contentType: 'text/html', body: alone(request.url().split('/').at(-1)!) }),
  )
  const live = new LivePage(await context.newPage())
  try {
    await live.page.goto(new URL(path, site).href, { timeout: 120_000 })
    await following(live)
    await live.page.evaluate(AXE)
    const results: CheckResult[] = []
    for (const scheme of SCHEMES) {
      await live.page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' })
      const found = await live.page.evaluate(async (name) => {
        document.documentElement.dataset['scheme'] = name
        const { axe } = globalThis as unknown as { axe: { run(): Promise<AxeResult> } }
        const { violations, passes } = await axe.run()
        return {
          passCount: passes.length,
          violations: violations.map(
            ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' ')}`,
          ),
        }
      }, scheme)
      const id = `${path === '' ? 'dashboard' : path}, ${scheme}: violations`
      results.push({
        ...noted(id, found.violations, ''),
        op: '==',
        bar: [],
        pass: found.violations.length === 0 && found.passCount > 0,
      })
    }
    return results
  } finally {
    await live.close()
  }
}
/** Not every page has a status element, so the client itself is asked. */
async function following({ page }: LivePage): Promise<void> {
  for (const deadlineMs = Date.now() + 180_000; ;) {
    const heads = await page.evaluate(() => {
      const facts = document.querySelector('stakecube-client')?.client?.facts
      return facts?.phase === 'following' ? facts.heads.length : 0
    })
    if (heads > 1) return
    if (Date.now() > deadlineMs) throw new Error(`${page.url()} does not follow`)
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 100)))
  }
}

interface AxeResult {
  readonly violations: readonly { readonly id: string; readonly nodes: readonly { readonly html: string }[] }[]
  readonly passes: readonly unknown[]
}

async function walk(browser: Browser, site: string): Promise<CheckResult[]> {
  const live = await LivePage.open(browser, site, { reducedMotion: 'reduce' })
  try {
    await live.until('a wallet', ({ phase, heads }) => phase === 'following' && heads.length > 1, 180_000)
    await live.page.locator('stakecube-pay button:enabled').waitFor({ timeout: 60_000 })
    const stops: Stop[] = []
    let isOut = false
    while (!isOut && stops.length < STOPS_MAX) {
      await live.page.keyboard.press('Tab')
      const stop = await live.page.evaluate(focused)
      if (stop === undefined) isOut = true
      else stops.push(stop)
    }
    const missed = MUST_REACH.filter((wanted) => !stops.some(({ what }) => what === wanted))
    const operated = await operate(live)
    return [
      measured('keyboard: stops on the dashboard', stops.length, 'stops', '>=', MUST_REACH.length),
      { ...noted('keyboard: not reached', missed, ''), op: '==', bar: [], pass: missed.length === 0 },
      {
        ...noted(
          'keyboard: without a visible focus',
          unlike(stops, ({ isSeen }) => isSeen),
          '',
        ),
        op: '==',
        bar: [],
        pass: stops.every(({ isSeen }) => isSeen),
      },
      {
        ...noted(
          'keyboard: without a name',
          unlike(stops, ({ name }) => name !== ''),
          '',
        ),
        op: '==',
        bar: [],
        pass: stops.every(({ name }) => name !== ''),
      },
      measured('keyboard: gets out at the end', isOut ? 1 : 0, '', '==', 1),
      measured('keyboard: Enter opens a block and an explanation', operated, 'of 2', '==', 2),
    ]
  } finally {
    await live.close()
  }
}

const unlike = (stops: readonly Stop[], holds: (stop: Stop) => boolean): string[] =>
  stops.filter((stop) => !holds(stop)).map(({ what }) => what)

/** How many of the two things that Enter opens are open after it was pressed. */
async function operate({ page }: LivePage): Promise<number> {
  await page.locator('stakecube-heads button').first().focus()
  await page.keyboard.press('Enter')
  const hasDetail = await page
    .locator('stakecube-heads dl')
    .waitFor({ timeout: 5000 })
    .then(
      () => true,
      () => false,
    )
  await page.locator('summary').first().focus()
  await page.keyboard.press('Enter')
  const isOpen = await page
    .locator('details')
    .first()
    .evaluate((details) => (details as HTMLDetailsElement).open)
  return (hasDetail ? 1 : 0) + (isOpen ? 1 : 0)
}

/** Runs in the page: what has the focus, through shadow roots; undefined once the focus has left the page. */
function focused(): Stop | undefined {
  let at = document.activeElement
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement
  if (at === null || at === document.body || at === document.documentElement) return undefined
  const style = getComputedStyle(at)
  const mark = at.className.split(' ').find((name) => ['skip', 'scheme', 'block'].includes(name))
  const id = at.id !== '' && at.localName !== 'button' ? `#${at.id}` : ''
  const label = (at as HTMLInputElement).labels?.[0]?.textContent ?? ''
  return {
    what: at.localName + (mark === undefined ? id : `.${mark}`),
    name: (at.getAttribute('aria-label') ?? '') || label.trim() || (at.textContent ?? '').trim(),
    isSeen: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0,
  }
}
