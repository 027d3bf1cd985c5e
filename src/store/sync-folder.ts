/** Durable renames. */
import { closeSync, fsyncSync, openSync } from 'node:fs'

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
