// A shop's checkout: "Paid" is shown for a receipt that was verified here, and for nothing else.
const client = document.querySelector('stakecube-client')
const pay = document.querySelector('#pay')
const state = document.querySelector('#state')
const order = `order-${crypto.randomUUID().slice(0, 8)}`
document.querySelector('#order').textContent = order

const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

client.addEventListener('ready', () => {
  // On a devnet the wallets come with the page: the first one buys, the second one is the shop.
  const [buyer, shop] = client.wallets
  if (buyer === undefined || shop === undefined) {
    state.textContent = 'This network brings no wallets to try this with.'
    return
  }
  pay.wallet = buyer
  pay.to = hex(shop.owner)
  // The order's number is the topic, so that the shop finds the payment.
  pay.topic = order
})

pay.addEventListener('paid', async ({ detail: proof }) => {
  // The element has verified it already; the file is what the shop would be sent, so it is what decides here.
  const receipt = proof.file === undefined ? undefined : await client.client.inspect(proof.file)
  if (receipt?.ok !== true) {
    state.textContent = 'The receipt does not verify: the order stays open.'
    return
  }
  state.textContent = `Paid in block ${receipt.height}.`
  state.dataset.paid = 'true'
  document.querySelector('#receipt').hidden = false
  document.querySelector('#proof').proof = receipt
})
pay.addEventListener('error', ({ detail }) => {
  state.textContent = `Not paid: ${detail.sentence}`
})
