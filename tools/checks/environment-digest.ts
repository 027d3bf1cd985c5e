/**
 * One digest of every verdict on a chain: genesis, each header step, proofs under them, and seeded mutants of all of these.
 * Runs in Node and in a page (no Node imports), over whichever kernels and BLS engine it is given.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { hex, toHex } from '../../src/base/bytes.ts'
import { Prng } from '../../src/base/prng.ts'
import type { Verdict } from '../../src/base/verdict.ts'
import { Reader } from '../../src/chain/codec.ts'
import { chainIdOf, parseChainSpec, type ChainSpec } from '../../src/chain/spec.ts'
import { createKernelBls } from '../../src/crypto/bls-kernel/index.ts'
import { createNobleBls } from '../../src/crypto/bls-noble.ts'
import type { Engine } from '../../src/crypto/engine.ts'
import type { KernelName } from '../../src/kernels/contract.ts'
import { loadKernels } from '../../src/kernels/load.ts'
import type { Query } from '../../src/light/contract.ts'
import { verifyProofAnswer } from '../../src/light/proof-answer.ts'
import { committeeKeys } from '../../src/verify/certificate.ts'
import { verifyGenesis } from '../../src/verify/genesis.ts'
import { verifyUpdate, type Chain, type Trusted } from '../../src/verify/light.ts'
import { decodeProofRequest, decodeProofResponse, type ProofRequest } from '../../src/wire/proof.ts'
import { readUpdate } from '../../src/wire/update.ts'

/** All of it text, so that the same bytes reach every environment. */
export interface EnvironmentFixture {
  readonly seed: string
  readonly spec: string
  /** Encoded updates, one for each height from 1: hex. */
  readonly updates: readonly string[]
  /** Encoded requests and responses of the `proof` protocol under the header at `height`: hex. */
  readonly proofs: readonly { readonly height: number; readonly request: string; readonly response: string }[]
}

export interface EnvironmentResult {
  readonly kernels: KernelName
  readonly bls: string
  readonly digest: string
  readonly verdicts: number
  readonly accepted: number
  /** How often each code was given. */
  readonly codes: Readonly<Record<string, number>>
  readonly durationMs: number
}

const MUTANTS_PER_UPDATE = 6
const MUTANTS_PER_PROOF = 8

/** `bls`: 'noble' with the twin, the WebAssembly kernel with the others. */
export async function runEnvironment(name: KernelName, fixture: EnvironmentFixture): Promise<EnvironmentResult> {
  const startedMs = performance.now()
  const kernels = await loadKernels({ prefer: name })
  const sha = (bytes: Uint8Array): Uint8Array => kernels.sha256(bytes)
  const bls = name === 'twin' ? createNobleBls(sha) : await createKernelBls({ sha256: sha })
  const ledger = new Verdicts()
  new Run({ kernels, bls }, fixture, ledger).all()
  const { lines, accepted, codes } = ledger
  const digest = toHex(sha256(new TextEncoder().encode(lines.join('\n'))))
  const durationMs = Math.round(performance.now() - startedMs)
  return { kernels: kernels.name, bls: bls.engine, digest, verdicts: lines.length, accepted, codes, durationMs }
}

class Verdicts {
  readonly lines: string[] = []
  readonly codes: Record<string, number> = {}
  accepted = 0

  /** Code and operands count, so a wrong value in a sentence is a difference too. */
  add<Value>(what: string, verdict: Verdict<Value>, shown: (value: Value) => string): void {
    if (verdict.kind === 'accepted') {
      this.accepted++
      this.lines.push(`${what} accepted ${shown(verdict.value)}`)
      return
    }
    const { kind, code, operands } = verdict
    this.codes[code] = (this.codes[code] ?? 0) + 1
    const values = Object.entries(operands).map(([name, value]) => `${name}=${String(value)}`)
    this.lines.push(`${what} ${kind} ${code} ${values.join(' ')}`)
  }
}

class Run {
  readonly #engine: Engine
  readonly #fixture: EnvironmentFixture
  readonly #verdicts: Verdicts
  readonly #spec: ChainSpec
  readonly #chain: Chain

  constructor(engine: Engine, fixture: EnvironmentFixture, verdicts: Verdicts) {
    const spec = parseChainSpec(fixture.spec)
    if (spec.kind === 'rejected') throw new Error(`the fixture's chain spec is refused: ${spec.code}`)
    this.#engine = engine
    this.#fixture = fixture
    this.#verdicts = verdicts
    this.#spec = spec.value
    this.#chain = { params: spec.value.params, chainId: chainIdOf(engine.kernels, spec.value) }
  }

