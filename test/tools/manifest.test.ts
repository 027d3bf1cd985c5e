import { deepEqual, equal, ok } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import ts from 'typescript'
import { elementTypes, manifest } from '../../tools/manifest.ts'

const all = manifest().modules.flatMap(({ declarations }) => declarations)
const sourceOf = (tag: string): string => readFileSync(`web/elements/${tag}.ts`, 'utf8')
const found = (text: string, pattern: RegExp): string[] => [
  ...new Set([...text.matchAll(pattern)].map((match) => match[1]!)),
]

test('it has all nine elements', () => equal(all.length, 9))

for (const { tagName, cssParts, events, slots, cssProperties } of all) {
  const source = sourceOf(tagName)
  test(`${tagName}: parts, events and slots in the manifest are those in the code`, () => {
    deepEqual(cssParts.map(({ name }) => name).sort(), found(source, /\bpart="([a-z-]+)"/g).sort())
    const fired = found(source, /new CustomEvent\('([a-z]+)'/g)
    const failing = /this\.fail\(/.test(source) || source.includes('extends StakecubeElement')
    deepEqual(events.map(({ name }) => name).sort(), [...new Set([...fired, ...(failing ? ['error'] : [])])].sort())
    equal(slots.length, found(source, /(<slot)/g).length)
    equal(
      cssProperties.length,
      found(readFileSync('web/elements/theme.ts', 'utf8'), /var\((--stakecube-[a-z-]+)/g).length,
    )
  })
}

test('the types made of it are TypeScript that compiles without Lit', () => {
  const text = elementTypes(manifest())
  const { diagnostics } = ts.transpileModule(text, { reportDiagnostics: true, fileName: 'elements.ts' })
  deepEqual(diagnostics, [])
  for (const { name, tagName } of all) ok(text.includes(`'${tagName}': ${name}`))
})
