/** A final header with its certificate: 314 bytes ‖ certificate (byte string; empty for genesis, which has none). */
import { Reader, Writer } from '../chain/codec.ts'
import { decodeCert, encodeCert, type FinalityCert } from '../chain/certificate.ts'
import { encodeHeader, readHeader, type Header } from '../chain/header.ts'
import { CERT_BYTES_MAX } from './limits.ts'

export interface CertifiedHeader {
  readonly header: Header
  /** Undefined exactly for height 0. */
  readonly cert: FinalityCert | undefined
}

export function writeCertifiedHeader(writer: Writer, { header, cert }: CertifiedHeader): void {
  writer.bytes(encodeHeader(header)).byteString(cert === undefined ? new Uint8Array(0) : encodeCert(cert))
}

/** A fault inside the certificate becomes the reader's. */
export function readCertifiedHeader(reader: Reader): CertifiedHeader {
  const header = readHeader(reader)
  const bytes = reader.byteString('certificate', CERT_BYTES_MAX)
  if (reader.failed) return { header, cert: undefined }
  reader.expect((bytes.length === 0) === (header.height === 0n), 'certificate of every header but genesis', {
    height: header.height,
    length: bytes.length,
  })
  return { header, cert: bytes.length === 0 ? undefined : readCert(reader, bytes) }
}

/** Decodes `bytes` as a certificate on behalf of `reader`. */
export function readCert(reader: Reader, bytes: Uint8Array): FinalityCert | undefined {
  const cert = decodeCert(bytes)
  if (cert.kind === 'accepted') return cert.value
  reader.fail(cert.code, { what: 'certificate', ...cert.operands })
  return undefined
}
