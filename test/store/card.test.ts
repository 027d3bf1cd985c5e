import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Prng } from '../../src/base/prng.ts'
import type { Store } from '../../src/ports/index.ts'
import { chooseSlot, emptySlot, PAGE_BYTES, readSlot } from '../../src/store/card-pages.ts'
import { openCardStore, type CardStoreOptions } from '../../src/store/card.ts'
import type { StoreWarning } from '../../src/store/store-error.ts'
import { storeContract } from './contract.ts'

const makeFolder = () => mkdtempSync(join(tmpdir(), 'stakecube-card-'))
const SMALL: CardStoreOptions = { everyMs: 0, slotPages: 8 }

storeContract('card', async () => {
  const folder = makeFolder()
  return {
    open: () => openCardStore(join(folder, 'made', 'on demand'), SMALL),
    cleanUp: async () => rmSync(folder, { recursive: true }),
  }
})

type State = ReadonlyMap<string, Uint8Array>

async function stateOf(store: Store): Promise<State> {
  const state = new Map<string, Uint8Array>()
  for (const key of await store.keys('')) state.set(key, (await store.get(key))!)
  return state
}

const sameState = (a: State, b: State): boolean =>
  a.size === b.size && [...a].every(([key, value]) => Buffer.compare(value, b.get(key) ?? Buffer.of()) === 0)

const slotsOf = (folder: string) => [0, 1].map((index) => readFileSync(join(folder, `card.${index}`)))
const putSlots = (folder: string, slots: readonly Uint8Array[]) => {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
  for (const [index, slot] of slots.entries()) writeFileSync(join(folder, `card.${index}`), slot)
}

/** What the card holds after a write of which only the first `count` changed bytes arrived. */
function cut(before: readonly Uint8Array[], after: readonly Uint8Array[], count: number): Uint8Array[] {
  let left = count
  return before.map((old, index) => {
    const torn = Uint8Array.from(old)
    const start = old.findIndex((byte, at) => byte !== after[index]![at])
    for (let at = start; start >= 0 && at < old.length && left > 0; at++, left--) torn[at] = after[index]![at]!
    return torn
  })
}

const changedSpan = (before: Uint8Array, after: Uint8Array): number => {
  const first = before.findIndex((byte, at) => byte !== after[at])
  return first < 0 ? 0 : before.findLastIndex((byte, at) => byte !== after[at]) - first + 1
}

/** States and slots of a run of commits, among them changes of the slot. */
async function runOfCommits(folder: string, prng: Prng, count: number) {
  const store = await openCardStore(folder, SMALL)
  const moments = [{ slots: slotsOf(folder), state: await stateOf(store) }]
  for (let step = 0; step < count; step++) {
    await store.commit(
      new Map([
        ['head', prng.bytes(600)],
        [`k${prng.below(3)}`, prng.bytes(prng.below(3000))],
      ]),
    )
    moments.push({ slots: slotsOf(folder), state: await stateOf(store) })
  }
  await store.close()
  return moments
}

test('a power cut at any byte of any write leaves the state before it, or the whole one', async () => {
  const seed = Date.now()
  console.log(`power cuts seed ${seed}`)
  const folder = makeFolder()
  const moments = await runOfCommits(join(folder, 'made'), new Prng(seed), 11)
  let cuts = 0
  let lastBefore = 0
  for (let step = 1; step < moments.length; step++) {
    const [before, after] = [moments[step - 1]!, moments[step]!]
    const span = Math.max(...before.slots.map((slot, index) => changedSpan(slot, after.slots[index]!)))
    ok(span > 0)
    const written = before.slots.findIndex((slot, index) => Buffer.compare(slot, after.slots[index]!) !== 0)
    const torn = before.slots.map((slot) => Uint8Array.from(slot))
    const start = before.slots[written]!.findIndex((byte, at) => byte !== after.slots[written]![at])
    const whole = readSlot(torn[1 - written]!)
    for (let count = 0; count <= span; count++, cuts++) {
      if (count > 0) torn[written]![start + count - 1] = after.slots[written]![start + count - 1]!
      const changed = readSlot(torn[written]!)
      const reads = written === 0 ? [changed, whole] : [whole, changed]
      const read = reads[chooseSlot(reads)!]!
      // Behind the record only padding is left to write: then it is whole, and counts.
      const isWhole = count > 0 && sameState(read.entries, after.state)
      ok(isWhole || sameState(read.entries, before.state), `step ${step}, cut after ${count} of ${span} bytes`)
      equal(isWhole, isWhole || count === span, `step ${step} was whole and is not`)
      if (!isWhole) lastBefore = Math.max(lastBefore, count)
      equal(read.isDamaged, false)
    }
  }
  ok(cuts > 5000 && lastBefore > 600, `${cuts} cuts, the last that lost the write at ${lastBefore}`)
  rmSync(folder, { recursive: true })
})

