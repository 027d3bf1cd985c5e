// Gives the live examples what only a network can: an account, a wallet, and a proof once something was paid.
const client = document.querySelector('stakecube-client')
const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

client?.addEventListener('ready', () => {
  const [first, second] = client.wallets
  const balance = document.querySelector('stakecube-balance')
  const pay = document.querySelector('stakecube-pay')
  if (first !== undefined && balance !== null) balance.owner = hex(first.owner)
  if (first !== undefined && pay !== null) {
    pay.wallet = first
    pay.payees = client.wallets
    pay.to = hex(second.owner)
    pay.amount = '1.00'
  }
})
document.querySelector('stakecube-pay')?.addEventListener('paid', ({ detail }) => {
  const proof = document.querySelector('stakecube-proof')
  if (proof !== null) proof.proof = detail
})
