import assert from 'node:assert/strict'
import { test } from 'node:test'
import { explain, SENTENCE_FAMILIES, VERIFICATION_CODES, VERIFICATION_SENTENCES } from '../../src/verify/codes.ts'
import { causesOf } from './causes.ts'
import { ModelChain, quickEngine } from './model-chain.ts'

const model = new ModelChain({ engine: await quickEngine() })
const causes = causesOf(model)
/** Each cause is run once: what the tests read are these. */
const verdicts = Object.entries(causes).map(([code, list]) => [code, list.map((cause) => cause())] as const)

test('every code of verification has a cause, and no cause is for a code that does not exist', () => {
  assert.deepEqual([...VERIFICATION_CODES].sort(), Object.keys(causes).sort())
})

test('every cause is refused with exactly its code and an honest sentence', () => {
  for (const [code, list] of verdicts) {
    assert.ok(list.length > 0, code)
    for (const [index, verdict] of list.entries()) {
      assert.notEqual(verdict.kind, 'accepted', `${code} ${index} was accepted`)
      if (verdict.kind === 'accepted') continue
      assert.equal(verdict.code, code, `${code} ${index}: ${explain(verdict)}`)
      const text = explain(verdict)
      for (const [, name] of VERIFICATION_SENTENCES[code]!.matchAll(/\{(?!values\})(\w+)\}/g))
        assert.ok(Object.hasOwn(verdict.operands, name!), `${code} ${index}: the sentence names {${name}}: ${text}`)
      assert.match(text, /^.+[^.]\.$/s)
    }
  }
})

test('a code stands in one family only, and only what is nobody’s fault is undecided', () => {
  const counts = new Map<string, number>()
  for (const family of SENTENCE_FAMILIES)
    for (const code of Object.keys(family)) counts.set(code, (counts.get(code) ?? 0) + 1)
  assert.deepEqual(
    [...counts].filter(([, count]) => count > 1),
    [],
  )
  for (const [code, list] of verdicts)
    assert.equal(list[0]!.kind, ['trust-expired', 'header-future'].includes(code) ? 'undecided' : 'rejected', code)
})

test('a quorum one short, a stranger’s key, a wrong epoch, a seat twice, a bad point, expiry and the future differ in code', () => {
  const named = [
    'cert-quorum',
    'committee-root',
    'cert-signature',
    'committee-epoch',
    'audit-twice',
    'audit-member-key',
    'cert-signature-encoding',
    'trust-expired',
    'header-future',
  ]
  assert.equal(new Set(named).size, named.length)
  for (const code of named) assert.ok(code in causes, code)
})

test('a code from elsewhere is named as it is', () => {
  assert.equal(
    explain({ code: 'tx-fee', operands: { got: 1n, least: 2 } }),
    'Refused with code tx-fee (got 1, least 2).',
  )
})
