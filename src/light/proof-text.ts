/**
 * A proof file as text, for a QR code or a message: `SCP1:` and the bytes in base45 (RFC 9285), whose alphabet is the
 * alphanumeric one of QR codes: 5.5 bits a character, three characters for two bytes.
 *
 * A file that leads from a checkpoint of its own epoch, or by compact hops over a few, fits one code; one with full
 * committees does not, and `proofText` says so.
 */
import { accepted, rejected, type Result } from '../base/verdict.ts'

const PREFIX = 'SCP1:'
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:'
/** Alphanumeric characters in the largest code (version 40) at the lowest error correction. */
export const QR_CHARACTERS_MAX = 4296
/** Characters of each version at error correction L (ISO/IEC 18004, table 7), every fifth and the last. */
const QR_VERSIONS: readonly (readonly [version: number, characters: number])[] = [
  [5, 154],
  [10, 395],
  [15, 758],
  [20, 1249],
  [25, 1853],
  [30, 2520],
  [35, 3351],
  [40, QR_CHARACTERS_MAX],
]

export type ProofTextCode = 'text-form' | 'text-character'
export const PROOF_TEXT_SENTENCES: Readonly<Record<ProofTextCode, string>> = {
  'text-form':
    'A proof as text begins with SCP1: and has whole groups after it; got {length} characters that begin with "{got}".',
  'text-character': 'Character {index} of the proof is "{got}", which base45 does not have; copy it again.',
}

export interface ProofText {
  readonly text: string
  readonly characters: number
  /** The least version of a QR code, of 5, 10, … 40, that holds it at error correction L; undefined if none does. */
  readonly qrVersion: number | undefined
}

export function proofText(file: Uint8Array): ProofText {
  let text = PREFIX
  for (let at = 0; at < file.length; at += 2) {
    const isPair = at + 1 < file.length
    let value = isPair ? file[at]! * 256 + file[at + 1]! : file[at]!
    for (let count = isPair ? 3 : 2; count > 0; count--) {
      text += ALPHABET[value % 45]!
      value = Math.floor(value / 45)
    }
  }
  const qrVersion = QR_VERSIONS.find(([, characters]) => text.length <= characters)?.[0]
  return { text, characters: text.length, qrVersion }
}

/** True for what {@link parseProofText} is meant for: no proof file begins so. */
export const isProofText = (bytes: Uint8Array): boolean =>
  [...PREFIX].every((char, index) => bytes[index] === char.codePointAt(0))

/** A space is a digit of base45. By hand: a pattern anchored at the end takes quadratic time on what somebody made for it. */
function withoutLineEnds(text: string): string {
  let length = text.length
  while (length > 0 && '\r\n\t'.includes(text[length - 1]!)) length--
  return text.slice(0, length)
}

/** The bytes of the file; they still have to be verified. White space at the ends is left out. */
export function parseProofText(text: string): Result<Uint8Array, ProofTextCode> {
  const trimmed = withoutLineEnds(text.trimStart())
  const length = trimmed.length - PREFIX.length
  if (!trimmed.startsWith(PREFIX) || length % 3 === 1)
    return rejected('text-form', { length: trimmed.length, got: trimmed.slice(0, 12) })
  const bytes: number[] = []
  for (let at = PREFIX.length; at < trimmed.length; at += 3) {
    const group = trimmed.slice(at, at + 3)
    let value = 0
    for (let index = group.length - 1; index >= 0; index--) {
      const digit = ALPHABET.indexOf(group[index]!)
      if (digit === -1) return rejected('text-character', { index: at + index, got: group[index]! })
      value = value * 45 + digit
    }
    const isPair = group.length === 3
    if (value >= (isPair ? 65_536 : 256)) return rejected('text-character', { index: at, got: group })
    if (isPair) bytes.push(value >> 8)
    bytes.push(value & 255)
  }
  return accepted(Uint8Array.from(bytes))
}
