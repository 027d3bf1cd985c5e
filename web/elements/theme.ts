/**
 * Colours, type and shapes shared by the elements. Each `--_name` reads the public custom property `--stakecube-name` and
 * falls back to a value for light and dark; which of the two applies follows `color-scheme` of the page around.
 */
import { css } from 'lit'

export const theme = css`
  :host {
    --_ground: var(--stakecube-ground, light-dark(#f6f4ef, #121117));
    --_card: var(--stakecube-card, light-dark(#fffefb, #1b1a22));
    --_ink: var(--stakecube-ink, light-dark(#1d1b24, #eceaf2));
    --_ink-soft: var(--stakecube-ink-soft, light-dark(#5a5666, #aca8ba));
    --_line: var(--stakecube-line, light-dark(#dcd7cc, #383542));
    --_line-strong: var(--stakecube-line-strong, light-dark(#8d8799, #77728a));
    --_accent: var(--stakecube-accent, light-dark(#4a3fc4, #a9a2ff));
    --_accent-soft: var(--stakecube-accent-soft, light-dark(#e7e4fb, #2b2850));
    --_on-accent: var(--stakecube-on-accent, light-dark(#ffffff, #16142b));
    --_good: var(--stakecube-good, light-dark(#0a6847, #62d6a4));
    --_warn: var(--stakecube-warn, light-dark(#854d00, #f2bd57));
    --_bad: var(--stakecube-bad, light-dark(#ae2019, #ff9a90));
    --_mono: var(--stakecube-mono, ui-monospace, 'SF Mono', 'Cascadia Mono', 'DejaVu Sans Mono', Menlo, monospace);
    --_radius: var(--stakecube-radius, 12px);
    display: block;
    color: var(--_ink);
    font: var(--stakecube-font, 400 1rem/1.5 system-ui, 'Segoe UI', Roboto, 'Liberation Sans', sans-serif);
    font-variant-numeric: tabular-nums;
  }
  :host([hidden]) {
    display: none;
  }
  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }
  :focus-visible {
    outline: 2px solid var(--_accent);
    outline-offset: 2px;
  }
  p,
  ul,
  ol,
  dl,
  dd,
  figure {
    margin: 0;
    padding: 0;
  }
  ul,
  ol {
    list-style: none;
  }
  code,
  .mono {
    font-family: var(--_mono);
    font-size: 0.875em;
    overflow-wrap: anywhere;
  }
  .soft {
    color: var(--_ink-soft);
  }
  .small {
    font-size: 0.875rem;
  }
  .good {
    color: var(--_good);
  }
  .warn {
    color: var(--_warn);
  }
  .bad {
    color: var(--_bad);
  }
  button,
  .button {
    font: inherit;
    font-weight: 600;
    color: var(--_on-accent);
    background: var(--_accent);
    border: 1px solid transparent;
    border-radius: 8px;
    padding: 0.5rem 1rem;
    min-height: 2.75rem;
    cursor: pointer;
    text-decoration: none;
  }
  button:hover:not(:disabled) {
    filter: brightness(1.08);
  }
  button:disabled {
    color: var(--_ink-soft);
    background: transparent;
    border-color: var(--_line-strong);
    cursor: not-allowed;
  }
  button.quiet {
    color: var(--_accent);
    background: transparent;
    border-color: var(--_line-strong);
  }
  input,
  select {
    font: inherit;
    color: inherit;
    background: var(--_ground);
    border: 1px solid var(--_line-strong);
    border-radius: 8px;
    padding: 0.5rem 0.75rem;
    min-height: 2.75rem;
    width: 100%;
    min-width: 0;
  }
  input[aria-invalid='true'] {
    border-color: var(--_bad);
  }
  label {
    display: block;
    font-size: 0.875rem;
    font-weight: 600;
    margin-bottom: 0.25rem;
  }
  .visually-hidden {
    position: absolute;
    width: 1px;
    height: 1px;
    margin: -1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
`
