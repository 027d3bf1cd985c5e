/**
 * The custom-elements manifest, read from the elements' own source: `node --import tsx tools/manifest.ts FILE` writes it.
 *
 * Properties and attributes come from `@property`, events, slots and parts from the class comment (`@fires`, `@slot`,
 * `@csspart`), custom properties from the theme. test/tools/manifest.test.ts holds it against what the code does.
 */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const ELEMENTS = fileURLToPath(new URL('../web/elements', import.meta.url))

interface Named {
  readonly name: string
  readonly description: string
}
export interface Field extends Named {
  readonly kind: 'field'
  readonly type: { readonly text: string }
  readonly attribute?: string
  readonly default?: string
  readonly readonly?: true
  readonly inheritedFrom?: { readonly name: string }
}
export interface ElementDeclaration {
  readonly kind: 'class'
  readonly customElement: true
  readonly name: string
  readonly tagName: string
  readonly description: string
  readonly superclass: { readonly name: string; readonly package?: string; readonly module?: string }
  readonly members: readonly Field[]
  readonly attributes: readonly (Named & { readonly fieldName: string; readonly type: { readonly text: string } })[]
  readonly events: readonly (Named & { readonly type: { readonly text: string } })[]
  readonly slots: readonly Named[]
  readonly cssParts: readonly Named[]
  readonly cssProperties: readonly (Named & { readonly default: string })[]
}
export interface Manifest {
  readonly schemaVersion: '2.1.0'
  readonly readme: string
  readonly modules: readonly {
    readonly kind: 'javascript-module'
    readonly path: string
    readonly declarations: readonly ElementDeclaration[]
    readonly exports: readonly unknown[]
  }[]
}

const parse = (file: string): ts.SourceFile =>
  ts.createSourceFile(file, readFileSync(join(ELEMENTS, file), 'utf8'), ts.ScriptTarget.Latest, true)

const classOf = (source: ts.SourceFile): ts.ClassDeclaration => {
  const found = source.statements.find(
    (statement): statement is ts.ClassDeclaration => ts.isClassDeclaration(statement) && statement.name !== undefined,
  )
  if (found === undefined) throw new Error(`${source.fileName} declares no class`)
  return found
}

/** The comment above a node, its tags apart, white space folded. */
function commentOf(node: ts.Node): { readonly text: string; readonly tags: readonly (readonly [string, string])[] } {
  const full = node.getSourceFile().text
  const range = ts.getLeadingCommentRanges(full, node.getFullStart())?.at(-1)
  const raw = range === undefined ? '' : full.slice(range.pos, range.end)
  const body = raw.startsWith('/**') ? raw.slice(3, -2).replace(/^\s*\* ?/gm, '') : ''
  const [text = '', ...tags] = body.split(/^@/m)
  const fold = (part: string): string => part.replace(/\s+/g, ' ').trim()
  return { text: fold(text), tags: tags.map((tag) => [tag.split(/\s/, 1)[0]!, fold(tag.replace(/^\S+\s*/, ''))]) }
}

/** `name - description`; a tag without a name, such as the default slot's, has the empty name. */
function named(text: string): Named {
  const match = /^(\S*)\s*-\s+(.*)$/.exec(text)
  return match === null ? { name: text, description: '' } : { name: match[1]!, description: match[2]! }
}

const tagged = (node: ts.Node, tag: string): Named[] =>
  commentOf(node).tags.flatMap(([name, text]) => (name === tag ? [named(text)] : []))

const hasModifier = (node: ts.PropertyDeclaration | ts.AccessorDeclaration, kind: ts.SyntaxKind): boolean =>
  node.modifiers?.some((modifier) => modifier.kind === kind) ?? false

/** Public properties: those with `@property`, and public getters. */
function fieldsOf(declaration: ts.ClassDeclaration, inheritedFrom?: string): Field[] {
  const inherited = inheritedFrom === undefined ? {} : { inheritedFrom: { name: inheritedFrom } }
  return declaration.members.flatMap((member): Field[] => {
    if (ts.isPropertyDeclaration(member)) {
      const field = propertyField(member)
      return field === undefined ? [] : [{ ...field, ...inherited }]
    }
    if (!ts.isGetAccessorDeclaration(member) || ts.isPrivateIdentifier(member.name)) return []
    if (hasModifier(member, ts.SyntaxKind.ProtectedKeyword) || hasModifier(member, ts.SyntaxKind.PrivateKeyword))
      return []
    const name = member.name.getText()
    const writable = declaration.members.some(
      (other) => ts.isSetAccessorDeclaration(other) && other.name.getText() === name,
    )
    const type = { text: member.type?.getText() ?? 'unknown' }
    const comment = commentOf(member).text
    return [{ kind: 'field', name, description: comment, type, ...(writable ? {} : { readonly: true }), ...inherited }]
  })
}

