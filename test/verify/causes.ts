/**
 * For every code of verify/codes.ts something that causes it: the list that test/verify/codes.test.ts and the check
 * `mutations` run. A cause answers with the whole verdict, so that its sentence can be read too.
 */
import { concatBytes, hex, u32 } from '../../src/base/bytes.ts'
import type { Rejected, Undecided } from '../../src/base/verdict.ts'
import { decodeCert } from '../../src/chain/certificate.ts'
import type { Committee, Member } from '../../src/chain/committee.ts'
import { decodeHeader, encodeHeader } from '../../src/chain/header.ts'
import { encodeDeviceData } from '../../src/chain/output-data.ts'
import { KIND, type Output } from '../../src/chain/output.ts'
import { decodeTx } from '../../src/chain/transaction.ts'
import { formatChainSpec, parseChainSpec, type ChainSpec } from '../../src/chain/spec.ts'
import { nobleBlsSigner as signer } from '../../src/crypto/bls-signer.ts'
import { auditCommittee } from '../../src/cube/audit.ts'
import { committeeRoot } from '../../src/cube/committee.ts'
import { verifyHistoryProof } from '../../src/proofs/history.ts'
import { buildMultiproof, rootFromMultiproof, verifyMultiproof } from '../../src/proofs/merkle.ts'
import { buildStateProof, verifyStateProof, type StateProof } from '../../src/proofs/state-proof.ts'
import { StateTree } from '../../src/proofs/state-tree.ts'
import { buildTopicRange, txLeaf, verifyTopicRange, wholeTopic } from '../../src/proofs/topics.ts'
import { buildTransactionProof, txRootOf, verifyTransactionProof } from '../../src/proofs/transaction.ts'
import { committeeKeys, verifyCert } from '../../src/verify/certificate.ts'
import { buildCompact, compactKey, type CompactCommittee } from '../../src/verify/compact.ts'
import { checkAgainstHistory, verifyHeightConflict, verifyHistoryConflict } from '../../src/verify/conflict.ts'
import { verifyGenesis } from '../../src/verify/genesis.ts'
import { verifyUpdate, type Update } from '../../src/verify/light.ts'
import { trustCheckpoint, type Trusted } from '../../src/verify/trust.ts'
import { flipBit, type ModelChain } from './model-chain.ts'

type Answer = Rejected<string> | Undecided<string> | { readonly kind: 'accepted' }
export type Cause = () => Answer

const IDENTITY_KEY = concatBytes(hex('c0'), new Uint8Array(47))
const IDENTITY_SIGNATURE = concatBytes(hex('c0'), new Uint8Array(95))
/** On the curve of G1 and outside the subgroup: x = 4. */
export const OUTSIDE_SUBGROUP_KEY = concatBytes(hex('80'), new Uint8Array(46), hex('04'))

/** Causes by code. Each must answer with exactly that code. `model` has at least 14 blocks of epochs of 4. */
export function causesOf(model: ModelChain): Readonly<Record<string, readonly Cause[]>> {
  return {
    ...decodeCauses(model),
    ...specCauses(model),
    ...genesisCauses(model),
    ...auditCauses(model),
    ...certCauses(model),
    ...lightCauses(model),
    ...compactCauses(model),
    ...conflictCauses(model),
    ...proofCauses(model),
  }
}

function decodeCauses(model: ModelChain): Record<string, Cause[]> {
  const header = encodeHeader(model.headers[1]!)
  return {
    'decode-short': [() => decodeHeader(header.slice(0, 313)), () => decodeCert(new Uint8Array(0))],
    'decode-trailing': [() => decodeHeader(concatBytes(header, hex('00')))],
    'decode-value': [() => decodeHeader(flipBit(header, 15))],
    'decode-count': [() => decodeManyInputs()],
  }
}

const decodeManyInputs = () => decodeTx(concatBytes(hex('01'), new Uint8Array(48), hex('ffff')))

