/** Every code that the light machine itself gives, with its sentence; those of verification are in verify/codes.ts. */

export type SyncCode =
  | 'store-other-chain'
  | 'store-rejected'
  | 'evidence-unreadable'
  | 'genesis-invalid'
  | 'checkpoint-mismatch'
  | 'checkpoint-wrong-height'
  | 'checkpoint-other-chain'
  | 'checkpoint-conflict'
  | 'checkpoint-unconfirmed'
  | 'base-missing'
  | 'base-committee'
  | 'base-certificate'
  | 'trusted-stale'
  | 'clock-ahead'
  | 'chain-broken'
  | 'chain-weak'
  | 'claim-unproven'
  | 'flooding'
  | 'banned'
  | 'malformed'
  | 'proof-header'
  | 'proof-invalid'
  | 'query-unavailable'
  | 'query-not-found'
  | 'query-timeout'
  | 'query-cancelled'
  | 'stopped'

/** `{name}` is an operand. */
export const SYNC_SENTENCES: Readonly<Record<SyncCode, string>> = {
  'store-other-chain':
    'the store belongs to chain {stored} and this is chain {expected}: name another store, or the spec that it was made with',
  'store-rejected': 'the stored head does not verify ({reason}); starting again from the checkpoint or genesis',
  'evidence-unreadable':
    'the store holds evidence that the chain broke, of {bytes} bytes, and it cannot be read ({reason}): do not trust this chain before you know why; to start again, name another store',
  'genesis-invalid': 'the chain spec does not make a valid genesis ({reason}): correct it',
  'checkpoint-mismatch':
    'peer {peer} has block {got} at height {height} and the checkpoint says {expected}: one of them is wrong; check the checkpoint with someone you trust',
  'checkpoint-wrong-height':
    'the block {hash} has height {got} and the checkpoint says {expected}: correct the checkpoint',
  'checkpoint-other-chain':
    'the checkpoint is a block of chain {got} and this is chain {expected}: use a checkpoint of this chain, or the other chain spec',
  'checkpoint-conflict':
    'the stored chain has block {got} at height {height} and the checkpoint says {expected}: one of them is wrong; check the checkpoint, or name another store',
  'checkpoint-unconfirmed':
    'peer {peer} cannot show what block {height}, of the checkpoint, is in the stored chain, whose head is {head}: the head is told once a peer can; give a peer that keeps the whole chain, or leave the checkpoint out',
  'base-missing': 'peer {peer} did not send the block that the checkpoint names',
  'base-committee': 'peer {peer} sent a committee that is not the one of the checkpoint ({reason})',
  'base-certificate': 'peer {peer} sent a certificate that does not prove the checkpoint ({reason})',
  'trusted-stale':
    'the newest trusted block is {ageMs} ms old and may be trusted for {trustPeriodMs} ms: get a fresh checkpoint from someone you trust, or set the device clock if it is ahead',
  'clock-ahead':
    'blocks come at the pace at which they are made, and block {height} looks {ageMs} ms old: the device clock is ahead by about that, or the peers hold back what is newer; set the clock',
  'chain-broken': 'block {height} is certified and breaks the rules ({reason}): the chain is broken; do not use it',
  'chain-weak':
    'the committee of epoch {epoch} is smaller than the chain asks for ({reason}): allow weak committees only for trying things out',
  'claim-unproven': 'peer {peer} claims height {claimed} and proved nothing above {height}',
  flooding: 'peer {peer} sends faster than anyone could verify',
  banned: 'peer {peer} sent invalid data before',
  malformed: 'peer {peer} sent a {protocol} frame that is not well formed ({reason})',
  'proof-header': 'peer {peer} sent a block of height {height} that is not in the verified chain',
  'proof-invalid': 'peer {peer} sent a proof that does not verify ({reason})',
  'query-unavailable': 'none of {asked} peers can prove that now: {reasons}',
  'query-not-found': 'none of {asked} peers knows transaction {txid}',
  'query-timeout': 'no peer answered within {timeoutMs} ms',
  'query-cancelled': 'the query was cancelled',
  stopped: 'the client has stopped: {reason}',
}
