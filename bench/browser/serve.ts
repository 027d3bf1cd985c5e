/**
 * Serves the page to this machine only. The headers isolate it, which gives the page a clock that is fine enough
 * (Chromium steps by 100 µs without them).
 */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

const PAGE = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>StakeCube bench</title></head>
<body><h1>StakeCube bench</h1><p role="status">Loading…</p><pre></pre><script type="module" src="/page.js"></script></body></html>`

const HEADERS = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'cache-control': 'no-store',
}

export interface BenchServer {
  readonly url: string
  readonly server: Server
}

/** `onResult` gets the body of each POST. */
export async function servePage(
  scripts: ReadonlyMap<string, string>,
  onResult: (body: string) => void,
): Promise<BenchServer> {
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname
    if (request.method === 'POST') {
      let body = ''
      request.on('data', (chunk: Buffer) => (body += chunk.toString()))
      request.on('end', () => {
        response.writeHead(204, HEADERS).end()
        onResult(body)
      })
      return
    }
    const script = scripts.get(path)
    if (script !== undefined) response.writeHead(200, { ...HEADERS, 'content-type': 'text/javascript' }).end(script)
    else if (path === '/') response.writeHead(200, { ...HEADERS, 'content-type': 'text/html' }).end(PAGE)
    else response.writeHead(404, HEADERS).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, server }
}
