/** The worker that verifies, alone in one file: the light machine, its kernels and BLS, without any network. */
import { serveMachine, type WorkerScope } from '../../src/client/machine-worker.ts'

serveMachine(globalThis as unknown as WorkerScope)
