import type { LitElement } from 'lit'
import '../../web/elements/all.ts'
import { toHex } from '../../src/base/bytes.ts'
import { ClientProblem, type PaymentProgress, type ProofFacts } from '../../web/client/facts.ts'
import type { StakecubeClient } from '../../web/elements/stakecube-client.ts'
import { equal, ok, until } from './expect.ts'
import { find, findAll, mount, textOf, unmountAll } from './mount.ts'
import { PROOF, ScriptedClient, committeeOf, followingAt, headAt } from './scripted-client.ts'

const OWNER = 'ab'.repeat(16)
const following = (height = 40n): ScriptedClient => {
  const client = new ScriptedClient()
  client.set(followingAt(height))
  return client
}
const errorsOf = (element: Element): string[] => {
  const codes: string[] = []
  element.addEventListener('error', (event) => codes.push((event as CustomEvent<{ code: string }>).detail.code))
  return codes
}

afterEach(unmountAll)

describe('stakecube-status', () => {
  it('claims nothing without a client', async () => {
    const status = await mount('stakecube-status')
    equal(status.level, 'starting')
    ok(!textOf(status).includes('Verified'), textOf(status))
  })
  it('follows the facts, and lets go of the client when it leaves the page', async () => {
    const client = following()
    const status = await mount('stakecube-status', client)
    ok(textOf(status).includes('Verified') && textOf(status).includes('block 40'), textOf(status))
    client.set({ phase: 'offline', peers: [] })
    await status.updateComplete
    equal(find(status, '[role=status]').textContent, 'Offline')
    equal(client.listenerCount, 1)
    status.remove()
    equal(client.listenerCount, 0)
  })
  it('announces levels and not blocks', async () => {
    const client = following(40n)
    const status = await mount('stakecube-status', client)
    const before = find(status, '[role=status]').textContent
    client.set(followingAt(41n))
    await status.updateComplete
    equal(find(status, '[role=status]').textContent, before)
    ok(textOf(status).includes('block 41'), textOf(status))
  })
})

describe('stakecube-heads', () => {
  it('shows the newest first, at most as many as it is told', async () => {
    const heads = await mount('stakecube-heads', following(1200n), { count: 5 })
    equal(
      findAll(heads, '.height').map((height) => height.textContent),
      [...['1\u202f200', '1\u202f199', '1\u202f198', '1\u202f197', '1\u202f196']],
    )
  })
  it('leaves nothing behind of blocks that go, and a block that stays keeps its element and focus', async () => {
    const client = following(100n)
    const heads = await mount('stakecube-heads', client, { count: 12 })
    const nodes = (): number => {
      let count = 0
      for (const walker = document.createTreeWalker(heads.shadowRoot!); walker.nextNode() !== null;) count++
      return count
    }
    const before = nodes()
    const button = findAll(heads, 'li button')[3]!
    button.focus()
    for (let height = 101n; height <= 160n; height++) {
      client.set(followingAt(height))
      await heads.updateComplete
      if (height !== 105n) continue
      ok(findAll(heads, 'li button')[8] === button, 'the block of height 97 has the same element')
      ok(heads.shadowRoot!.activeElement === button, 'and the focus')
    }
    equal(findAll(heads, '.height')[0]?.textContent, '160')
    equal([nodes(), button.isConnected], [before, false])
  })
  it('shows what was verified of the chosen block, and hides it again', async () => {
    const heads = await mount('stakecube-heads', following())
    const button = find<HTMLButtonElement>(heads, 'button')
    button.click()
    await heads.updateComplete
    equal(button.getAttribute('aria-pressed'), 'true')
    ok(textOf(heads).includes(toHex(new Uint8Array(32).fill(40))), 'the hash in full')
    ok(textOf(heads).includes('49 of 49 committee seats, 33 needed'), textOf(heads))
    button.click()
    await heads.updateComplete
    equal(find(heads, 'dl'), null)
  })
  it('keeps the focus on a block while new ones arrive', async () => {
    const client = following(40n)
    const heads = await mount('stakecube-heads', client)
    const button = findAll<HTMLButtonElement>(heads, 'button')[2]!
    button.focus()
    client.set(followingAt(41n))
    await heads.updateComplete
    equal(heads.shadowRoot!.activeElement === button, true)
    ok(button.textContent!.includes('38'), 'still block 38')
  })
  it('marks the first block of an epoch', async () => {
    const heads = await mount('stakecube-heads', following(40n))
    equal(
      findAll(heads, '.first-of-epoch .height').map((height) => height.textContent),
      ['32'],
    )
  })
})

