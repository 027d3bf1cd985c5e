/** Virtual time: events in order of their time, first come first served among equals. A binary heap. */
interface Entry {
  readonly atMs: number
  readonly order: number
  readonly run: () => void
}

export class EventQueue {
  #heap: Entry[] = []
  #order = 0
  #nowMs: number

  constructor(startMs: number) {
    this.#nowMs = startMs
  }

  get nowMs(): number {
    return this.#nowMs
  }

  get size(): number {
    return this.#heap.length
  }

  /** Runs `run` at `atMs`, or now if that is past. */
  at(atMs: number, run: () => void): void {
    this.#heap.push({ atMs: Math.max(atMs, this.#nowMs), order: this.#order++, run })
    this.#up(this.#heap.length - 1)
  }

  after(delayMs: number, run: () => void): void {
    this.at(this.#nowMs + delayMs, run)
  }

  /** Time of the next event. */
  next(): number | undefined {
    return this.#heap[0]?.atMs
  }

  /** Moves time to the next event and runs it; false if there is none. */
  step(): boolean {
    const first = this.#heap[0]
    if (first === undefined) return false
    const last = this.#heap.pop()!
    if (this.#heap.length > 0) {
      this.#heap[0] = last
      this.#down(0)
    }
    this.#nowMs = first.atMs
    first.run()
    return true
  }

  #isBefore(a: Entry, b: Entry): boolean {
    return a.atMs !== b.atMs ? a.atMs < b.atMs : a.order < b.order
  }

  #up(start: number): void {
    let index = start
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (!this.#isBefore(this.#heap[index]!, this.#heap[parent]!)) return
      this.#swap(index, parent)
      index = parent
    }
  }

  #down(start: number): void {
    let index = start
    for (;;) {
      let least = index
      for (const child of [2 * index + 1, 2 * index + 2])
        if (child < this.#heap.length && this.#isBefore(this.#heap[child]!, this.#heap[least]!)) least = child
      if (least === index) return
      this.#swap(index, least)
      index = least
    }
  }

  #swap(a: number, b: number): void {
    ;[this.#heap[a], this.#heap[b]] = [this.#heap[b]!, this.#heap[a]!]
  }
}
