/** axe-core over the page as it stands, WCAG 2.2 A and AA and best practices. */
import 'axe-core'
import type { AxeResults, RunOptions } from 'axe-core'

declare global {
  interface Window {
    readonly axe: { run(context: Element | Document, options?: RunOptions): Promise<AxeResults> }
  }
}

/** "rule: selector: what to mend" for each violation. */
export async function violations(context: Element | Document = document): Promise<string[]> {
  const { violations: found, passes } = await window.axe.run(context, { resultTypes: ['violations'] })
  if (passes.length === 0) throw new Error('axe checked nothing')
  return found.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')}: ${failureSummary ?? ''}`),
  )
}
