/** A devnet of four validators for the tests of a file, and the edge program run as a person would run it beside it. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before } from 'node:test'
import { DevnetProcess, drawPortBase, freePort } from '../../tools/devnet-process.ts'

const COMMAND_TIMEOUT_MS = 120_000

export interface Answer {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
  /** The lines by which the program says what was wrong. */
  readonly said: readonly string[]
}

export interface EdgeDevnet {
  /** A path in the folder of these tests, which goes away with them. */
  file(name: string): string
  /** The options by which a command finds the devnet. */
  readonly online: readonly string[]
  /** Path of its chain spec. */
  spec(): string
  /** Runs a command of the edge file to its end. */
  stakecube(...args: readonly string[]): Answer
}

/** Starts the devnet before the tests of the file that calls this, and stops it after them. */
export function edgeDevnet(name: string): EdgeDevnet {
  const folder = mkdtempSync(join(tmpdir(), `stakecube-${name}-`))
  const file = (path: string): string => join(folder, path)
  let devnet: DevnetProcess
  before(async () => {
    const ports = { httpPort: await freePort(), p2pPort: drawPortBase() }
    devnet = await DevnetProcess.start({ folder: file('devnet'), ...ports, flags: ['--validators', '4'] })
  })
  after(async () => {
    await devnet?.stop()
    rmSync(folder, { recursive: true, force: true })
  })
  return { file, online: ['--devnet', file('devnet')], spec: () => devnet.ready.spec, stakecube }
}

function stakecube(...args: readonly string[]): Answer {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['dist/edge/stakecube.mjs', ...args], {
    encoding: 'utf8',
    timeout: COMMAND_TIMEOUT_MS,
  })
  return { status, stdout, stderr, said: stderr.split('\n').filter((line) => line.startsWith('stakecube: ')) }
}