function specCauses({ spec }: ModelChain): Record<string, Cause[]> {
  const json = () =>
    JSON.parse(formatChainSpec(spec)) as { params: Record<string, unknown>; outputs: Record<string, unknown>[] }
  const parse = (value: unknown) => parseChainSpec(JSON.stringify(value))
  const param = (name: string, value: unknown) => () =>
    parse({ ...json(), params: { ...json().params, [name]: value } })
  const outputs = (list: unknown[]) => parse({ ...json(), outputs: list })
  const device = { kind: 4, amount: '0', owner: '00'.repeat(16), data: '00'.repeat(97) }
  const rich = { kind: 0, amount: String((1n << 63n) - 1n), owner: '00'.repeat(16), data: '' }
  return {
    'spec-json': [() => parseChainSpec('{')],
    'spec-missing': [() => parse({})],
    'spec-unknown': [param('g', 1)],
    'spec-type': [param('f', '1')],
    'spec-range': [param('seatsTarget', 65_536)],
    'spec-relation': [param('seatsTarget', 31)],
    'spec-output': [() => outputs([{ ...json().outputs[0], amount: '1' }])],
    'spec-device-twice': [() => outputs([...json().outputs, device, device])],
    'spec-no-stake': [() => outputs([])],
    'spec-total': [() => outputs([...json().outputs, rich])],
  }
}

function genesisCauses({ engine, spec }: ModelChain): Record<string, Cause[]> {
  const [first, ...rest] = spec.outputs as [Output, ...Output[]]
  const withFirst = (output: Output) => () => verifyGenesis(engine, { ...spec, outputs: [output, ...rest] })
  const withKey = (key: Uint8Array) => withFirst({ ...first, data: concatBytes(key, first.data.slice(48)) })
  const data = encodeDeviceData({
    deviceKey: new Uint8Array(32).fill(2),
    role: 0,
    deviceSig: new Uint8Array(64),
    metadata: new Uint8Array(0),
  })
  const device: Output = { kind: KIND.device, amount: 0n, owner: first.owner, data }
  // One seat is expected among all of the stake, so for some genesis time no seat is drawn at all.
  const lottery = (time: number): ChainSpec => ({
    ...spec,
    params: { ...spec.params, f: 0, F: 0, seatsTarget: 2 },
    genesisTimeMs: BigInt(time),
    outputs: [first],
  })
  return {
    'genesis-stake-key': [withKey(IDENTITY_KEY), withKey(OUTSIDE_SUBGROUP_KEY), withKey(new Uint8Array(48))],
    'genesis-possession': [withFirst({ ...first, owner: new Uint8Array(16) })],
    'genesis-device': [() => verifyGenesis(engine, { ...spec, outputs: [...spec.outputs, device] })],
    'genesis-no-committee': [
      () => {
        for (let time = 0; time < 200; time++) {
          const answer = verifyGenesis(engine, lottery(time))
          if (answer.kind === 'rejected') return answer
        }
        return { kind: 'accepted' }
      },
    ],
  }
}

