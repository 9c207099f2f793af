/** PEM (RFC 7468): one label, strict base64 (RFC 4648 §4) inside, explanatory text allowed outside. Linear in the input. */
import { CaError, type ReasonCode } from '../errors.ts';

/** Lines of 64 characters (RFC 7468 §2), a line feed after each, or what stands for one where the text will be. */
export function encodePem(label: string, der: Uint8Array, lineFeed = '\n'): string {
  const base64 = Buffer.from(der.buffer, der.byteOffset, der.length).toString('base64');
  let lines = '';
  for (let at = 0; at < base64.length; at += 64) lines += `${base64.slice(at, at + 64)}${lineFeed}`;
  return `-----BEGIN ${label}-----${lineFeed}${lines}-----END ${label}-----${lineFeed}`;
}

/**
 * The content of the only block in `text`, which carries `label`; the text is at most 4 MiB. Throws CaError `badCSR` for a CSR,
 * else `malformed`.
 */
export function decodePem(text: string, label: string): Uint8Array {
  const [block, ...more] = readBlocks(text, label);
  if (!block) refuseWithoutBlock(text, label);
  if (more.length > 0) {
    refusePem(label, 'severalPemBlocks', `There are ${more.length + 1} PEM blocks. Give one ${label} alone.`);
  }
  return block;
}

/** The contents of all blocks, at least one, each of which carries `label`; throws as `decodePem` does. Longer texts where said. */
export function decodePemAll(text: string, label: string, maxLength?: number): Uint8Array[] {
  const blocks = readBlocks(text, label, maxLength);
  if (blocks.length === 0) refuseWithoutBlock(text, label);
  return blocks;
}

const csrLabel = 'CERTIFICATE REQUEST';
/** RFC 7468 §7: an older label for the same, which keytool still writes. */
const oldCsrLabel = 'NEW CERTIFICATE REQUEST';

/** 4 MiB: thousands of certificates, and far from what would exhaust memory. */
const maxTextLength = 4 * 1024 * 1024;

function readBlocks(text: string, label: string, maxLength = maxTextLength): Uint8Array[] {
  if (text.length > maxLength) refusePem(label, 'tooLarge', `The PEM text is larger than ${maxLength >> 20} MiB.`);
  const blocks: Uint8Array[] = [];
  let open: { readonly end: string; readonly lines: string[] } | undefined;
  for (const raw of text.split('\n')) {
    const line = raw.trimEnd();
    if (!line.startsWith('-----')) {
      open?.lines.push(line);
    } else if (!open) {
      open = { end: endOf(line, label, text), lines: [] };
    } else {
      if (line !== open.end)
        refusePem(label, 'notPem', `A PEM block does not end with ${open.end}, as it begins. Give the whole of it.`);
      blocks.push(decodeBase64Lines(open.lines, label));
      open = undefined;
    }
  }
  if (open) refusePem(label, 'notPem', 'A PEM block has no end: the text was cut off. Give the whole of it.');
  return blocks;
}

/** The end line that belongs to this begin line. */
function endOf(line: string, label: string, text: string): string {
  const found = /^-----BEGIN ([A-Z0-9 ]{1,64})-----$/.exec(line)?.[1];
  if (found === undefined) refusePem(label, 'notPem', boundaryFault(line, text));
  const isWanted = found === label || (label === csrLabel && found === oldCsrLabel);
  if (!isWanted) refusePem(label, 'wrongPemLabel', labelFault(found, label), found);
  return `-----END ${found}-----`;
}

function decodeBase64Lines(lines: readonly string[], label: string): Uint8Array {
  const decoded = decodeBase64(lines.join(''));
  if (!decoded || decoded.length === 0) refusePem(label, 'notBase64', 'The content of the PEM block is not base64.');
  return decoded;
}

/** Canonical base64 with its padding, or undefined: no whitespace, no other alphabet, no stray bits (RFC 4648 §3.5). */
export function decodeBase64(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64');
  // Node skips what it does not know, so only the way back tells whether all of it was base64.
  return bytes.toString('base64') === text ? bytes : undefined;
}

/** Of what people give in place of PEM: nothing, what PowerShell writes, or the base64 without its two lines. */
function refuseWithoutBlock(text: string, label: string): never {
  if (text.trim() === '') refusePem(label, 'notPem', 'The text is empty. Give the PEM.');
  if (text.includes('\0'))
    refusePem(label, 'notPem', 'The text is UTF-16, as PowerShell’s > writes it. Save it as ASCII.');
  refusePem(
    label,
    'notPem',
    `There is no PEM block: no line starts with -----BEGIN ${label}-----, which belongs there.`,
  );
}

/** A byte order mark, as UTF-8 and as it looks once that was read octet by octet. */
const byteOrderMark = /^(?:\ufeff|\u00ef\u00bb\u00bf)/;

function boundaryFault(line: string, text: string): string {
  if (byteOrderMark.test(text)) return 'The text starts with a byte order mark. Save it without, as ASCII.';
  // What curl makes of a file with --data, and a shell of "$(cat FILE)" without its quotes.
  if (/-----BEGIN .*-----END /.test(line)) {
    return 'The PEM has lost its line ends. Give the file as it is; curl does so with --data-binary, not with --data.';
  }
  return 'A PEM boundary is not alone on its line, like -----BEGIN CERTIFICATE-----. Give the text as it was written.';
}

const labelFault = (found: string, label: string): string => {
  const isPrivate = found.endsWith('PRIVATE KEY') ? ' A key that was sent is secret no longer: make a new one.' : '';
  return `The PEM block is a ${found}, not a ${label}.${isPrivate}`;
};

function refusePem(label: string, code: ReasonCode, message: string, value?: string): never {
  const reason = { code, message, ...(value !== undefined && { value }) };
  throw new CaError(label === csrLabel ? 'badCSR' : 'malformed', message, {
    reasons: [label === csrLabel ? { ...reason, field: 'csr' } : reason],
  });
}
