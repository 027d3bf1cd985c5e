import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { equalBytes, toHex } from '../../src/base/bytes.ts'
import { epochOf } from '../../src/chain/params.ts'
import { createModelBls, modelBlsSigner } from '../../src/crypto/bls-model.ts'
import { twin } from '../../src/kernels/twin/index.ts'
import { chainFixture, FIXTURE_PARAMS } from '../../src/sim/fixture.ts'
import { verifyCert } from '../../src/verify/certificate.ts'

const engine = { kernels: twin, bls: createModelBls() }
const make = (seed: string) => chainFixture({ epochs: 5, seed, engine, signer: modelBlsSigner })

describe('chainFixture', () => {
  it('is a chain: parents, committees of each epoch, certificates that verify, some with absent seats', () => {
    const chain = make('a')
    let withAbsent = 0
    for (const [index, { block, cert }] of chain.blocks.entries()) {
      const { header } = block
      assert.ok(equalBytes(header.parent, chain.ledger(index).hash))
      const committee = chain.committees[epochOf(header.height, FIXTURE_PARAMS)]!
      assert.ok(equalBytes(header.committeeRoot, committee.root))
      const verdict = verifyCert(engine, FIXTURE_PARAMS, chain.chainId, committee, header, cert)
      assert.equal(verdict.kind, 'accepted', `height ${header.height}`)
      if (cert.bitmap.some((byte) => byte !== 0xff)) withAbsent++
    }
    assert.equal(chain.blocks.length, 5 * FIXTURE_PARAMS.epochLength - 1)
    assert.ok(withAbsent > 0)
    assert.ok(chain.blocks.some(({ block }) => block.header.txCount > 0))
  })

  it('is the same for the same seed, and another for another', () => {
    const last = (seed: string) => toHex(make(seed).blocks.at(-1)!.ledger.hash)
    assert.equal(last('a'), last('a'))
    assert.notEqual(last('a'), last('b'))
  })
})
