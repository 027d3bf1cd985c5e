/** Browser tests: test/web in a real Chromium (CHROME_PATH, then PATH; without one this fails with the line that installs it). */
import { esbuildPlugin } from '@web/dev-server-esbuild'
import { chromeLauncher } from '@web/test-runner-chrome'
import { tsImport } from 'tsx/esm/api'

const { chromiumPath, CHROMIUM_FLAGS } = await tsImport('./tools/chromium.ts', import.meta.url)
const { manifest } = await tsImport('./tools/manifest.ts', import.meta.url)

/** Suites that run in Node too (the Store contract) bring their node: imports; these stand in for them here. */
const SHIMS = { 'node:test': '/test/web/shims/node-test.ts', 'node:assert/strict': '/test/web/shims/node-assert.ts' }
const shims = { name: 'node-shims', resolveImport: ({ source }) => SHIMS[source] }

/** What tools/manifest.ts reads from the sources now, for the test that holds it against the elements. */
const served = {
  name: 'manifest',
  serve: ({ path }) =>
    path === '/custom-elements.json' ? { body: JSON.stringify(manifest()), type: 'json' } : undefined,
}

export default {
  files: 'test/web/*.test.ts',
  nodeResolve: { exportConditions: ['browser'] },
  // Chromium has no decorators, so the target is named: 'auto' would leave them in.
  plugins: [shims, served, esbuildPlugin({ ts: true, target: 'es2022', tsconfig: './tsconfig.check.json' })],
  browsers: [
    chromeLauncher({
      launchOptions: { executablePath: chromiumPath(), args: [...CHROMIUM_FLAGS], headless: true },
      concurrency: 2,
    }),
  ],
  testFramework: { config: { ui: 'bdd', timeout: '20000' } },
  testsFinishTimeout: 180_000,
  testRunnerHtml: (path) =>
    `<!doctype html><html lang="en"><head><title>test</title></head><body><script type="module" src="${path}"></script></body></html>`,
}
