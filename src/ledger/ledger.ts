/** The public face of the ledger: its value, and the two ways to the next one. */
export {
  committeeOf,
  epochRecord,
  genesisLedger,
  stateView,
  totalAmount,
  unaccounted,
  type Ledger,
  type LedgerDelta,
  type Money,
} from './ledger-value.ts'
export { buildBlock, type BlockPlan } from './block-building.ts'
export { executeBlock, type LedgerCode } from './block-execution.ts'
export { VerifiedCache } from './prepared-transaction.ts'
export type { Chain } from './transaction-rules.ts'
