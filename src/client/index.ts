/**
 * The light client that applications embed: it follows a StakeCube chain over any transport, believes nothing that it has
 * not verified, and answers questions with proofs.
 *
 * ```ts
 * import { buildPayment, createLightClient } from 'stakecube'
 * import { browserNetwork } from 'stakecube/browser'   // nodeNetwork from 'stakecube/node'
 * import { openIdbStore } from 'stakecube/store/idb'   // openFileStore from 'stakecube/store/file'
 * const client = await createLightClient({
 *   spec,                                   // ChainSpec, from parseChainSpec(text)
 *   checkpoint: { height: 1234n, hash },    // a block you were given by someone you trust; absent: genesis
 *   peers: ['/ip4/203.0.113.5/udp/4001/webrtc-direct/certhash/…/p2p/…'],
 *   store: await openIdbStore('my-app'),
 *   network: browserNetwork(),              // nodeNetwork() in Node
 *   worker: true,                           // in a page: verify in a worker
 * })
 * client.on('head', ({ header, signedSeats, seats }) => console.log(header.height, `${signedSeats}/${seats}`))
 * await client.start()
 * const { utxos } = await client.unspent(owner)
 * const chain = { chainId: client.chainId, params: spec.params }
 * const proof = await client.submit(buildPayment(kernels, chain, { account, utxos, to, amount, expiry }).tx)
 * await client.close()
 * ```
 *
 * docs/examples/node-client.mjs is all of it as a program that runs.
 *
 * Heights, amounts (micro-units) and block times (milliseconds since 1970) are bigint. Everything that fails throws
 * ClientError {code, message, operands}; a call with an aborted signal rejects with the code `aborted`.
 */
import type { BlsVerifier } from '../crypto/bls-contract.ts'
import { loadBls } from '../crypto/bls-kernel/load.ts'
import type { ChainSpec } from '../chain/spec.ts'
import { chainIdOf } from '../chain/spec.ts'
import type { Kernels } from '../kernels/contract.ts'
import { loadKernels } from '../kernels/load.ts'
import type { Network } from '../ports/network.ts'
import type { Store } from '../ports/index.ts'
import type { Checkpoint } from '../verify/trust.ts'
import { toHex } from '../base/bytes.ts'
import { checkCheckpoint, checkPeers, checkSpec, checkWorker } from './arguments.ts'
import { ClientError } from './errors.ts'
import { LightClient } from './light-client.ts'
import type { LivenessLimits } from './liveness.ts'
import { LocalHost, type MachineConfig } from './machine-host.ts'
import { startWorker, type WorkerChoice } from './start-worker.ts'
import { WorkerHost } from './worker-host.ts'

/** Makes the network once the chain is known: the chainId is part of every protocol's name. */
export type NetworkFactory = (chainId: Uint8Array) => Promise<Network>

export interface LightClientOptions {
  readonly spec: ChainSpec
  /** Where trust begins; genesis unless given. */
  readonly checkpoint?: Checkpoint
  /** Multiaddrs that end in /p2p/<PeerId>. */
  readonly peers: readonly string[]
  /** None need be given: they are told later ({@link LightClient.addPeers}). */
  readonly peersLater?: boolean
  /** Closed with the client. */
  readonly store: Store
  /** Closed with the client. */
  readonly network: Network | NetworkFactory
  /** The fastest that the engine runs, unless given. */
  readonly kernels?: Kernels
  /** The kernel's where WebAssembly runs, else noble's, unless given. */
  readonly bls?: BlsVerifier
  /** Go on with committees smaller than the chain's f and F say: for trying things out. */
  readonly weakCommitteesAllowed?: boolean
  /** Give other light clients what this one has verified; needs a network that listens. Safe: all of it verifies itself. */
  readonly serves?: boolean
  /** How soon a silent peer, or a device that slept, is noticed. */
  readonly liveness?: Partial<LivenessLimits>
  /**
   * Verify in a worker, so that no proof ever holds up the page: `true`, the address of the worker file, or a Worker that runs
   * it. The worker loads kernels of its own. If it cannot be started this thread verifies, and `worker-unavailable` is warned of.
   */
  readonly worker?: WorkerChoice
  /** The device clock in milliseconds since 1970; Date.now unless given. */
  readonly nowMs?: () => number
}

