/**
 * JSON whose integers keep all their digits: vectors hold indices up to 2^64 − 1 as bare numbers. Integers of more than 15
 * digits come back as decimal strings, which the field readers accept wherever they accept a number.
 */
const STRING_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/gs
const LONG_INTEGER = /^-?\d{16,}$/

/** Throws SyntaxError for what is not JSON. */
export function parseExactJson(text: string): unknown {
  JSON.parse(text) // the faults are those of the text as it stands, not of the one rewritten below
  return JSON.parse(text.replace(STRING_OR_NUMBER, (token) => (LONG_INTEGER.test(token) ? `"${token}"` : token)))
}
