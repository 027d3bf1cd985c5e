/** Checks that are a run of tests: `page` (end to end in Chromium) and `clean-clone` (README's test command on a fresh clone). */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { measured, type CheckOutcome } from './registry.ts'

function outcome(passed: number, failed: number, exitCode: number): CheckOutcome {
  return {
    results: [
      measured('passed', passed, 'tests', '>', 0),
      measured('failed', failed, 'tests', '==', 0),
      measured('exitCode', exitCode, '', '==', 0),
    ],
    notRun: [],
  }
}

/** The page follows, pays, shows its proof, reloads from IndexedDB, goes offline and recovers: test/e2e/page.test.ts. */
export const page = {
  run(): CheckOutcome {
    const args = ['--import', 'tsx', '--test', '--test-reporter=tap', 'test/e2e/page.test.ts']
    const { stdout, status } = spawnSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 1 << 28 })
    const count = (word: string) => Number(new RegExp(`^# ${word} (\\d+)`, 'm').exec(stdout)?.[1] ?? 0)
    return outcome(count('pass'), count('fail') + count('cancelled') + count('skipped'), status ?? 1)
  },
}

/** Clones HEAD into an empty folder with ../shared beside it, and runs .ci/run there. */
export const cleanClone = {
  run(): CheckOutcome {
    const folder = mkdtempSync(join(tmpdir(), 'stakecube-clone-'))
    try {
      symlinkSync(resolve('../shared'), join(folder, 'shared'))
      const clone = join(folder, 'stakecube')
      spawnSync('git', ['clone', '--quiet', process.cwd(), clone], { stdio: 'inherit' })
      const { stdout, status } = spawnSync('bash', ['.ci/run'], { cwd: clone, encoding: 'utf8', maxBuffer: 1 << 28 })
      const closing = [...stdout.matchAll(/^(\d+) passed, (\d+) failed$/gm)].at(-1)
      return outcome(Number(closing?.[1] ?? 0), Number(closing?.[2] ?? 0), status ?? 1)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
}
