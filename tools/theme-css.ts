/** The pages' stylesheet `theme.css`: the elements' own theme as variables of the page, so that each colour is written once. */
import type { Manifest } from './manifest.ts'

/** `--name` for each `--stakecube-name` that the elements read, with the same fallback, and then `base`. */
export function themeCss({ modules }: Manifest, base: string): string {
  const properties = modules[0]?.declarations[0]?.cssProperties ?? []
  if (properties.length === 0) throw new Error('no custom property was found in web/elements/theme.ts')
  const lines = properties.map(({ name, default: fallback }) => {
    const short = name.replace('--stakecube-', '--')
    return `  ${short}: var(${name}, ${fallback});`
  })
  return `/* Made from web/elements/theme.ts. */\n:root {\n  color-scheme: light dark;\n${lines.join('\n')}\n}\n${base}`
}
