/** `stakecube bench`: how fast this machine does what a light client asks of it. One line a case, CPU time of this process. */
import { fromHex } from '../base/bytes.ts'
import type { BlsVerifier } from '../crypto/bls-contract.ts'
import { loadBls } from '../crypto/bls-kernel/load.ts'
import { ed25519PublicKey, ed25519Sign, ed25519Verify } from '../crypto/ed25519.ts'
import type { Kernels } from '../kernels/contract.ts'
import { loadKernels } from '../kernels/load.ts'
import { parseCommandLine, type CommandDefinition } from './command-line.ts'
import { CliError, EXIT } from './exit-codes.ts'

const DEFINITION: CommandDefinition = {
  name: 'bench',
  summary: 'Measures hashing, proofs, sortition and signatures on this machine, in milliseconds of CPU time.',
  flags: {
    seconds: { kind: 'number', value: 'S', low: 0.01, high: 60, fraction: true, help: 'for each case (1)' },
  },
}

/** One real signature, made once with the secret key 1 … 32 over 32 bytes of 7: the edge file holds no signer. */
const KEY = '96a20bb9485ff6d8950955a629e8043a43775968ac133eb7b19c5f0389a2253676abdd6c86c7b68d38a1b7f6af8650e7'
const SIGNATURE =
  'b9da027b0e3ac4cf88c1547f493cfdaffa8d7fb81465a35d5269e94bb4d8b87e52496a9baabe95fea174cbda4ec63e970ac3d4b5a93e5a43e26b33555da03e64ba6288ab36c54b8b6514d2fa950d54211b31485cd231727266c308f1fb941e53'

interface Case {
  readonly id: string
  readonly unit: string
  /** Units of work in one call. */
  readonly count: number
  run(): void
}

export async function benchCommand(argv: string[]): Promise<number> {
  const line = parseCommandLine(DEFINITION, argv)
  if (line === undefined) return EXIT.ok
  const kernels = await loadKernels()
  const bls = await loadBls({ sha256: (bytes) => kernels.sha256(bytes) })
  const budgetMs = 1000 * (line.number('seconds') ?? 1)
  for (const one of casesOf(kernels, bls)) {
    const msPerUnit = measure(one, budgetMs)
    const text = line.has('json')
      ? JSON.stringify({ case: one.id, unit: one.unit, cpuMs: msPerUnit, kernels: kernels.name, bls: bls.engine })
      : `${one.id.padEnd(36)} ${msPerUnit.toPrecision(4).padStart(10)} ms for each ${one.unit}`
    process.stdout.write(`${text}\n`)
  }
  return EXIT.ok
}

function casesOf(kernels: Kernels, bls: BlsVerifier): readonly Case[] {
  const message = new Uint8Array(32).fill(7)
  const block = new Uint8Array(64 * 1024).fill(5)
  const leaves = kernels.leafHashes(new Uint8Array(1024 * 40), 40)
  const key = bls.decodeKey(fromHex(KEY)!)
  const signature = fromHex(SIGNATURE)!
  if (key === undefined || !bls.verify(key, message, signature))
    throw new CliError('rejected', 'the signature of the bench does not verify: this machine computes wrongly')
  const secret = new Uint8Array(32).fill(9)
  const pk = ed25519PublicKey(secret)
  const signed = ed25519Sign(secret, message)
  return [
    { id: 'SHA-256', unit: 'MB', count: block.length / 1e6, run: () => void kernels.sha256(block) },
    { id: 'Merkle root of 1024 leaves', unit: 'root', count: 1, run: () => void kernels.merkleRoot(leaves) },
    {
      id: 'Select, 256 of 4096 seats',
      unit: 'draw',
      count: 1,
      run: () => void kernels.select(1n << 40n, 1n << 44n, 4096n, message as never),
    },
    { id: 'BLS verification', unit: 'certificate', count: 1, run: () => void bls.verify(key, message, signature) },
    { id: 'Ed25519 signature', unit: 'signature', count: 1, run: () => void ed25519Sign(secret, message) },
    { id: 'Ed25519 verification', unit: 'signature', count: 1, run: () => void ed25519Verify(pk, message, signed) },
  ]
}

/** CPU milliseconds for one unit: one call to warm up, then calls until the budget is spent. */
function measure({ count, run }: Case, budgetMs: number): number {
  run()
  const cpuMs = () => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1000
  }
  const started = { cpu: cpuMs(), wall: performance.now() }
  let calls = 0
  do {
    run()
    calls++
  } while (performance.now() - started.wall < budgetMs)
  return (cpuMs() - started.cpu) / (calls * count)
}
