/** Headers of the tar file that a backup is (POSIX.1-2024 pax, "ustar Interchange Format"): one spelling for each member. */

export const tarBlock = 512;

export interface TarMember {
  /** Up to 100 octets of ASCII, relative, without `..`. */
  readonly name: string;
  /** In octets. */
  readonly size: number;
  /** Unix seconds. */
  readonly modifiedAt: number;
}

/** Octets that follow a member's content up to the next block; they are zero. */
export const tarPadding = (size: number): number => (tarBlock - (size % tarBlock)) % tarBlock;

/** What one member takes, header and padding included. */
export const tarSpan = (size: number): number => tarBlock + size + tarPadding(size);

/** Two blocks of zeros end the file. */
export const tarEnd: Uint8Array = new Uint8Array(2 * tarBlock);

/** Eleven octal digits end at 8 GiB; from there on GNU's base-256, which every tar in use reads. */
const octalSizes = 8 ** 11;

/** Regular file, 0600, owned by nobody in particular: the same member always has the same header. */
export function encodeTarHeader({ name, size, modifiedAt }: TarMember): Uint8Array {
  if (!/^[\x21-\x7e]{1,100}$/.test(name)) throw new RangeError(`no name of a tar member: ${name}`);
  const header = Buffer.alloc(tarBlock);
  header.write(name, 0, 'latin1');
  header.write(octal(0o600, 7), 100);
  header.write(octal(0, 7), 108);
  header.write(octal(0, 7), 116);
  writeSize(header, size);
  header.write(octal(modifiedAt, 11), 136);
  header.write('0', 156); // typeflag: regular file
  header.write('ustar\u000000', 257);
  // The checksum is the sum of all octets, its own eight taken as blanks.
  header.fill(' ', 148, 156);
  header.write(`${octal(checksum(header), 6)}\u0000 `, 148);
  return header;
}

/** The member of a header of ours; undefined for any other 512 octets. */
export function decodeTarHeader(header: Uint8Array): TarMember | undefined {
  const bytes = Buffer.from(header.buffer, header.byteOffset, header.length);
  const name = bytes.toString('latin1', 0, 100).replace(/\0.*$/s, '');
  const size = readSize(bytes);
  const modifiedAt = Number.parseInt(bytes.toString('latin1', 136, 147), 8);
  if (!/^[\x21-\x7e]{1,100}$/.test(name) || !Number.isSafeInteger(size) || !(modifiedAt >= 0)) return undefined;
  const member = { name, size, modifiedAt };
  return bytes.equals(encodeTarHeader(member)) ? member : undefined;
}

const octal = (value: number, digits: number): string => value.toString(8).padStart(digits, '0');

function writeSize(header: Buffer, size: number): void {
  if (size < octalSizes) {
    header.write(octal(size, 11), 124);
    return;
  }
  header[124] = 0x80;
  header.writeBigUInt64BE(BigInt(size), 128);
}

function readSize(header: Buffer): number {
  if (header[124] === 0x80) return Number(header.readBigUInt64BE(128));
  return Number.parseInt(header.toString('latin1', 124, 135), 8);
}

const checksum = (header: Uint8Array): number => header.reduce((sum, octet) => sum + octet, 0);
