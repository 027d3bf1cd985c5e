/**
 * Servers that lie, each in its own way, as real peers: libp2p hosts on loopback that speak the light protocols of the chain
 * that is followed. What they say is made from ready-made chains with real signatures.
 */
import type { Prng } from '../../src/base/prng.ts'
import type { Result } from '../../src/base/verdict.ts'
import { blockHash } from '../../src/chain/header.ts'
import type { Kernels } from '../../src/kernels/contract.ts'
import { FinalBell, followResponder } from '../../src/net/follow-responder.ts'
import { createHost, type Host } from '../../src/net/host.ts'
import { serve, type Responders } from '../../src/net/serve.ts'
import { PROTOCOLS, type ProtocolName } from '../../src/ports/network.ts'
import type { ChainFixture } from '../../src/sim/fixture.ts'
import { answer } from '../../src/wire/answer.ts'
import type { CertifiedHeader } from '../../src/wire/certified-header.ts'
import { FixtureView } from '../../test/light/fixture-view.ts'

type RequestName = Exclude<ProtocolName, 'follow'>
const REQUESTS = PROTOCOLS.filter((name): name is RequestName => name !== 'follow')

/** How a server differs from an honest one: what it does with each frame it would send, and with a stream. */
export interface Behaviour {
  readonly frame?: (frame: Uint8Array, protocol: ProtocolName) => Uint8Array | Promise<Uint8Array>
  readonly stream?: (signal: AbortSignal) => AsyncIterable<Uint8Array>
}

/** A peer: its view can move, and whoever follows it hears of that. */
export class HostilePeer {
  readonly view: FixtureView
  readonly #bell = new FinalBell()
  readonly #host: Host

  private constructor(view: FixtureView, host: Host) {
    this.view = view
    this.#host = host
  }

  static async start(view: FixtureView, { frame, stream }: Behaviour = {}): Promise<HostilePeer> {
    const host = await createHost({ listen: ['/ip4/127.0.0.1/tcp/0'], webrtc: false })
    const peer = new HostilePeer(view, host)
    const change = frame ?? ((bytes: Uint8Array) => bytes)
    const answered =
      (name: RequestName) =>
      async (request: Uint8Array): Promise<Result<Uint8Array>> => {
        const response = answer(view, name, request)
        return response.kind === 'rejected' ? response : { kind: 'accepted', value: await change(response.value, name) }
      }
    const honest = followResponder(view, peer.#bell)
    const responders: Responders = {
      requests: Object.fromEntries(REQUESTS.map((name) => [name, answered(name)])),
      streams: {
        follow: (request, context) => {
          if (stream !== undefined) return { kind: 'accepted', value: stream(context.signal) }
          const frames = honest(request, context)
          return frames.kind === 'rejected' ? frames : { kind: 'accepted', value: changed(frames.value, change) }
        },
      },
    }
    await serve(host, view.chain.chainId, responders)
    return peer
  }

  get address(): string {
    return this.#host.getMultiaddrs()[0]!.toString()
  }

  get name(): string {
    return this.#host.peerId.toString()
  }

  moveTo(height: number): void {
    this.view.headHeight = height
    this.#bell.ring()
  }

  close(): Promise<void> {
    return this.#host.stop() as Promise<void>
  }
}

async function* changed(
  frames: AsyncIterable<Uint8Array>,
  change: NonNullable<Behaviour['frame']>,
): AsyncIterable<Uint8Array> {
  for await (const frame of frames) yield await change(frame, 'follow')
}

/** Every header says something else than was signed, and its certificate names the hash of that. */
export class ForgingView extends FixtureView {
  readonly #kernels: Kernels
  constructor(chain: ChainFixture, kernels: Kernels) {
    super(chain)
    this.#kernels = kernels
  }
  override final(height: bigint): CertifiedHeader | undefined {
    const genuine = super.final(height)
    if (genuine?.cert === undefined) return genuine
    const header = { ...genuine.header, stateRoot: genuine.header.stateRoot.map((byte) => byte ^ 1) }
    return { header, cert: { ...genuine.cert, blockHash: blockHash(this.#kernels, header) } }
  }
}

/** Another chain, under the name of the one that is followed. */
export class ForeignView extends FixtureView {
  readonly #foreign: FixtureView
  constructor(chain: ChainFixture, foreign: ChainFixture) {
    super(chain)
    this.#foreign = new FixtureView(foreign)
  }
  override final(height: bigint): CertifiedHeader | undefined {
    return this.#foreign.final(height)
  }
  override committee(epoch: number) {
    return this.#foreign.committee(epoch)
  }
  override compactCommittee(epoch: number, bitmap: Uint8Array) {
    return this.#foreign.compactCommittee(epoch, bitmap)
  }
  override historyPath(index: bigint, size: bigint) {
    return this.#foreign.historyPath(index, size)
  }
}

/** Claims the tip and has nothing above `served`. */
export class BoastingView extends FixtureView {
  readonly #served: bigint
  constructor(chain: ChainFixture, served: number) {
    super(chain)
    this.#served = BigInt(served)
  }
  reach(): undefined {
    return undefined
  }
  override oldestHeight(): bigint {
    return this.#served
  }
}

export const flipped =
  (prng: Prng) =>
  (frame: Uint8Array): Uint8Array => {
    const changedFrame = Uint8Array.from(frame)
    if (frame.length > 0) changedFrame[prng.below(frame.length)]! ^= 1 << prng.below(8)
    return changedFrame
  }

export const truncated =
  (prng: Prng) =>
  (frame: Uint8Array): Uint8Array =>
    frame.subarray(0, prng.below(Math.max(1, frame.length)))

/** Remembers what it sent and sends it again in place of an answer. */
export function replaying(prng: Prng): (frame: Uint8Array) => Uint8Array {
  const heard: Uint8Array[] = []
  return (frame) => {
    heard.push(frame)
    return prng.chance(0.4) ? frame : prng.pick(heard)
  }
}

/** Answers after so long. */
export const delayed =
  (ms: number) =>
  (frame: Uint8Array): Promise<Uint8Array> =>
    new Promise((resolve) => setTimeout(() => resolve(frame), ms).unref())

/** A stream that never ends and never waits, of one frame after another. */
export const flooding = (frame: () => Uint8Array) =>
  async function* (signal: AbortSignal): AsyncIterable<Uint8Array> {
    while (!signal.aborted) {
      yield frame()
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
