/** The flooders of the check `flood`, in a process of their own: told what to do in one line, they report once a second. */
import { createInterface } from 'node:readline'
import { fromHex } from '../../src/base/bytes.ts'
import { parseChainSpec } from '../../src/chain/spec.ts'
import { floodOne, KINDS, type FloodCounts } from './flooders.ts'

interface Order {
  readonly spec: string
  readonly chainId: string
  readonly targets: readonly string[]
  readonly height: number
  readonly blockTimeMs: number
  readonly durationMs: number
}

const order = JSON.parse(await firstLine()) as Order
const spec = parseChainSpec(order.spec)
if (spec.kind === 'rejected') throw new Error(spec.code)
const startedMs = performance.now()
const counts: FloodCounts = { messages: 0, bytes: 0, identities: 0, cutOff: 0, byKind: {} }
const report = setInterval(() => process.stdout.write(`${JSON.stringify(counts)}\n`), 1000)
process.on('unhandledRejection', () => undefined)
const flood = {
  ...{ chainId: fromHex(order.chainId)!, params: spec.value.params, targets: order.targets, counts },
  isOver: () => performance.now() - startedMs > order.durationMs,
  height: () => BigInt(order.height + Math.floor((performance.now() - startedMs) / (2 * order.blockTimeMs))),
}
await Promise.all(
  Object.keys(KINDS).map((kind, index) => floodOne(flood, kind, order.targets[index % order.targets.length]!)),
)
clearInterval(report)
process.stdout.write(`${JSON.stringify({ ...counts, done: true })}\n`)
process.exit(0)

async function firstLine(): Promise<string> {
  for await (const text of createInterface({ input: process.stdin })) return text
  throw new Error('no order came')
}
