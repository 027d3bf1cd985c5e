/**
 * Which network an address is in: what one operator is likely to hold many addresses of. Peers of one group count as one
 * where independence matters ([LC-7]): for witnesses, and in the address book.
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

/** The eight groups of an IPv6 address without leading zeros; `::` is spelled out. */
function ip6Groups(text: string): readonly string[] {
  const [head = '', tail] = text.toLowerCase().split('%')[0]!.split('::')
  const groups = (part: string) => (part === '' ? [] : part.split(':'))
  const before = groups(head)
  const after = tail === undefined ? [] : groups(tail)
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length)
  return [...before, ...Array<string>(zeros).fill('0'), ...after].map((group) => group.replace(/^0+(?=.)/, ''))
}
