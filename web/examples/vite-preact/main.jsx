/** @jsxImportSource preact */
// Elements in a framework: properties and events are those of any HTML element. Nothing here knows what a block is.
import 'stakecube/elements'
import { render } from 'preact'
import { useState } from 'preact/hooks'

const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

function App() {
  const [wallets, setWallets] = useState([])
  const [chosen, setChosen] = useState(0)
  const [problem, setProblem] = useState('')
  const wallet = wallets[chosen]
  return (
    <stakecube-client
      src="/devnet.json"
      onready={(event) => setWallets(event.currentTarget.wallets)}
      onerror={(event) => setProblem(event.detail?.sentence ?? '')}
    >
      <h1>Balances, proven in this page</h1>
      <stakecube-status compact />
      <p role="status">{problem}</p>
      <label>
        Account{' '}
        <select value={chosen} onChange={(event) => setChosen(Number(event.currentTarget.value))}>
          {wallets.map(({ name }, index) => (
            <option key={name} value={index}>
              {name}
            </option>
          ))}
        </select>
      </label>
      {wallet && <stakecube-balance owner={hex(wallet.owner)} />}
      <stakecube-heads count={8} />
    </stakecube-client>
  )
}

render(<App />, document.getElementById('app'))
