/** `npm run build`: kernels to WebAssembly, TypeScript to dist/, the page to dist/web. Stops at the first failure. */
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readdirSync } from 'node:fs'

const tsx = [process.execPath, '--import', 'tsx']
const STEPS: readonly (readonly [name: string, command: readonly string[]])[] = [
  ['kernels', [...tsx, 'tools/build-wasm.ts']],
  ['library and command line', [process.execPath, 'node_modules/typescript/bin/tsc', '-p', 'tsconfig.json']],
  ['libp2p for Node', [...tsx, 'tools/build-vendor.ts']],
  ['page', [...tsx, 'tools/build-web.ts']],
  ['client in one file', [...tsx, 'tools/build-browser.ts']],
  ['edge file', [...tsx, 'tools/build-edge.ts']],
]

for (const [name, [file, ...args]] of STEPS) {
  const startedMs = performance.now()
  const { status } = spawnSync(file!, args, { stdio: 'inherit' })
  if (status !== 0) {
    console.error(`build: ${name} failed (exit ${status ?? 'by signal'}): ${[file, ...args].join(' ')}`)
    process.exit(1)
  }
  console.log(`build: ${name}, ${((performance.now() - startedMs) / 1000).toFixed(1)} s`)
}

// The plain .wasm files, for engines that compile no bytes: package.json exports them as stakecube/wasm/NAME.wasm.
mkdirSync('dist/wasm', { recursive: true })
for (const file of readdirSync('build')) if (file.endsWith('.wasm')) copyFileSync(`build/${file}`, `dist/wasm/${file}`)
