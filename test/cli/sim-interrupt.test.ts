import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, existsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { EXIT } from '../../src/cli/exit-codes.ts'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'sim-interrupt-'))

/**
 * Loaded before the command: sends this process a real SIGINT when the command has listened for some turns of the event loop, and, for
 * `twice`, another one as soon as it has stopped listening.
 */
const killer = (turns: number, twice: boolean) =>
  `data:text/javascript,${encodeURIComponent(`
    let turns = ${turns}, kills = ${twice ? 2 : 1}
    const others = process.listenerCount('SIGINT')
    const look = () => {
      const isListening = process.listenerCount('SIGINT') > others
      if (isListening === (kills === ${twice ? 2 : 1}) && turns-- <= 0) {
        process.kill(process.pid, 'SIGINT')
        turns = 0
        if (--kills === 0) return
      }
      setImmediate(look).unref()
    }
    setImmediate(look).unref()`)}`

interface Ended {
  readonly code: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
}

function interrupted(args: readonly string[], turns: number, twice = false): Promise<Ended> {
  const child = spawn(process.execPath, ['--import', 'tsx', '--import', killer(turns, twice), MAIN, 'sim', ...args])
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (chunk) => (stdout += String(chunk)))
  child.stderr.on('data', (chunk) => (stderr += String(chunk)))
  return new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr })))
}

describe('Ctrl-C in stakecube sim', () => {
  it('ends a campaign with the sums of the runs done, the seed that was under way and the HTML report', async () => {
    const html = join(folder, 'campaign.html')
    const { code, stdout, stderr } = await interrupted(
      ['--runs', '100000', '--seed', 'c', '--heal-after', '0', '--blocks', '1', '--json', '--html', html],
      20,
    )
    assert.equal(code, EXIT.interrupted, stderr)
    const answer = JSON.parse(stdout) as { runs: number; interrupted: boolean; unfinished?: { seed: string } }
    assert.equal(answer.interrupted, true)
    assert.ok(answer.runs >= 1 && answer.runs < 100_000, `${answer.runs} runs`)
    if (answer.unfinished !== undefined) assert.equal(answer.unfinished.seed, `c-${answer.runs}`)
    assert.match(stderr, new RegExp(`stopped after ${answer.runs} of 100000 runs`))
    assert.match(readFileSync(html, 'utf8'), /<td>interrupted<\/td><td>true<\/td>/)
  })

  it('stops a single long run between two events and says that it was not finished', async () => {
    const html = join(folder, 'single.html')
    const args = ['--seed', 'long', '--heal-after', '80000000', '--html', html]
    const { code, stdout } = await interrupted(args, 8)
    assert.equal(code, EXIT.interrupted)
    assert.match(stdout, /^run long: ok so far, not finished \{/)
    assert.match(stdout, /^runs +0$/m)
    assert.match(readFileSync(html, 'utf8'), /Time to final by block/)
  })

  it('a second time ends it at once and leaves an older report as it was', async () => {
    const html = join(folder, 'older.html')
    writeFileSync(html, 'older')
    const { signal, stdout } = await interrupted(['--runs', '100000', '--html', html], 4, true)
    assert.equal(signal, 'SIGINT')
    assert.equal(stdout, '')
    assert.equal(readFileSync(html, 'utf8'), 'older')
  })

  it('a report that cannot be written is refused before the runs, and trying leaves no file behind', async () => {
    const { code, stderr } = await interrupted(['--runs', '100000', '--html', folder], 1e9)
    assert.equal(code, EXIT.environment)
    assert.match(stderr, /cannot write/)
    const html = join(folder, 'killed.html')
    await interrupted(['--runs', '100000', '--html', html], 4, true)
    assert.equal(existsSync(html), false)
  })
})
