/** Finds Chromium: CHROME_PATH, then PATH. Without one the caller fails with the line that installs it; nothing skips. */
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

export const CHROMIUM_FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
] as const

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Path of a Chromium. Throws one sentence with what to do when there is none. */
export function chromiumPath(): string {
  const named = process.env['CHROME_PATH']
  if (named !== undefined && named !== '') {
    if (isExecutable(named)) return named
    throw new Error(`CHROME_PATH is ${named}, which is not an executable file: point it at a Chromium, or unset it`)
  }
  for (const folder of (process.env['PATH'] ?? '').split(delimiter))
    for (const name of NAMES) if (isExecutable(join(folder, name))) return join(folder, name)
  throw new Error('no Chromium on the PATH: install one with "apt-get install -y chromium", or set CHROME_PATH')
}
