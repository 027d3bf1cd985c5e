/**
 * The devnet's page over http on loopback: the files of the built page, and `/devnet.json`.
 *
 * `/devnet.json` holds secret keys of play money, so requests that name another host than this machine are refused: a
 * foreign web page cannot read it by pointing a name of its own at 127.0.0.1.
 */
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { extname, join, normalize, sep } from 'node:path'

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.wasm': 'application/wasm',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
}
const LOCAL_HOSTS = ['localhost', '127.0.0.1', '[::1]']

export interface PageServerOptions {
  readonly port: number
  /** Folder of the built page. */
  readonly folder: string
  /** The text of `/devnet.json`, asked for at each request. */
  readonly devnetJson: () => string
}

export interface PageServer {
  readonly port: number
  stop(): Promise<void>
}

export function startPageServer(options: PageServerOptions): Promise<PageServer> {
  const server = createServer((request, response) => {
    respond(options, request, response).catch(() => {
      if (!response.headersSent) response.writeHead(500)
      response.end()
    })
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: '127.0.0.1', port: options.port }, () => {
      const address = server.address()
      resolve({ port: typeof address === 'object' ? address!.port : options.port, stop: () => stopServer(server) })
    })
  })
}

function stopServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

async function respond(options: PageServerOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const hostName = (request.headers.host ?? '').replace(/:\d+$/, '')
  if (!LOCAL_HOSTS.includes(hostName)) return sendText(response, 403, 'This server answers to localhost only.\n')
  if (request.method !== 'GET' && request.method !== 'HEAD') return sendText(response, 405, 'GET only.\n')
  const path = pathOf(request.url ?? '/')
  if (path === undefined) return sendText(response, 400, 'Malformed path.\n')
  if (path === '/devnet.json') return send(response, '.json', options.devnetJson())
  await sendFile(response, join(options.folder, path.endsWith('/') ? `${path}index.html` : path), path)
}

/** The decoded path without query; undefined if it is malformed or climbs out of the folder. */
function pathOf(url: string): string | undefined {
  try {
    const path = decodeURIComponent(url.split(/[?#]/, 1)[0]!)
    const normal = normalize(path).split(sep).join('/')
    return normal.startsWith('/') && !normal.includes('\0') && !normal.includes('..') ? normal : undefined
  } catch {
    return undefined
  }
}

async function sendFile(response: ServerResponse, file: string, path: string): Promise<void> {
  const found = await stat(file).catch(() => undefined)
  if (found?.isFile() !== true) {
    const hint = path === '/' ? 'The page is not built yet: run "npm run build" and reload.\n' : `No ${path} here.\n`
    return sendText(response, 404, hint)
  }
  response.writeHead(200, {
    'content-type': CONTENT_TYPES[extname(file)] ?? 'application/octet-stream',
    'content-length': found.size,
    'cache-control': 'no-cache',
    'x-content-type-options': 'nosniff',
  })
  if (response.req.method === 'HEAD') response.end()
  else
    createReadStream(file)
      .on('error', () => response.destroy())
      .pipe(response)
}

const sendText = (response: ServerResponse, status: number, text: string): void => send(response, '.txt', text, status)

function send(response: ServerResponse, type: string, text: string, status = 200): void {
  response.writeHead(status, {
    'content-type': CONTENT_TYPES[type]!,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  })
  response.end(response.req.method === 'HEAD' ? undefined : text)
}
