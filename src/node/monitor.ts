/**
 * `/metrics`, `/health` and `/cube` (for `stakecube cube --validator`) of one node over http, on loopback only. Nothing secret is in them; still, a request that names
 * another host than this machine is refused, so that no web page reads them by rebinding a name.
 *
 * Health is 200 while the node does its work and 503 otherwise, with the reasons as codes:
 *   failed      the store failed, or the like: nothing is signed any more
 *   no-peers    no other node is connected
 *   stalled     no block became final for 10 block times and at least 30 s
 *   silent      the vote record is lost: the node signs nothing for now
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { toHex } from '../base/bytes.ts'
import { epochOf } from '../chain/params.ts'
import { pictureJson, pictureOf } from '../cube/picture.ts'
import type { NodeEngine } from './engine.ts'
import {
  counter,
  counters,
  formatMetrics,
  gauge,
  METRICS_CONTENT_TYPE,
  processMetrics,
  type Metric,
} from './metrics.ts'
import type { FullNode } from './node.ts'

const LOCAL_HOSTS = ['localhost', '127.0.0.1', '[::1]']
const STALLED_BLOCKS = 10
const STALLED_MS_MIN = 30_000

export interface Health {
  readonly status: 'ok' | 'failing'
  readonly reasons: readonly string[]
  readonly height: number
  readonly hash: string
  readonly epoch: number
  /** Milliseconds since this node took the last final block; since its start if it took none. */
  readonly sinceFinalMs: number
  readonly peers: number
  /** Blocks that are damaged on disk and not repaired yet. */
  readonly damagedBlocks: number
  /** The node signs: it has keys, and its record of votes. */
  readonly signs: boolean
}

export function healthOf(node: FullNode): Health {
  const { params } = node
  const sinceFinalMs = Math.round(performance.now() - node.lastFinalAtMs)
  const reasons = [
    ...(node.hasFailed ? ['failed'] : []),
    ...(node.connectionCount === 0 && node.expectsPeers ? ['no-peers'] : []),
    ...(sinceFinalMs > Math.max(STALLED_MS_MIN, STALLED_BLOCKS * params.blockTimeMs) ? ['stalled'] : []),
    ...(node.isSilent ? ['silent'] : []),
  ]
  return {
    ...{ status: reasons.length === 0 ? 'ok' : 'failing', reasons },
    ...{ height: Number(node.height), hash: toHex(node.ledger.hash), epoch: epochOf(node.height, params) },
    ...{ sinceFinalMs, peers: node.connectionCount, damagedBlocks: node.repair.damagedCount, signs: node.signs },
  }
}

export function nodeMetrics(node: FullNode, engine: NodeEngine): Metric[] {
  const { counts, ledger, standing } = node
  const serving = node.serving
  return [
    gauge('stakecube_chain_height', 'Height of the last final block.', Number(node.height)),
    gauge('stakecube_chain_time_seconds', 'Time of the last final block.', Number(ledger.header.timeMs) / 1000),
    gauge('stakecube_epoch', 'Epoch of the last final block.', epochOf(node.height, node.params)),
    gauge('stakecube_agreement_height', 'Height that the agreement works on; 0: none.', Number(standing?.height ?? 0n)),
    gauge('stakecube_agreement_round', 'Round that the agreement works on.', standing?.round ?? 0),
    gauge('stakecube_peers', 'Nodes that are connected.', node.connectionCount),
    gauge(
      'stakecube_connections',
      'Connections of any kind, light clients included.',
      node.host.getConnections().length,
    ),
    gauge('stakecube_mempool_transactions', 'Transactions that wait.', node.mempool.count),
    gauge('stakecube_healthy', '1 if /health says ok.', healthOf(node).status === 'ok' ? 1 : 0),
    counter('stakecube_blocks_final_total', 'Blocks that became final since the start.', counts.blocks),
    counter('stakecube_transactions_final_total', 'Transactions in them.', counts.transactions),
    counter('stakecube_pairings_total', 'Pairings computed.', engine.bls.pairingCount),
    counters(
      'stakecube_messages_received_total',
      'Agreement messages and transactions taken, by way.',
      'way',
      counts.received,
    ),
    counters('stakecube_messages_dropped_total', 'Messages dropped, by reason.', 'reason', counts.dropped),
    counters('stakecube_peer_faults_total', 'Faults of peers, by reason.', 'reason', serving?.refused ?? {}),
    counter('stakecube_peers_cut_off_total', 'Peers cut off for their faults.', serving?.cutOff ?? 0),
    counter('stakecube_requests_total', 'Requests of light clients and nodes.', serving?.requests ?? 0),
    counter('stakecube_bytes_served_total', 'Bytes of answers to them.', serving?.bytesSent ?? 0),
    counter('stakecube_equivocations_total', 'Double votes of others that were seen.', counts.equivocations),
    gauge('stakecube_damaged_blocks', 'Blocks that are damaged on disk now.', node.repair.damagedCount),
    counter(
      'stakecube_repaired_blocks_total',
      'Blocks repaired from peers since the start.',
      node.repair.repairedCount,
    ),
    counter('stakecube_conflicts_total', 'Conflicts of final blocks that were reported and hold.', counts.conflicts),
  ]
}

