/** A process of the check `catchup`: reads its task from a file, prints the result. Also what runs on the emulated board. */
import { readFileSync } from 'node:fs'
import { runCatchup, type CatchupTask } from './catchup-run.ts'

const task = JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as CatchupTask
const before = process.cpuUsage()
const cpuMs = () => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
const result = await runCatchup(task, cpuMs)
const { user, system } = process.cpuUsage(before)
const { maxRSS } = process.resourceUsage()
process.stdout.write(JSON.stringify({ ...result, cpuMs: (user + system) / 1000, rssMaxBytes: 1024 * maxRSS }) + '\n')
