/**
 * Stands in for @chainsafe/as-chacha20poly1305 and @chainsafe/as-sha256 in the edge file: the board's OpenSSL instead of two more
 * wasm instances and their 80 kB. Names are those of the packages.
 */
import { createCipheriv, createDecipheriv, createHash } from 'node:crypto'

const CIPHER = 'chacha20-poly1305'
const TAG_BYTES = 16

export const newInstance = (): undefined => undefined

export class ChaCha20Poly1305 {
  /** ciphertext ‖ tag 16 */
  seal(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array, associated?: Uint8Array): Uint8Array {
    const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES })
    cipher.setAAD(associated ?? new Uint8Array(0), { plaintextLength: plaintext.length })
    return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
  }

  /** Null if the tag does not fit. */
  open(key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array, associated?: Uint8Array): Uint8Array | null {
    if (sealed.length < TAG_BYTES) return null
    const end = sealed.length - TAG_BYTES
    const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES })
    decipher.setAAD(associated ?? new Uint8Array(0), { plaintextLength: end })
    decipher.setAuthTag(sealed.subarray(end))
    const plaintext = decipher.update(sealed.subarray(0, end))
    try {
      decipher.final()
    } catch {
      return null
    }
    return plaintext
  }
}

export const digest = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()
