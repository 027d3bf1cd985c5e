import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { accepted, rejected } from '../../src/base/verdict.ts'
import { createHost, type Host } from '../../src/net/host.ts'
import { createNetwork } from '../../src/net/network.ts'
import { peerNameOf } from '../../src/net/identity.ts'
import { protocolPath } from '../../src/net/protocol-path.ts'
import { serve, type RequestContext, type Server } from '../../src/net/serve.ts'
import type { Network, TransportCode } from '../../src/ports/network.ts'
import { StoreError, type StoreWarning } from '../../src/store/store-error.ts'

const CHAIN_ID = new Uint8Array(32).fill(7)
const SEED = new Uint8Array(32).fill(1)
const LISTEN = ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws', '/ip4/127.0.0.1/udp/0/webrtc-direct']
const ASK = { timeoutMs: 5000, responseBytesMax: 300_000 }

const isTransportError = (code: TransportCode) => (error: unknown) => {
  assert.equal((error as { name: string }).name, 'TransportError')
  assert.equal((error as { code: string }).code, code, String(error))
  return true
}

/** Counts up until the client ends it. */
async function* countUp({ signal }: RequestContext): AsyncIterable<Uint8Array> {
  for (let index = 0; !signal.aborted && index < 255; index++) {
    yield Uint8Array.of(index)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

async function start(): Promise<{ host: Host; server: Server }> {
  const host = await createHost({ seed: SEED, listen: LISTEN })
  const server = await serve(host, CHAIN_ID, {
    requests: {
      status: (request) => accepted(request),
      proof: (request) => accepted(new Uint8Array(request[0]! * 1000).fill(9)),
      submit: () => rejected('decode-short'),
      headers: () => new Promise(() => undefined),
    },
    streams: {
      follow: (_request, context) => accepted(countUp(context)),
      evidence: () => accepted((async function* () {})()),
    },
  })
  return { host, server }
}

describe('network over', () => {
  let host: Host
  let server: Server
  const networks: Network[] = []

  before(async () => ({ host, server } = await start()))
  after(async () => {
    for (const network of networks) await network.close()
    await host.stop()
  })
  const client = async (): Promise<Network> => {
    const network = createNetwork(await createHost(), CHAIN_ID)
    networks.push(network)
    return network
  }
  const addressOf = (transport: string): string => {
    const wanted = { tcp: /\/tcp\/\d+\/p2p/, ws: /\/ws\//, 'webrtc-direct': /\/webrtc-direct\// }[transport]!
    return host
      .getMultiaddrs()
      .map(String)
      .find((text) => wanted.test(text))!
  }

  for (const transport of ['tcp', 'ws', 'webrtc-direct']) {
    test(`${transport}: requests, large responses and streams arrive whole`, async () => {
      const network = await client()
      const peer = await network.connect(addressOf(transport), { timeoutMs: 5000 })
      assert.equal(peer, await peerNameOf(SEED))
      for (const length of [0, 1, 3, 4, 5, 60_000])
        assert.equal((await network.request(peer, 'status', new Uint8Array(length), ASK)).length, length)
      assert.equal((await network.request(peer, 'proof', Uint8Array.of(250), ASK)).length, 250_000)
      const read: number[] = []
      for await (const frame of network.stream(peer, 'follow', new Uint8Array(), ASK)) {
        read.push(frame[0]!)
        if (read.length === 20) break
      }
      assert.deepEqual(
        read,
        Array.from({ length: 20 }, (_, index) => index),
      )
    })
  }

  test('many requests at once each get their own answer', async () => {
    const network = await client()
    const peer = await network.connect(addressOf('tcp'), { timeoutMs: 5000 })
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, index) => network.request(peer, 'status', Uint8Array.of(index), ASK)),
    )
    assert.deepEqual(
      answers.map((answer) => answer[0]),
      Array.from({ length: 12 }, (_, index) => index),
    )
  })

  test('an end of stream before the first frame is an empty stream, not an error', async () => {
    const network = await client()
    const peer = await network.connect(addressOf('tcp'), { timeoutMs: 5000 })
    for await (const _ of network.stream(peer, 'evidence', new Uint8Array(), ASK)) assert.fail('nothing was sent')
  })

  test('a response above the limit is cut off and the stream reset', async () => {
    const network = await client()
    const peer = await network.connect(addressOf('tcp'), { timeoutMs: 5000 })
    const asked = network.request(peer, 'proof', Uint8Array.of(2), { timeoutMs: 5000, responseBytesMax: 1999 })
    await assert.rejects(asked, isTransportError('frame-too-large'))
    assert.equal((await network.request(peer, 'proof', Uint8Array.of(2), ASK)).length, 2000)
  })

  test('no answer in time, a cancelled request and a protocol nobody serves have their own codes', async () => {
    const network = await client()
    const peer = await network.connect(addressOf('tcp'), { timeoutMs: 5000 })
    await assert.rejects(
      network.request(peer, 'headers', new Uint8Array(), { ...ASK, timeoutMs: 50 }),
      isTransportError('timeout'),
    )
    const controller = new AbortController()
    const cancelled = network.request(peer, 'headers', new Uint8Array(), { ...ASK, signal: controller.signal })
    controller.abort()
    await assert.rejects(cancelled, isTransportError('aborted'))
    await assert.rejects(network.request(peer, 'hops', new Uint8Array(), ASK), isTransportError('protocol-unsupported'))
  })

  test('a malformed request costs its sender the stream and is counted', async () => {
    const network = await client()
    const peer = await network.connect(addressOf('tcp'), { timeoutMs: 5000 })
    await assert.rejects(network.request(peer, 'submit', new Uint8Array(), ASK), isTransportError('stream-reset'))
    assert.equal(server.counters.refused['decode-short'], 1)
  })

  test('addresses that are malformed, name no peer or have nobody behind them say so', async () => {
    const network = await client()
    for (const address of ['nonsense', '/ip4/127.0.0.1/tcp/1', `/ip4/127.0.0.1/tcp/1/p2p/${await peerNameOf(SEED)}`])
      await assert.rejects(network.connect(address, { timeoutMs: 2000 }), isTransportError('dial-failed'))
  })

  test('a peer that is not who the address says is refused', async () => {
    const network = await client()
    const other = await peerNameOf(new Uint8Array(32).fill(2))
    const address = addressOf('tcp').replace(/p2p\/.*/, `p2p/${other}`)
    await assert.rejects(network.connect(address, { timeoutMs: 2000 }), isTransportError('dial-failed'))
  })
})

