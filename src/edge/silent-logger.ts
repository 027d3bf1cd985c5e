/** Stands in for @libp2p/logger in the edge file: nobody reads libp2p's debug output on a board, and this costs nothing. */
interface SilentLogger {
  (): void
  readonly enabled: false
  readonly error: () => void
  readonly trace: () => void
  readonly newScope: () => SilentLogger
}

const silence = (): void => undefined
const silent: SilentLogger = Object.assign(() => undefined, {
  enabled: false as const,
  error: silence,
  trace: silence,
  newScope: (): SilentLogger => silent,
})

export const logger = (): SilentLogger => silent
export const enabled = (): boolean => false
export const enable = silence
export const disable = silence
const components = { forComponent: logger }
export const defaultLogger = () => components
export const prefixLogger = () => components
export const peerLogger = () => components
