/**
 * Check `scale`: messages and bytes per node and block and time to final for 64 to 4096 simulated nodes, with and without
 * the cost of cryptography, which is measured here first and then charged in virtual time. The figures that StakeCube's
 * authors published stand beside ours as they are: their hardware is not ours, so nothing is divided.
 */
import { Prng } from '../../src/base/prng.ts'
import type { BlsKey, BlsVerifier } from '../../src/crypto/bls-contract.ts'
import { createModelBls, modelBlsSigner } from '../../src/crypto/bls-model.ts'
import { createNobleBls } from '../../src/crypto/bls-noble.ts'
import { nobleBlsSigner } from '../../src/crypto/bls-signer.ts'
import { ed25519PublicKey, ed25519Sign, ed25519Verify } from '../../src/crypto/ed25519.ts'
import { loadKernels } from '../../src/kernels/load.ts'
import type { CryptoCosts } from '../../src/sim/crypto-costs.ts'
import { SCALE_NETWORK, SCALE_PARAMS, measureScale, type ScaleRow } from '../../src/sim/scale.ts'
import { measured, noted, type CheckOptions, type CheckOutcome } from './registry.ts'

/** What StakeCube's authors published for N processes on a cluster: f = F = 5, at most 10 transactions per proposer. */
const PUBLISHED = [
  { processes: 550, mebibytesPerNodeBlock: 1.26, blockTimeS: 64 },
  { processes: 1000, mebibytesPerNodeBlock: 1.38, blockTimeS: 119 },
  { processes: 5000, mebibytesPerNodeBlock: 1.62, blockTimeS: 540 },
]

const ITEM_COUNT = 16

/** Milliseconds per call, the best of three, so that a busy machine does not inflate it. */
function timed(times: number, run: (index: number) => void): number {
  let best = Infinity
  for (let attempt = 0; attempt < 3; attempt++) {
    const startMs = performance.now()
    for (let index = 0; index < times; index++) run(index)
    best = Math.min(best, (performance.now() - startMs) / times)
  }
  return best
}

/** What the BLS code that validators run costs on this machine. Fresh messages and signatures: caches would flatter it. */
function measureCosts(create: () => BlsVerifier, prng: Prng): CryptoCosts {
  const secrets = Array.from({ length: ITEM_COUNT }, () => nobleBlsSigner.secretKeyFrom(prng.bytes(32)))
  const keys = secrets.map((secret): BlsKey => create().decodeKey(nobleBlsSigner.publicKey(secret))!)
  const decoded = (bls: BlsVerifier) => keys.map(({ bytes }) => bls.decodeKey(bytes)!)
  const message = prng.bytes(32)
  const items = secrets.map((secret) => nobleBlsSigner.sign(secret, message))
  const singles = secrets.map((secret) => {
    const own = prng.bytes(32)
    return { message: own, signature: nobleBlsSigner.sign(secret, own) }
  })
  const verifiers = Array.from({ length: 3 * ITEM_COUNT + 12 }, create)
  let turn = 0
  const fresh = () => verifiers[turn++ % verifiers.length]!
  const prepared = verifiers.map(decoded)
  const keysOf = (bls: BlsVerifier) => prepared[verifiers.indexOf(bls)]!
  const verifyMs = timed(ITEM_COUNT, (index) => {
    const bls = fresh()
    bls.verify(keysOf(bls)[index]!, singles[index]!.message, singles[index]!.signature)
  })
  const batchMs = timed(2, () => {
    const bls = fresh()
    bls.verifyBatch(
      items.map((signature, index) => ({ key: keysOf(bls)[index]!, message, signature })),
      prng.bytes(32),
    )
  })
  const sumMs = timed(2, () => fresh().sumSignatures(items.map((signature) => ({ signature, times: 1 }))))
  const keyMs = timed(20, () => {
    const bls = verifiers[0]!
    bls.sumKeys(keysOf(bls).map((key) => ({ key, times: 3 })))
  })
  const account = prng.bytes(32)
  const signature = ed25519Sign(account, message)
  const pk = ed25519PublicKey(account)
  return {
    verifyMs,
    batchItemMs: Math.max(0, (batchMs - verifyMs) / (ITEM_COUNT - 1)),
    sumItemMs: sumMs / ITEM_COUNT,
    keyItemMs: keyMs / ITEM_COUNT,
    ed25519Ms: timed(20, () => ed25519Verify(pk, message, signature)),
  }
}

export async function run({ seed, full }: CheckOptions): Promise<CheckOutcome> {
  const kernels = await loadKernels()
  const costs = measureCosts(() => createNobleBls((bytes) => kernels.sha256(bytes)), new Prng(`${seed}/costs`))
  const tools = { engine: { kernels, bls: createModelBls() }, signer: modelBlsSigner }
  const sizes = full ? [64, 256, 1024, 4096] : [64]
  const rows: ScaleRow[] = []
  for (const nodes of sizes)
    for (const charged of [undefined, costs]) {
      const options = { seed, nodes, blocks: full ? 4 : 2, ...(charged === undefined ? {} : { costs: charged }) }
      rows.push(measureScale(options, tools))
      process.stderr.write(`${JSON.stringify(rows.at(-1))}\n`)
    }
  return {
    results: [
      measured(
        'sizes',
        rows.length,
        'rows, each size with and without the cost of cryptography',
        '==',
        2 * sizes.length,
      ),
      ...rows.map((row) => noted(`${row.nodes} nodes${row.withCrypto ? ', cryptography charged' : ''}`, row, '')),
      noted('cryptography', costs, 'ms per operation, noble on this machine'),
      noted(
        'network',
        { ...SCALE_NETWORK, blockTimeMs: SCALE_PARAMS.blockTimeMs, f: SCALE_PARAMS.f, F: SCALE_PARAMS.F },
        'broadcast through a tree without duplicates; 5-second blocks; about 10 payments in each',
      ),
      noted('published', PUBLISHED, "by StakeCube's authors, on a cluster of other hardware: quoted, not compared"),
    ],
    notRun: [],
  }
}