describe('stakecube-cube', () => {
  it('draws every shard, and lights exactly the seats that signed', async () => {
    const client = new ScriptedClient()
    const head = headAt(50n, { seatsSigned: 45 })
    client.set({ phase: 'following', head, heads: [head], committee: committeeOf(4, 7) })
    const cube = await mount('stakecube-cube', client)
    equal(findAll(cube, '.vertex').length, 16)
    equal(findAll(cube, '.edge').length, 32)
    equal(findAll(cube, 'circle.seat.signed').length, 45)
    equal(
      findAll(cube, 'li').map((row) => row.querySelector('.count')!.textContent!.replace(/\s+/g, ' ').trim()),
      [...Array(6).fill('7 of 7 signed'), '3 of 7 signed'],
    )
  })
  it('lights nobody for a certificate of another epoch', async () => {
    const client = new ScriptedClient()
    client.set({ phase: 'following', head: headAt(50n), committee: committeeOf(4, 7, 2) })
    const cube = await mount('stakecube-cube', client)
    equal(findAll(cube, 'circle.seat.signed').length, 0)
  })
  it('says that there is nothing to show before the audit', async () => {
    ok(textOf(await mount('stakecube-cube', new ScriptedClient())).includes('audited'), 'in words')
  })
})

describe('stakecube-finality', () => {
  it('shows median and slowest of what it measured, and leaves out blocks that were caught up on', async () => {
    const client = new ScriptedClient()
    const heads = [1000, 3000, 2000].map((delayMs, back) => headAt(9n - BigInt(back), { delayMs }))
    client.set({ heads: [...heads, { ...headAt(6n), delayMs: undefined }] })
    const finality = await mount('stakecube-finality', client)
    equal(
      findAll(finality, 'dd').map((value) => value.textContent),
      ['1.0 s', '2.0 s', '3.0 s'],
    )
    ok(find(finality, 'svg').getAttribute('aria-label')!.includes('over 3 blocks'), 'summary')
  })
})

describe('stakecube-balance', () => {
  it('asks again with each new head', async () => {
    const client = following(40n)
    const balance = await mount('stakecube-balance', client, { owner: OWNER })
    await until('block 40', () => textOf(balance).includes('block 40'))
    ok(textOf(balance).includes('12.50 units'), textOf(balance))
    client.set(followingAt(41n))
    await until('block 41', () => textOf(balance).includes('block 41'))
  })
  it('never shows the balance of another owner', async () => {
    const client = following()
    let answer = (): void => {}
    const balance = await mount('stakecube-balance', client, { owner: OWNER })
    await until('the first', () => textOf(balance).includes('12.50'))
    client.onBalance = (owner) =>
      new Promise((resolve) => {
        answer = () => resolve({ owner, utxos: [], spendable: 7_000_000n, bound: 0n, height: 41n })
      })
    const unasked = answer
    client.set(followingAt(41n))
    await until('asked for the old owner', () => answer !== unasked)
    const stale = answer
    balance.owner = 'cd'.repeat(16)
    await balance.updateComplete
    ok(!textOf(balance).includes('12.50'), textOf(balance))
    await until('asked for the new owner', () => answer !== stale)
    stale()
    await balance.updateComplete
    ok(!textOf(balance).includes('7.00'), 'the answer for the old owner is dropped')
    answer()
    await until('the new owner', () => textOf(balance).includes('7.00'))
  })
  it('keeps the last proven balance and says that it is old when a proof fails', async () => {
    const client = following(40n)
    const balance = await mount('stakecube-balance', client, { owner: OWNER })
    const codes = errorsOf(balance)
    await until('block 40', () => textOf(balance).includes('block 40'))
    client.onBalance = () => Promise.reject(new ClientProblem('no-peer', 'No peer answered.'))
    client.set(followingAt(41n))
    await until('the sentence', () => textOf(balance).includes('Not proven since: No peer answered.'))
    ok(textOf(balance).includes('Proven at block 40'), textOf(balance))
    equal(codes, ['no-peer'])
  })
  it('refuses an owner that is none, in a sentence', async () => {
    const balance = await mount('stakecube-balance', following(), { owner: 'xyz' })
    ok(textOf(balance).includes('32 hex digits'), textOf(balance))
  })
})

