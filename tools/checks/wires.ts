/**
 * The network between the processes of a check: one TCP proxy for each ordered pair of nodes, so that any pair can be
 * parted and joined from outside, without a word to the programs.
 *
 * Parted in one of two ways: `reset` ends connections and refuses new ones, as a closed port does; `hang` swallows nothing
 * and delivers nothing, as a pulled cable does, and delivers late what was under way when it is mended.
 */
import { connect, createServer, type Server, type Socket } from 'node:net'

export type Parting = 'reset' | 'hang'
const HOST = '127.0.0.1'

class Wire {
  readonly port: number
  targetPort = 0
  readonly #server: Server
  readonly #links = new Set<Link>()
  #parting: Parting | undefined

  private constructor(server: Server) {
    this.#server = server
    this.port = (server.address() as { port: number }).port
    server.on('connection', (socket) => this.#accept(socket))
  }

  static open(): Promise<Wire> {
    return new Promise((resolve, reject) => {
      const server = createServer({ pauseOnConnect: true })
      server.once('error', reject)
      server.listen({ host: HOST, port: 0 }, () => resolve(new Wire(server)))
    })
  }

  part(parting: Parting | undefined): void {
    this.#parting = parting
    for (const link of this.#links) {
      if (parting === 'reset') link.end()
      else if (parting === 'hang') link.hold()
      else link.flow(this.targetPort)
    }
  }

  close(): void {
    this.#server.close()
    for (const link of this.#links) link.end()
  }

  #accept(socket: Socket): void {
    if (this.#parting === 'reset') return void socket.destroy()
    const link = new Link(socket, () => this.#links.delete(link))
    this.#links.add(link)
    if (this.#parting === undefined) link.flow(this.targetPort)
  }
}

/** One connection through a wire; the way on is opened when it first flows. */
class Link {
  readonly #from: Socket
  readonly #onEnd: () => void
  #to: Socket | undefined

  constructor(from: Socket, onEnd: () => void) {
    this.#from = from
    this.#onEnd = onEnd
    from.setNoDelay(true)
    from.on('error', () => this.end()).on('close', () => this.end())
  }

  flow(targetPort: number): void {
    this.#to ??= this.#open(targetPort)
    this.#from.pipe(this.#to)
    this.#to.pipe(this.#from)
  }

  hold(): void {
    this.#from.unpipe()
    this.#from.pause()
    this.#to?.unpipe()
    this.#to?.pause()
  }

  end(): void {
    this.#from.destroy()
    this.#to?.destroy()
    this.#onEnd()
  }

  #open(port: number): Socket {
    const to = connect({ host: HOST, port, noDelay: true })
    return to.on('error', () => this.end()).on('close', () => this.end())
  }
}

export class Wires {
  readonly #wires: readonly (readonly Wire[])[]

  private constructor(wires: readonly (readonly Wire[])[]) {
    this.#wires = wires
  }

  /** Wires from each of `count` nodes to each. */
  static async open(count: number): Promise<Wires> {
    const row = () => Promise.all(Array.from({ length: count }, () => Wire.open()))
    return new Wires(await Promise.all(Array.from({ length: count }, row)))
  }

  /** The port at which `from` reaches `to`, which listens on `port`. */
  route(from: number, to: number, port: number): number {
    const wire = this.#wires[from]![to]!
    wire.targetPort = port
    return wire.port
  }

  /** From now on nodes reach only those of their own side. */
  part(sideOf: readonly number[], parting: Parting): void {
    this.#each((wire, from, to) => wire.part(sideOf[from] === sideOf[to] ? undefined : parting))
  }

  heal(): void {
    this.#each((wire) => wire.part(undefined))
  }

  close(): void {
    this.#each((wire) => wire.close())
  }

  #each(act: (wire: Wire, from: number, to: number) => void): void {
    for (const [from, row] of this.#wires.entries()) for (const [to, wire] of row.entries()) act(wire, from, to)
  }
}
