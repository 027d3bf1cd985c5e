/** Typed reading of the fields of a vector file. A fault throws VectorFileError with one sentence that names the place. */
import { fromHex, toHex } from '../../base/bytes.ts'

/** The file cannot be run as vectors of its kind. The message is one sentence. */
export class VectorFileError extends Error {
  override readonly name = 'VectorFileError'
}

export class Fields {
  readonly #json: Readonly<Record<string, unknown>>
  /** Where in the file, such as `cases[3].proof`. */
  readonly place: string

  constructor(json: unknown, place: string) {
    if (typeof json !== 'object' || json === null || Array.isArray(json)) throw fault(place, 'an object', json)
    this.#json = json as Readonly<Record<string, unknown>>
    this.place = place
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#json, name) && this.#json[name] !== null
  }

  #read<Value>(name: string, read: (json: unknown, place: string) => Value): Value {
    const place = this.#placeOf(name)
    if (!Object.hasOwn(this.#json, name)) throw new VectorFileError(`${place} is missing; correct the vector file`)
    return read(this.#json[name], place)
  }

  #placeOf(name: string): string {
    return this.place === '' ? name : `${this.place}.${name}`
  }

  text(name: string): string {
    return this.#read(name, readText)
  }
  flag(name: string): boolean {
    return this.#read(name, readFlag)
  }
  /** An integer that JavaScript holds exactly. */
  number(name: string): number {
    return this.#read(name, readNumber)
  }
  /** An integer in [0, 2^64), bare or as a decimal string. */
  u64(name: string): bigint {
    return this.#read(name, readU64)
  }
  /** Hex of any length: whether the length is right is for the code under test to say. */
  hex(name: string): Uint8Array {
    return this.#read(name, readHex)
  }
  /** Hex of exactly `length` bytes, for inputs that no codec reads. */
  bytes(name: string, length: number): Uint8Array {
    const bytes = this.hex(name)
    if (bytes.length !== length) throw fault(this.#placeOf(name), `${length} bytes of hex`, toHex(bytes))
    return bytes
  }
  base64(name: string): Uint8Array {
    return this.#read(name, readBase64)
  }
  object(name: string): Fields {
    return this.#read(name, (json, place) => new Fields(json, place))
  }
  objects(name: string): Fields[] {
    return this.#read(name, (json, place) => readList(json, place, (item, at) => new Fields(item, at)))
  }
  hexes(name: string): Uint8Array[] {
    return this.#read(name, (json, place) => readList(json, place, readHex))
  }
  numbers(name: string): number[] {
    return this.#read(name, (json, place) => readList(json, place, readNumber))
  }
  /** A list of base64 strings; null stands for none. */
  base64s(name: string): Uint8Array[] {
    return this.#read(name, (json, place) => (json === null ? [] : readList(json, place, readBase64)))
  }
  /** The raw JSON, for what is only compared. */
  raw(name: string): unknown {
    return this.#read(name, (json) => json)
  }
}

function readList<Item>(json: unknown, place: string, read: (item: unknown, place: string) => Item): Item[] {
  if (!Array.isArray(json)) throw fault(place, 'a list', json)
  return json.map((item, index) => read(item, `${place}[${index}]`))
}

function readText(json: unknown, place: string): string {
  if (typeof json !== 'string') throw fault(place, 'a string', json)
  return json
}

function readFlag(json: unknown, place: string): boolean {
  if (typeof json !== 'boolean') throw fault(place, 'true or false', json)
  return json
}

function readNumber(json: unknown, place: string): number {
  const value = typeof json === 'string' && /^\d{1,15}$/.test(json) ? Number(json) : json
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw fault(place, 'an integer from 0 to 2^53 − 1', json)
  return value
}

function readU64(json: unknown, place: string): bigint {
  const digits = typeof json === 'number' && Number.isSafeInteger(json) ? String(json) : json
  if (typeof digits !== 'string' || !/^\d{1,20}$/.test(digits) || BigInt(digits) >= 1n << 64n)
    throw fault(place, 'an integer from 0 to 2^64 − 1', json)
  return BigInt(digits)
}

function readHex(json: unknown, place: string): Uint8Array {
  const bytes = typeof json === 'string' ? fromHex(json) : undefined
  if (bytes === undefined) throw fault(place, 'a string of hex bytes', json)
  return bytes
}

function readBase64(json: unknown, place: string): Uint8Array {
  if (typeof json !== 'string' || !/^[A-Za-z0-9+/]*={0,2}$/.test(json) || json.length % 4 !== 0)
    throw fault(place, 'a string of base64', json)
  return Uint8Array.from(Buffer.from(json, 'base64'))
}

function fault(place: string, expected: string, got: unknown): VectorFileError {
  const text = JSON.stringify(got) ?? String(got)
  const shown = text.length <= 60 ? text : `${text.slice(0, 59)}…`
  return new VectorFileError(`${place || 'the file'} must be ${expected}, got ${shown}; correct the vector file`)
}
