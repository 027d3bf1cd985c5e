/**
 * One process at a time in a store's folder. The lock is a file that holds the owner's process id; one whose process is
 * gone (SIGKILL, power cut) is taken over.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { StoreError, type StoreCode } from './store-error.ts'

const heldHere = new Set<string>()

/** Makes the folder if need be, and locks it. The returned function unlocks. */
export function lockFolder(folder: string): () => void {
  const path = join(folder, 'lock')
  if (heldHere.has(path)) throw lockedError(folder, process.pid)
  try {
    mkdirSync(folder, { recursive: true })
    takeLock(folder, path)
  } catch (error) {
    throw error instanceof StoreError ? error : storeFailure(folder, error)
  }
  heldHere.add(path)
  return () => {
    heldHere.delete(path)
    rmSync(path, { force: true })
  }
}

function takeLock(folder: string, path: string): void {
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      writeFileSync(path, `${process.pid}\n`, { flag: 'wx' })
      return
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      // A full disk takes the name and not what is in it.
      if (code === 'ENOSPC' || code === 'EDQUOT') rmSync(path, { force: true })
      if (code !== 'EEXIST') throw error
      const owner = Number(readFileSync(path, 'utf8').trim())
      if (owner !== process.pid && isRunning(owner)) throw lockedError(folder, owner)
      rmSync(path, { force: true })
    }
  }
  throw lockedError(folder, Number.NaN)
}

function isRunning(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

const lockedError = (folder: string, pid: number): StoreError =>
  new StoreError('locked', `${folder} is in use by process ${pid}: stop it, or name another folder`)

const CODES: Readonly<Record<string, readonly [code: StoreCode, advice: string]>> = {
  EACCES: ['not-writable', 'give this user write permission, or name another folder'],
  EPERM: ['not-writable', 'give this user write permission, or name another folder'],
  EROFS: ['not-writable', 'it is on a read-only file system: name another folder'],
  // What making a folder says on some read-only file systems.
  ENOENT: ['not-writable', 'the folder cannot be made, the card may be read-only: name another folder'],
  ENOTDIR: ['not-writable', 'a file is in the way: name another folder'],
  EEXIST: ['not-writable', 'a file is in the way: name another folder'],
  ENOSPC: ['no-space', 'free some space; what was stored before is intact'],
  EFBIG: ['no-space', 'the file size limit of this process is reached: raise it; what was stored before is intact'],
  EDQUOT: ['no-space', 'free some space; what was stored before is intact'],
}

/** A StoreError with one sentence for what the file system said. */
export function storeFailure(folder: string, error: unknown): StoreError {
  const { code = 'unknown', message } = error as NodeJS.ErrnoException
  const [storeCode, advice] = CODES[code] ?? (['failed', message] as const)
  return new StoreError(storeCode, `cannot use the store in ${folder} (${code}): ${advice}`, { cause: error })
}