/** Committees of epoch 3 with one fault each, judged under their own root but for `audit-root`. */
function auditCauses(model: ModelChain): Record<string, Cause[]> {
  const { engine, chain } = model
  const good = model.committee(3).committee
  const { head, shards } = good
  const audit = (committee: Committee, root = committeeRoot(engine.kernels, committee)) =>
    auditCommittee(engine, chain.params, committee, root)
  const withHead = (change: Partial<typeof head>) => () => audit({ ...good, head: { ...head, ...change } })
  const withMembers = (change: (members: readonly Member[]) => readonly Member[], shard = 0) =>
    audit({
      ...good,
      shards: shards.map((item, index) => (index === shard ? { ...item, members: change(item.members) } : item)),
    })
  const withFirst =
    (change: (member: Member) => Partial<Member>, everywhere = true) =>
    () => {
      const target = shards[0]!.members[0]!
      return audit({
        ...good,
        shards: shards.map((shard, s) => ({
          ...shard,
          members: shard.members.map((member, m) =>
            String(member.credential) === String(target.credential) && (everywhere || (s === 0 && m === 0))
              ? { ...member, ...change(member) }
              : member,
          ),
        })),
      })
    }
  const [cubeFirst, cubeSecond, ...cubeRest] = head.cube
  const cubeWith = (...cube: typeof head.cube) => withHead({ cube })
  return {
    'audit-labels': [cubeWith(cubeSecond!, cubeFirst!, ...cubeRest), cubeWith(cubeFirst!, cubeFirst!, ...cubeRest)],
    'audit-cover': [cubeWith(cubeFirst!, ...cubeRest)],
    'audit-empty-shard': [cubeWith({ ...cubeFirst!, seats: 0 }, cubeSecond!, ...cubeRest)],
    'audit-fault-bounds': [withHead({ f: 0 }), withHead({ F: 0 }), withHead({ f: 2 }), withHead({ F: 65_535 })],
    'audit-shape': [
      () => audit({ ...good, shards: shards.slice(1) }),
      () => withMembers((members) => members.slice(1)),
    ],
    'audit-root': [() => audit(good, new Uint8Array(32))],
    'audit-draws': [
      withHead({ draws: head.draws.slice(1) }),
      withHead({ draws: head.draws.map((draw, index) => (index === 0 ? { ...draw, stake: 0n } : draw)) }),
    ],
    'audit-committee-order': [() => audit({ ...good, shards: [shards[1]!, shards[0]!, ...shards.slice(2)] })],
    'audit-twice': [() => withMembers(([first, , ...rest]) => [first!, first!, ...rest])],
    'audit-credential': [
      withFirst(({ amount }) => ({ amount: amount - 1n }), false),
      withFirst(
        () => ({
          blsPk: shards[0]!.members.find(({ blsPk }) => String(blsPk) !== String(shards[0]!.members[0]!.blsPk))!.blsPk,
        }),
        false,
      ),
      withFirst(({ drawEpoch }) => ({ drawEpoch: drawEpoch + 1 }), false),
    ],
    'audit-draw-epoch': [withFirst(() => ({ drawEpoch: 4 })), withFirst(() => ({ drawEpoch: 0 }))],
    'audit-amount': [
      withFirst(() => ({ amount: 1n << 55n })),
      withFirst(() => ({ amount: 0n })),
      withFirst(() => ({ amount: (1n << 64n) - 1n })),
    ],
    'audit-seat': [withFirst(({ seat }) => ({ seat: seat + 1000 }))],
    'audit-position': [
      () => {
        const [a, b] = [shards[0]!.members[0]!, shards[1]!.members[0]!]
        const moved = shards.map((shard, s) =>
          s > 1 ? shard : { ...shard, members: [s === 0 ? b : a, ...shard.members.slice(1)] },
        )
        return audit({ ...good, shards: moved })
      },
    ],
    'audit-core-order': [() => withMembers(([first, second, ...rest]) => [second!, first!, ...rest])],
    'audit-member-key': [
      withFirst(() => ({ blsPk: IDENTITY_KEY })),
      withFirst(() => ({ blsPk: OUTSIDE_SUBGROUP_KEY })),
      () => committeeKeys(engine, withKeys(good, IDENTITY_KEY)),
    ],
    'audit-aggregate-key': [
      withHead({ aggregateKey: shards[0]!.members[0]!.blsPk }),
      withHead({ aggregateKey: IDENTITY_KEY }),
    ],
  }
}

const withKeys = (committee: Committee, blsPk: Uint8Array): Committee => ({
  ...committee,
  shards: committee.shards.map((shard) => ({
    ...shard,
    members: shard.members.map((member) => ({ ...member, blsPk })),
  })),
})

