/** The store failed, not the data in it: thrown by every adapter, with what to do. */
export type StoreCode = 'version-newer' | 'not-writable' | 'no-space' | 'locked' | 'closed' | 'failed'

export class StoreError extends Error {
  override readonly name = 'StoreError'
  readonly code: StoreCode
  constructor(code: StoreCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** What an adapter says when it set something aside. The old bytes are kept under `keptAs`; nothing of them is used. */
export interface StoreWarning {
  readonly code: 'set-aside'
  /** One sentence: what was wrong and where it lies now. */
  readonly message: string
  readonly keptAs: string
}
