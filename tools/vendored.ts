/**
 * Which packages go into the package itself instead of being installed with it. libp2p for Node stands in dist/vendor: its
 * webrtc package would bring React Native to everybody who installs us. What has a native part stays outside and optional.
 */

/** Bundled into dist/vendor (Node), dist/browser and dist/web (pages); development dependencies here. */
export const VENDORED: readonly RegExp[] = [
  /^libp2p$/,
  /^@libp2p\//,
  /^@multiformats\//,
  /^datastore-(core|level)$/,
  /^interface-datastore$/,
]

/** Native parts: optional peers, loaded when something asks for them. */
export const NATIVE = ['classic-level', 'node-datachannel'] as const

/** The package of an import, without the path inside of it. */
export const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')

export const isVendored = (specifier: string): boolean => VENDORED.some((pattern) => pattern.test(packageOf(specifier)))