/** A client that has not started yet. */
export async function createLightClient(options: LightClientOptions): Promise<LightClient> {
  checkSpec(options.spec)
  checkPeers(options.peers)
  if (options.checkpoint !== undefined) checkCheckpoint(options.checkpoint)
  if (options.peers.length === 0 && options.peersLater !== true) throw new ClientError('no-peers')
  if (options.worker !== undefined) checkWorker(options.worker)
  const { spec, peers, store, checkpoint, liveness, serves, worker = false } = options
  const config = machineConfig(options)
  const opening = openWorker(worker, config)
  const { engine, network } = await loadParts(options).catch(async (error: unknown) => {
    const { host } = await opening
    host?.close()
    throw error
  })
  const remote = await opening
  return new LightClient({
    engine,
    host: remote.host ?? new LocalHost(engine, config),
    spec,
    peers,
    store,
    network,
    // A clock may tell parts of a millisecond, as performance.now() does.
    nowMs: () => Math.floor((options.nowMs ?? Date.now)()),
    ...(remote.fault === undefined ? {} : { workerFault: remote.fault }),
    ...(checkpoint === undefined ? {} : { checkpoint }),
    ...(liveness === undefined ? {} : { liveness }),
    ...(serves === undefined ? {} : { serves }),
  })
}

/** The seed is unknown to peers, and another one for each client. */
function machineConfig({ spec, checkpoint, weakCommitteesAllowed = false, serves = false }: LightClientOptions) {
  const seed = toHex(globalThis.crypto.getRandomValues(new Uint8Array(16)))
  const config: MachineConfig = { spec, seed, weakCommitteesAllowed, serves }
  return checkpoint === undefined ? config : { ...config, checkpoint }
}

/** What this thread needs in any case; the network is still being made. */
async function loadParts({ spec, network: given, ...options }: LightClientOptions) {
  const kernels = options.kernels ?? (await loadKernels())
  const network = typeof given === 'function' ? given(chainIdOf(kernels, spec)) : Promise.resolve(given)
  // Whoever starts the client hears of it.
  network.catch(() => undefined)
  const bls = options.bls ?? (await loadBls({ sha256: (bytes) => kernels.sha256(bytes) }))
  return { engine: { kernels, bls }, network }
}

/** No host where none was wanted, nor where none came up: `fault` says why. */
async function openWorker(choice: WorkerChoice, config: MachineConfig) {
  if (choice === false) return {}
  try {
    return { host: await WorkerHost.open(startWorker(choice), config) }
  } catch (error) {
    return { fault: error instanceof Error ? error.message : String(error) }
  }
}

export type { ChainSpec } from '../chain/spec.ts'
export { parseChainSpec } from '../chain/spec.ts'
export type { Checkpoint } from '../verify/trust.ts'
export type { LightPhase, PeerState, Progress, SubmissionStatus } from '../light/contract.ts'
export { durationText, type CertificateWeight, type Freshness, type Trust } from '../light/trust-meter.ts'
export { parseCheckpoint, shareText, CHECKPOINT_TEXT_SENTENCES } from '../light/checkpoint-text.ts'
export { isProofText, parseProofText, proofText, type ProofText } from '../light/proof-text.ts'
export type { Connectivity, LivenessLimits } from './liveness.ts'
export { inOneTab, type Locks, type OneTabOptions } from './one-tab.ts'
export type { OwnerState } from './watch.ts'
export type { CallOptions, PrivateOptions, ProvenPage, ProvenSet, TopicBlocks, TopicTransaction } from './reads.ts'
export { ClientError, sentenceOf, type ClientCode } from './errors.ts'
export type { ClientEvents, Head, HeadInTurn, PeerInfo, Warning } from './events.ts'
export { checkpointText, type LightClient, type ProvenHeader, type ProvenTransaction } from './light-client.ts'
export type { WorkerChoice } from './start-worker.ts'
export type { MachineWorker } from './worker-host.ts'
export type { ExportedProof, FreeProofRequest } from './proof-export.ts'
export { verifyProofFile, type ProvenFile } from '../light/proof-file.ts'
export { exportState, importState, type ImportedState } from '../light/state-file.ts'
export {
  accountOf,
  balanceOf,
  buildPayment,
  newAccount,
  parseOwner,
  type Account,
  type Balance,
  type Payment,
  type PaymentRequest,
} from './wallet.ts'
