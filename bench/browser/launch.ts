/** Opens a page in an installed browser, headless and with a profile of its own, and waits for what it posts. */
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { servePage } from './serve.ts'

export type BrowserName = 'chromium' | 'firefox'

const COMMANDS: Readonly<Record<BrowserName, readonly string[]>> = {
  chromium: ['chromium', 'chromium-browser', 'google-chrome'],
  firefox: ['firefox-esr', 'firefox'],
}

/** No first-run pages, and no limit on how long a script may run. */
const FIREFOX_PREFERENCES = [
  ['browser.shell.checkDefaultBrowser', false],
  ['browser.aboutwelcome.enabled', false],
  ['datareporting.policy.dataSubmissionEnabled', false],
  ['toolkit.telemetry.reportingpolicy.firstRun', false],
  ['app.update.enabled', false],
  ['dom.max_script_run_time', 0],
] as const

/** CHROME_PATH or FIREFOX_PATH, then PATH. */
export function findBrowser(name: BrowserName): string {
  const given = process.env[name === 'chromium' ? 'CHROME_PATH' : 'FIREFOX_PATH']
  if (given !== undefined) return given
  for (const folder of (process.env['PATH'] ?? '').split(':'))
    for (const command of COMMANDS[name]) if (existsSync(join(folder, command))) return join(folder, command)
  throw new Error(`${name} is not installed: apt-get install ${COMMANDS[name][0]}`)
}

function start(name: BrowserName, profile: string, url: string): ChildProcess {
  if (name === 'firefox') {
    const lines = FIREFOX_PREFERENCES.map(
      ([key, value]) => `user_pref(${JSON.stringify(key)}, ${JSON.stringify(value)});`,
    )
    writeFileSync(join(profile, 'user.js'), lines.join('\n'))
  }
  const flags =
    name === 'firefox'
      ? ['--headless', '--no-remote', '--profile', profile, url]
      : ['--headless=new', '--no-sandbox', '--disable-gpu', '--no-first-run', `--user-data-dir=${profile}`, url]
  return spawn(findBrowser(name), flags, { stdio: 'ignore', detached: true, env: { ...process.env, HOME: profile } })
}

/** The body that the page posts. Ends the browser and removes its profile in any case. */
export async function runInBrowser(
  name: BrowserName,
  scripts: ReadonlyMap<string, string>,
  query: string,
  timeoutMs: number,
): Promise<string> {
  const profile = mkdtempSync(join(tmpdir(), 'stakecube-bench-'))
  let posted: (body: string) => void
  const result = new Promise<string>((resolve) => (posted = resolve))
  const { url, server } = await servePage(scripts, (body) => posted(body))
  const browser = start(name, profile, url + query)
  const end = () => {
    if (browser.exitCode === null && browser.pid !== undefined) process.kill(-browser.pid, 'SIGKILL')
  }
  // An interrupted run leaves no browser behind.
  const interrupted = () => {
    end()
    process.exit(130)
  }
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted)
  try {
    return await Promise.race([result, ended(browser, name), expired(timeoutMs, name)])
  } finally {
    end()
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted)
    server.closeAllConnections()
    server.close()
    rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
  }
}

function ended(browser: ChildProcess, name: BrowserName): Promise<never> {
  return new Promise((_, reject) => browser.on('exit', (code) => reject(new Error(`${name} ended early (${code})`))))
}

function expired(timeoutMs: number, name: BrowserName): Promise<never> {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new Error(`${name} did not finish within ${timeoutMs / 1000} s`)), timeoutMs).unref()
  })
}
