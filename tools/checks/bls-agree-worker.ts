/** A process of check `bls-agree`: gets parts as messages, answers each with its tally. Ends when its parent does. */
import { partRunner, type Part } from './bls-agree-parts.ts'

const run = await partRunner()
process.on('message', (part: Part) => process.send!(run(part)))
process.on('disconnect', () => process.exit())
process.send!('ready')
