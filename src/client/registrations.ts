/**
 * Who is registered as what (§8), proven by a light client at its verified head ([PROOF-3]) and looked at again when heads
 * move: what is said here was so at most PROVEN_FOR_HEIGHTS blocks ago.
 */
import { equalBytes, toHex } from '../base/bytes.ts'
import { deviceData } from '../chain/output-data.ts'
import { KIND, type Owner, type Utxo } from '../chain/output.ts'
import { ownerOf } from '../crypto/keys.ts'
import type { LightClient } from './light-client.ts'
import type { CallOptions } from './reads.ts'

/** A registration that was live so many blocks ago counts; one that was not is looked at again under every new head. */
export const PROVEN_FOR_HEIGHTS = 8n
/** Standings remembered, and questions under way; the coordination node answers `busy` beyond these. */
const STANDING_COUNT_MAX = 1024
const ASKED_COUNT_MAX = 8
/** So that an answer still comes within the time-out of `lease`. */
const PROOF_TIMEOUT_MS = 7_000

/** `revoked`: proven to be gone, and it was live when it was looked at before. */
export type Standing =
  | { readonly kind: 'live'; readonly height: bigint; readonly role: number; readonly owner: Owner }
  | { readonly kind: 'unregistered' | 'revoked'; readonly height: bigint }

export type ProvingClient = Pick<LightClient, 'engine' | 'present' | 'unspentUnder'>

/** [PROOF-3]: the device key's live registration, or proven that there is none. */
export async function registrationOf(
  client: ProvingClient,
  deviceKey: Uint8Array,
  options: CallOptions = {},
): Promise<{ readonly live: Utxo | undefined; readonly height: bigint }> {
  const owner = ownerOf(client.engine.kernels, deviceKey)
  const { utxos, header } = await client.unspentUnder({ bits: 128, bytes: owner }, options)
  const isLive = ({ output }: Utxo): boolean =>
    output.kind === KIND.device && equalBytes(deviceData(output.data).deviceKey, deviceKey)
  return { live: utxos.find(isLive), height: header.height }
}

export class Registrations {
  readonly #client: ProvingClient
  /** By hex of the key; the one that was looked at last is the last. */
  readonly #known = new Map<string, Standing>()
  readonly #asked = new Map<string, Promise<Standing>>()

  constructor(client: ProvingClient) {
    this.#client = client
  }

  /** What was proven last; undefined if nothing was. */
  known(deviceKey: Uint8Array): Standing | undefined {
    return this.#known.get(toHex(deviceKey))
  }

  isFresh(standing: Standing | undefined): standing is Standing {
    const head = this.#client.present.header?.height
    if (standing === undefined || head === undefined) return false
    return standing.kind === 'live' ? head < standing.height + PROVEN_FOR_HEIGHTS : head <= standing.height
  }

  /** It was never proven, or so long ago that it should be again. */
  isDue(deviceKey: Uint8Array): boolean {
    const [standing, head] = [this.known(deviceKey), this.#client.present.header?.height]
    return head !== undefined && (standing === undefined || head >= standing.height + PROVEN_FOR_HEIGHTS)
  }

  /** The standing of a key, proven now unless it is fresh. Rejects when no peer proves it in time, or too much is asked at once. */
  of(deviceKey: Uint8Array): Promise<Standing> {
    const known = this.known(deviceKey)
    if (this.isFresh(known)) return Promise.resolve(known)
    const name = toHex(deviceKey)
    const underWay = this.#asked.get(name)
    if (underWay !== undefined) return underWay
    if (this.#asked.size >= ASKED_COUNT_MAX) return Promise.reject(new Error('too many registrations are looked up'))
    const asked = this.#prove(deviceKey).finally(() => this.#asked.delete(name))
    this.#asked.set(name, asked)
    return asked
  }

  async #prove(deviceKey: Uint8Array): Promise<Standing> {
    const signal = AbortSignal.timeout(PROOF_TIMEOUT_MS)
    const { live, height } = await registrationOf(this.#client, deviceKey, { signal })
    return this.#remember(toHex(deviceKey), standingOf(live, height, this.known(deviceKey)))
  }

  /** Of those without a registration first: these cost nothing to make. */
  #leastWanted(): string | undefined {
    for (const [name, { kind }] of this.#known) if (kind !== 'live') return name
    return this.#known.keys().next().value
  }

  #remember(name: string, standing: Standing): Standing {
    this.#known.delete(name)
    this.#known.set(name, standing)
    if (this.#known.size > STANDING_COUNT_MAX) this.#known.delete(this.#leastWanted()!)
    return standing
  }
}

function standingOf(live: Utxo | undefined, height: bigint, before: Standing | undefined): Standing {
  if (live !== undefined)
    return { kind: 'live', height, role: deviceData(live.output.data).role, owner: live.output.owner }
  return { kind: before === undefined || before.kind === 'unregistered' ? 'unregistered' : 'revoked', height }
}