describe('stakecube-pay', () => {
  const wallet = { name: 'ada', secretKey: new Uint8Array(32).fill(1), owner: new Uint8Array(16).fill(2) }
  const submit = (element: Element): void => find<HTMLFormElement>(element, 'form').requestSubmit()
  const fill = (element: Element, to: string, amount: string): void => {
    find<HTMLInputElement>(element, '#to').value = to
    find<HTMLInputElement>(element, '#amount').value = amount
  }

  it('pays what was typed, shows each stage, and fires paid with the proof', async () => {
    const client = following()
    let report!: (progress: PaymentProgress) => void
    let finish!: (proof: ProofFacts) => void
    client.onPay = (reporter) => {
      report = reporter
      return new Promise((resolve) => (finish = resolve))
    }
    const pay = await mount('stakecube-pay', client, { wallet })
    const proofs: ProofFacts[] = []
    pay.addEventListener('paid', (event) => proofs.push((event as CustomEvent<ProofFacts>).detail))
    fill(pay, OWNER, '1.5')
    submit(pay)
    await pay.updateComplete
    equal(
      client.paid.map(({ to, amount }) => [toHex(to), amount]),
      [[OWNER, 1_500_000n]],
    )
    const done = () => findAll(pay, 'li.done').length
    for (const [stage, count] of [
      ['proving', 0],
      ['signed', 2],
      ['sent', 3],
    ] as const) {
      report({ stage, txid: undefined, proof: undefined })
      await pay.updateComplete
      equal(done(), count, stage)
    }
    ok(find<HTMLButtonElement>(pay, 'button').disabled, 'busy')
    report({ stage: 'final', txid: undefined, proof: PROOF })
    finish(PROOF)
    await until('paid', () => proofs.length === 1)
    equal(done(), 4)
    ok(textOf(pay).includes('paid in block 7'), textOf(pay))
    ok(!find<HTMLButtonElement>(pay, 'button').disabled, 'free again')
  })
  it('refuses a wrong payee and a wrong amount, and puts the focus there', async () => {
    const client = following()
    const pay = await mount('stakecube-pay', client, { wallet })
    for (const [to, amount, field] of [
      ['abc', '1', 'to'],
      [OWNER, '0', 'amount'],
      [OWNER, '0.0001', 'amount'],
    ] as const) {
      fill(pay, to, amount)
      submit(pay)
      await pay.updateComplete
      equal(pay.shadowRoot!.activeElement!.id, field)
      equal(find(pay, `#${field}`).getAttribute('aria-invalid'), 'true')
    }
    equal(client.paid.length, 0)
  })
  it('says why a payment failed, fires error, and can be tried again', async () => {
    const client = following()
    client.onPay = () =>
      Promise.reject(new ClientProblem('insufficient', 'The account holds 1.00 units; 5.00 were to be paid.'))
    const pay = await mount('stakecube-pay', client, { wallet })
    const codes = errorsOf(pay)
    fill(pay, OWNER, '5')
    submit(pay)
    await until('the sentence', () => textOf(pay).includes('The account holds 1.00 units'))
    equal(codes, ['insufficient'])
    ok(!find<HTMLButtonElement>(pay, 'button').disabled, 'free again')
  })
})

describe('stakecube-proof', () => {
  const choose = (element: Element, file: File): void => {
    const input = find<HTMLInputElement>(element, 'input')
    const transfer = new DataTransfer()
    transfer.items.add(file)
    input.files = transfer.files
    input.dispatchEvent(new Event('change'))
  }

  it('shows each step, and a failed one as such', async () => {
    const steps = [PROOF.steps[0]!, { title: 'The block is final', detail: '20 of 49 seats', held: false }]
    const proof = await mount('stakecube-proof', following(), { proof: { ...PROOF, ok: false, steps } })
    ok(textOf(proof).includes('Payment in block 7: refused'), textOf(proof))
    equal(findAll(proof, '.steps li').length, 2)
    ok(textOf(proof).includes('The block is final, fails'), textOf(proof))
  })
  it('hands a chosen file to the client as it is', async () => {
    const client = following()
    const files: number[][] = []
    client.onInspect = async (file) => {
      files.push([...file])
      return PROOF
    }
    const proof = await mount('stakecube-proof', client)
    choose(proof, new File([Uint8Array.of(7, 8, 9)], 'a.scproof'))
    await until('the verdict', () => textOf(proof).includes('every step holds'))
    equal(files, [[7, 8, 9]])
  })
  it('refuses a file that is far too large without reading it', async () => {
    const client = following()
    client.onInspect = () => Promise.reject(new Error('must not be asked'))
    const proof = await mount('stakecube-proof', client)
    const codes = errorsOf(proof)
    choose(proof, new File([new Uint8Array(5 * 1024 * 1024)], 'huge'))
    await until('the sentence', () => textOf(proof).includes('at most'))
    equal(codes, ['file-too-large'])
  })
})

