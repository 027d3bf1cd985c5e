import { deepEqual, equal } from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { ERROR_TABLES, ERRORS_DOC, errorsDoc } from '../../tools/errors-doc.ts'

test('docs/errors.md is what the tables of codes say: run node --import tsx tools/errors-doc.ts after a change', async () => {
  equal(readFileSync(ERRORS_DOC, 'utf8'), await errorsDoc())
})

/** Rooms whose codes reach a user of the client; the ledger's are the nodes' and have a page of their own. */
const ROOMS = ['client', 'light', 'wire', 'verify', 'cube', 'proofs']
/** Only the ledger's own tree gives these. */
const LEDGER_ONLY = ['state-key-missing', 'state-key-taken']

test('every code that the client’s rooms give has an entry', () => {
  const known = new Set([...ERROR_TABLES.flatMap((table) => Object.keys(table)), ...LEDGER_ONLY])
  const gives = /(?:rejected|undecided|ClientError|warn|fail|accuse|drop|ban|moveDown)\((?:\w+, )?\s*'([a-z0-9-]+)'/g
  const given = ROOMS.flatMap((room) =>
    readdirSync(join('src', room), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .flatMap((file) =>
        [...readFileSync(join('src', room, file), 'utf8').matchAll(gives)].map(
          ([, code]) => `${code} in ${room}/${file}`,
        ),
      ),
  )
  equal(given.length > 80, true, `only ${given.length} were found`)
  deepEqual(
    given.filter((where) => !known.has(where.split(' ')[0]!)),
    [],
  )
})
