/** Plots as SVG text, without scripts: histograms and lines. */
export const WIDTH = 640
const HEIGHT = 220
const MARGIN = 44
const BIN_COUNT = 40

export const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

export const PLOT_STYLE =
  'svg{background:#f6f8fa;border-radius:6px}rect.bar{fill:#2f6fde}text{font:11px system-ui;fill:#55606e}polyline{fill:none;stroke-width:2}'

function frame(title: string, body: readonly string[]): string {
  return [
    `<h2>${escaped(title)}</h2>`,
    `<svg role="img" aria-label="${escaped(title)}" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}">`,
    ...body,
    '</svg>',
  ].join('\n')
}

const label = (x: number, y: number, anchor: 'start' | 'end' | 'middle', text: string) =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}">${escaped(text)}</text>`

/** How often values occur; nothing for none. */
export function histogram(title: string, values: readonly number[]): string {
  if (values.length === 0) return ''
  const sorted = [...values].sort((a, b) => a - b)
  const low = Math.min(0, sorted[0]!)
  const high = Math.max(low + 1, sorted[Math.floor(0.995 * (sorted.length - 1))]!)
  const bins = Array.from({ length: BIN_COUNT }, () => 0)
  for (const value of values)
    bins[Math.max(0, Math.min(BIN_COUNT - 1, Math.floor((BIN_COUNT * (value - low)) / (high - low))))]!++
  const most = Math.max(...bins)
  const step = (WIDTH - 2 * MARGIN) / BIN_COUNT
  const bars = bins.map((count, bin) => {
    const height = ((HEIGHT - 2 * MARGIN) * count) / most
    const x = (MARGIN + bin * step).toFixed(1)
    return `<rect class="bar" x="${x}" y="${(HEIGHT - MARGIN - height).toFixed(1)}" width="${(step - 1).toFixed(1)}" height="${height.toFixed(1)}"/>`
  })
  return frame(title, [
    ...bars,
    label(MARGIN, HEIGHT - MARGIN + 16, 'start', String(Math.round(low))),
    label(
      WIDTH - MARGIN,
      HEIGHT - MARGIN + 16,
      'end',
      `${Math.round(high)}${sorted.at(-1)! > high ? ' and more' : ''}`,
    ),
    label(MARGIN, MARGIN - 10, 'start', `${most} runs at most; median ${Math.round(sorted[sorted.length >> 1]!)}`),
  ])
}

export interface Line {
  readonly name: string
  readonly color: string
  /** Ascending by x. */
  readonly points: readonly (readonly [x: number, y: number])[]
}

/** Lines over one pair of axes, y from 0; `isLogarithmic` for the x axis. Nothing when there are no points. */
export function lines(title: string, all: readonly Line[], isLogarithmic = false): string {
  const points = all.flatMap((line) => line.points)
  if (points.length === 0) return ''
  const place = (x: number) => (isLogarithmic ? Math.log2(x) : x)
  const [least, most] = [Math.min(...points.map(([x]) => x)), Math.max(...points.map(([x]) => x))]
  const high = Math.max(1, ...points.map(([, y]) => y))
  const spread = Math.max(1e-9, place(most) - place(least))
  const toX = (x: number) => MARGIN + ((WIDTH - 2 * MARGIN) * (place(x) - place(least))) / spread
  const toY = (y: number) => HEIGHT - MARGIN - ((HEIGHT - 2 * MARGIN) * Math.max(0, y)) / high
  const paths = all.flatMap(({ name, color, points: own }, index) => [
    `<polyline stroke="${color}" points="${own.map(([x, y]) => `${toX(x).toFixed(1)},${toY(y).toFixed(1)}`).join(' ')}"/>`,
    ...own.map(([x, y]) => `<circle cx="${toX(x).toFixed(1)}" cy="${toY(y).toFixed(1)}" r="2.5" fill="${color}"/>`),
    `<circle cx="${MARGIN + 6 + index * 190}" cy="${MARGIN - 24}" r="4" fill="${color}"/>`,
    label(MARGIN + 15 + index * 190, MARGIN - 20, 'start', name),
  ])
  const ticks = [...new Set(points.map(([x]) => x))].sort((a, b) => a - b)
  const shown = ticks.length <= 9 ? ticks : [ticks[0]!, ticks.at(-1)!]
  return frame(title, [
    ...paths,
    ...shown.map((x) => label(toX(x), HEIGHT - MARGIN + 16, 'middle', String(x))),
    label(MARGIN - 6, toY(high) + 4, 'end', String(Math.round(high))),
    label(MARGIN - 6, toY(0) + 4, 'end', '0'),
  ])
}
