/** node:test for suites that run in both worlds: their tests become mocha's. */
interface Mocha {
  it(title: string, body: () => Promise<void> | void): void
}
export const test = (title: string, body: () => Promise<void> | void): void =>
  (globalThis as unknown as Mocha).it(title, body)
