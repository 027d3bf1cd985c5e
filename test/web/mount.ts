/** Puts elements on the test page and takes them away again. */
import type { LitElement } from 'lit'
import type { ClientSource } from '../../web/client/facts.ts'

type Tags = HTMLElementTagNameMap

/** Mounts one element in a `<main>`, with a client set as a property, and waits for its first render. */
export async function mount<Tag extends keyof Tags>(
  tag: Tag,
  client?: ClientSource,
  properties: Partial<Tags[Tag]> = {},
): Promise<Tags[Tag] & LitElement> {
  const main = document.createElement('main')
  const heading = document.createElement('h1')
  heading.textContent = tag
  const element = document.createElement(tag) as Tags[Tag] & LitElement
  Object.assign(element, client === undefined ? {} : { client }, properties)
  main.append(heading, element)
  document.body.append(main)
  await element.updateComplete
  return element
}

export function unmountAll(): void {
  document.body.replaceChildren()
  document.documentElement.style.colorScheme = ''
  document.body.style.cssText = ''
}

/** What a reader sees of an element, white space folded. */
export const textOf = (element: Element): string =>
  (element.shadowRoot ?? element).textContent!.replace(/\s+/g, ' ').trim()

export const find = <E extends Element = HTMLElement>(element: Element, selector: string): E =>
  element.shadowRoot!.querySelector<E>(selector)!
export const findAll = <E extends Element = HTMLElement>(element: Element, selector: string): E[] => [
  ...element.shadowRoot!.querySelectorAll<E>(selector),
]