describe('wrong attributes', () => {
  /** Mounted by markup, as on a page; what it says and the codes it fires. */
  const told = async (markup: string): Promise<{ element: LitElement; codes: string[]; said: () => string }> => {
    const host = document.createElement('div')
    document.body.append(host)
    const codes: string[] = []
    const onError = (event: Event): unknown => codes.push((event as CustomEvent<{ code: string }>).detail.code)
    host.addEventListener('error', onError, true)
    host.innerHTML = markup
    const element = host.firstElementChild as LitElement
    await element.updateComplete
    const alerts = (): Element[] => findAll(element, '[role=alert]')
    return {
      element,
      codes,
      said: () =>
        alerts()
          .map((alert) => alert.textContent!.trim())
          .join(' '),
    }
  }

  const cases: [markup: string, code: string, says: string][] = [
    ['<stakecube-heads count="many"></stakecube-heads>', 'bad-count', 'NaN'],
    ['<stakecube-heads count="-3"></stakecube-heads>', 'bad-count', '-3'],
    ['<stakecube-heads count="0"></stakecube-heads>', 'bad-count', '1 to 64'],
    ['<stakecube-finality count="2.5"></stakecube-finality>', 'bad-count', '2.5'],
    ['<stakecube-finality count="1e9"></stakecube-finality>', 'bad-count', '1000000000'],
    ['<stakecube-topic topic="x" count="no"></stakecube-topic>', 'bad-count', 'NaN'],
    ['<stakecube-topic topic="x" blocks="0"></stakecube-topic>', 'bad-blocks', 'not 0'],
    ['<stakecube-topic topic=""></stakecube-topic>', 'bad-topic', '16 hex digits'],
    ['<stakecube-balance owner="alice"></stakecube-balance>', 'bad-owner', 'alice'],
    ['<stakecube-balance owner=""></stakecube-balance>', 'bad-owner', '32 hex digits'],
    [`<stakecube-pay to="${'ab'.repeat(15)}"></stakecube-pay>`, 'bad-payee', '30 characters'],
    ['<stakecube-pay amount="a lot"></stakecube-pay>', 'bad-amount', 'a lot'],
    ['<stakecube-pay amount="0"></stakecube-pay>', 'bad-amount', '"0"'],
    ['<stakecube-pay amount="-1"></stakecube-pay>', 'bad-amount', '"-1"'],
  ]
  for (const [markup, code, says] of cases)
    it(`${markup} says so and fires ${code}, once`, async () => {
      const { element, codes, said } = await told(markup)
      equal(codes, [code])
      ok(said().includes(says), said())
      ;(element as LitElement & { client: unknown }).client = following()
      await element.updateComplete
      equal(codes, [code])
    })

  it('what scripts and frameworks give in types of their own is taken for what it says, and null for nothing', async () => {
    const host = document.createElement('div')
    document.body.append(host)
    const codes: string[] = []
    const onError = (event: Event): unknown => codes.push((event as CustomEvent<{ code: string }>).detail.code)
    host.addEventListener('error', onError, true)
    const made = async (tag: string, properties: Record<string, unknown>): Promise<LitElement> => {
      const element = document.createElement(tag) as LitElement
      Object.assign(element, { client: following() }, properties)
      host.append(element)
      await element.updateComplete
      return element
    }
    const pay = await made('stakecube-pay', { to: OWNER, amount: 2.5, topic: 7 })
    equal(find<HTMLInputElement>(pay, '#amount').value, '2.5')
    await made('stakecube-heads', { count: '3' }).then((heads) => equal(findAll(heads, 'li').length, 3))
    await made('stakecube-heads', { count: null }).then((heads) => equal(findAll(heads, 'li').length, 12))
    await made('stakecube-topic', { topic: null, blocks: null, provider: null })
    equal(codes, [])
    await made('stakecube-balance', { owner: 123 })
    await made('stakecube-pay', { to: { name: 'bob' } })
    equal(codes, ['bad-owner', 'bad-payee'])
  })
  it('an attribute that is removed is one that was never given', async () => {
    const { element, codes, said } = await told(`<stakecube-balance owner="alice"></stakecube-balance>`)
    element.removeAttribute('owner')
    await element.updateComplete
    equal([said(), codes], ['', ['bad-owner']])
    ok(textOf(element).includes('No account chosen'), textOf(element))
    const client = document.createElement('stakecube-client')
    const fired = errorsOf(client)
    client.setAttribute('src', '/there-is-no-such-document.json')
    document.body.append(client)
    await until('an error', () => fired.length > 0)
    client.removeAttribute('src')
    await client.updateComplete
    await until('the sentence goes', () => find(client, '[role=alert]') === null)
    equal(fired, ['config-unreachable'])
  })
  it('a count that is put right is used, and the sentence goes', async () => {
    const { element, said } = await told('<stakecube-heads count="x"></stakecube-heads>')
    ;(element as LitElement & { client: unknown }).client = following()
    await element.updateComplete
    // A wrong count hides no block.
    equal([findAll(element, 'li').length, said() === ''], [12, false])
    element.setAttribute('count', '3')
    await element.updateComplete
    equal([findAll(element, 'li').length, said()], [3, ''])
  })

  it('every element whose `for` names nobody says so, until there is one', async () => {
    const names = ['status', 'heads', 'cube', 'finality', 'balance', 'pay', 'proof', 'topic']
    const all = await Promise.all(names.map((name) => told(`<stakecube-${name} for="nobody"></stakecube-${name}>`)))
    equal(
      all.map(({ said }) => said()),
      names.map(() => ''),
    )
    await until('errors', () => all.every(({ codes }) => codes.length > 0))
    for (const { element, said } of all) {
      await element.updateComplete
      ok(said().includes('id="nobody"'), said())
    }
    const provider = document.createElement('stakecube-client')
    provider.id = 'nobody'
    document.body.append(provider)
    await until('they are taken back', () => all.every(({ said }) => said() === ''))
    equal(
      all.map(({ codes }) => codes.join()),
      names.map(() => 'no-provider'),
    )
  })
})

