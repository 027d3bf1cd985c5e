/** The kernel's insides (assembly/bls/testing.ts), compiled on the spot, with field elements as bigints. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { bls12_381 as bls } from '@noble/curves/bls12-381.js'
import asc from 'assemblyscript/asc'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const { Fp, Fp2 } = bls.fields
const P = Fp.ORDER
const R = (1n << 392n) % P
const R_INVERSE = Fp.inv(R)

export type Fp2Value = ReturnType<typeof Fp2.create>
export type Fp12Value = typeof bls.fields.Fp12.ONE

/** Places for operands, behind all that the kernel uses. */
export const [A, B, C, D] = [0x150000, 0x150800, 0x151000, 0x151800] as const
export const FP_BYTES = 56
export const FP2_BYTES = 112

type Export = (...operands: (number | bigint)[]) => number

export class FieldMachine {
  readonly call: Readonly<Record<string, Export>>
  readonly #limbs: Int32Array

  constructor(instance: WebAssembly.Instance) {
    this.call = instance.exports as unknown as Record<string, Export>
    this.#limbs = new Int32Array((instance.exports['memory'] as WebAssembly.Memory).buffer)
  }

  /** Montgomery form of `value`; `multiple`·p is added, so that the same element stands there in another form. */
  put(at: number, value: bigint, multiple = 0n): void {
    let rest = ((value * R) % P) + multiple * P
    for (let index = 0; index < 13; index++) {
      this.#limbs[at / 4 + index] = Number(rest & 0xfffffffn)
      rest >>= 28n
    }
    this.#limbs[at / 4 + 13] = Number(rest)
  }

  /** Spreads limbs without changing the value: limb i loses `size`·2^28 and limb i + 1 gains `size`, for each i. */
  loosen(at: number, size: number): void {
    for (let index = 0; index < 13; index++) {
      this.#limbs[at / 4 + index]! -= size * 2 ** 28
      this.#limbs[at / 4 + index + 1]! += size
    }
  }

  get(at: number): bigint {
    let value = 0n
    for (let index = 13; index >= 0; index--) value = (value << 28n) + BigInt(this.#limbs[at / 4 + index]!)
    return Fp.create(value * R_INVERSE)
  }

  /** True iff limbs 0…12 are in [0, 2^28) and the value is within [−0.1p, 1.1p]. */
  isTight(at: number): boolean {
    let value = 0n
    for (let index = 13; index >= 0; index--) value = (value << 28n) + BigInt(this.#limbs[at / 4 + index]!)
    const carried = this.#limbs.subarray(at / 4, at / 4 + 13).every((limb) => limb >= 0 && limb < 2 ** 28)
    return carried && 10n * value >= -P && 10n * value <= 11n * P
  }

  put2(at: number, value: Fp2Value): void {
    this.put(at, value.c0)
    this.put(at + FP_BYTES, value.c1)
  }

  get2(at: number): Fp2Value {
    return Fp2.fromBigTuple([this.get(at), this.get(at + FP_BYTES)])
  }

  put12(at: number, value: Fp12Value): void {
    for (const [half, part] of [value.c0, value.c1].entries())
      for (const [index, coefficient] of [part.c0, part.c1, part.c2].entries())
        this.put2(at + (3 * half + index) * FP2_BYTES, coefficient)
  }

  get12(at: number): Fp12Value {
    const part = (half: number) => {
      const [c0, c1, c2] = [0, 1, 2].map((index) => this.get2(at + (3 * half + index) * FP2_BYTES))
      return { c0: c0!, c1: c1!, c2: c2! }
    }
    return { c0: part(0), c1: part(1) }
  }
}

/** Compiles with the flags of the product; takes a second or two. */
export async function compileFieldMachine(): Promise<FieldMachine> {
  let binary: Uint8Array | undefined
  const flags = ['--runtime', 'stub', '--use', 'abort=', '--noAssert', '--memoryBase', '64', '--initialMemory', '22']
  const { error, stderr } = await asc.main(['assembly/bls/testing.ts', '--outFile', 'testing.wasm', '-O3', ...flags], {
    readFile: (name) => {
      try {
        return readFileSync(`${ROOT}${name}`, 'utf8')
      } catch {
        return null
      }
    },
    writeFile: (_, contents) => {
      if (typeof contents !== 'string') binary = contents
    },
    listFiles: () => null,
  })
  if (error || binary === undefined) throw new Error(`testing.ts does not compile:\n${stderr.toString()}`)
  const { instance } = await WebAssembly.instantiate(new Uint8Array(binary))
  return new FieldMachine(instance)
}
