/** Published vectors: RFC 9380 J.10.1 and the Ethereum consensus signatures (same ciphersuite as §1). */
import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { bls12_381 } from '@noble/curves/bls12-381.js'
import { hex, toHex } from '../../src/base/bytes.ts'
import type { BlsVerifier } from '../../src/crypto/bls-contract.ts'
import { createBlsMachine, createKernelBls } from '../../src/crypto/bls-kernel/index.ts'
import { createNobleBls } from '../../src/crypto/bls-noble.ts'
import { nobleBlsSigner } from '../../src/crypto/bls-signer.ts'

const RFC_TAG = 'QUUX-V01-CS02-with-BLS12381G2_XMD:SHA-256_SSWU_RO_'
/** Message, then x and y of the point, each real and imaginary part. */
const RFC_9380_J_10_1: readonly (readonly [message: string, x0: string, x1: string, y0: string, y1: string])[] = [
  [
    '',
    '0141ebfbdca40eb85b87142e130ab689c673cf60f1a3e98d69335266f30d9b8d4ac44c1038e9dcdd5393faf5c41fb78a',
    '05cb8437535e20ecffaef7752baddf98034139c38452458baeefab379ba13dff5bf5dd71b72418717047f5b0f37da03d',
    '0503921d7f6a12805e72940b963c0cf3471c7b2a524950ca195d11062ee75ec076daf2d4bc358c4b190c0c98064fdd92',
    '12424ac32561493f3fe3c260708a12b7c620e7be00099a974e259ddc7d1f6395c3c811cdd19f1e8dbf3e9ecfdcbab8d6',
  ],
  [
    'abc',
    '02c2d18e033b960562aae3cab37a27ce00d80ccd5ba4b7fe0e7a210245129dbec7780ccc7954725f4168aff2787776e6',
    '139cddbccdc5e91b9623efd38c49f81a6f83f175e80b06fc374de9eb4b41dfe4ca3a230ed250fbe3a2acf73a41177fd8',
    '1787327b68159716a37440985269cf584bcb1e621d3a7202be6ea05c4cfe244aeb197642555a0645fb87bf7466b2ba48',
    '00aa65dae3c8d732d10ecd2c50f8a1baf3001578f71c694e03866e9f3d49ac1e1ce70dd94a733534f106d4cec0eddd16',
  ],
  [
    'abcdef0123456789',
    '121982811d2491fde9ba7ed31ef9ca474f0e1501297f68c298e9f4c0028add35aea8bb83d53c08cfc007c1e005723cd0',
    '190d119345b94fbd15497bcba94ecf7db2cbfd1e1fe7da034d26cbba169fb3968288b3fafb265f9ebd380512a71c3f2c',
    '05571a0f8d3c08d094576981f4a3b8eda0a8e771fcdcc8ecceaf1356a6acf17574518acb506e435b639353c2e14827c8',
    '0bb5e7572275c567462d91807de765611490205a941a5a6af3b1691bfe596c31225d3aabdf15faff860cb4ef17c7c3be',
  ],
  [
    `q128_${'q'.repeat(128)}`,
    '19a84dd7248a1066f737cc34502ee5555bd3c19f2ecdb3c7d9e24dc65d4e25e50d83f0f77105e955d78f4762d33c17da',
    '0934aba516a52d8ae479939a91998299c76d39cc0c035cd18813bec433f587e2d7a4fef038260eef0cef4d02aae3eb91',
    '14f81cd421617428bc3b9fe25afbb751d934a00493524bc4e065635b0555084dd54679df1536101b2c979c0152d09192',
    '09bcccfa036b4847c9950780733633f13619994394c23ff0b32fa6b795844f4a0673e20282d07bc69641cee04f5e5662',
  ],
  [
    `a512_${'a'.repeat(512)}`,
    '01a6ba2f9a11fa5598b2d8ace0fbe0a0eacb65deceb476fbbcb64fd24557c2f4b18ecfc5663e54ae16a84f5ab7f62534',
    '11fca2ff525572795a801eed17eb12785887c7b63fb77a42be46ce4a34131d71f7a73e95fee3f812aea3de78b4d01569',
    '0b6798718c8aed24bc19cb27f866f1c9effcdbf92397ad6448b5c9db90d2b9da6cbabf48adc1adf59a1a28344e79d57e',
    '03a47f8e6d1763ba0cad63d6114c0accbef65707825a511b251a660a9b3994249ae4e63fac38b23da0c398689ee2ab52',
  ],
]

