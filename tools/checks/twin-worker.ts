/** A process of check `twin`. */
import { answerParts } from './process-pool.ts'
import { twinRunner } from './twin.ts'

answerParts(await twinRunner())
