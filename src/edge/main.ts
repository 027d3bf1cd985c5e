/**
 * The edge program: what a board needs of `stakecube`, as one file (tools/build-edge.ts). Nothing but this table and the flags
 * is evaluated before a command is chosen; in the bundle each `import()` is a part that runs when it is first asked for.
 */
import './polyfills.ts'
import { runAsProgram, type Commands } from '../cli/program.ts'

const COMMANDS: Commands = {
  light: {
    summary: 'follow a network without a screen: verify every head, resume after a power cut',
    load: async () => (await import('../cli/light.ts')).lightCommand,
  },
  wallet: {
    summary: 'make a key, read a proven balance, send a payment; sign on a machine without network',
    load: async () => (await import('../cli/wallet.ts')).walletCommand,
  },
  device: {
    summary: 'register a device key, revoke it, look one up with its proof',
    load: async () => (await import('../cli/device.ts')).deviceCommand,
  },
  publish: {
    summary: 'publish lines of a sensor under a topic, each once, with proofs',
    load: async () => (await import('../cli/publish.ts')).publishCommand,
  },
  verify: {
    summary: 'verify a proof file (.scproof) offline',
    load: async () => (await import('../cli/verify.ts')).verifyCommand,
  },
  bench: {
    summary: 'measure this machine',
    load: async () => (await import('../cli/bench.ts')).benchCommand,
  },
}

/**
 * Where the wrapper allows it: left alone, V8 takes its time with the whole heap, and lets it grow by a quarter of a megabyte
 * a minute meanwhile. A collection is half a second of a board's time.
 */
const COLLECT_EVERY_MS = 300_000
const { gc } = globalThis as { readonly gc?: () => void }
if (gc !== undefined) setInterval(() => gc(), COLLECT_EVERY_MS).unref()

void runAsProgram(COMMANDS)