/** The sign cases of the Ethereum consensus tests: secret key, byte that fills the message, signature. */
const ETHEREUM_SIGN: readonly (readonly [secretKey: string, filler: number, signature: string])[] = [
  [
    '328388aff0d4a5b7dc9205abd374e7e98f3cd9f3418edb4eafda5fb16473d216',
    0xab,
    'ae82747ddeefe4fd64cf9cedb9b04ae3e8a43420cd255e3c7cd06a8d88b7c7f8638543719981c5d16fa3527c468c25f0026704a6951bde891360c7e8d12ddee0559004ccdbe6046b55bae1b257ee97f7cdb955773d7cf29adf3ccbb9975e4eb9',
  ],
  [
    '47b8192d77bf871b62e87859d653922725724a5c031afeabc60bcef5ff665138',
    0xab,
    '9674e2228034527f4c083206032b020310face156d4a4685e2fcaec2f6f3665aa635d90347b6ce124eb879266b1e801d185de36a0a289b85e9039662634f2eea1e02e670bc7ab849d006a70b2f93b84597558a05b879c8d445f387a5d5b653df',
  ],
  [
    '328388aff0d4a5b7dc9205abd374e7e98f3cd9f3418edb4eafda5fb16473d216',
    0x56,
    'a4efa926610b8bd1c8330c918b7a5e9bf374e53435ef8b7ec186abf62e1b1f65aeaaeb365677ac1d1172a1f5b44b4e6d022c252c58486c0a759fbdc7de15a756acc4d343064035667a594b4c2a6f0b0b421975977f297dba63ee2f63ffe47bb6',
  ],
  [
    '47b8192d77bf871b62e87859d653922725724a5c031afeabc60bcef5ff665138',
    0x56,
    'af1390c3c47acdb37131a51216da683c509fce0e954328a59f93aebda7e4ff974ba208d9a4a2a2389f892a9d418d618418dd7f7a6bc7aa0da999a9d3a5b815bc085e14fd001f6a1948768a3f4afefc8b8240dda329f984cb345c6363272ba4fe',
  ],
  [
    '263dbd792f5b1be47ed85f8938c0f29586af0d3ac7b977f21c278fe1462040e3',
    0x00,
    'b6ed936746e01f8ecf281f020953fbf1f01debd5657c4a383940b020b26507f6076334f91e2366c96e9ab279fb5158090352ea1c5b0c9274504f4f0e7053af24802e51e4568d164fe986834f41e55c8e850ce1f98458c0cfc9ab380b55285a55',
  ],
  [
    '328388aff0d4a5b7dc9205abd374e7e98f3cd9f3418edb4eafda5fb16473d216',
    0x00,
    '948a7cb99f76d616c2c564ce9bf4a519f1bea6b0a624a02276443c245854219fabb8d4ce061d255af5330b078d5380681751aa7053da2c98bae898edc218c75f07e24d8802a17cd1f6833b71e58f5eb5b94208b4d0bb3848cecb075ea21be115',
  ],
]

const ascii = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0))

/** Compressed form: the imaginary part of x first, the flag for the larger y. */
function compressed(x0: string, x1: string, y1: string): string {
  const half = (bls12_381.fields.Fp.ORDER - 1n) / 2n
  const flags = 0x80 | (BigInt(`0x${y1}`) > half ? 0x20 : 0)
  const bytes = hex(x1 + x0)
  bytes[0]! |= flags
  return toHex(bytes)
}

describe('published vectors', () => {
  const verifiers: BlsVerifier[] = [createNobleBls()]
  before(async () => {
    verifiers.push(await createKernelBls())
  })

  it('RFC 9380 J.10.1: both hash to the same points of G2', async () => {
    const machine = await createBlsMachine()
    for (const [message, x0, x1, , y1] of RFC_9380_J_10_1) {
      machine.hashMessage(0, ascii(message), ascii(RFC_TAG))
      assert.equal(toHex(machine.encodeMessage(0)), compressed(x0, x1, y1), `kernel: ${message.slice(0, 16)}`)
      const point = bls12_381.longSignatures.hash(ascii(message), RFC_TAG)
      assert.equal(toHex(point.toBytes(true)), compressed(x0, x1, y1), `noble: ${message.slice(0, 16)}`)
    }
  })

  it('Ethereum sign cases: made by the signer, accepted by both under their key and message alone', () => {
    for (const [secretKey, filler, signature] of ETHEREUM_SIGN) {
      const message = new Uint8Array(32).fill(filler)
      assert.equal(toHex(nobleBlsSigner.sign(hex(secretKey), message)), signature)
      for (const bls of verifiers) {
        const key = bls.decodeKey(nobleBlsSigner.publicKey(hex(secretKey)))!
        assert.ok(bls.verify(key, message, hex(signature)), bls.engine)
        assert.equal(bls.verify(key, new Uint8Array(32).fill(filler ^ 1), hex(signature)), false, bls.engine)
      }
    }
  })
})
