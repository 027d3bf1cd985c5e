/** What the check `mesh` loads into Chromium: a light client that serves, behind functions that take and give plain values. */
import { fromHex, toHex } from '../../src/base/bytes.ts'
import { parseChainSpec } from '../../src/chain/spec.ts'
import { browserNetwork } from '../../src/client/browser-network.ts'
import { createLightClient, type LightClient } from '../../src/client/index.ts'
import { createMemoryStore } from '../../src/store/memory.ts'

export interface MeshPageConfig {
  readonly spec: string
  readonly checkpoint: { readonly height: number; readonly hash: string }
  readonly peers: readonly string[]
  readonly relays: readonly string[]
}
export interface MeshState {
  readonly height: number
  /** Of each height that was verified. */
  readonly hashes: Readonly<Record<number, string>>
  readonly peers: readonly { readonly name: string; readonly address: string; readonly state: string }[]
  readonly sentence: string
}
export interface MeshPage {
  start(config: MeshPageConfig): Promise<void>
  /** Where other pages reach this one; empty until a relay has taken it. */
  addresses(): Promise<readonly string[]>
  state(): MeshState
}

const hashes: Record<number, string> = {}
const warnings: string[] = []
let client: LightClient | undefined

const page: MeshPage = {
  async start({ spec: text, checkpoint, peers, relays }) {
    const spec = parseChainSpec(text)
    if (spec.kind === 'rejected') throw new Error(spec.code)
    client = await createLightClient({
      spec: spec.value,
      checkpoint: { height: BigInt(checkpoint.height), hash: fromHex(checkpoint.hash)! },
      peers,
      store: createMemoryStore(),
      network: browserNetwork({ relays }),
      serves: true,
      // What others are served comes out of it too.
      worker: true,
    })
    client.on('head', ({ header, hash }) => (hashes[Number(header.height)] = toHex(hash)))
    client.on('warning', ({ sentence }) => warnings.push(sentence))
    await client.start()
  },
  async addresses() {
    return (await client!.addresses()).filter((address) => address.includes('/p2p-circuit/webrtc/'))
  },
  state: () => ({
    height: Number(client?.head?.header.height ?? 0n),
    hashes,
    peers: (client?.peers ?? []).map(({ name, address, state }) => ({ name, address, state })),
    sentence: `${client?.trust.sentence}; ${warnings.slice(-2).join('; ')}`,
  }),
}

Object.assign(globalThis, { meshPage: page })
