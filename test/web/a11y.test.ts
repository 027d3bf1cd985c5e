import '../../web/elements/all.ts'
import { violations } from './a11y.ts'
import { equal, until } from './expect.ts'
import { find, mount, unmountAll } from './mount.ts'
import { PROOF, ScriptedClient, followingAt } from './scripted-client.ts'

const wallet = { name: 'ada', secretKey: new Uint8Array(32).fill(1), owner: new Uint8Array(16).fill(2) }
const PROPERTIES = {
  'stakecube-status': {},
  'stakecube-heads': {},
  'stakecube-cube': {},
  'stakecube-finality': {},
  'stakecube-balance': { owner: 'ab'.repeat(16) },
  'stakecube-pay': { wallet, payees: [wallet] },
  'stakecube-proof': { proof: PROOF },
  'stakecube-topic': { topic: 'sensors/roof' },
} as const
const TAGS = Object.keys(PROPERTIES) as (keyof typeof PROPERTIES)[]

afterEach(unmountAll)

for (const scheme of ['light', 'dark'] as const)
  describe(`axe, ${scheme}`, () => {
    for (const tag of TAGS)
      it(`finds no violation in ${tag}`, async () => {
        document.documentElement.style.colorScheme = scheme
        document.body.style.background = scheme === 'light' ? '#fffefb' : '#1b1a22'
        const client = new ScriptedClient()
        client.set(followingAt(40n))
        const element = await mount(tag, client, PROPERTIES[tag])
        if (tag === 'stakecube-balance') await until('a balance', () => find(element, '.proven') !== null)
        if (tag === 'stakecube-topic') {
          const entries = [{ txid: new Uint8Array(32).fill(5), height: 39n }]
          client.watches[0]!.report({ topic: new Uint8Array(8), start: 0n, end: 41n, entries, count: 1 })
          await element.updateComplete
        }
        if (tag === 'stakecube-heads') {
          find(element, 'button').click()
          await element.updateComplete
          await Promise.all(element.getAnimations({ subtree: true }).map(({ finished }) => finished))
        }
        equal(await violations(), [])
      })
    it('finds no violation in what is shown when things go wrong', async () => {
      document.documentElement.style.colorScheme = scheme
      document.body.style.background = scheme === 'light' ? '#fffefb' : '#1b1a22'
      const client = new ScriptedClient()
      const problem = { code: 'conflict', sentence: 'Two final blocks conflict at height 9.' }
      client.set({ ...followingAt(40n), phase: 'stopped', problem })
      await mount('stakecube-status', client)
      const steps = PROOF.steps.map((step) => ({ ...step, held: false }))
      await mount('stakecube-proof', client, { proof: { ...PROOF, ok: false, steps } })
      document.querySelectorAll('main')[1]!.replaceWith(...document.querySelectorAll('main')[1]!.children)
      document.querySelectorAll('h1')[1]!.remove()
      document.querySelector('main')!.append(...document.querySelectorAll('body > stakecube-proof'))
      equal(await violations(), [])
    })
  })
