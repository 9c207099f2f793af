/**
 * Makes the sender of webhooks from its settings: the secrets, from a file that nobody else can read, and which authorities
 * and addresses it accepts.
 */
import { open, readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { parseWebhookSecrets } from '../../domain/alerts/webhook-message.ts';
import { StartError } from '../../domain/errors.ts';
import { type CidrRange, parseCidr } from '../../domain/policy/cidr-range.ts';
import { openCertificate } from '../../domain/x509/open-certificate.ts';
import { readAtMost } from '../../files/read-at-most.ts';
import type { WebhookSender } from '../../ports/webhook-sender.ts';
import { createWebhookSender, mayReach } from './webhook-sender.ts';

export interface WebhookSettings {
  readonly urls: readonly string[];
  readonly secretFile?: string;
  readonly trustFile?: string;
  readonly allowedRanges: readonly string[];
}

/** StartError `badConfiguration` that names the setting, and never a secret. Without a secret nothing may be sent. */
export async function openWebhookSender(settings: WebhookSettings): Promise<WebhookSender> {
  const { urls, secretFile, trustFile, allowedRanges } = settings;
  const configured = allowedRanges.map(rangeOf);
  for (const url of urls) assertReachable(URL.parse(url), configured);
  return createWebhookSender({
    secrets: secretFile === undefined ? [] : await readSecrets(secretFile),
    ...(trustFile !== undefined && { trustPem: await readTrust(trustFile) }),
    configured,
  });
}

function rangeOf(text: string): CidrRange {
  const range = parseCidr(text);
  if (range) return range;
  throw bad(`webhookAllowedRanges has ${JSON.stringify(text)}, which is no range such as 10.1.2.0/24 or fd00:1::/48.`);
}

/** What could never be sent is told at the start. Of a URL the origin alone: its path may be a secret. */
function assertReachable(url: URL | null, configured: readonly CidrRange[]): void {
  if (url === null)
    throw bad('webhookUrls has one that is no URL. Write each like https://hooks.example.org/privyseal.');
  const { protocol, hostname, origin } = url;
  const address = hostname.replace(/^\[|\]$/g, '');
  const isRefused = isIP(address) !== 0 && !mayReach(protocol, address, configured);
  if (isRefused || (protocol === 'http:' && configured.length === 0)) {
    const rule =
      'Addresses that are not public, and all that are reached without TLS, must be in webhookAllowedRanges.';
    throw bad(`webhookUrls has one at ${origin}, to which nothing would be sent. ${rule}`);
  }
}

/** The group may read it: so are secrets mounted. */
const openToOthers = 0o027;
const mostOctets = 4096;

async function readSecrets(path: string): Promise<readonly Uint8Array[]> {
  const { mode, text } = await readShort(path);
  if ((mode & openToOthers) !== 0) {
    const octal = (mode & 0o777).toString(8);
    throw bad(
      `webhookSecretFile ${path} has mode ${octal}. Make new secrets if others may have read it, and chmod 600.`,
    );
  }
  const secrets = parseWebhookSecrets(text);
  if (secrets) return secrets;
  throw bad(
    `webhookSecretFile ${path} must hold one to three secrets, each a line: whsec_ and base64 of 24 octets or more.`,
  );
}

/** The text of one that is too long is empty, and so no secret: cut off, it could end in a part of one. */
async function readShort(path: string): Promise<{ readonly mode: number; readonly text: string }> {
  try {
    await using file = await open(path, 'r');
    const { mode } = await file.stat();
    return { mode, text: (await readAtMost(file, mostOctets))?.toString() ?? '' };
  } catch (cause) {
    throw bad(`webhookSecretFile ${path} cannot be read. Check the path, its owner and mode.`, cause);
  }
}

async function readTrust(path: string): Promise<string> {
  try {
    const pem = await readFile(path, 'utf8');
    // Reads the first; TLS contexts take all.
    openCertificate(pem);
    return pem;
  } catch (cause) {
    throw bad(`webhookTrustFile ${path} is not a readable file of PEM certificates.`, cause);
  }
}

const bad = (message: string, cause?: unknown): StartError => new StartError('badConfiguration', message, cause);
