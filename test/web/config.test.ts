import type { Hash32 } from '../../src/base/brand.ts'
import { parseCheckpoint, parseConfig, parsePeers } from '../../web/client/config.ts'
import { problemOf } from '../../web/client/facts.ts'
import { equal, ok } from './expect.ts'

const code = (act: () => unknown): string => {
  try {
    act()
  } catch (cause) {
    const { code: found, sentence } = problemOf(cause)
    ok(sentence.endsWith('.'), `a sentence ends with a full stop: ${sentence}`)
    return found
  }
  return 'none'
}
const HASH = 'ab'.repeat(32)

describe('configuration', () => {
  it('reads what a devnet serves', () => {
    const text = JSON.stringify({
      ...{
        chainSpec: { name: 'devnet' },
        checkpoint: `12:${HASH}`,
        peers: ['/ip4/127.0.0.1/udp/1/webrtc-direct/p2p/Qm1'],
      },
      ...{ wsPeers: ['/ip4/127.0.0.1/tcp/2/ws/p2p/Qm1'] },
      wallets: [{ name: 'ada', secretKeyHex: '01'.repeat(32), owner: '02'.repeat(16) }, { name: 'broken' }],
    })
    const config = parseConfig(text, '/devnet.json')
    equal(config.chainSpec, '{"name":"devnet"}')
    equal(config.checkpoint?.height, 12n)
    equal(config.peers, ['/ip4/127.0.0.1/udp/1/webrtc-direct/p2p/Qm1'])
    equal(
      config.wallets.map(({ name }) => name),
      ['ada'],
    )
  })
  it('says in one sentence what is wrong', () => {
    equal(
      code(() => parseConfig('nonsense', '/x')),
      'bad-config',
    )
    equal(
      code(() => parseConfig('[]', '/x')),
      'bad-config',
    )
    equal(
      code(() => parseConfig('{}', '/x')),
      'bad-config',
    )
    equal(
      code(() => parseCheckpoint('12')),
      'bad-checkpoint',
    )
    equal(
      code(() => parseCheckpoint(`12:${HASH}00`)),
      'bad-checkpoint',
    )
    equal(parseCheckpoint(`https://example.net/#checkpoint=stakecube:01020304:12:${HASH}`).height, 12n)
    equal(
      code(() => parseCheckpoint(`stakecube:01020304:12:${HASH}`, new Uint8Array(32) as Hash32)),
      'bad-checkpoint',
    )
    equal(
      code(() => parsePeers('http://example')),
      'bad-peer',
    )
  })
})
