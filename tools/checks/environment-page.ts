/** What the check `environments` loads into Chromium: one function. */
import { runEnvironment } from './environment-digest.ts'

Object.assign(globalThis, { runEnvironment })
