import '../../web/elements/all.ts'
import { ClientProblem, type TopicFacts } from '../../web/client/facts.ts'
import { equal, ok, until } from './expect.ts'
import { find, findAll, mount, textOf, unmountAll } from './mount.ts'
import { ScriptedClient, followingAt, trustWith } from './scripted-client.ts'

const following = (): ScriptedClient => {
  const client = new ScriptedClient()
  client.set(followingAt(40n))
  return client
}
const facts = (count: number, end = 41n): TopicFacts => ({
  ...{ topic: new Uint8Array(8).fill(7), start: 0n, end, count },
  entries: Array.from({ length: count }, (_, index) => ({
    txid: new Uint8Array(32).fill(index),
    height: end - 1n - BigInt(index),
  })),
})

afterEach(unmountAll)

describe('stakecube-topic', () => {
  it('lists what was proven, newest first, at most as many as it is told, and says which blocks', async () => {
    const client = following()
    const topic = await mount('stakecube-topic', client, { topic: 'sensors/roof', blocks: 41, count: 3 })
    equal([client.watches[0]!.topic, client.watches[0]!.blocks], ['sensors/roof', 41])
    const told: number[] = []
    topic.addEventListener('topic', (event) => told.push((event as CustomEvent<TopicFacts>).detail.count))
    client.watches[0]!.report(facts(5))
    await topic.updateComplete
    equal(findAll(topic, 'li').length, 3)
    ok(textOf(findAll(topic, 'li')[0]!).startsWith('block 40'), textOf(topic))
    ok(textOf(topic).includes('Proven complete: blocks 0 to 40'), textOf(topic))
    equal(told, [5])
  })
  it('lets go of a topic when another is chosen or it leaves the page, and shows nothing late', async () => {
    const client = following()
    const topic = await mount('stakecube-topic', client, { topic: 'one' })
    topic.topic = 'two'
    await topic.updateComplete
    equal(client.watches[0]!.signal.aborted, true)
    client.watches[0]!.report(facts(5))
    await topic.updateComplete
    equal(findAll(topic, 'li').length, 0)
    topic.remove()
    equal(client.watches[1]!.signal.aborted, true)
  })
  it('refuses a topic and a number of blocks that cannot be, in a sentence and with a code', async () => {
    for (const [properties, code] of [
      [{ topic: '' }, 'bad-topic'],
      [{ topic: 'x', blocks: 0 }, 'bad-blocks'],
      [{ topic: 'x', blocks: 1e9 }, 'bad-blocks'],
      [{ topic: 'x', blocks: Number.NaN }, 'bad-blocks'],
    ] as const) {
      const client = following()
      const topic = await mount('stakecube-topic', client, { topic: 'fine' })
      const codes: string[] = []
      ;(topic as Element).addEventListener('error', (event) =>
        codes.push((event as CustomEvent<{ code: string }>).detail.code),
      )
      Object.assign(topic, properties)
      await topic.updateComplete
      equal(codes, [code])
      ok(find(topic, '[role=alert]').textContent!.length > 20, 'a sentence')
      unmountAll()
    }
  })
  it('says why there is no proof, and fires error', async () => {
    const client = following()
    client.onWatch = () => Promise.reject(new ClientProblem('closed', 'The client is closed.'))
    const topic = await mount('stakecube-topic', client)
    const codes: string[] = []
    ;(topic as Element).addEventListener('error', (event) =>
      codes.push((event as CustomEvent<{ code: string }>).detail.code),
    )
    topic.topic = 'x'
    await until('an error', () => codes.length > 0)
    await topic.updateComplete
    equal(codes, ['closed'])
    ok(textOf(topic).includes('The client is closed.'), textOf(topic))
  })
})

describe('the trust meter of stakecube-status', () => {
  it('tells who signed, who agrees, how long it lasts, and that nothing was seen to be wrong', async () => {
    const status = await mount('stakecube-status', following())
    const text = textOf(find(status, '.meter'))
    for (const part of ['45 of 49 seats, 92 % of their stake', '3 peers in 2 networks', 'without news', 'nothing'])
      ok(text.includes(part), `${part} in: ${text}`)
  })
  it('tells conflicts and dropped peers, and one peer as one', async () => {
    const client = following()
    client.set({ trust: trustWith({ conflictCount: 1, rejectedPeerCount: 2, agreeingCount: 1, networkCount: 1 }) })
    const text = textOf(find(await mount('stakecube-status', client), '.meter'))
    for (const part of ['1 conflicts, 2 peers dropped', '1 peer in 1 network']) ok(text.includes(part), text)
  })
  it('is left out of the compact badge', async () => {
    equal(find(await mount('stakecube-status', following(), { compact: true }), '.meter'), null)
  })
})
