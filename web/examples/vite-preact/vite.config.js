// `npm start` in one window, `npx vite web/examples/vite-preact` in another. In a project of your own: npm install stakecube, and
// no alias.
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

const elements = fileURLToPath(new URL('../../../dist/web/elements.js', import.meta.url))

export default defineConfig({
  resolve: { alias: { 'stakecube/elements': elements } },
  // The elements are bundled already.
  optimizeDeps: { exclude: ['stakecube/elements'] },
  build: { target: 'es2022' },
  server: {
    fs: { allow: ['../../..'] },
    // The devnet describes itself at /devnet.json.
    proxy: { '/devnet.json': process.env.DEVNET ?? 'http://localhost:8080' },
  },
})
