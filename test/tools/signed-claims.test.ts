import { equal } from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { SignedClaims } from '../../tools/checks/signed-claims.ts'

const folder = mkdtempSync(join(tmpdir(), 'stakecube-claims-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const SEATS = ['k0', 'k1', 'k0']

async function read(...lines: readonly string[]): Promise<SignedClaims> {
  const path = join(folder, 'journal.jsonl')
  writeFileSync(path, `${lines.join('\n')}\n`)
  const claims = new SignedClaims(() => SEATS)
  await claims.readJournal(path)
  return claims
}
const vote = (hash: string, over: object = {}) =>
  JSON.stringify({ say: 'vote', type: 1, height: 5, round: 0, hash, seats: [0], signatures: [''], ...over })
const sum = (hash: string, bitmap: string) => JSON.stringify({ say: 'sum', type: 1, height: 5, round: 0, hash, bitmap })
const proposal = (hash: string) => JSON.stringify({ say: 'proposal', height: 5, round: 0, hash, signature: '' })

test('the same vote again, and votes of another type, height, round or key, contradict nothing', async () => {
  const others = [{ type: 2 }, { height: 6 }, { round: 1 }, { seats: [1] }].map((over) => vote('bb', over))
  const claims = await read(vote('aa'), vote('aa', { seats: [2] }), sum('aa', 'a0'), proposal('aa'), ...others)
  equal(claims.contradictions.length, 0)
  equal(claims.slotCount, 6)
})

test('a second vote, a sum that holds one, and a second proposal are each found', async () => {
  equal((await read(vote('aa'), vote('bb'))).contradictions.length, 1)
  equal((await read(vote('aa'), vote('bb', { seats: [2] }))).contradictions.length, 1)
  equal((await read(vote('aa'), sum('bb', '20'))).contradictions.length, 1)
  equal((await read(sum('aa', '40'), sum('bb', '40'))).contradictions.length, 1)
  equal((await read(proposal('aa'), proposal('bb'))).contradictions.length, 1)
})

test('a line that is not whole is counted', async () => equal((await read(vote('aa').slice(0, 20))).tornLines, 1))
