/** What the inventory knows of authorities, read at once, and what follows from it for the chains below them. */
import type { Authority } from '../../domain/records/environment.ts';
import type { ExternalAuthority } from '../../domain/records/external-authority.ts';
import {
  type AuthorityCertificate,
  type AuthorityCertificateKind,
  type AuthorityGeneration,
  generationId,
} from '../../domain/records/generation.ts';
import { type ParsedCertificate, parseCertificate } from '../../domain/x509/certificate.ts';
import { decodeNameConstraints, type NameConstraints } from '../../domain/x509/name-constraints.ts';
import { oids } from '../../domain/x509/oids.ts';
import { parseForeignCrl } from '../../domain/x509/read-crl.ts';
import type { Inventory } from '../../ports/inventory.ts';

export interface AuthorityRegister {
  /** Of each authority, by its name. */
  readonly inForce: ReadonlyMap<string, string>;
  /** By id. */
  readonly generations: ReadonlyMap<
    string,
    { readonly authority: Authority; readonly generation: AuthorityGeneration }
  >;
  /** Id of the generation that has this certificate. */
  readonly holders: ReadonlyMap<string, string>;
  readonly certificates: readonly AuthorityCertificate[];
  /** Whose keys are elsewhere, by name. */
  readonly external: ReadonlyMap<string, ExternalAuthority>;
}

export async function readRegister(inventory: Inventory): Promise<AuthorityRegister> {
  const authorities = new Map((await inventory.authorities()).map((authority) => [authority.name, authority]));
  const generations = await inventory.generations();
  const certificates = await inventory.authorityCertificates();
  return {
    inForce: new Map(
      Array.from(authorities.values(), ({ name, generation }) => [
        name,
        generationId({ authority: name, number: generation }),
      ]),
    ),
    generations: new Map(
      generations.map((generation) => {
        const authority = withGeneration(authorities.get(generation.authority)!, generation);
        return [generationId(generation), { authority, generation }];
      }),
    ),
    holders: new Map(
      certificates.map(({ authority, generation: number, serial }) => [serial, generationId({ authority, number })]),
    ),
    certificates,
    external: new Map((await inventory.externalAuthorities()).map((external) => [external.name, external])),
  };
}

/** The authority with the key and the certificate of one of its generations. */
export function withGeneration(authority: Authority, generation: AuthorityGeneration): Authority {
  const { number, vault, vaultKey, keyType, signatureAlgorithm, certificateSerial, createdAt } = generation;
  const own = { vault, vaultKey, keyType, signatureAlgorithm, certificateSerial, createdAt };
  return { ...authority, ...own, generation: number };
}

/** One that waits for its certificate has signed nothing. */
export const isCertified = ({ certificateSerial }: AuthorityGeneration): boolean => certificateSerial !== null;

/** From the external authority upwards, without its root. */
export function externalChain(all: AuthorityRegister['external'], name: string): readonly Uint8Array[] {
  const external = all.get(name);
  if (!external || external.parent === name) return [];
  return [external.certificateDer, ...externalChain(all, external.parent)];
}

/**
 * What a chain needs beside the root that a peer trusts, while two generations of it are in use: for who knows only the one
 * before, its cross over the newer; for who knows only the newer, its cross over the one before.
 */
export async function crossesOf(
  inventory: Inventory,
  { generations, certificates }: AuthorityRegister,
  own: AuthorityGeneration,
): Promise<readonly Uint8Array[]> {
  const others = [...generations.values()].filter(
    ({ generation }) => generation.authority === own.authority && generation.phase !== 'abandoned',
  );
  const needs = (kind: AuthorityCertificateKind): boolean => {
    if (own.isCompromised) return false;
    if (kind === 'oldWithNew') return own.phase === 'outgoing';
    const before = others.findLast(({ generation: { number } }) => number < own.number)?.generation;
    return kind === 'newWithOld' && before?.phase === 'outgoing' && !before.isCompromised;
  };
  const crosses = certificates.filter(
    ({ authority, generation, kind }) =>
      authority === own.authority && generation === own.number && kind !== 'own' && needs(kind),
  );
  const ders = await Promise.all(
    crosses.map(async ({ serial }) =>
      (await inventory.certificate(serial))?.state === 'issued' ? inventory.certificateDer(serial) : undefined,
    ),
  );
  return ders.filter((der) => der !== undefined);
}

/** A certificate and those above it whose keys are elsewhere, root included; our own hold nothing back. */
export function pathAbove(
  all: AuthorityRegister['external'],
  own: ParsedCertificate,
  issuer: string,
): readonly ParsedCertificate[] {
  const external = all.get(issuer);
  if (!external) return [own];
  const next = external.parent === issuer ? '' : external.parent;
  return [own, ...pathAbove(all, parseCertificate(external.certificateDer), next)];
}

/** What those on a path say of names. */
export const nameConstraintsOf = (path: readonly ParsedCertificate[]): readonly NameConstraints[] =>
  path.flatMap(({ extensions }) => {
    const own = extensions.get(oids.nameConstraints);
    return own ? [decodeNameConstraints(own.value)] : [];
  });

/** Follows the chain of those whose keys are elsewhere, by the lists of theirs that were imported. */
export async function revokedElsewhere(
  inventory: Inventory,
  all: AuthorityRegister['external'],
  { serial, issuer }: { readonly serial: string; readonly issuer: string },
): Promise<string | null> {
  const external = all.get(issuer);
  if (!external) return null;
  const crl = await inventory.latestCrl(issuer);
  if (crl && parseForeignCrl(crl.der).entries.some((entry) => entry.serial === serial)) return issuer;
  if (external.parent === issuer) return null;
  const { serial: own } = parseCertificate(external.certificateDer);
  return revokedElsewhere(inventory, all, { serial: own, issuer: external.parent });
}