test('after a cut the next commits are kept as if nothing had happened', async () => {
  const seed = Date.now()
  console.log(`cuts and commits seed ${seed}`)
  const prng = new Prng(seed)
  const folder = makeFolder()
  const path = join(folder, 'card')
  let expected: State = new Map()
  for (let round = 0; round < 60; round++) {
    const store = await openCardStore(path, SMALL)
    const found = await stateOf(store)
    ok(
      sameState(found, expected) ||
        (found.has('lost') && sameState(found, new Map([...expected, ['lost', found.get('lost')!]]))),
    )
    deepEqual(found.get('kept'), expected.get('kept'), `round ${round}`)
    const kept = prng.bytes(prng.below(5000))
    await store.commit(new Map([['kept', kept]]))
    const before = slotsOf(path)
    await store.commit(new Map([['lost', prng.bytes(1 + prng.below(9000))]]))
    const after = slotsOf(path)
    await store.close()
    const span = Math.max(...before.map((slot, index) => changedSpan(slot, after[index]!)))
    const hasGrown = before.some((slot, index) => slot.length !== after[index]!.length)
    putSlots(path, hasGrown ? before : cut(before, after, prng.below(span)))
    expected = new Map([...found, ['kept', kept]])
  }
  rmSync(folder, { recursive: true })
})

test('pages of one write that arrive in any order and any number never give a state that was not committed', async () => {
  const seed = Date.now()
  console.log(`page order seed ${seed}`)
  const prng = new Prng(seed)
  const folder = makeFolder()
  const moments = await runOfCommits(join(folder, 'made'), prng, 10)
  for (let round = 0; round < 80; round++) {
    const step = 1 + prng.below(moments.length - 1)
    const [before, after] = [moments[step - 1]!, moments[step]!]
    const mixed = before.slots.map((slot, index) => {
      const bytes = Uint8Array.from(slot)
      for (let at = 0; at < bytes.length; at += 512)
        if (prng.chance(0.5)) bytes.set(after.slots[index]!.subarray(at, at + 512), at)
      return bytes
    })
    putSlots(join(folder, 'mixed'), mixed)
    const store = await openCardStore(join(folder, 'mixed'), SMALL)
    const state = await stateOf(store)
    const isWhole = mixed.every((slot, index) => Buffer.compare(slot, after.slots[index]!) === 0)
    deepEqual(state, isWhole ? after.state : before.state, `round ${round}`)
    await store.close()
  }
  rmSync(folder, { recursive: true })
})

test('a bit that flips on the card is told unless it was in what no longer counts, and the state is one that was committed', async () => {
  const seed = Date.now()
  console.log(`bit flips seed ${seed}`)
  const prng = new Prng(seed)
  const folder = makeFolder()
  const moments = await runOfCommits(join(folder, 'made'), prng, 12)
  const last = moments.at(-1)!
  const texts = new Set(moments.map(({ state }) => JSON.stringify([...state].map(([k, v]) => [k, [...v]]))))
  for (let round = 0; round < 60; round++) {
    const slots = last.slots.map((slot) => Uint8Array.from(slot))
    const slot = slots[prng.below(2)]!
    slot[prng.below(slot.length)]! ^= 1 << prng.below(8)
    putSlots(join(folder, 'flipped'), slots)
    const warnings: StoreWarning[] = []
    try {
      const store = await openCardStore(join(folder, 'flipped'), { ...SMALL, onWarning: (one) => warnings.push(one) })
      const text = JSON.stringify([...(await stateOf(store))].map(([k, v]) => [k, [...v]]))
      ok(texts.has(text), `round ${round}: a state that was never committed`)
      await store.close()
      for (const { keptAs } of warnings) ok(readFileSync(keptAs).length > 0)
    } catch (error) {
      equal((error as { code: string }).code, 'version-newer')
    }
  }
  rmSync(folder, { recursive: true })
})

