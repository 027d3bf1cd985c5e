/** Every rule violation that the ledger names, each with a sentence template (`{name}` stands for an operand). */

export const TX_SENTENCES = {
  'tx-chain': 'The transaction is for chain {got}, this chain is {expected}.',
  'tx-bytes': 'The transaction has {bytes} bytes, at most {bytesMax} are allowed.',
  'tx-payload': 'The payload has {bytes} bytes, at most {bytesMax} are allowed.',
  'tx-expired': 'The transaction expired at height {expiry}, the block is at {height}.',
  'tx-expiry-far': 'The transaction expires at height {expiry}, at most {expiryMax} is allowed at height {height}.',
  'tx-input-twice': 'Inputs {first} and {index} spend the same output.',
  'tx-input-missing': 'Input {index} spends {outpoint}, which is not an unspent output of an earlier block.',
  'tx-output-dust': 'Output {index} has the amount {amount}, the least is {least}.',
  'tx-stake-small': 'Output {index} stakes {amount}, the least stake is {least}.',
  'tx-stake-large': 'Output {index} stakes {amount}, which must stay below {limit}.',
  'tx-device-role': 'Output {index} gives the device the role {role}, known are 0 to {roleMax}.',
  'tx-device-twice': 'Outputs {first} and {index} register the same device key.',
  'tx-device-registered':
    'Output {index} registers a device key whose registration {outpoint} is live and not spent here.',
  'tx-unbonding':
    'Input {index} is stake, so output {index} must unbond it; its {field} is {got}, expected {expected}.',
  'tx-unbonding-unearned': 'Output {index} is unbonding stake, but input {index} is no stake.',
  'tx-unbonding-locked': 'Input {index} is unbonding until epoch {releaseEpoch}, the block is in epoch {epoch}.',
  'tx-escrow-payload':
    'Input {index} is an escrow before its deadline {deadline}; the payload is not the 32 bytes that open it.',
  'tx-witness-owner': 'Witness {index} is the key of {got}, the output may be spent by {expected}.',
  'tx-sum': 'The outputs add up to {outputs}, the inputs only to {inputs}.',
  'tx-sum-overflow': 'The {side} add up to {sum}, which is more than 64 bits hold.',
  'tx-fee': 'The fee is {fee}, at least {feeMin} is due for {bytes} bytes.',
  'tx-signature': 'The signature of witness {index} does not verify.',
  'tx-stake-key': 'The stake key of output {index} is not a valid BLS key.',
  'tx-possession': 'The proof of possession of output {index} does not verify.',
  'tx-device-signature': 'The device signature of output {index} does not verify.',
} as const
export type TxCode = keyof typeof TX_SENTENCES

export const BLOCK_SENTENCES = {
  'block-chain': 'The block is for chain {got}, this chain is {expected}.',
  'block-height': 'The block has height {got}, the next one is {expected}.',
  'block-parent': 'The block follows {got}, the head is {expected}.',
  'block-time': 'The block is at {got} ms, the earliest time after its parent is {least} ms.',
  'block-bytes': 'The block has {bytes} bytes, at most {bytesMax} are allowed.',
  'block-cert-absent': 'The block at height {height} carries no certificate of its parent.',
  'block-cert-present': 'The block at height {height} carries a certificate of {bytes} bytes where there is none.',
  'block-cert-hash': 'The header says {got} for its parent certificate, the body holds {expected}.',
  'block-committee-none': 'Epoch {epoch} has no committee: the chain has stopped.',
  'block-seed': 'The header has the seed {got}, the reveal gives {expected}.',
  'block-tx-order': 'Transaction {index} is not above the one before it by (topic, txid).',
  'block-double-spend': 'Transaction {index} spends {outpoint}, which another transaction of the block spends.',
  'block-device-twice': 'Transaction {index} registers a device key that another transaction of the block registers.',
  'block-stake-count': 'The block has {count} new stake outputs, at most {countMax} are allowed.',
  'block-state-key': 'Two outputs would have the state key {key} after the block.',
  'block-tx-root': 'The header has the transaction root {got}, the body gives {expected}.',
  'block-tx-count': 'The header counts {got} transactions, the body has {expected}.',
  'block-state-root': 'The header has the state root {got}, executing the block gives {expected}.',
  'block-committee-root': 'The header has the committee root {got}, epoch {epoch} has {expected}.',
  'block-next-committee-root': 'The header has the next committee root {got}, epoch {epoch} has {expected}.',
  'block-history-root': 'The header has the history root {got}, the chain before it gives {expected}.',
} as const
export type BlockCode = keyof typeof BLOCK_SENTENCES

export const EVIDENCE_SENTENCES = {
  'evidence-kind': 'Evidence {index} is of kind {kind}, known are 1 and 2.',
  'evidence-decode': 'Evidence {index} is malformed: {problem} at byte {offset}.',
  'evidence-same-hash': 'Evidence {index} does not show two different block hashes in ascending order.',
  'evidence-height':
    'Evidence {index} is about height {height} and about {blockHeight}: one height, not above the block, is expected.',
  'evidence-old': 'Evidence {index} is about epoch {epoch}, it was valid up to epoch {epochMax}.',
  'evidence-key': 'The accused key of evidence {index} is not a valid BLS key.',
  'evidence-signature': 'Signature {which} of evidence {index} does not verify.',
  'evidence-burn-none': 'Evidence {index} burns no output.',
  'evidence-burn-order': 'The burnt outpoints of evidence {index} are not strictly ascending.',
  'evidence-burn-missing':
    'Evidence {index} burns {outpoint}, which is not unspent before this block or is spent in it.',
  'evidence-burn-innocent': 'Evidence {index} burns {outpoint}, which is no stake of a guilty key.',
  'evidence-header': 'The header in evidence {index} is not in this chain.',
  'evidence-committee': 'The committee in evidence {index} is not the one of epoch {epoch}: {problem}.',
  'evidence-cert': 'Certificate {which} of evidence {index} is not valid: {problem}.',
  'evidence-round':
    'The certificates of evidence {index} are of rounds {first} and {second}; only one round names the guilty.',
} as const
export type EvidenceCode = keyof typeof EVIDENCE_SENTENCES

export const MEMPOOL_SENTENCES = {
  'mempool-known': 'The transaction {txid} is already waiting.',
  'mempool-conflict':
    'Transaction {txid} is waiting and spends the same; replacing takes a fee of at least {feeMin}, got {fee}.',
  'mempool-full':
    'The mempool is full of transactions that pay at least {feePerByteMin} per byte, this one pays {feePerByte}.',
} as const
export type MempoolCode = keyof typeof MEMPOOL_SENTENCES

export const RESTORE_SENTENCES = {
  'restore-decode': 'The stored {what} is malformed: {problem} at byte {offset}.',
  'restore-checksum': 'The stored {what} record of {bytes} bytes is torn or changed: its checksum does not fit.',
  'restore-version': 'The stored ledger has format {got}, this version reads {expected}.',
  'restore-state': 'The stored outputs have the root {got}, the stored head says {expected}.',
  'restore-history':
    'The stored headers have the root {got} or count {count}, the stored head says {expected} of {height}.',
  'restore-committee': 'The stored committee of epoch {epoch} has the root {got}, the stored head says {expected}.',
} as const
export type RestoreCode = keyof typeof RESTORE_SENTENCES
