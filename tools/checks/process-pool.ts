/**
 * The long forms of checks in as many processes as there are processors. Work is cut into parts; each process takes the
 * next one when it is done with one. A worker says `ready`, then answers every part that it gets as a message.
 */
import { fork } from 'node:child_process'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const READY = 'ready'

/** The answers in the order of the parts. Rejects if a process ends before its part does. */
export async function runInProcesses<Part extends object, Answer>(
  worker: URL,
  parts: readonly Part[],
  label: string,
): Promise<Answer[]> {
  const answers: Answer[] = []
  let next = 0
  let done = 0
  const work = () =>
    new Promise<void>((resolve, reject) => {
      const child = fork(fileURLToPath(worker), { execArgv: ['--import', 'tsx'], cwd: ROOT })
      let current = -1
      child.on('error', reject)
      child.on('exit', (code, signal) => {
        if (current < 0) resolve()
        else reject(new Error(`a process ended with ${signal ?? code} in part ${current}`))
      })
      child.on('message', (answer: Answer | typeof READY) => {
        if (answer !== READY) {
          answers[current] = answer
          process.stderr.write(`\r${label}: ${++done} of ${parts.length} parts `)
        }
        current = next < parts.length ? next++ : -1
        if (current < 0) child.disconnect()
        else child.send(parts[current]!)
      })
    })
  await Promise.all(Array.from({ length: cpus().length }, work))
  if (done !== parts.length) throw new Error(`${label}: the processes ended after ${done} of ${parts.length} parts`)
  return answers
}

/** The other side: answers parts until the parent goes. */
export function answerParts<Part>(run: (part: Part) => object): void {
  process.on('message', (part: Part) => process.send!(run(part)))
  process.on('disconnect', () => process.exit())
  process.send!(READY)
}
