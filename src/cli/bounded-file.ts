/** Files that users name, read no further than what they can be: a wrong name must not fill the memory. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { concatBytes } from '../base/bytes.ts'
import { CliError } from './exit-codes.ts'

const CHUNK_BYTES = 64 * 1024

/** All of the file `path` (`-`: standard input), `what` for people, of at most `bytesMax` bytes. Throws CliError. */
export function readBoundedFile(path: string, what: string, bytesMax: number): Uint8Array {
  try {
    const file = path === '-' ? 0 : openSync(path, 'r')
    try {
      const { size } = fstatSync(file)
      if (size > bytesMax) throw tooLong(path, what, String(size), bytesMax)
      return readAll(file, path, what, bytesMax)
    } finally {
      if (file !== 0) closeSync(file)
    }
  } catch (error) {
    if (error instanceof CliError) throw error
    const code = (error as NodeJS.ErrnoException).code ?? String(error)
    throw new CliError('input', `cannot read the ${what} ${path} (${code}): name a file that is there`)
  }
}

/** A pipe or a device has no size: it is read until its end, or until it is too long. */
function readAll(file: number, path: string, what: string, bytesMax: number): Uint8Array {
  const chunks: Uint8Array[] = []
  let length = 0
  for (;;) {
    const chunk = new Uint8Array(CHUNK_BYTES)
    const count = readSome(file, chunk)
    if (count === 0) return concatBytes(...chunks)
    length += count
    if (length > bytesMax) throw tooLong(path, what, `more than ${bytesMax}`, bytesMax)
    chunks.push(chunk.subarray(0, count))
  }
}

/** A terminal or pipe that was set not to block says that it has nothing yet: it is asked again. */
function readSome(file: number, chunk: Uint8Array): number {
  for (;;) {
    try {
      return readSync(file, chunk)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EOF') return 0
      if (code !== 'EAGAIN') throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)
    }
  }
}

const tooLong = (path: string, what: string, got: string, bytesMax: number): CliError =>
  new CliError('input', `the ${what} ${path} has ${got} bytes and may have at most ${bytesMax}: it is something else`)
