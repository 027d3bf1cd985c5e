/** Named points in time. At most one per name; the last one set counts. */
export class Deadlines<Name extends string> {
  readonly #atMs = new Map<Name, number>()

  set(name: Name, atMs: number): void {
    this.#atMs.set(name, atMs)
  }

  /** Sets `name` unless it is set already. */
  setOnce(name: Name, atMs: number): void {
    if (!this.#atMs.has(name)) this.#atMs.set(name, atMs)
  }

  clear(...names: readonly Name[]): void {
    for (const name of names) this.#atMs.delete(name)
  }

  has(name: Name): boolean {
    return this.#atMs.has(name)
  }

  /** Removes and returns the names that are due, earliest first. */
  takeDue(nowMs: number): Name[] {
    const due = [...this.#atMs].filter(([, atMs]) => atMs <= nowMs).sort((a, b) => a[1] - b[1])
    for (const [name] of due) this.#atMs.delete(name)
    return due.map(([name]) => name)
  }

  /** Earliest time set. */
  next(): number | undefined {
    let next: number | undefined
    for (const atMs of this.#atMs.values()) if (next === undefined || atMs < next) next = atMs
    return next
  }

  /** The clock jumped by `byMs`. */
  shift(byMs: number): void {
    for (const [name, atMs] of this.#atMs) this.#atMs.set(name, atMs + byMs)
  }
}
