/**
 * A board's role among the devices (§8): known by its key, given its full nodes by a coordination node, or one itself.
 */
import { keyOfPeer, peerNameOf } from '../net/identity.ts'
import type { LightClient } from '../client/index.ts'
import { Coordinator, type CoordinatorEvent } from '../client/coordinator.ts'
import { Lessee, type LeaseNews } from '../client/lessee.ts'
import { loadKernels } from '../kernels/load.ts'
import type { Network } from '../ports/network.ts'
import { encodeAnswer, refused } from '../wire/envelope.ts'
import type { CommandDefinition, CommandLine } from './command-line.ts'
import { usage } from './command-line.ts'
import { CliError } from './exit-codes.ts'
import { checkAddress, type ChainInputs, type RoleParts } from './light-inputs.ts'
import type { Metric } from './service.ts'
import { readKeyFile } from './wallet-session.ts'

export interface Role {
  readonly inputs: ChainInputs
  readonly parts: RoleParts
  /** Once the client is made. `onRefused`: this device is not to be served, and has no peers of its own. */
  begin(client: LightClient, onRefused: (error: CliError) => void): void
  metrics(): readonly Metric[]
}

export interface RoleOutput {
  /** A line of text, or an event. */
  show(text: string, event: Readonly<Record<string, unknown>>): void
  warn(text: string): void
}

export async function roleOf(
  definition: CommandDefinition,
  line: CommandLine,
  inputs: ChainInputs,
  out: RoleOutput,
): Promise<Role> {
  const coordinators = line.texts('coordinator')
  const nodesPerLease = line.number('coordinate')
  const keyFile = line.text('device-key')
  if (nodesPerLease !== undefined && line.texts('serve').length === 0)
    throw usage(definition, '--coordinate needs --serve ADDR: devices must reach it')
  if (coordinators.length > 0 && keyFile === undefined)
    throw usage(definition, '--coordinator needs --device-key FILE, the key of a registered device')
  for (const address of coordinators) checkAddress(address)
  const seed = keyFile === undefined ? undefined : readKeyFile(await loadKernels(), keyFile).secretKey
  const coordination = nodesPerLease === undefined ? undefined : new Coordination(nodesPerLease, out)
  let network: Promise<Network> | undefined
  const onNetwork = (made: Promise<Network>) => (network = made)
  const parts: RoleParts = {
    ...(seed === undefined ? {} : { seed }),
    ...(coordination === undefined ? {} : { lease: coordination.lease }),
    ...(coordinators.length === 0 ? {} : { peersLater: true }),
    onNetwork,
  }
  // Those of a devnet would be asked as well; one's own (--peer) are, on purpose.
  const own = { ...inputs, peers: coordinators.length > 0 ? line.texts('peer') : inputs.peers }
  const deviceKey = seed === undefined ? undefined : keyOfPeer(await peerNameOf(seed))!
  return {
    inputs: own,
    parts,
    begin(client, onRefused) {
      coordination?.begin(client, network!)
      if (coordinators.length === 0) return
      const onNews = teller(out, own.peers.length === 0 ? onRefused : undefined)
      const lessee = new Lessee({ client, network: network!, coordinators, deviceKey: deviceKey!, onNews })
      // Without a network the client says so.
      void lessee.run().catch(() => undefined)
    },
    metrics: () => coordination?.metrics() ?? [],
  }
}

/** Tells what is new; a refusal ends the program where nobody else can be asked, and is told once where somebody can. */
function teller(out: RoleOutput, onRefused: ((error: CliError) => void) | undefined): (news: LeaseNews) => void {
  let said = ''
  return (news) => {
    if (news.kind === 'assigned') {
      said = ''
      const { coordinator, nodes, leaseMs } = news
      return out.show(`assigned to ${nodes.join(' ')}`, { event: 'lease', coordinator, nodes, leaseMs })
    }
    const { code, sentence, isFinal } = news
    if (isFinal && onRefused !== undefined) return onRefused(new CliError('rejected', `${code}: ${sentence}`))
    if (code !== said) out.warn(sentence)
    said = code
  }
}

class Coordination {
  readonly #nodesPerLease: number
  readonly #out: RoleOutput
  #coordinator: Coordinator | undefined

  constructor(nodesPerLease: number, out: RoleOutput) {
    this.#nodesPerLease = nodesPerLease
    this.#out = out
  }

  readonly lease: NonNullable<RoleParts['lease']> = async (request, asker) =>
    this.#coordinator?.answer(request, asker) ?? {
      kind: 'accepted',
      value: encodeAnswer(refused('busy'), () => new Uint8Array(0)),
    }

  begin(client: LightClient, network: Promise<Network>): void {
    this.#coordinator = new Coordinator({
      client,
      limits: { nodesPerLease: this.#nodesPerLease },
      hangUp: (peer) => void network.then((made) => made.disconnect(peer)).catch(() => undefined),
      onEvent: (event) =>
        this.#out.show(textOf(event), {
          ...{ event: 'coordination', ...event },
          ...('height' in event ? { height: Number(event.height) } : {}),
        }),
    })
    const gone = (peer: string) => this.#coordinator?.disconnected(peer)
    void network.then((made) => made.onDisconnect(gone)).catch(() => undefined)
  }

  metrics(): readonly Metric[] {
    const { table, counts } = this.#coordinator!
    return [
      { name: 'leases', help: 'Devices with a lease.', kind: 'gauge', value: table.leaseCount },
      { name: 'full_nodes', help: 'Full nodes that may be assigned.', kind: 'gauge', value: table.nodes.length },
      { name: 'leases_granted_total', help: 'Leases granted or renewed.', kind: 'counter', value: counts.granted },
      { name: 'leases_refused_total', help: 'Requests for a lease refused.', kind: 'counter', value: counts.refused },
    ]
  }
}

function textOf(event: CoordinatorEvent): string {
  switch (event.kind) {
    case 'leased':
      return `device ${event.device} is given ${event.nodes.join(' ')}`
    case 'refused':
      return `device ${event.device} is refused: ${event.outcome}`
    case 'ended':
      return `device ${event.device} is registered no more: its lease ended`
    case 'barred':
      return `${event.peer} is assigned to nobody any more: ${event.reason}`
  }
}
