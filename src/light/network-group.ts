/**
 * Which network an address is in: what one operator is likely to hold many addresses of. Peers of one group count as one
 * where independence matters ([LC-7]): for witnesses (`sourceOf`), and in the address book.
 */

/**
 * The group of a multiaddr: the /16 of an IPv4 address, the /32 of an IPv6 one, the last two labels of a name; of a relayed
 * address that of the relay. Never fails: what is none of these is a group by its own text.
 */
export function networkGroup(address: string): string {
  const [, kind = '', value = ''] = address.split('/')
  if (kind === 'ip4') return `ip4/${value.split('.').slice(0, 2).join('.')}`
  if (kind === 'ip6') return `ip6/${ip6Groups(value).slice(0, 2).join(':')}`
  if (/^dns(4|6|addr)?$/.test(kind)) return `dns/${value.toLowerCase().split('.').slice(-2).join('.')}`
  return address.split('/p2p/')[0]!
}

/**
 * Whose word a peer at this address is, as far as an address can tell: its network, so that many addresses that one operator
 * is likely to hold count once. In a private network or on this machine everything is in one network, and a network says
 * nothing about who is who: there another host, or another port, is another source. Peers behind one relay are one source.
 */
export function sourceOf(address: string): string {
  if (!isLocalAddress(address)) return networkGroup(address)
  const [, kind, value, transport = '', port = ''] = address.split('/')
  return `local/${kind}/${value}/${transport}/${port}`
}

/** Of this machine, or of a private network (RFC 1918, 3927, 4193, 6598; link-local; names under `localhost` and `.local`). */
export function isLocalAddress(address: string): boolean {
  const [, kind = '', value = ''] = address.split('/')
  if (kind === 'ip4') return isLocalIp4(value.split('.').map(Number))
  if (kind === 'ip6') return isLocalIp6(ip6Groups(value))
  return /^dns(4|6|addr)?$/.test(kind) && /(^|\.)(localhost|local|internal)\.?$/.test(value.toLowerCase())
}

function isLocalIp4([a = 0, b = 0]: readonly number[]): boolean {
  if (a === 10 || a === 127) return true
  if (a === 172) return b >= 16 && b < 32
  if (a === 100) return b >= 64 && b < 128
  return (a === 192 && b === 168) || (a === 169 && b === 254)
}

/** ::1, fc00::/7 and fe80::/10. */
function isLocalIp6(groups: readonly string[]): boolean {
  if (groups.length === 8 && groups.join(':') === '0:0:0:0:0:0:0:1') return true
  const first = Number.parseInt(groups[0] ?? '', 16)
  return (first & 0xfe00) === 0xfc00 || (first & 0xffc0) === 0xfe80
}

/** The eight groups of an IPv6 address without leading zeros; `::` is spelled out. */
function ip6Groups(text: string): readonly string[] {
  const [head = '', tail] = text.toLowerCase().split('%')[0]!.split('::')
  const groups = (part: string) => (part === '' ? [] : part.split(':'))
  const before = groups(head)
  const after = tail === undefined ? [] : groups(tail)
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length)
  return [...before, ...Array<string>(zeros).fill('0'), ...after].map((group) => group.replace(/^0+(?=.)/, ''))
}
