/** The devnet's page in a real Chromium, and what a test asks of it. */
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core'
import { CHROMIUM_FLAGS, chromiumPath } from '../../tools/chromium.ts'
import type { ClientFacts } from '../../web/client/facts.ts'

export const launch = (): Promise<Browser> =>
  chromium.launch({ executablePath: chromiumPath(), args: [...CHROMIUM_FLAGS] })

/** The facts that elements show, as plain values. */
export interface PageFacts {
  readonly phase: string
  readonly level: string
  readonly height: number | undefined
  readonly hash: string | undefined
  readonly heads: readonly { readonly height: number; readonly hash: string; readonly delayMs: number | undefined }[]
  readonly transports: readonly string[]
  readonly resumedHeight: number | undefined
  readonly committeeEpoch: number | undefined
}

export class LivePage {
  readonly page: Page
  /** Errors that scripts threw or logged. */
  readonly errors: string[] = []

  constructor(page: Page) {
    this.page = page
    page.on('pageerror', (error) => this.errors.push(String(error)))
    page.on('console', (message) => {
      if (message.type() === 'error') this.errors.push(message.text())
    })
  }

  /** `init` runs in the page before its own scripts. */
  static async open(browser: Browser, url: string, options: BrowserContextOptions = {}, init = ''): Promise<LivePage> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options })
    // tsx names functions through a helper of its own, which functions that are sent to a page would miss.
    await context.addInitScript(`globalThis.__name ??= (target) => target; ${init}`)
    const live = new LivePage(await context.newPage())
    await live.page.goto(url, { timeout: 120_000 })
    return live
  }

  /** Resolves once `condition`, which runs in the page with its facts, holds. */
  async until(what: string, condition: (facts: PageFacts) => boolean, timeoutMs = 90_000): Promise<PageFacts> {
    const deadlineMs = Date.now() + timeoutMs
    for (;;) {
      const facts = await this.facts()
      if (facts !== undefined && condition(facts)) return facts
      if (Date.now() > deadlineMs)
        throw new Error(
          `waited ${timeoutMs} ms for: ${what}; the page says ${JSON.stringify(facts)}; ${this.errors.join('; ')}`,
        )
      // Wakes with the next render rather than by the clock.
      await this.page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 50))))
    }
  }

  facts(): Promise<PageFacts | undefined> {
    return this.page.evaluate(() => {
      const facts: ClientFacts | undefined = document.querySelector('stakecube-client')?.client?.facts
      const level = document.querySelector('stakecube-status')?.level
      if (facts === undefined || level === undefined) return undefined
      const hex = (bytes: Uint8Array): string =>
        Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
      const heads = facts.heads.map(({ header, hash, delayMs }) => ({
        ...{ height: Number(header.height), hash: hex(hash), delayMs },
      }))
      return {
        ...{ phase: facts.phase, level, heads, transports: facts.peers.map(({ transport }) => transport) },
        height: facts.head && Number(facts.head.header.height),
        hash: facts.head && hex(facts.head.hash),
        resumedHeight: facts.resumedHeight === undefined ? undefined : Number(facts.resumedHeight),
        committeeEpoch: facts.committee?.head.epoch,
      }
    })
  }

  close(): Promise<void> {
    return this.page.context().close()
  }
}