describe('stakecube-client', () => {
  const started = async (attributes: Record<string, string>): Promise<{ client: StakecubeClient; codes: string[] }> => {
    const client = document.createElement('stakecube-client')
    const codes = errorsOf(client)
    for (const [name, value] of Object.entries(attributes)) client.setAttribute(name, value)
    document.body.append(client)
    await until('an error', () => codes.length > 0)
    await client.updateComplete
    return { client, codes }
  }
  const peers = '/ip4/127.0.0.1/tcp/1/ws/p2p/12D3KooWtest'

  // The last part of a chain spec is judged by the client's own code, which takes a while to load on a busy machine.
  before(async function () {
    this.timeout(120_000)
    await import('../../web/client/live-client.ts')
  })

  it('shows a sentence and fires error for each kind of wrong attribute', async () => {
    const cases: [Record<string, string>, string][] = [
      [{ src: '/there-is-no-such-document.json' }, 'config-unreachable'],
      [{ chain: '{}', peers: 'localhost' }, 'bad-peer'],
      [{ chain: '{}', peers: '' }, 'no-peers'],
      [{ chain: '{}', peers, checkpoint: 'yesterday' }, 'bad-checkpoint'],
      [{ chain: '{}', peers, checkpoint: '' }, 'bad-checkpoint'],
      [{ chain: '{}', peers, checkpoint: `7:${'zz'.repeat(32)}` }, 'bad-checkpoint'],
      [{ chain: '{}', peers, relays: '/ip4/127.0.0.1/tcp/1' }, 'bad-peer'],
      [{ chain: '{}', peers }, 'bad-chain'],
      [{ chain: '{ "name": ', peers }, 'bad-chain'],
      [{ chain: '{"name":"x","params":7}', peers }, 'bad-chain'],
      [{ chain: '/there-is-no-such-chain.json', peers }, 'config-unreachable'],
      [{ chain: 'http://[', peers }, 'config-unreachable'],
      [{ chain: ' ', peers }, 'no-chain'],
      [{ peers }, 'no-chain'],
      [{ checkpoint: `7:${'ab'.repeat(32)}` }, 'no-chain'],
      [{ src: '' }, 'bad-config'],
      [{ src: '/test/web/mount.ts' }, 'bad-config'],
    ]
    for (const [attributes, code] of cases) {
      const { client, codes } = await started(attributes)
      equal(codes, [code])
      ok(find(client, '[role=alert]').textContent!.length > 20, 'a sentence')
      client.remove()
    }
  })
  it('serves elements that came before it and elements outside that name it', async () => {
    const host = document.createElement('div')
    host.innerHTML = `<stakecube-client id="mine"><stakecube-status></stakecube-status></stakecube-client><stakecube-status for="mine"></stakecube-status>`
    document.body.append(host)
    const [inside, outside] = [...host.querySelectorAll('stakecube-status')]
    await outside!.updateComplete
    equal([inside!.client, outside!.client], [undefined, undefined])
    const provider = host.querySelector('stakecube-client')!
    let provided: unknown = 'nothing'
    provider.provideTo((client) => (provided = client))
    equal(provided, undefined)
  })
})
