/** A process of check `bls-agree`. */
import { partRunner } from './bls-agree-parts.ts'
import { answerParts } from './process-pool.ts'

answerParts(await partRunner())