function certCauses(model: ModelChain): Record<string, Cause[]> {
  const { engine, chain } = model
  const [header, keys] = [model.headers[5]!, model.committee(1)]
  const good = model.cert(header)
  const count = keys.seatKeys.length
  const verify = (change: Partial<typeof good>) => () =>
    verifyCert(engine, chain.params, chain.chainId, keys, header, { ...good, ...change })
  const signed = (make: () => typeof good) => () =>
    verifyCert(engine, chain.params, chain.chainId, keys, header, make())
  // 15 seats do not fill whole bytes: a committee of which the last seat is no seat any more.
  const odd = { ...keys, head: { ...keys.head, f: 0, F: 0 }, seatKeys: keys.seatKeys.slice(0, 1) }
  const stranger = new Uint8Array(32).fill(3)
  return {
    'cert-height': [verify({ height: 6n })],
    'cert-hash': [verify({ blockHash: new Uint8Array(32) })],
    'cert-round': [
      () =>
        verifyCert(
          engine,
          chain.params,
          chain.chainId,
          keys,
          { ...header, round: 9 },
          { ...good, blockHash: hashWithRound(model, 9) },
        ),
    ],
    'cert-bitmap-length': [verify({ bitmap: new Uint8Array(count / 8 + 1) }), verify({ bitmap: new Uint8Array(0) })],
    'cert-padding': [
      () => verifyCert(engine, chain.params, chain.chainId, odd, header, { ...good, bitmap: hex('81') }),
    ],
    'cert-quorum': [
      // One seat short of the flat quorum of 11 among 16.
      signed(() => model.cert(header, (seat) => seat < 10)),
      verify({ bitmap: new Uint8Array(count / 8) }),
    ],
    'cert-signature-encoding': [
      verify({ signature: IDENTITY_SIGNATURE }),
      verify({ signature: flipBit(good.signature, 700) }),
      verify({ signature: OUTSIDE_SUBGROUP_SIGNATURE }),
      verify({ signature: new Uint8Array(95) }),
    ],
    'cert-key-sum': [() => opposedCert(model)],
    'cert-signature': [
      verify({ signature: model.cert(model.headers[6]!).signature }),
      // A key that is no member's signs in the place of one that is.
      signed(() => {
        const without = model.cert(header, (_, validator) => validator !== 0)
        const foreign = signer.sign(stranger, new Uint8Array(32))
        const sum = engine.bls.sumSignatures([without.signature, foreign].map((signature) => ({ signature, times: 1 })))
        return { ...good, signature: sum! }
      }),
      // A seat counted twice in the signature.
      signed(() => ({ ...good, signature: engine.bls.sumSignatures([{ signature: good.signature, times: 2 }])! })),
    ],
  }
}

/** On the curve of G2 and outside the subgroup: x = 2. */
export const OUTSIDE_SUBGROUP_SIGNATURE = concatBytes(hex('80'), new Uint8Array(94), hex('02'))

function hashWithRound(model: ModelChain, round: number): Uint8Array {
  const header = { ...model.headers[5]!, round }
  return model.engine.kernels.tagged('stakecube/header').hash(encodeHeader(header))
}

/** A committee of one seat against another with the opposite key, both set: the sum of the keys is the identity. */
function opposedCert(model: ModelChain): Answer {
  const { engine, chain } = model
  const keys = model.committee(1)
  const header = model.headers[5]!
  const [first] = keys.seatKeys
  const opposite = engine.bls.decodeKey(negated(first!.bytes))!
  const seatKeys = keys.seatKeys.map((_, seat) => (seat < 6 ? first! : opposite))
  const good = model.cert(header)
  const bitmap = Uint8Array.of(0xff, 0xf0)
  return verifyCert(
    engine,
    { quorum: 'flat' },
    chain.chainId,
    { ...keys, head: aggregateOf(engine, keys.head, seatKeys), seatKeys },
    header,
    { ...good, bitmap },
  )
}

const negated = (key: Uint8Array): Uint8Array => flipBit(key, 2)

function aggregateOf(engine: ModelChain['engine'], head: Committee['head'], keys: readonly { bytes: Uint8Array }[]) {
  const sum = engine.bls.sumKeys(keys.map(({ bytes }) => ({ key: engine.bls.decodeKey(bytes)!, times: 1 })))
  return { ...head, aggregateKey: sum!.bytes }
}