export class Monitor {
  readonly port: number
  readonly #server: Server
  readonly #lag: ReturnType<typeof monitorEventLoopDelay>

  private constructor(server: Server, port: number, lag: ReturnType<typeof monitorEventLoopDelay>) {
    this.#server = server
    this.port = port
    this.#lag = lag
  }

  /** Listens on 127.0.0.1. Rejects when the port is taken. */
  static start(port: number, node: FullNode, engine: NodeEngine): Promise<Monitor> {
    const lag = monitorEventLoopDelay({ resolution: 20 })
    lag.enable()
    const server = createServer((request, response) => {
      const metrics = () => [...nodeMetrics(node, engine), ...processMetrics(takeLag(lag))]
      answer(request, response, node, metrics)
    })
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen({ host: '127.0.0.1', port }, () => {
        const address = server.address()
        resolve(new Monitor(server, typeof address === 'object' ? address!.port : port, lag))
      })
    })
  }

  stop(): Promise<void> {
    this.#lag.disable()
    return new Promise((resolve) => {
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
  }
}

/** Mean since the last time; the histogram counts nanoseconds, its resolution included. */
function takeLag(lag: ReturnType<typeof monitorEventLoopDelay>): number {
  const seconds = Number.isNaN(lag.mean) ? 0 : Math.max(0, lag.mean / 1e9 - 0.02)
  lag.reset()
  return seconds
}

function answer(request: IncomingMessage, response: ServerResponse, node: FullNode, metrics: () => Metric[]): void {
  const send = (status: number, type: string, text: string): void => {
    response.writeHead(status, {
      'content-type': type,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    })
    response.end(request.method === 'HEAD' ? undefined : text)
  }
  const hostName = (request.headers.host ?? '').replace(/:\d+$/, '')
  if (!LOCAL_HOSTS.includes(hostName)) return send(403, 'text/plain', 'This server answers to localhost only.\n')
  if (request.method !== 'GET' && request.method !== 'HEAD') return send(405, 'text/plain', 'GET only.\n')
  const path = (request.url ?? '').split('?', 1)[0]
  if (path === '/metrics') return send(200, METRICS_CONTENT_TYPE, formatMetrics(metrics()))
  if (path === '/cube') {
    const committee = node.committee
    if (committee === undefined) return send(503, 'text/plain', 'The cube is empty: the chain has stopped.\n')
    return send(200, 'application/json', `${JSON.stringify(pictureJson(pictureOf(committee)))}\n`)
  }
  if (path !== '/health') return send(404, 'text/plain', 'There are /metrics, /health and /cube.\n')
  const found = healthOf(node)
  return send(found.status === 'ok' ? 200 : 503, 'application/json', `${JSON.stringify(found)}\n`)
}