test('hostile frames: an announced 4 GiB, a torn frame and a flood end in the sender being cut off and refused', async () => {
  const host = await createHost({ seed: SEED, listen: ['/ip4/127.0.0.1/tcp/0'], refusesPeer: (peer) => refuses(peer) })
  let refuses: (peer: string) => boolean = () => false
  const server = await serve(
    host,
    CHAIN_ID,
    { requests: { status: (request) => accepted(request) }, streams: {} },
    { limits: { faultCountMax: 5, requestsPerSecond: 0.001, requestBurst: 4 } },
  )
  refuses = (peer) => server.isBanned(peer)
  const attacker = await createHost({})
  try {
    const path = protocolPath(CHAIN_ID, 'status')
    const connection = await attacker.dial(host.getMultiaddrs()[0]!)
    const cut = new Promise((resolve) => attacker.addEventListener('peer:disconnect', resolve, { once: true }))
    const send = async (bytes: Uint8Array): Promise<void> => {
      const stream = await connection.newStream(path)
      const closed = new Promise((resolve) => stream.addEventListener('close', resolve, { once: true }))
      stream.send(bytes)
      if (bytes.length < 4) await stream.close()
      if (bytes.length < 5) await closed
    }
    await send(Uint8Array.of(255, 255, 255, 255))
    assert.equal(server.counters.refused['frame-too-large'], 1)
    await send(Uint8Array.of(0, 0, 1))
    const flood = new AbortController()
    void cut.then(() => flood.abort())
    for (let sent = 0; !flood.signal.aborted && sent < 1000; sent++)
      await send(Uint8Array.of(0, 0, 0, 1, 1)).catch(() => undefined)
    await cut
    assert.equal(server.counters.cutOff, 1)
    assert.ok((server.counters.refused['too-many-requests'] ?? 0) >= 4)
    const network = createNetwork(attacker, CHAIN_ID, { stopsHost: false })
    const again = async (): Promise<unknown> => {
      const peer = await network.connect(String(host.getMultiaddrs()[0]), { timeoutMs: 2000 })
      return network.request(peer, 'status', Uint8Array.of(1), ASK)
    }
    await assert.rejects(again())
  } finally {
    await attacker.stop()
    await host.stop()
  }
})