function lightCauses(model: ModelChain): Record<string, Cause[]> {
  const { engine, chain } = model
  const step = (
    from: number,
    to: number,
    change: Partial<Update> = {},
    trusted: Partial<Trusted> = {},
    nowMs = model.nowMs,
  ) =>
    verifyUpdate(engine, chain, { ...model.trusted(from), ...trusted }, { ...model.update(from, to), ...change }, nowMs)
  /** With a header of its own and a certificate that holds for it. */
  const certified = (from: number, to: number, change: object, more: Partial<Update> = {}) => {
    const header = { ...model.headers[to]!, ...change }
    return step(from, to, { header, cert: model.cert(header), ...more })
  }
  const checkpoint = (height: bigint, hash: Uint8Array, nowMs = model.nowMs) =>
    trustCheckpoint(engine.kernels, chain, { height, hash }, model.headers[5]!, nowMs)
  const expired = model.headers[5]!.timeMs + BigInt(chain.params.trustPeriodMs) + 1n
  const later = BigInt(chain.params.clockDriftMsMax) + 1n
  const zero = new Uint8Array(32)
  return {
    'trust-expired': [() => step(5, 6, {}, {}, expired), () => checkpoint(5n, model.hashes[5]!, expired)],
    'checkpoint-height': [() => checkpoint(6n, model.hashes[5]!)],
    'checkpoint-hash': [() => checkpoint(5n, model.hashes[6]!)],
    'header-chain': [() => certified(5, 6, { chainId: zero })],
    'header-height': [() => step(6, 5 + 2, { header: model.headers[5]!, cert: model.cert(model.headers[5]!) })],
    'header-epoch': [() => step(2, 9)],
    'header-committee-root': [() => certified(5, 6, { committeeRoot: model.committee(2).root })],
    'header-next-committee-root': [() => certified(5, 6, { nextCommitteeRoot: zero })],
    'header-time': [() => certified(5, 6, { timeMs: model.headers[5]!.timeMs + 999n })],
    'header-future': [() => step(5, 6, {}, {}, model.headers[6]!.timeMs - later)],
    'committee-missing': [
      () => verifyUpdate(engine, chain, { ...model.trusted(5), committee: undefined }, model.update(5, 6), model.nowMs),
    ],
    'committee-epoch': [
      () => step(2, 4, { committee: model.committee(0).committee }),
      () => step(2, 4, { committee: model.committee(2).committee }),
    ],
    'committee-weak': [
      () =>
        verifyUpdate(
          engine,
          { ...chain, params: { ...chain.params, f: 2 } },
          model.trusted(2),
          model.update(2, 4),
          model.nowMs,
        ),
    ],
    'committee-root': [
      // A key that is no member's in the place of one that is.
      () =>
        step(2, 4, { committee: withKeys(model.committee(1).committee, signer.publicKey(new Uint8Array(32).fill(3))) }),
    ],
    'audit-draw-seed': [
      () =>
        verifyUpdate(
          model.engine,
          { ...model.chain, drawSeed: (epoch) => (epoch === 1 ? zero : undefined) },
          model.trusted(2),
          model.update(2, 4),
          model.nowMs,
        ),
    ],
    'history-path': [
      () => step(5, 7, { historyPath: model.history.inclusionProof(4, 7) }),
      () => step(5, 7, { historyPath: hex('00') }),
    ],
    'conflict-height': [() => certified(5, 5 + 1, { height: 5n })],
    'conflict-history': [() => step(5, 7, { historyLeaf: model.hashes[5]! }, { hash: zero })],
  }
}

function compactCauses(model: ModelChain): Record<string, Cause[]> {
  const { engine, chain } = model
  const keys = model.committee(1)
  const cert = model.cert(model.headers[5]!, (seat) => seat !== 4)
  const good = buildCompact(engine.kernels, keys, cert.bitmap)
  const derive =
    (change: Partial<CompactCommittee>, bitmap = cert.bitmap, root = keys.root) =>
    () =>
      compactKey(engine, chain.params, root, { bitmap }, { ...good, ...change })
  return {
    'compact-size': [derive({ head: { ...good.head, f: 65_535, F: 65_535 } })],
    'compact-bitmap': [derive({}, new Uint8Array(3))],
    'compact-members': [derive({ absent: [] }), derive({}, flipBit(cert.bitmap, 0))],
    'compact-root': [
      derive({}, cert.bitmap, new Uint8Array(32)),
      derive({ absent: [{ ...good.absent[0]!, amount: 1n }] }),
    ],
  }
}

function conflictCauses(model: ModelChain): Record<string, Cause[]> {
  const { engine, chain } = model
  const certified = (height: number, epoch = model.epochOf(height)) => ({
    header: model.headers[height]!,
    cert: model.cert(model.headers[height]!),
    committee: model.committee(epoch),
  })
  const fork = () => {
    const header = { ...model.headers[5]!, stateRoot: new Uint8Array(32) }
    return { header, cert: model.cert(header), committee: model.committee(1) }
  }
  const zero = new Uint8Array(32)
  return {
    'evidence-heights': [() => verifyHeightConflict(engine, chain, certified(5), certified(6))],
    'evidence-same-block': [() => verifyHeightConflict(engine, chain, certified(5), certified(5))],
    'evidence-path': [
      () => verifyHistoryConflict(engine, chain, certified(5), certified(6), zero, model.history.inclusionProof(5, 6)),
    ],
    'conflict-history': [
      () =>
        checkAgainstHistory(
          engine,
          chain,
          model.trusted(7),
          fork(),
          { header: model.headers[5]!, path: model.history.inclusionProof(5, 7) },
          model.nowMs,
        ),
    ],
  }
}

