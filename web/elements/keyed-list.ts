/**
 * A list whose items keep their elements, and with them focus and position, while others come and go.
 *
 * Instead of Lit's `repeat`, which from lit-html 3.3.1 on leaves a comment behind for each item that goes (lit/lit#5298): in
 * a list that lives for as long as a page does, and loses an item with every block, nothing may be left behind.
 */
import { noChange, render, type ElementPart, type TemplateResult } from 'lit'
import { Directive, PartType, directive, type PartInfo } from 'lit/directive.js'

/** What stands in one `<li>`. */
export interface ListItem {
  /** Distinct among the items of a list. */
  readonly key: unknown
  readonly className: string
  readonly content: TemplateResult
}

class KeyedList extends Directive {
  #rows = new Map<unknown, HTMLLIElement>()

  constructor(part: PartInfo) {
    super(part)
    if (part.type !== PartType.ELEMENT) throw new Error('keyedList stands in the tag of an <ol> or <ul>')
  }

  override render(_items: readonly ListItem[]): unknown {
    return noChange
  }

  override update({ element, options }: ElementPart, [items]: [readonly ListItem[]]): unknown {
    const rows = new Map(items.map(({ key }) => [key, this.#rows.get(key) ?? document.createElement('li')]))
    for (const [key, row] of this.#rows) if (!rows.has(key)) row.remove()
    this.#rows = rows
    let next = element.firstElementChild
    for (const { key, className, content } of items) {
      const row = rows.get(key)!
      row.className = className
      render(content, row, options?.host === undefined ? {} : { host: options.host })
      if (row === next) next = row.nextElementSibling
      else element.insertBefore(row, next)
    }
    return noChange
  }
}

/** `<ol ${keyedList(items)}></ol>`: one `<li>` for each item, in their order. */
export const keyedList = directive(KeyedList)
