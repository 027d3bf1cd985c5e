/**
 * What libp2p 3 expects of its engine and Node 20 lacks. Import this first, before anything of libp2p, and only in Node:
 * browsers have all of it.
 */
import WebSocket from 'ws'
import { provide, provideResolvers } from './provide.ts'

provideResolvers()
provide(globalThis, 'WebSocket', WebSocket)
