/** What stores on disk have in common: whole writes and durable renames. */
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'

/** All of `bytes`, however many calls that takes. */
export function writeFully(file: number, bytes: Uint8Array, position: number): void {
  for (let written = 0; written < bytes.length;)
    written += writeSync(file, bytes, written, bytes.length - written, position + written)
}

/** A rename is durable once the folder is synced. Where folders cannot be opened (Windows), the rename is all there is. */
export function syncFolder(folder: string): void {
  let handle: number
  try {
    handle = openSync(folder, 'r')
  } catch {
    return
  }
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}
