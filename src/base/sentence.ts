/** One sentence for a person, from a template that lives beside its code and the operands that disagreed. */
import type { Operands } from './verdict.ts'

/** Replaces each `{name}` of `template` by the operand of that name; an operand that is missing reads as "unknown". */
export function sentence(template: string, operands: Operands): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => String(operands[name] ?? 'unknown'))
}
