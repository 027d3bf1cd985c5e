/** Names of engines, and which bars hold on them. */
import type { Generation } from './report.ts'

/** From a user agent: `Chromium 137.0.7151.68`, `Firefox 140.0`. */
export function engineOf(userAgent: string): string {
  const found = /(Firefox|Chrome|Version)\/([\d.]+)/.exec(userAgent)
  if (found === null) return userAgent
  const name = { Firefox: 'Firefox', Chrome: 'Chromium', Version: 'Safari' }[found[1] as 'Firefox']
  return `${name} ${found[2]}`
}

export function engineOfNode(versions: { readonly node: string; readonly v8: string }): string {
  return `Node ${versions.node} (V8 ${versions.v8})`
}

/** Node 20's V8 is that of Chromium 113; its peers are slower, so its bars are higher. */
export function generationOf(engine: string): Generation {
  const [, name, major] = /^(\w+) (\d+)/.exec(engine) ?? []
  if (name === 'Node') return Number(major) < 22 ? 'v8-11' : 'later'
  if (name === 'Chromium') return Number(major) < 120 ? 'v8-11' : 'later'
  return 'later'
}
