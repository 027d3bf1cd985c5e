/** Paths of the libp2p protocols (§9). */
import { toHex } from '../base/bytes.ts'

/** /stakecube/1/<first 8 hex of chainId>/<name> */
export function protocolPath(chainId: Uint8Array, name: string): string {
  return `/stakecube/1/${toHex(chainId.subarray(0, 4))}/${name}`
}
