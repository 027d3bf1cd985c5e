// A wall of sensors, one topic each. The buttons stand in for devices: they send a small payment under the topic.
const SENSORS = ['roof', 'cellar', 'garden']
const client = document.querySelector('stakecube-client')
const wall = document.querySelector('#wall')

function tile(name) {
  const item = document.createElement('li')
  item.className = 'card'
  const heading = document.createElement('h2')
  heading.textContent = name
  const topic = document.createElement('stakecube-topic')
  topic.id = `topic-${name}`
  topic.blocks = 200
  topic.count = 4
  topic.topic = `sensors/${name}`
  const button = document.createElement('button')
  button.type = 'button'
  button.disabled = true
  button.textContent = `Report from the ${name}`
  const said = document.createElement('p')
  said.setAttribute('role', 'status')
  button.addEventListener('click', () => report(name, button, said))
  item.append(heading, topic, button, said)
  return item
}

async function report(name, button, said) {
  const [wallet] = client.wallets
  button.disabled = true
  said.textContent = 'sending …'
  try {
    const amount = client.client.facts.chain.params.minOutput
    const proof = await client.client.pay(wallet, wallet.owner, amount, () => {}, { topic: `sensors/${name}` })
    said.textContent = `final in block ${proof.height}`
  } catch (problem) {
    said.textContent = problem.message
  } finally {
    button.disabled = false
  }
}

wall.append(...SENSORS.map(tile))
client.addEventListener('ready', () => {
  if (client.wallets.length > 0) for (const button of wall.querySelectorAll('button')) button.disabled = false
})
