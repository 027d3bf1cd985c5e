/** Every check by name, with the issue item that it shows. A check's module is loaded only when it runs. */

/** One measured value against its bar. `op: 'info'` has no bar and passes. */
export interface CheckResult {
  readonly id: string
  readonly value: unknown
  readonly unit: string
  readonly op: '==' | '<=' | '>=' | '<' | '>' | 'info'
  readonly bar: unknown
  readonly pass: boolean
}

export interface CheckOutcome {
  readonly results: readonly CheckResult[]
  /** What could not be run, one sentence each. Anything here makes the check not ok. */
  readonly notRun: readonly string[]
}

export interface CheckOptions {
  readonly seed: string
  /** The long form; the short one (≤ 60 s) is part of `npm test`. */
  readonly full: boolean
}

export interface CheckReport extends CheckOutcome {
  readonly name: string
  readonly ok: boolean
  readonly form: 'short' | 'full'
  readonly commit: string
  readonly dirty: boolean
  readonly machine: { readonly cpu: string; readonly cores: number; readonly engine: string }
  readonly seed: string
  readonly durationMs: number
}

interface CheckModule {
  run(options: CheckOptions): Promise<CheckOutcome> | CheckOutcome
}

export interface CheckEntry {
  readonly name: string
  readonly shows: string
  load(): Promise<CheckModule>
}

/** `value op bar`, as a result. */
export function measured(
  id: string,
  value: number,
  unit: string,
  op: Exclude<CheckResult['op'], 'info'>,
  bar: number,
): CheckResult {
  const pass = { '==': value === bar, '<=': value <= bar, '>=': value >= bar, '<': value < bar, '>': value > bar }[op]
  return { id, value, unit, op, bar, pass }
}

/** A figure that is reported without a bar. */
export const noted = (id: string, value: unknown, unit: string): CheckResult => ({
  id,
  value,
  unit,
  op: 'info',
  bar: null,
  pass: true,
})

export const CHECKS: readonly CheckEntry[] = [
  {
    name: 'pace',
    shows:
      'issue 2: 8 validators ready within a minute, median block time at most 1.5 s while a page and a client follow, Ctrl-C, second start',
    load: () => import('./pace.ts'),
  },
  {
    name: 'clean-clone',
    shows: "issue 2: on a clean clone README's test command installs, builds and passes everything",
    load: async () => (await import('./test-runs.ts')).cleanClone,
  },
  {
    name: 'page',
    shows:
      'issue 2: the page in Chromium follows over webrtc-direct, pays, proves, and resumes from IndexedDB after a reload',
    load: async () => (await import('./test-runs.ts')).page,
  },
  {
    name: 'vectors',
    shows: 'issue 2: every file of ../shared/vectors passes through stakecube vectors with scalar, SIMD and twin',
    load: () => import('./vectors.ts'),
  },
  {
    name: 'mutations',
    shows:
      'issue 2: every single-bit change and truncation of a header, certificate, committee or proof is rejected with a code',
    load: () => import('./mutations.ts'),
  },
  {
    name: 'resume',
    shows:
      'issue 2: a headless client killed with SIGKILL at random moments resumes from what it had verified (TCP, webrtc-direct)',
    load: () => import('./resume.ts'),
  },
  {
    name: 'environments',
    shows: 'issue 2: a 10-epoch chain with real BLS verifies the same in Node and Chromium with scalar, SIMD and twin',
    load: () => import('./environments.ts'),
  },
  {
    name: 'hostile',
    shows:
      'issue 6: among forging, stale, truncating, slow, flooding, replaying, eclipsing and equivocating servers as real peers, the client believes nothing false and finds the honest one',
    load: () => import('./hostile.ts'),
  },
  {
    name: 'mesh',
    shows:
      'issue 6: light clients in Node and Chromium, of which one alone reaches a validator, all follow through each other, and go on without the relay',
    load: () => import('./mesh.ts'),
  },
  {
    name: 'twin',
    shows: 'issue 3: scalar and SIMD kernels agree with the twin on random cases, and SHA-256 with node:crypto',
    load: () => import('./twin.ts'),
  },
  {
    name: 'bls-agree',
    shows: 'issue 5: the BLS kernel agrees with blst, noble and BigInt arithmetic on verifications, decodings and sums',
    load: () => import('./bls-agree.ts'),
  },
  {
    name: 'size',
    shows: 'issues 3, 5 and 6: each wasm file and the JavaScript that comes with it is within its budget',
    load: () => import('./size.ts'),
  },
  {
    name: 'pack',
    shows:
      'issue 7: the package installs small and without native parts, its types are right, and Vite, webpack, a static page and strict policies verify with it',
    load: () => import('./pack.ts'),
  },
  {
    name: 'a11y',
    shows:
      'issue 7: axe finds nothing in the dashboard, each element alone, examples and docs, light and dark; the keyboard reaches everything',
    load: () => import('./a11y.ts'),
  },
  {
    name: 'page-soak',
    shows:
      'issue 7: the page follows for 30 minutes with no task of our scripts over 50 ms and a heap that does not grow',
    load: () => import('./page-soak.ts'),
  },
  {
    name: 'sim',
    shows:
      'issue 4: random simulated runs at the tolerated faults stay safe and go on after the heal; each checker catches its planted bug',
    load: () => import('./sim.ts'),
  },
  {
    name: 'joining',
    shows:
      'issue 4: on a devnet a stranger stakes, is drawn three epochs later, signs, catches up after a kill, unstakes and gets the money back',
    load: () => import('./joining.ts'),
  },
  {
    name: 'draws',
    shows: 'issue 4: the seats of a credential follow its stake, and each epoch moves about one T-th of the seats',
    load: () => import('./draws.ts'),
  },
  {
    name: 'soak-devnet',
    shows:
      'issue 4: a devnet of separate processes survives kill -9 of random tolerated sets, healed partitions and restarts of everything',
    load: () => import('./soak-devnet.ts'),
  },
  {
    name: 'load',
    shows:
      'issue 4: 8 validators as processes under payments: transactions per second final, latency median and p99, CPU and memory of each',
    load: () => import('./load.ts'),
  },
  {
    name: 'flood',
    shows:
      'issue 4: garbage, replayed, oversized and out-of-order messages are counted and dropped, flooders cut off, memory bounded',
    load: () => import('./flood.ts'),
  },
  {
    name: 'scale',
    shows:
      'issue 4: messages and bytes per node and block and time to final for 64 to 4096 simulated nodes, beside the published figures',
    load: () => import('./scale.ts'),
  },
  {
    name: 'fuzz',
    shows:
      'issue 6: frames of any bytes, valid, changed or noise, never throw out of the core nor move a client off the chain',
    load: () => import('./fuzz.ts'),
  },
  {
    name: 'catchup',
    shows:
      'issue 6: 52 epochs of catching up by compact hops in batches, against the naive way, in Node, Chromium and on the emulated board; warm start',
    load: () => import('./catchup.ts'),
  },
  {
    name: 'worker',
    shows:
      'issue 6: verification in a worker: catching up, proof files and warm starts leave no task of 16 ms to the main thread of a page in Chromium',
    load: () => import('./worker.ts'),
  },
  {
    name: 'board',
    shows:
      'issue 8: the edge file on the emulated ARM1176 and on the host follows a live devnet within its memory, and loses nothing final in power cuts',
    load: () => import('./board.ts'),
  },
]
