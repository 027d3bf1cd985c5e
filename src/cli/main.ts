#!/usr/bin/env node
/** The `stakecube` command: every command by name; its code is loaded when it is called. */
import { realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { runAsProgram, runCommand, type Commands } from './program.ts'

const COMMANDS: Commands = {
  devnet: {
    summary: 'run a network of validators on this machine, with wallets and the web page',
    load: async () => (await import('./devnet.ts')).devnetCommand,
  },
  validator: {
    summary: 'run one validator or full node from its configuration file',
    load: async () => (await import('./validator.ts')).validatorCommand,
  },
  cube: {
    summary: 'print the hypercube of the newest epoch: shards, cores, spares, stake, neighbours',
    load: async () => (await import('./cube.ts')).cubeCommand,
  },
  light: {
    summary: 'follow a network without a screen: verify every head, resume after a crash',
    load: async () => (await import('./light.ts')).lightCommand,
  },
  wallet: {
    summary: 'make a key, read a proven balance, send a payment',
    load: async () => (await import('./wallet.ts')).walletCommand,
  },
  device: {
    summary: 'register a device key, revoke it, look one up with its proof',
    load: async () => (await import('./device.ts')).deviceCommand,
  },
  publish: {
    summary: 'publish lines of a sensor under a topic, each once, with proofs',
    load: async () => (await import('./publish.ts')).publishCommand,
  },
  verify: {
    summary: 'verify a proof file (.scproof) offline',
    load: async () => (await import('./verify.ts')).verifyCommand,
  },
  chain: {
    summary: 'make and show chain specs',
    load: async () => (await import('./chain.ts')).chainCommand,
  },
  sim: {
    summary: 'run the deterministic simulator from a seed',
    load: async () => (await import('./sim.ts')).simCommand,
  },
  vectors: {
    summary: 'run a file of test vectors through the public code paths',
    load: async () => (await import('./vectors/index.ts')).vectorsCommand,
  },
}

export const main = (argv: readonly string[]): Promise<number> => runCommand(COMMANDS, argv)
export { explain } from './program.ts'

/** Through a link in node_modules/.bin too. */
function isProgram(): boolean {
  const started = process.argv[1]
  return started !== undefined && realpathSync(started) === fileURLToPath(import.meta.url)
}

if (isProgram()) await runAsProgram(COMMANDS)
