/** Kinds `tx` and `header`: encodings, ids and signatures of transactions, encodings and hashes of headers. */
import { equalBytes, toHex } from '../../base/bytes.ts'
import { blockHash, decodeHeader, encodeHeader, HEADER_VERSION, type Header } from '../../chain/header.ts'
import { deviceData, stakeData } from '../../chain/output-data.ts'
import { encodeOutpoint, encodeOutput, KIND, type Output, type OutputKind } from '../../chain/output.ts'
import { decodeTx, encodeTx, encodeTxBody, TX_VERSION, txid, type Tx } from '../../chain/transaction.ts'
import { ed25519Verify } from '../../crypto/ed25519.ts'
import type { Engine } from '../../crypto/engine.ts'
import { credentialOf, deviceMessage, ownerOf, possessionMessage } from '../../crypto/keys.ts'
import type { Fields } from './fields.ts'
import type { Json, Outcome, Suite } from './suite.ts'

export const transactionSuite: Suite = (engine) => (testCase) => {
  if (testCase.flag('valid')) return validTransaction(engine, testCase)
  return { expected: { valid: false }, got: { valid: decodesExactly(testCase.hex('txHex')) } }
}

function validTransaction(engine: Engine, testCase: Fields): Outcome {
  const { kernels } = engine
  const tx = readTx(testCase)
  const id = txid(kernels, tx.body)
  const outpoints = tx.body.outputs.map((_, index) => ({ txid: id, index }))
  const credentials = tx.body.outputs.map(({ kind }, index) =>
    kind === KIND.stake ? toHex(credentialOf(kernels, outpoints[index]!)) : null,
  )
  return {
    expected: {
      valid: true,
      version: testCase.number('version'),
      bodyHex: testCase.text('bodyHex'),
      txid: testCase.text('txid'),
      inputOwners: testCase.raw('inputOwners') as Json,
      outputHex: testCase.raw('outputHex') as Json,
      outpointHex: testCase.raw('outpointHex') as Json,
      credentialIds: testCase.raw('credentialIds') as Json,
      txHex: testCase.text('txHex'),
      badSignatures: [],
    },
    got: {
      valid: decodesExactly(testCase.hex('txHex')),
      version: TX_VERSION,
      bodyHex: toHex(encodeTxBody(tx.body)),
      txid: toHex(id),
      inputOwners: tx.witnesses.map(({ pk }) => toHex(ownerOf(kernels, pk))),
      outputHex: tx.body.outputs.map((output) => toHex(encodeOutput(output))),
      outpointHex: outpoints.map((outpoint) => toHex(encodeOutpoint(outpoint))),
      credentialIds: credentials,
      txHex: toHex(encodeTx(tx)),
      badSignatures: badSignatures(engine, tx, id),
    },
  }
}

/** Decodes, and encodes to the same bytes again. */
function decodesExactly(bytes: Uint8Array): boolean {
  const tx = decodeTx(bytes)
  return tx.kind === 'accepted' && equalBytes(encodeTx(tx.value), bytes)
}

function readTx(testCase: Fields): Tx {
  return {
    body: {
      chainId: testCase.bytes('chainId', 32),
      topic: testCase.bytes('topic', 8),
      expiry: testCase.u64('expiry'),
      inputs: testCase
        .objects('inputs')
        .map((input) => ({ txid: input.bytes('txid', 32), index: input.number('index') })),
      outputs: testCase.objects('outputs').map(readOutputFields),
      payload: testCase.hex('payload'),
    },
    witnesses: testCase
      .objects('witnesses')
      .map((witness) => ({ pk: witness.bytes('pk', 32), signature: witness.bytes('signature', 64) })),
  }
}

const readOutputFields = (output: Fields): Output => ({
  kind: output.number('kind') as OutputKind,
  amount: output.u64('amount'),
  owner: output.bytes('owner', 16),
  data: output.hex('data'),
})

/** Names every witness, proof of possession and device signature that does not verify. */
function badSignatures(engine: Engine, { body, witnesses }: Tx, id: Uint8Array): Json {
  const witnessFaults = witnesses.flatMap(({ pk, signature }, index) =>
    ed25519Verify(pk, id, signature) ? [] : [`witness ${index}`],
  )
  const outputFaults = body.outputs.flatMap((output, index) =>
    outputIsSigned(engine, body.chainId, output) ? [] : [`output ${index}`],
  )
  return [...witnessFaults, ...outputFaults]
}

function outputIsSigned({ kernels, bls }: Engine, chainId: Uint8Array, { kind, owner, data }: Output): boolean {
  if (kind === KIND.stake) {
    const { blsPk, popSig } = stakeData(data)
    const key = bls.decodeKey(blsPk)
    return key !== undefined && bls.verifyPossession(key, possessionMessage(kernels, chainId, owner, blsPk), popSig)
  }
  if (kind !== KIND.device) return true
  const { deviceKey, role, deviceSig } = deviceData(data)
  return ed25519Verify(deviceKey, deviceMessage(kernels, chainId, owner, deviceKey, role), deviceSig)
}

const HASH_FIELDS = [
  'chainId',
  'parent',
  'parentCertHash',
  'seed',
  'txRoot',
  'stateRoot',
  'committeeRoot',
  'nextCommitteeRoot',
  'historyRoot',
] as const

export const headerSuite: Suite =
  ({ kernels }) =>
  (testCase) => {
    const decoded = decodeHeader(testCase.hex('hex'))
    const valid = decoded.kind === 'accepted'
    if (!testCase.flag('valid')) return { expected: { valid: false }, got: { valid } }
    const fields = testCase.object('fields')
    const header = readHeaderFields(fields)
    return {
      expected: {
        valid: true,
        hex: testCase.text('hex'),
        hash: testCase.text('hash'),
        fields: testCase.raw('fields') as Json,
      },
      got: {
        valid,
        hex: toHex(encodeHeader(header)),
        hash: toHex(blockHash(kernels, header)),
        fields: valid ? headerJson(decoded.value) : null,
      },
    }
  }

function readHeaderFields(fields: Fields): Header {
  const hashes = Object.fromEntries(HASH_FIELDS.map((name) => [name, fields.bytes(name, 32)]))
  return {
    ...(hashes as Record<(typeof HASH_FIELDS)[number], Uint8Array>),
    height: fields.u64('height'),
    round: fields.number('round'),
    timeMs: fields.u64('timeMs'),
    txCount: fields.number('txCount'),
  }
}

function headerJson(header: Header): Json {
  return {
    ...Object.fromEntries(HASH_FIELDS.map((name) => [name, toHex(header[name])])),
    version: HEADER_VERSION,
    height: String(header.height),
    round: header.round,
    timeMs: String(header.timeMs),
    txCount: header.txCount,
  }
}