function proofCauses(model: ModelChain): Record<string, Cause[]> {
  const { kernels } = model.engine
  const leaves = concatBytes(...model.hashes.slice(0, 5).map((hash) => kernels.leafHash(hash)))
  const root = kernels.merkleRoot(leaves)
  const leaf = (index: number) => leaves.slice(32 * index, 32 * index + 32)
  const multiproof = buildMultiproof(kernels, leaves, [1])
  const txLeaves = [1, 2, 3].map((topic) => txLeaf(new Uint8Array(8).fill(topic), model.hashes[topic]!))
  const txRoot = txRootOf(kernels, txLeaves)
  const topic = new Uint8Array(8).fill(2)
  const range = buildTopicRange(kernels, txLeaves, wholeTopic(topic))
  const topicOf = (start: number, list: readonly Uint8Array[], count = 3) =>
    verifyTopicRange(kernels, txRoot, count, topic, start, list, range.proof)
  const txProof = buildTransactionProof(kernels, txLeaves, 1)
  return {
    'history-proof': [
      () => verifyHistoryProof(kernels, root, 5n, 1n, model.hashes[2]!, kernels.inclusionProof(leaves, 1)),
    ],
    'merkle-indices': [
      () => rootFromMultiproof(kernels, 5, [1, 1], concatBytes(leaf(1), leaf(1)), multiproof),
      () => rootFromMultiproof(kernels, 5, [5], leaf(1), multiproof),
    ],
    'merkle-leaves': [() => rootFromMultiproof(kernels, 5, [1], new Uint8Array(31), multiproof)],
    'merkle-proof-length': [() => rootFromMultiproof(kernels, 5, [1], leaf(1), multiproof.slice(32))],
    'merkle-root': [() => verifyMultiproof(kernels, root, 5, [1], leaf(2), multiproof)],
    'topic-empty-tree': [() => topicOf(0, txLeaves, 0)],
    'topic-leaf-length': [() => topicOf(0, [new Uint8Array(39)])],
    'topic-leaf-order': [() => topicOf(0, [txLeaves[1]!, txLeaves[0]!])],
    'topic-neighbours': [() => topicOf(1, txLeaves.slice(1))],
    'transaction-proof': [
      () => verifyTransactionProof(kernels, txRoot, 3, model.hashes[2]!, { ...txProof, index: 2 }),
      () => verifyTransactionProof(kernels, txRoot, 3, model.hashes[1]!, txProof),
    ],
    ...stateCauses(model),
  }
}

/** Proofs over a state of many outputs of one owner. */
function stateCauses(model: ModelChain): Record<string, Cause[]> {
  const { kernels } = model.engine
  const owner = new Uint8Array(16).fill(0x55)
  const utxos = Array.from({ length: 8 }, (_, index) => ({
    outpoint: { txid: kernels.sha256(u32(index)), index },
    createdHeight: 1n,
    output: {
      kind: KIND.transfer,
      amount: 1000n,
      owner: index < 4 ? owner : kernels.sha256(u32(index)).slice(0, 16),
      data: new Uint8Array(0),
    },
  }))
  const tree = StateTree.of(kernels, utxos)
  if (tree.kind === 'rejected') throw new Error(tree.code)
  const { root } = tree.value
  const built = buildStateProof(tree.value, 128, owner)
  if (built.kind === 'rejected') throw new Error(built.code)
  const good: StateProof = built.value
  const verify =
    (change: Partial<StateProof>, bits = 128, prefix = owner) =>
    () =>
      verifyStateProof(kernels, root, bits, prefix, { ...good, ...change })
  const foreign = { key: new Uint8Array(32).fill(0x55), value: new Uint8Array(32) }
  return {
    'state-siblings': [verify({ siblings: [...good.siblings, root] })],
    'state-leaf-count': [verify({ siblings: good.siblings.slice(0, 1) })],
    'state-leaf-order': [verify({ leaves: [...good.leaves].reverse() })],
    'state-leaf-prefix': [verify({ leaves: [utxos[5]!] })],
    'state-foreign': [verify({ siblings: good.siblings.slice(0, 3), leaves: [], other: foreign })],
    'state-root': [verify({ leaves: good.leaves.slice(1) })],
  }
}
