/** Small drawings. Decoration only: a word stands next to each of them. */
import { svg, type SVGTemplateResult } from 'lit'

/** An isometric cube, its sides filled from below to `share` (0 … 1) of its height. `id` is unique in its shadow root. */
export function cubeIcon(id: string, share: number): SVGTemplateResult {
  const top = 4 + 40 * (1 - Math.min(1, Math.max(0, share)))
  return svg`<svg viewBox="0 0 44 48" aria-hidden="true" class="cube">
    <clipPath id=${id}><rect x="0" y=${top} width="44" height="48"></rect></clipPath>
    <g class="empty"><path d="M22 3 41 13.5v21L22 45 3 34.5v-21Z"></path></g>
    <g clip-path=${`url(#${id})`}>
      <path class="side left" d="M3 13.5 22 24v21L3 34.5Z"></path>
      <path class="side right" d="M41 13.5 22 24v21l19-10.5Z"></path>
      <path class="side top" d="M22 3 41 13.5 22 24 3 13.5Z"></path>
    </g>
    <path class="rim" d="M22 3 41 13.5v21L22 45 3 34.5v-21ZM3 13.5 22 24l19-10.5M22 24v21"></path>
  </svg>`
}

const SIGNS = {
  check: 'M5 12.5 10 17.5 19 7',
  cross: 'M6 6 18 18M18 6 6 18',
  dots: 'M5 12h.01M12 12h.01M19 12h.01',
  pause: 'M9 6v12M15 6v12',
  one: 'M9 8.5 12.5 6v12',
  bang: 'M12 5v9M12 18.5v.01',
} as const
export type Sign = keyof typeof SIGNS

/** A sign of 1 em in the current colour. */
export function sign(name: Sign): SVGTemplateResult {
  return svg`<svg viewBox="0 0 24 24" aria-hidden="true" class="sign" width="1em" height="1em" fill="none"
    stroke="currentColor" stroke-width="2.6" stroke-linecap="round" stroke-linejoin="round"><path d=${SIGNS[name]}></path></svg>`
}
