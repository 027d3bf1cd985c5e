import type { LitElement } from 'lit'
import * as elements from '../../web/elements/all.ts'
import type { ElementDeclaration, Manifest } from '../../tools/manifest.ts'
import { equal, ok } from './expect.ts'

type Constructor = typeof LitElement
const declarations = async (): Promise<ElementDeclaration[]> => {
  const { modules } = (await (await fetch('/custom-elements.json')).json()) as Manifest
  return modules.flatMap((module) => module.declarations)
}

describe('the custom-elements manifest', () => {
  it('names every element that is defined, by tag and class, and no other', async () => {
    const named = (await declarations()).map(({ tagName, name }) => `${tagName} ${name}`).sort()
    const defined = Object.entries(elements).map(([name, element]) => {
      const tag = new (element as unknown as new () => HTMLElement)().localName
      return `${tag} ${name}`
    })
    equal(named, defined.sort())
  })
  it('names exactly the attributes that each element observes', async () => {
    for (const { tagName, attributes } of await declarations()) {
      const observed = (customElements.get(tagName) as unknown as Constructor).observedAttributes
      equal(attributes.map(({ name }) => name).sort(), [...observed].sort(), tagName)
    }
  })
  it('names properties that are there, with the defaults that they have', async () => {
    for (const { tagName, members } of await declarations()) {
      const element = document.createElement(tagName) as unknown as Record<string, unknown>
      for (const { name, default: initial } of members) {
        ok(name in element, `${tagName}.${name}`)
        if (initial !== undefined) equal(JSON.stringify(element[name]), initial, `${tagName}.${name}`)
      }
    }
  })
  it('describes everything that it names', async () => {
    for (const { tagName, description, members, events, slots, cssParts, cssProperties } of await declarations()) {
      ok(description.length > 20, tagName)
      for (const { name, description: said } of [...members, ...events, ...slots, ...cssParts, ...cssProperties])
        ok(said.length > 3, `${tagName}: ${name} has no description`)
    }
  })
})
