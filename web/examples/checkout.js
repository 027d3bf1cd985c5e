// A shop's checkout. It says "Paid" for one thing only: the receipt verifies here, and the shop's proven balance holds a
// payment of the price that was not there when the order was opened.
const PRICE = 2_500_000n // micro-units, as in the form's amount="2.50"

const client = document.querySelector('stakecube-client')
const pay = document.querySelector('#pay')
const state = document.querySelector('#state')
const order = `order-${crypto.randomUUID().slice(0, 8)}`
document.querySelector('#order').textContent = order

const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
const nameOf = ({ outpoint }) => `${hex(outpoint.txid)}:${outpoint.index}`

let shop
let before

client.addEventListener('ready', async () => {
  // On a devnet the wallets come with the page: the first one buys, the second one is the shop.
  const [buyer, second] = client.wallets
  if (buyer === undefined || second === undefined) {
    state.textContent = 'This network brings no wallets to try this with.'
    return
  }
  shop = second.owner
  before = await outputsOfShop()
  pay.to = hex(shop)
  // The order's number is the topic, so that the shop finds the payment.
  pay.topic = order
  // With a wallet the form can be sent.
  pay.wallet = buyer
})

/** The shop's complete set of unspent outputs, proven under the newest block; asked again while no peer can answer. */
async function outputsOfShop() {
  for (;;) {
    try {
      const { utxos } = await client.client.balance(shop)
      return new Map(utxos.map((utxo) => [nameOf(utxo), utxo.output.amount]))
    } catch (problem) {
      state.textContent = `Waiting for the network: ${problem.message}`
      await new Promise((resolve) => setTimeout(resolve, 1000))
    }
  }
}

pay.addEventListener('paid', async ({ detail: proof }) => {
  // The element has verified it already; the file is what the shop would be sent, so it is what decides here.
  const receipt = proof.file === undefined ? undefined : await client.client.inspect(proof.file)
  if (receipt?.ok !== true) {
    state.textContent = 'The receipt does not verify: the order stays open.'
    return
  }
  const now = await outputsOfShop()
  if (![...now].some(([name, amount]) => amount === PRICE && !before.has(name))) {
    state.textContent = 'The shop has not received the price: the order stays open.'
    return
  }
  state.textContent = `Paid in block ${receipt.height}.`
  state.dataset.paid = 'true'
  // Nobody should pay twice.
  pay.hidden = true
  document.querySelector('#receipt').hidden = false
  document.querySelector('#proof').proof = receipt
})
pay.addEventListener('error', ({ detail }) => {
  state.textContent = `Not paid: ${detail.sentence}`
})
