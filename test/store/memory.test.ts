import { createMemoryStore } from '../../src/store/memory.ts'
import { storeContract } from './contract.ts'

storeContract('memory', async () => {
  const entries = new Map<string, Uint8Array>()
  return { open: async () => createMemoryStore(entries), cleanUp: async () => undefined }
})
