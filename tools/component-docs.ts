/** The component documentation as static pages, from the manifest: one page an element, with a live example over a devnet. */
import type { ElementDeclaration, Manifest } from './manifest.ts'

/** Markup of each live example; it stands inside of a `<stakecube-client>`. */
const EXAMPLES: Readonly<Record<string, string>> = {
  'stakecube-client': '<stakecube-status></stakecube-status>',
  'stakecube-status': '<stakecube-status></stakecube-status>\n<stakecube-status compact></stakecube-status>',
  'stakecube-heads': '<stakecube-heads count="8"></stakecube-heads>',
  'stakecube-cube': '<stakecube-cube></stakecube-cube>',
  'stakecube-finality': '<stakecube-finality count="40"></stakecube-finality>',
  'stakecube-balance': '<stakecube-balance owner="32 hex digits"></stakecube-balance>',
  'stakecube-pay': '<stakecube-pay></stakecube-pay>',
  'stakecube-proof': '<stakecube-proof></stakecube-proof>\n<stakecube-pay></stakecube-pay>',
  'stakecube-topic': '<stakecube-topic topic="sensors/roof" blocks="200">Reports from the roof</stakecube-topic>',
}

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
/** Text of a comment: code in backticks. */
const prose = (text: string): string => escape(text).replace(/`([^`]+)`/g, '<code>$1</code>')

function table(title: string, heads: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return ''
  const head = heads.map((text) => `<th scope="col">${escape(text)}</th>`).join('')
  const body = rows.map((cells) => `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`).join('\n')
  return `<h2>${escape(title)}</h2>
<div class="scroll" tabindex="0" role="region" aria-label="${escape(title)}"><table><thead><tr>${head}</tr></thead>
<tbody>
${body}
</tbody></table></div>`
}

const code = (text: string): string => `<code>${escape(text)}</code>`

function page(title: string, current: string, all: readonly ElementDeclaration[], main: string): string {
  const link = (name: string, file: string): string =>
    `<li><a href="${file}"${file === current ? ' aria-current="page"' : ''}>${escape(name)}</a></li>`
  const links = all.map(({ tagName }) => link(tagName.replace('stakecube-', ''), `${tagName}.html`))
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8" />
<meta name="viewport" content="width=device-width, initial-scale=1" />
<meta name="color-scheme" content="light dark" />
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'" />
<title>${escape(title)}</title>
<link rel="icon" href="../icon.svg" type="image/svg+xml" />
<link rel="stylesheet" href="../theme.css" />
<link rel="stylesheet" href="docs.css" />
<script type="module" src="../elements.js"></script>
<script type="module" src="docs.js"></script>
</head>
<body>
<div class="page">
<nav aria-label="Elements"><a href="../">StakeCube</a><ul>
${link('All elements', 'index.html')}
${links.join('\n')}
</ul></nav>
<main>
${main}
</main>
</div>
</body>
</html>
`
}

function elementPage(element: ElementDeclaration, all: readonly ElementDeclaration[]): string {
  const { tagName, description, members, events, slots, cssParts, cssProperties } = element
  const example = EXAMPLES[tagName]
  if (example === undefined) throw new Error(`no live example is written for ${tagName} in tools/component-docs.ts`)
  const live = `<stakecube-client src="/devnet.json">\n${example.replace(' owner="32 hex digits"', '')}\n</stakecube-client>`
  const shown = `<stakecube-client src="/devnet.json">\n${example.replace(/^/gm, '  ')}\n</stakecube-client>`
  const main = [
    `<h1><code>&lt;${tagName}&gt;</code></h1>`,
    `<p>${prose(description)}</p>`,
    '<h2>Live, over the network that serves this page</h2>',
    `<div class="live">${live}</div>`,
    `<pre tabindex="0" aria-label="Source of the example"><code>${escape(`<script type="module" src="elements.js"></script>\n${shown}`)}</code></pre>`,
    table(
      'Properties and attributes',
      ['property', 'attribute', 'type', 'default', 'meaning'],
      members.map(({ name, attribute, type, default: initial, description: said, readonly }) => [
        code(name) + (readonly === true ? ' <span class="soft">read only</span>' : ''),
        ...[
          attribute === undefined ? '' : code(attribute),
          code(type.text),
          initial === undefined ? '' : code(initial),
        ],
        prose(said),
      ]),
    ),
    table(
      'Events',
      ['event', 'meaning'],
      events.map((event) => [code(event.name), prose(event.description)]),
    ),
    table(
      'Slots',
      ['slot', 'meaning'],
      slots.map((slot) => [slot.name === '' ? 'default' : code(slot.name), prose(slot.description)]),
    ),
    table(
      'CSS parts',
      ['part', 'meaning'],
      cssParts.map((part) => [code(part.name), prose(part.description)]),
    ),
    table(
      'CSS custom properties',
      ['property', 'default', 'meaning'],
      cssProperties.map((property) => [code(property.name), code(property.default), prose(property.description)]),
    ),
  ]
  return page(`${tagName}: StakeCube elements`, `${tagName}.html`, all, main.join('\n'))
}

function indexPage(all: readonly ElementDeclaration[]): string {
  const rows = all.map(({ tagName, description }) => [`<a href="${tagName}.html">${tagName}</a>`, prose(description)])
  const main = `<h1>Elements</h1>
<p>One script and one tag, in any page and any framework. Each element finds the client around it, or takes one by
<code>for="id"</code> or its <code>client</code> property, and shows nothing that this device has not verified.</p>
<pre tabindex="0" aria-label="The shortest page"><code>${escape(`<script type="module" src="elements.js"></script>
<stakecube-client src="/devnet.json">
  <stakecube-status></stakecube-status>
</stakecube-client>`)}</code></pre>
<div class="live"><stakecube-client src="/devnet.json"><stakecube-status></stakecube-status></stakecube-client></div>
${table('All of them', ['element', 'shows'], rows)}
<h2>Colours</h2>
<p>Light and dark follow the page's <code>color-scheme</code>. Every colour is a custom property, listed on each page.</p>
<h2>When something is wrong</h2>
<p>An element says it in a sentence and fires <code>error</code> with <code>{ code, sentence }</code>; the page around it goes on.</p>`
  return page('StakeCube elements', 'index.html', all, main)
}

/** Every page by its file name. */
export function componentDocs({ modules }: Manifest): ReadonlyMap<string, string> {
  const all = modules.flatMap(({ declarations }) => declarations)
  return new Map([
    ['index.html', indexPage(all)],
    ...all.map((element) => [`${element.tagName}.html`, elementPage(element, all)] as const),
  ])
}
