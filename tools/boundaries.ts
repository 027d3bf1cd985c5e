/**
 * The import boundaries of ARCHITECTURE.md, checked with dependency-cruiser: `node --import tsx tools/boundaries.ts [DIR]`.
 *
 * Fails on an arrow that the table below does not allow, on a cycle, on an undeclared package, on a production module
 * that reaches the simulator's model signatures, and on having seen no modules (a parser that sees nothing agrees with
 * everything).
 */
import { existsSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { cruise, type ICruiseResult, type IForbiddenRuleType } from 'dependency-cruiser'
import { NATIVE, VENDORED } from './vendored.ts'

/** What the composition roots that embed or serve the chain both stand on, implementations included. */
const BELOW_ROOTS = [
  ...['base', 'ports', 'kernels/contract', 'kernels/twin', 'kernels/wasm', 'crypto', 'crypto/kernel', 'chain', 'cube'],
  ...['proofs', 'verify'],
] as const

/** The rooms in order: a room may import itself and what its row names, nothing else of ours. */
const ROOMS: Readonly<
  Record<string, { readonly path: string; readonly imports: readonly string[]; readonly pure?: true }>
> = {
  base: { path: 'base/', imports: [], pure: true },
  ports: { path: 'ports/', imports: ['base'], pure: true },
  'kernels/contract': { path: 'kernels/(contract|checks)', imports: ['base'], pure: true },
  'kernels/twin': { path: 'kernels/twin/', imports: ['base', 'kernels/contract'], pure: true },
  'kernels/wasm': { path: 'kernels/(wasm/|load)', imports: ['base', 'kernels/contract', 'kernels/twin'] },
  crypto: { path: 'crypto/(?!bls-kernel/|bls-model)', imports: ['base', 'kernels/contract', 'chain'], pure: true },
  'crypto/model': { path: 'crypto/bls-model', imports: ['base', 'kernels/contract', 'crypto'], pure: true },
  'crypto/kernel': { path: 'crypto/bls-kernel/', imports: ['base', 'kernels/contract', 'crypto'] },
  chain: { path: 'chain/', imports: ['base', 'kernels/contract', 'crypto'], pure: true },
  cube: { path: 'cube/', imports: ['base', 'kernels/contract', 'crypto', 'chain'], pure: true },
  proofs: { path: 'proofs/', imports: ['base', 'kernels/contract', 'crypto', 'chain'], pure: true },
  verify: { path: 'verify/', imports: ['base', 'kernels/contract', 'crypto', 'chain', 'cube', 'proofs'], pure: true },
  ledger: {
    path: 'ledger/',
    imports: ['base', 'kernels/contract', 'crypto', 'chain', 'cube', 'proofs', 'verify'],
    pure: true,
  },
  consensus: {
    path: 'consensus/',
    imports: ['base', 'kernels/contract', 'crypto', 'chain', 'cube', 'proofs', 'verify', 'ledger'],
    pure: true,
  },
  wire: {
    path: 'wire/',
    imports: ['base', 'ports', 'kernels/contract', 'crypto', 'chain', 'cube', 'proofs', 'verify'],
    pure: true,
  },
  light: {
    path: 'light/',
    imports: ['base', 'ports', 'kernels/contract', 'crypto', 'chain', 'cube', 'proofs', 'verify', 'wire'],
    pure: true,
  },
  devices: { path: 'devices/', imports: ['base', 'kernels/contract', 'crypto', 'chain'], pure: true },
  sim: {
    path: 'sim/',
    imports: [
      ...['base', 'ports', 'kernels/contract', 'crypto', 'crypto/model', 'chain', 'cube', 'proofs', 'verify', 'ledger'],
      ...['consensus', 'wire', 'light'],
    ],
    pure: true,
  },
  net: { path: 'net/', imports: ['base', 'ports', 'kernels/contract', 'chain', 'wire', 'crypto', 'store'] },
  store: {
    path: 'store/',
    imports: ['base', 'ports', 'kernels/contract', 'chain', 'crypto', 'ledger', 'proofs', 'verify'],
  },
  client: {
    path: 'client/',
    imports: [...BELOW_ROOTS, ...['wire', 'light', 'devices', 'net', 'store']],
  },
  node: {
    path: 'node/',
    imports: [...BELOW_ROOTS, ...['ledger', 'consensus', 'wire', 'net', 'store']],
  },
  cli: { path: 'cli/', imports: ['*'] },
  edge: { path: 'edge/', imports: [...BELOW_ROOTS, 'wire', 'light', 'net', 'store', 'client', 'cli'] },
}

/** Packages that are no dependency, and yet there: bundled into dist/, or native and optional. */
const SHIPPED_OTHERWISE = [...VENDORED.map(({ source }) => source.replace(/^\^|\$$/g, '')), ...NATIVE].map(
  (name) => `node_modules/${name.replaceAll('\\/', '/')}`,
)

const withinSource = (path: string) => `^src/${path}`

function rules(): IForbiddenRuleType[] {
  const arrows = Object.entries(ROOMS)
    .filter(([, room]) => !room.imports.includes('*'))
    .map(([name, room]): IForbiddenRuleType => {
      const allowed = [name, ...room.imports].map((target) => ROOMS[target]!.path).join('|')
      return {
        name: `arrow-from-${name}`,
        comment: `${name} may import only: ${[name, ...room.imports].join(', ')}`,
        severity: 'error',
        from: { path: withinSource(room.path) },
        to: { path: '^src/', pathNot: withinSource(`(${allowed})`) },
      }
    })
  const pure = Object.values(ROOMS)
    .filter((room) => room.pure)
    .map((room) => room.path)
    .join('|')
  return [
    ...arrows,
    {
      name: 'core-takes-only-noble',
      comment: 'the pure ring imports no package but the libraries of @noble, and nothing of Node',
      severity: 'error',
      from: { path: withinSource(`(${pure})`) },
      to: { pathNot: ['^src/', 'node_modules/@noble/(curves|ed25519|hashes)/'] },
    },
    {
      name: 'model-signatures-only-in-sim',
      comment: "no production entry point may reach the simulator's model signature scheme",
      severity: 'error',
      from: { path: '^src/(node|client|net|store|light|cli/(devnet|light|wallet|verify|validator|chain|cube))' },
      to: { path: '^src/(crypto/bls-model|sim/)', reachable: true },
    } as IForbiddenRuleType,
    {
      name: 'only-the-sim-command-simulates',
      comment: 'of the command line, only cli/sim.ts may import the simulator',
      severity: 'error',
      from: { path: '^src/cli/', pathNot: '^src/cli/sim' },
      to: { path: '^src/(sim/|crypto/bls-model)' },
    },
    { name: 'no-cycle', comment: 'modules form no cycle', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'declared-packages',
      comment: 'every imported package is a dependency of package.json, or in tools/vendored.ts',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev', 'unknown'], pathNot: SHIPPED_OTHERWISE },
    },
  ]
}

/** Source files with a room that the table does not know: a new room is a decision, not an accident. */
function unknownRooms(root: string): string[] {
  const known = new Set(Object.values(ROOMS).map((room) => room.path.split('/')[0]!))
  return readdirSync(join(root, 'src'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !known.has(entry.name))
    .map((entry) => `src/${entry.name}/ is a room that tools/boundaries.ts does not know`)
}

/** One sentence for each breach. Empty means that all arrows are right and that some were seen. */
export async function breaches(root: string): Promise<string[]> {
  if (!existsSync(join(root, 'src'))) return [`saw no modules: ${join(root, 'src')} does not exist`]
  const { output } = await cruise(['src'], {
    baseDir: root,
    ruleSet: { forbidden: rules() },
    validate: true,
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'types', 'default'],
      extensions: ['.ts', '.js', '.d.ts'],
    },
    exclude: { path: '\\.gen\\.ts$' },
  })
  const { summary, modules } = output as ICruiseResult
  const own = modules.filter((module) => module.source.startsWith('src/'))
  const arrowCount = own.reduce((count, module) => count + module.dependencies.length, 0)
  if (own.length === 0) return ['saw no modules: the parser read nothing, so nothing was checked']
  if (arrowCount === 0) return [`saw ${own.length} modules and no imports: the parser reads no TypeScript`]
  console.log(`boundaries: ${own.length} modules, ${arrowCount} imports`)
  return [
    ...unknownRooms(root),
    ...summary.violations.map(({ rule, from, to }) => {
      const { comment } = rules().find(({ name }) => name === rule.name) ?? {}
      return `${rule.name}: ${from} → ${to} (${comment ?? rule.name})`
    }),
  ]
}

if (
  process.argv[1] !== undefined &&
  import.meta.url.endsWith('/tools/boundaries.ts') &&
  process.argv[1].endsWith('boundaries.ts')
) {
  const found = await breaches(resolve(process.argv[2] ?? '.'))
  for (const breach of found) console.error(breach)
  process.exit(found.length === 0 ? 0 : 1)
}
