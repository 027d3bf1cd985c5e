/** Asking whether ports are free before anything listens, so that a busy one can be named. */
import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'

export interface PortUse {
  readonly protocol: 'tcp' | 'udp'
  readonly host: string
  readonly port: number
}

export interface BusyPort extends PortUse {
  /** EADDRINUSE, EACCES, EADDRNOTAVAIL … */
  readonly code: string
}

/** The first of `uses` that cannot be had now; undefined when all can. */
export async function findBusyPort(uses: readonly PortUse[]): Promise<BusyPort | undefined> {
  const found = await Promise.all(uses.map(async (use) => ({ ...use, code: await tryPort(use) })))
  return found.find((use): use is BusyPort => use.code !== undefined)
}

/** A UDP port that was free a moment ago. */
export function freeUdpPort(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
    socket.once('error', reject)
    socket.bind({ address: host, port: 0, exclusive: true }, () => {
      const { port } = socket.address()
      socket.close(() => resolve(port))
    })
  })
}

function tryPort({ protocol, host, port }: PortUse): Promise<string | undefined> {
  return protocol === 'tcp' ? tryTcp(host, port) : tryUdp(host, port)
}

function tryTcp(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'unknown'))
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)))
  })
}

function tryUdp(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4')
    socket.once('error', (error: NodeJS.ErrnoException) => {
      socket.close()
      resolve(error.code ?? 'unknown')
    })
    socket.bind({ address: host, port, exclusive: true }, () => socket.close(() => resolve(undefined)))
  })
}