function propertyField(member: ts.PropertyDeclaration): Field | undefined {
  const decorator = ts.getDecorators(member)?.find((each) => each.expression.getText().startsWith('property('))
  if (decorator === undefined) return undefined
  const options = decorator.expression.getText()
  const name = member.name.getText()
  const attribute =
    /attribute: '([^']+)'/.exec(options)?.[1] ?? (options.includes('attribute: false') ? undefined : name)
  const initial = member.initializer?.getText()
  return {
    ...{ kind: 'field', name, description: commentOf(member).text },
    type: {
      text:
        member.type?.getText() ??
        (initial === 'false' ? 'boolean' : Number.isFinite(Number(initial)) ? 'number' : 'string'),
    },
    ...(attribute === undefined ? {} : { attribute }),
    ...(initial === undefined ? {} : { default: initial }),
  }
}

/** `--stakecube-name` with what it falls back to, as theme.ts reads them. */
function cssProperties(): ElementDeclaration['cssProperties'] {
  const text = readFileSync(join(ELEMENTS, 'theme.ts'), 'utf8')
  return [...text.matchAll(/var\((--stakecube-[a-z-]+), (.*)\);/g)].map(([, name, fallback]) => ({
    name: name!,
    description: CSS_MEANINGS[name!.replace('--stakecube-', '')] ?? '',
    default: fallback!,
  }))
}

const CSS_MEANINGS: Readonly<Record<string, string>> = {
  ground: 'Ground behind fields and empty shapes',
  card: 'Ground of cards',
  ink: 'Text',
  'ink-soft': 'Text of lesser weight',
  line: 'Fine lines',
  'line-strong': 'Lines of controls',
  accent: 'Buttons, links, and what signed',
  'accent-soft': 'Ground of what is chosen',
  'on-accent': 'Text on the accent',
  good: 'What was verified',
  warn: 'What is old or has one source',
  bad: 'What failed',
  mono: 'Typeface of hashes',
  radius: 'Radius of cards',
  font: 'Font of everything else',
}

function declarationOf(file: string, base: ts.ClassDeclaration): ElementDeclaration {
  const declaration = classOf(parse(file))
  const isOurs = declaration.getText().includes('extends StakecubeElement')
  const members = [...fieldsOf(declaration), ...(isOurs ? fieldsOf(base, 'StakecubeElement') : [])]
  const events = [...tagged(declaration, 'fires'), ...(isOurs ? tagged(base, 'fires') : [])]
  const type = { text: 'CustomEvent' }
  return {
    ...{ kind: 'class', customElement: true, name: declaration.name!.text, tagName: file.replace('.ts', '') },
    description: commentOf(declaration).text,
    superclass: isOurs
      ? { name: 'StakecubeElement', module: 'web/elements/element.ts' }
      : { name: 'LitElement', package: 'lit' },
    members,
    attributes: members.flatMap(({ attribute, name, description, type: fieldType }) =>
      attribute === undefined ? [] : [{ name: attribute, fieldName: name, description, type: fieldType }],
    ),
    events: events
      .filter(({ name }, index) => events.findIndex((other) => other.name === name) === index)
      .map((event) => ({ ...event, type })),
    slots: tagged(declaration, 'slot'),
    cssParts: tagged(declaration, 'csspart'),
    cssProperties: cssProperties(),
  }
}

export function manifest(): Manifest {
  const base = classOf(parse('element.ts'))
  const files = readdirSync(ELEMENTS)
    .filter((file) => file.startsWith('stakecube-'))
    .sort()
  const modules = files.map((file) => {
    const declaration = declarationOf(file, base)
    const reference = { name: declaration.name, module: 'elements.js' }
    return {
      ...{ kind: 'javascript-module' as const, path: 'elements.js', declarations: [declaration] },
      exports: [
        { kind: 'js', name: declaration.name, declaration: reference },
        { kind: 'custom-element-definition', name: declaration.tagName, declaration: reference },
      ],
    }
  })
  return { schemaVersion: '2.1.0', readme: 'README.md', modules }
}

/** Types of the elements for TypeScript, which need none of Lit's: what the manifest says, as classes. */
export function elementTypes({ modules }: Manifest): string {
  const all = modules.flatMap(({ declarations }) => declarations)
  const field = ({ name, description, type, readonly }: Field): string =>
    `  /** ${description} */\n  ${readonly === true ? 'readonly ' : ''}${name}: ${type.text.includes('StakecubeElement') ? 'unknown' : TYPES_KNOWN.test(type.text) ? type.text : 'any'}`
  const classes = all.map(
    ({ name, description, members }) =>
      `/** ${description} */\nexport declare class ${name} extends HTMLElement {\n${members.map(field).join('\n')}\n}`,
  )
  const tags = all.map(({ name, tagName }) => `    '${tagName}': ${name}`)
  return `${classes.join('\n\n')}\n\ndeclare global {\n  interface HTMLElementTagNameMap {\n${tags.join('\n')}\n  }\n}\n`
}
const TYPES_KNOWN = /^(string|number|boolean|undefined|bigint| |\|)+$/

if (process.argv[1]?.endsWith('manifest.ts') === true) {
  const [file] = process.argv.slice(2)
  const text = JSON.stringify(manifest(), undefined, 2) + '\n'
  if (file === undefined) process.stdout.write(text)
  else writeFileSync(file, text)
}
