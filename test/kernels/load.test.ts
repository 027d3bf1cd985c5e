import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toHex } from '../../src/base/bytes.ts'
import { bestKernel, kernelBytes, loadKernels } from '../../src/kernels/load.ts'

const ABC = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
const abc = Uint8Array.of(97, 98, 99)

test('this engine runs the SIMD build, and it is the default', async () => {
  assert.equal(bestKernel(), 'simd')
  assert.equal((await loadKernels()).name, 'simd')
})

test('each build can be asked for and answers', async () => {
  for (const name of ['twin', 'scalar', 'simd'] as const) {
    const kernels = await loadKernels({ prefer: name })
    assert.equal(kernels.name, name)
    assert.equal(toHex(kernels.sha256(abc)), ABC)
  }
})

test('a compiled module is taken as it is, without imports', async () => {
  for (const name of ['scalar', 'simd'] as const) {
    const module = await WebAssembly.compile(await kernelBytes(name))
    assert.deepEqual(WebAssembly.Module.imports(module), [])
    const kernels = await loadKernels({ module })
    assert.equal(kernels.name, name)
    assert.equal(toHex(kernels.sha256(abc)), ABC)
  }
})

test('without WebAssembly the twin takes over; without SIMD the scalar build does', async () => {
  const engine = globalThis.WebAssembly
  const without = globalThis as { WebAssembly: typeof WebAssembly | undefined }
  try {
    without.WebAssembly = undefined
    assert.equal((await loadKernels()).name, 'twin')
    without.WebAssembly = { ...engine, validate: () => false, instantiate: engine.instantiate.bind(engine) }
    assert.equal((await loadKernels({ prefer: 'simd' })).name, 'scalar')
  } finally {
    without.WebAssembly = engine
  }
})

test('two instances share no memory', async () => {
  const [one, other] = [await loadKernels(), await loadKernels()]
  one.inputView(64).fill(1)
  other.inputView(64).fill(2)
  assert.equal(one.inputView(64)[0], 1)
})
