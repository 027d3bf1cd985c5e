/**
 * The page that a devnet serves. Elements do the work; this wires the account chooser, the colour scheme and the page's
 * address, in which `chain`, `checkpoint`, `peers`, `relays` and `owner` may be given (as a query or a fragment).
 */
import '../elements/all.ts'
import { toHex } from '../../src/base/bytes.ts'
import type { ProofFacts, Wallet } from '../client/facts.ts'
import type { StakecubeClient } from '../elements/stakecube-client.ts'
import { shortHex } from '../elements/format.ts'

const byId = <E extends HTMLElement>(id: string): E => document.getElementById(id) as E
const client = byId<StakecubeClient>('client')
const balance = document.querySelector('stakecube-balance')!
const pay = document.querySelector('stakecube-pay')!
const proof = document.querySelector('stakecube-proof')!
const chooser = byId<HTMLSelectElement>('wallet')

function readAddress(): void {
  const given = new URLSearchParams(`${location.search.slice(1)}&${location.hash.slice(1)}`)
  for (const name of ['src', 'chain', 'checkpoint', 'peers', 'relays'] as const) {
    const value = given.get(name)
    if (value !== null) client[name] = value
  }
  const owner = given.get('owner')
  if (owner !== null) balance.owner = owner
}

function choose(wallet: Wallet | undefined): void {
  if (wallet === undefined) return
  balance.owner = toHex(wallet.owner)
  pay.wallet = wallet
}

function showAccounts(wallets: readonly Wallet[]): void {
  const some = wallets.length > 0
  byId('wallet-field').hidden = byId('pay-area').hidden = !some
  byId('no-wallet').hidden = some || balance.owner !== undefined
  chooser.replaceChildren(
    ...wallets.map(({ name, owner }, index) => new Option(`${name} (${shortHex(toHex(owner))})`, String(index))),
  )
  pay.payees = wallets
  choose(wallets[0])
}

function showChain(): void {
  const chain = client.client?.facts.chain
  if (chain === undefined) return
  byId('chain-name').textContent = `${chain.name}, ${toHex(chain.chainId).slice(0, 8)}`
  byId('insecure').hidden = chain.params.f > 2 && chain.params.F > 2
}

function offerScheme(): void {
  const button = byId<HTMLButtonElement>('scheme')
  const system = matchMedia('(prefers-color-scheme: dark)')
  let dark = localStorage.getItem('scheme') === null ? system.matches : localStorage.getItem('scheme') === 'dark'
  const show = (): void => {
    document.documentElement.dataset['scheme'] = dark ? 'dark' : 'light'
    button.setAttribute('aria-pressed', String(dark))
  }
  button.addEventListener('click', () => {
    dark = !dark
    localStorage.setItem('scheme', dark ? 'dark' : 'light')
    show()
  })
  show()
}

readAddress()
offerScheme()
chooser.addEventListener('change', () => choose(client.wallets[Number(chooser.value)]))
client.addEventListener('ready', () => {
  showAccounts(client.wallets)
  showChain()
})
pay.addEventListener('paid', (event) => (proof.proof = (event as CustomEvent<ProofFacts>).detail))
