/** Seeded well-formed objects of the wire: every field random, every codec's honest input. */
import type { Prng } from '../../src/base/prng.ts'
import type { FinalityCert } from '../../src/chain/certificate.ts'
import type { Committee } from '../../src/chain/committee.ts'
import type { Header } from '../../src/chain/header.ts'
import { DEVNET_PARAMS } from '../../src/chain/params.ts'
import type { Tx } from '../../src/chain/transaction.ts'
import type { CertifiedHeader } from '../../src/wire/certified-header.ts'
import type { Update } from '../../src/verify/light.ts'

export function randomHeader(prng: Prng): Header {
  return {
    chainId: prng.bytes(32),
    height: prng.uint64() | 1n,
    round: prng.uint32(),
    timeMs: prng.uint64(),
    parent: prng.bytes(32),
    parentCertHash: prng.bytes(32),
    seed: prng.bytes(32),
    txRoot: prng.bytes(32),
    txCount: prng.uint32(),
    stateRoot: prng.bytes(32),
    committeeRoot: prng.bytes(32),
    nextCommitteeRoot: prng.bytes(32),
    historyRoot: prng.bytes(32),
  }
}

export function randomCert(prng: Prng): FinalityCert {
  return {
    height: prng.uint64(),
    round: prng.uint32(),
    blockHash: prng.bytes(32),
    bitmap: prng.bytes(7),
    signature: prng.bytes(96),
  }
}

export const randomCertified = (prng: Prng): CertifiedHeader => ({ header: randomHeader(prng), cert: randomCert(prng) })

/** With the devnet's f and F or smaller, as the decoder's seat limit asks. */
export function randomCommittee(prng: Prng): Committee {
  const f = prng.below(DEVNET_PARAMS.f + 1)
  const F = prng.below(DEVNET_PARAMS.F + 1)
  const label = () => ({ bits: 3, bytes: Uint8Array.of(prng.below(8) << 5) })
  const member = () => ({
    blsPk: prng.bytes(48),
    credential: prng.bytes(32),
    amount: prng.uint64(),
    drawEpoch: prng.uint32(),
    seat: prng.uint32(),
  })
  return {
    head: {
      epoch: prng.uint32(),
      f,
      F,
      aggregateKey: prng.bytes(48),
      draws: Array.from({ length: 1 + prng.below(4) }, () => ({
        epoch: prng.uint32(),
        seed: prng.bytes(32),
        stake: prng.uint64(),
      })),
      cube: Array.from({ length: 1 + prng.below(9) }, () => ({ label: label(), seats: prng.below(0x10000) })),
    },
    shards: Array.from({ length: 3 * F + 1 }, () => ({
      label: label(),
      members: Array.from({ length: 3 * f + 1 }, member),
    })),
  }
}

export function randomUpdate(prng: Prng): Update {
  const update = { header: randomHeader(prng), cert: randomCert(prng), historyPath: prng.bytes(32 * prng.below(8)) }
  const { head, shards } = randomCommittee(prng)
  const compact = { head, absent: shards[0]!.members, proof: prng.bytes(32 * prng.below(6)) }
  return prng.pick<Update>([update, { ...update, committee: { head, shards } }, { ...update, compact }])
}

export function randomTx(prng: Prng): Tx {
  const inputCount = 1 + prng.below(3)
  return {
    body: {
      chainId: prng.bytes(32),
      topic: prng.bytes(8),
      expiry: prng.uint64(),
      inputs: Array.from({ length: inputCount }, () => ({ txid: prng.bytes(32), index: prng.uint32() })),
      outputs: Array.from({ length: prng.below(3) }, () => ({
        kind: 0 as const,
        amount: prng.uint64(),
        owner: prng.bytes(16),
        data: new Uint8Array(0),
      })),
      payload: prng.bytes(prng.below(40)),
    },
    witnesses: Array.from({ length: inputCount }, () => ({ pk: prng.bytes(32), signature: prng.bytes(64) })),
  }
}