test('damage between whole records is told, and the damaged slot kept', async () => {
  const folder = makeFolder()
  const path = join(folder, 'card')
  const store = await openCardStore(path, SMALL)
  for (const value of [1, 2, 3]) await store.commit(new Map([['head', Uint8Array.of(value)]]))
  await store.close()
  const slots = slotsOf(path).map((slot) => Uint8Array.from(slot))
  slots[0]![3 * PAGE_BYTES + 40]! ^= 1
  putSlots(path, slots)
  const warnings: StoreWarning[] = []
  const again = await openCardStore(path, { ...SMALL, onWarning: (warning) => warnings.push(warning) })
  deepEqual(await again.get('head'), Uint8Array.of(1))
  await again.close()
  equal(warnings.length, 1)
  deepEqual(new Uint8Array(readFileSync(warnings[0]!.keptAs)), slots[0])
  rmSync(folder, { recursive: true })
})

test('commits within an interval become one write, resolve together when it is on the card, and a flush hurries them', async () => {
  const folder = makeFolder()
  const store = await openCardStore(folder, { everyMs: 3_600_000 })
  await store.commit(new Map([['head', Uint8Array.of(0)]]))
  equal(store.written.times, 1, 'the first is written at once')
  let resolved = 0
  const commits = Array.from({ length: 50 }, (_, index) =>
    store.commit(new Map([['head', Uint8Array.of(index)]])).then(() => resolved++),
  )
  await new Promise((resolve) => setImmediate(resolve))
  equal(resolved, 0)
  equal(store.written.times, 1)
  store.flush()
  await Promise.all(commits)
  deepEqual(store.written, { bytes: 2 * PAGE_BYTES, times: 2 })
  await store.close()
  const again = await openCardStore(folder)
  deepEqual(await again.get('head'), Uint8Array.of(49))
  await again.close()
  rmSync(folder, { recursive: true })
})

test('hurried writes are bounded: a caller that asks for ever gets one in each interval', async () => {
  const folder = makeFolder()
  const store = await openCardStore(folder, { everyMs: 3_600_000 })
  const commits: Promise<void>[] = []
  for (let round = 0; round < 200; round++) {
    commits.push(store.commit(new Map([['head', Uint8Array.of(round)]])))
    store.flush()
    await new Promise((resolve) => setTimeout(resolve))
  }
  ok(store.written.times <= 22, `${store.written.times} writes`)
  await store.close()
  await Promise.all(commits)
  rmSync(folder, { recursive: true })
})

test('what did not change is not written', async () => {
  const folder = makeFolder()
  const store = await openCardStore(folder, { everyMs: 0 })
  const committee = new Uint8Array(20_000).fill(3)
  await store.commit(new Map([['committee', committee]]))
  const { bytes } = store.written
  await store.commit(new Map([['committee', committee.slice()]]))
  equal(store.written.bytes, bytes)
  await store.commit(
    new Map([
      ['head', Uint8Array.of(1)],
      ['committee', committee.slice()],
    ]),
  )
  equal(store.written.bytes, bytes + PAGE_BYTES)
  await store.close()
  rmSync(folder, { recursive: true })
})

test('a state that outgrows its slot gets a larger one, and nothing is lost', async () => {
  const folder = makeFolder()
  const store = await openCardStore(folder, SMALL)
  await store.commit(new Map([['small', Uint8Array.of(1)]]))
  const large = new Uint8Array(200_000).fill(9)
  await store.commit(new Map([['large', large]]))
  await store.commit(new Map([['small', Uint8Array.of(2)]]))
  await store.close()
  const again = await openCardStore(folder, SMALL)
  deepEqual(await again.get('large'), large)
  deepEqual(await again.get('small'), Uint8Array.of(2))
  await again.close()
  deepEqual(readdirSync(folder).sort(), ['card.0', 'card.1'])
  rmSync(folder, { recursive: true })
})

test('a newer version is refused and left alone; a second open is refused; a file that is no slot is moved aside', async () => {
  const folder = makeFolder()
  const newer = emptySlot(9, 8)
  writeFileSync(join(folder, 'card.0'), newer)
  await rejects(openCardStore(folder), { code: 'version-newer', message: /version 9 .* update the program/ })
  deepEqual(new Uint8Array(readFileSync(join(folder, 'card.0'))), newer)
  writeFileSync(join(folder, 'card.0'), 'nonsense')
  const warnings: StoreWarning[] = []
  const store = await openCardStore(folder, { onWarning: (warning) => warnings.push(warning) })
  await rejects(openCardStore(folder), { code: 'locked' })
  await store.close()
  equal(readFileSync(warnings[0]!.keptAs, 'utf8'), 'nonsense')
  const copy = join(folder, 'copy')
  mkdirSync(copy)
  copyFileSync(join(folder, 'card.0'), join(copy, 'card.0'))
  await (await openCardStore(copy)).close()
  rmSync(folder, { recursive: true })
})