  all(): void {
    const trusted = [this.#genesis()]
    for (const [index, update] of this.#fixture.updates.entries())
      trusted.push(this.#step(index + 1, hex(update), trusted.at(-1)!))
    for (const [index, proof] of this.#fixture.proofs.entries()) this.#proof(index, proof, trusted[proof.height]!)
  }

  #genesis(): Trusted {
    const genesis = verifyGenesis(this.#engine, this.#spec)
    this.#verdicts.add('genesis', genesis, ({ hash }) => toHex(hash))
    if (genesis.kind === 'rejected') throw new Error(`the fixture's genesis is refused: ${genesis.code}`)
    const { header, hash, committees } = genesis.value
    const keys = committeeKeys(this.#engine, committees[0])
    if (keys.kind === 'rejected') throw new Error(`the first committee is refused: ${keys.code}`)
    return { header, hash, committee: keys.value }
  }

  #step(height: number, bytes: Uint8Array, trusted: Trusted): Trusted {
    const random = new Prng(`${this.#fixture.seed}/update/${height}`)
    for (let count = 0; count < MUTANTS_PER_UPDATE; count++)
      this.#verdicts.add(`mutant ${height}/${count}`, this.#update(mutant(bytes, random), trusted), shownTrust)
    const verdict = this.#update(bytes, trusted)
    this.#verdicts.add(`update ${height}`, verdict, shownTrust)
    if (verdict.kind !== 'accepted') throw new Error(`update ${height} is ${verdict.kind}: ${verdict.code}`)
    return verdict.value
  }

  #update(bytes: Uint8Array, trusted: Trusted): Verdict<Trusted> {
    const reader = new Reader(bytes)
    const update = reader.finish(readUpdate(reader, this.#spec.params))
    if (update.kind === 'rejected') return update
    const nowMs = trusted.header.timeMs + BigInt(this.#spec.params.blockTimeMs)
    return verifyUpdate(this.#engine, this.#chain, trusted, update.value, nowMs)
  }

  #proof(index: number, { request, response }: EnvironmentFixture['proofs'][number], trusted: Trusted): void {
    const random = new Prng(`${this.#fixture.seed}/proof/${index}`)
    const bytes = hex(response)
    const verdictOf = (answer: Uint8Array): Verdict<unknown> => this.#answer(hex(request), answer, trusted)
    this.#verdicts.add(`proof ${index}`, verdictOf(bytes), shownValue)
    for (let count = 0; count < MUTANTS_PER_PROOF; count++)
      this.#verdicts.add(`mutant proof ${index}/${count}`, verdictOf(mutant(bytes, random)), shownValue)
  }

  #answer(request: Uint8Array, response: Uint8Array, trusted: Trusted): Verdict<unknown> {
    const asked = decodeProofRequest(request)
    if (asked.kind === 'rejected') return asked
    const answer = decodeProofResponse(response)
    if (answer.kind === 'rejected') return answer
    if (answer.value.kind === 'refused') return { kind: 'rejected', code: 'refused', operands: {} }
    return verifyProofAnswer(this.#engine.kernels, queryOf(asked.value), trusted, answer.value.body)
  }
}

function queryOf(request: ProofRequest): Query {
  if (request.kind === 1) return { kind: 'header', height: request.height }
  if (request.kind === 2) return { kind: 'transaction', txid: request.txid }
  if (request.kind === 3) return { kind: 'state', prefix: request.prefix }
  throw new Error('the fixture asks for no topics')
}

const shownTrust = ({ hash, committee }: Trusted): string => `${toHex(hash)} ${toHex(committee!.root)}`

/** Any proven value as text. */
const shownValue = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'bigint' ? `${part}n` : part instanceof Uint8Array ? toHex(part) : part,
  )

/** One bit flipped, the end cut off, or a byte too many. */
function mutant(bytes: Uint8Array, random: Prng): Uint8Array {
  const kind = random.below(8)
  if (kind === 0) return bytes.slice(0, random.below(bytes.length))
  if (kind === 1) return Uint8Array.of(...bytes, random.below(256))
  const copy = bytes.slice()
  copy[random.below(copy.length)]! ^= 1 << random.below(8)
  return copy
}
