/** What `--version` names: the package, the protocol and the formats on disk. */
import { readFileSync } from 'node:fs'
import { NODE_STORE_VERSION } from '../store/level-version.ts'
import { LIGHT_STORE_VERSION } from '../store/light-version.ts'

export const PROTOCOL_VERSION = 1

/** Set by tools/build-edge.ts, whose file stands alone. */
declare const EDGE_VERSION: string | undefined

/** From package.json, which lies two folders up both from src/cli and from dist/cli. */
export function packageVersion(): string {
  if (typeof EDGE_VERSION === 'string') return EDGE_VERSION
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

export interface Versions {
  readonly package: string
  readonly protocol: number
  readonly nodeStore: number
  readonly lightStore: number
}

export const versions = (): Versions => ({
  package: packageVersion(),
  protocol: PROTOCOL_VERSION,
  nodeStore: NODE_STORE_VERSION,
  lightStore: LIGHT_STORE_VERSION,
})