test('the webrtc-direct address survives a restart', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'stakecube-host-'))
  try {
    const hashes: (string | undefined)[] = []
    for (let start = 0; start < 2; start++) {
      const host = await createHost({ seed: SEED, listen: [LISTEN[2]!], datastorePath: folder })
      hashes.push(/certhash\/[^/]+\/p2p\/.*/.exec(String(host.getMultiaddrs()[0]))?.[0])
      await host.stop()
    }
    assert.notEqual(hashes[0], undefined)
    assert.equal(hashes[0], hashes[1])
  } finally {
    rmSync(folder, { recursive: true })
  }
})

/** Zeros in the place of every file whose name ends so. */
function wipe(folder: string, ending: RegExp): void {
  for (const name of readdirSync(folder).filter((name) => ending.test(name)))
    writeFileSync(join(folder, name), new Uint8Array(statSync(join(folder, name)).size))
}

test('a store that is damaged, as a whole or where it is read, is set aside with one warning', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'stakecube-host-'))
  const datastorePath = join(folder, 'libp2p')
  const warnings: StoreWarning[] = []
  const restart = async (listen: string, times = 1): Promise<string> => {
    const options = { seed: SEED, listen: [listen], datastorePath }
    const host = await createHost({ ...options, onStoreSetAside: (warning) => warnings.push(warning) })
    const address = String(host.getMultiaddrs()[0])
    await host.stop()
    return times === 1 ? address : restart(listen, times - 1)
  }
  try {
    // LevelDB moves what it holds from its log into tables when it is opened again.
    const before = await restart(LISTEN[2]!, 3)
    for (const [index, ending] of [/./, /\.ldb$/].entries()) {
      wipe(datastorePath, ending)
      const address = await restart(LISTEN[2]!, 3)
      assert.notEqual(/certhash\/[^/]+/.exec(address)?.[0], /certhash\/[^/]+/.exec(before)?.[0])
      assert.equal(warnings.length, index + 1)
      const { keptAs, message } = warnings[index]!
      assert.equal(keptAs, `${datastorePath}.damaged-${index + 1}`)
      assert.ok(existsSync(keptAs))
      assert.match(message, /libp2p is damaged .* new one is started: the webrtc-direct address has a new certhash/)
    }
    wipe(datastorePath, /./)
    assert.match(await restart(LISTEN[0]!), /p2p\/12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5$/)
    assert.match(warnings[2]!.message, /a new one is started$/)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('a store that is in use, or where a file is in the way, is refused in one sentence', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'stakecube-host-'))
  const refused = (code: string, pattern: RegExp) => (error: unknown) =>
    error instanceof StoreError && error.code === code && pattern.test(error.message)
  const host = await createHost({ datastorePath: join(folder, 'libp2p'), webrtc: false })
  try {
    const second = createHost({ datastorePath: join(folder, 'libp2p'), webrtc: false })
    await assert.rejects(second, refused('locked', /libp2p is in use by another process/))
    writeFileSync(join(folder, 'file'), '')
    const inTheWay = createHost({ datastorePath: join(folder, 'file'), webrtc: false })
    await assert.rejects(inTheWay, refused('not-writable', /file \(\w+\): a file is in the way/))
  } finally {
    await host.stop()
    rmSync(folder, { recursive: true })
  }
})
