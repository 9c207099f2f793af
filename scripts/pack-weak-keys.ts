/** Packs the Debian entries of badkeys' `rsabl.dat` (release 0.0.3 of the Python package) into the list the service reads. */
import { readFileSync, writeFileSync } from 'node:fs';

/** Sorted records of 16 octets: the first 15 of a modulus' SHA-256, then the list it is on. */
const recordOctets = 16;
const debianSsl = 3;

const [source, target = 'src/adapters/csr-reader/moduli.bin'] = process.argv.slice(2);
if (!source) throw new Error('usage: node scripts/pack-weak-keys.ts RSABL.DAT [TARGET]');

const records = readFileSync(source);
const index = Buffer.alloc(65_536 * 4);
const tails: Buffer[] = [];
let filled = 0;
for (let at = 0; at < records.length; at += recordOctets) {
  if (records[at + recordOctets - 1] !== debianSsl) continue;
  for (const prefix = records.readUInt16BE(at); filled < prefix; filled++)
    index.writeUInt32BE(tails.length, filled * 4);
  tails.push(records.subarray(at + 2, at + 6));
}
for (; filled < 65_536; filled++) index.writeUInt32BE(tails.length, filled * 4);
writeFileSync(target, Buffer.concat([index, ...tails]));
console.log(`${tails.length} moduli`);
