import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { startPageServer, type PageServer } from '../../src/node/page-server.ts'

let base: string
let server: PageServer
before(async () => {
  base = mkdtempSync(join(tmpdir(), 'stakecube-page-'))
  mkdirSync(join(base, 'web'))
  writeFileSync(join(base, 'web', 'index.html'), '<!doctype html>')
  writeFileSync(join(base, 'secret.txt'), 'secret')
  server = await startPageServer({ port: 0, folder: join(base, 'web'), devnetJson: () => '{"a":1}' })
})
after(async () => {
  await server.stop()
  rmSync(base, { recursive: true })
})

/** A raw request: fetch would normalise the path and set Host itself. */
function get(path: string, host = `localhost:${server.port}`, method = 'GET') {
  return new Promise<{ status: number; body: string; type: string }>((resolve, reject) => {
    request({ host: '127.0.0.1', port: server.port, path, method, headers: { host } }, (response) => {
      let body = ''
      response.on('data', (chunk: Buffer) => (body += chunk.toString()))
      response.on('end', () =>
        resolve({ status: response.statusCode!, body, type: String(response.headers['content-type']) }),
      )
    })
      .on('error', reject)
      .end()
  })
}

test('the page and the devnet’s description are served with their types', async () => {
  assert.deepEqual(await get('/'), { status: 200, body: '<!doctype html>', type: 'text/html; charset=utf-8' })
  assert.deepEqual(await get('/devnet.json?x'), {
    status: 200,
    body: '{"a":1}',
    type: 'application/json; charset=utf-8',
  })
  assert.deepEqual((await get('/', undefined, 'HEAD')).body, '')
})

test('nothing outside the folder is served', async () => {
  for (const path of [
    '/../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '//../secret.txt',
    '/%00',
    '/%',
    '/x',
  ])
    assert.ok((await get(path)).status >= 400, path)
})

test('a request under a foreign name is refused: another page must not read the wallets through this machine', async () => {
  for (const host of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example:8080'])
    assert.equal((await get('/devnet.json', host)).status, 403, host)
  assert.equal((await get('/', undefined, 'POST')).status, 405)
})
