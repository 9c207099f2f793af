/** A responder serves until its certificate ends, whatever becomes of its replacement, and failed tries are few. */
import { expect, it, onTestFinished } from 'vitest';
import { CaError } from '../../../src/domain/errors.ts';
import { type OcspAnswer, parseOcspResponse } from '../../../src/domain/ocsp/read-response.ts';
import type { Vault } from '../../../src/ports/vault.ts';
import { changedVault } from '../../support/changed-vault.ts';
import { eventually } from '../../support/eventually.ts';
import { listedPage } from '../../support/listed-page.ts';
import { encodeCertId, encodeOcspRequest, nonceExtension } from '../../support/ocsp-request.ts';
import { codeOf } from '../../support/rejection.ts';
import { admin, firstRunService, openService, type TestService } from '../../support/service-builder.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const day = 86_400;

async function serviceWhoseKeysMayFail() {
  const home = temporaryFolder().path;
  const first = await firstRunService({ home });
  await first.signAuditLog();
  await first.close();
  /** While it is down, a signature fails when `patience` has come. */
  const state = { isDown: false, tries: 0, patience: Promise.resolve() };
  const fail = async (): Promise<never> => {
    state.tries += 1;
    await state.patience;
    throw new CaError('signerUnavailable', 'down');
  };
  const wrapVault = (vault: Vault): Vault =>
    changedVault(vault, {
      async signer(name, algorithm) {
        const signer = await vault.signer(name, algorithm);
        return { ...signer, sign: (tbs) => (state.isDown ? fail() : signer.sign(tbs)) };
      },
    });
  const service = await openService({ home, wrapVault });
  onTestFinished(() => service.close());
  const { parsed } = await service.directory.get('dev-issuing');
  const certId = encodeCertId({ subjectDer: parsed.subject.der, key: { spkiDer: parsed.spkiDer } }, 'ab'.repeat(20));
  let asked = 0;
  /** With a nonce, so that no answer is a kept one. */
  const ask = () => {
    const nonce = nonceExtension(Buffer.from(`nonce ${asked++}`.padEnd(16)));
    return service.services.answerOcsp('dev-issuing', encodeOcspRequest([certId], { extensions: [nonce] }));
  };
  return { service, state, ask };
}

/** The responder is past half of its life; lists and the audit log ask nothing of any key. */
async function daysLater(service: TestService): Promise<void> {
  service.pass(4 * day);
  for (const { id } of await service.directory.all()) await service.services.crl(id);
  await service.signAuditLog();
}

it('answers with the responder it has while another one is being made in vain', async () => {
  const { service, state, ask } = await serviceWhoseKeysMayFail();
  await ask();
  await daysLater(service);
  const { promise, resolve } = Promise.withResolvers<void>();
  Object.assign(state, { isDown: true, patience: promise });
  const housekeeping = service.housekeep();
  await eventually(
    () => state.tries,
    (tries) => tries > 0,
  );
  expect((await Promise.all([ask(), ask()])).map(({ successful }) => successful)).toEqual([true, true]);
  resolve();
  await housekeeping;
  expect((await ask()).successful).toBe(true);
});

it('tries to replace a responder only now and then, and does it when the authority signs again', async () => {
  const { service, state, ask } = await serviceWhoseKeysMayFail();
  const responders = async () => {
    const query = {
      purpose: 'ocspResponder',
      sort: 'requestedAt',
      limit: 100,
      now: service.clock.now() / 1000,
    } as const;
    return (await service.inventory.searchCertificates({ ...query, status: 'valid' })).length;
  };
  await ask();
  await daysLater(service);
  state.isDown = true;
  const intents = async () => (await service.inventory.counts()).certificates;
  const before = await intents();
  for (let second = 0; second < 60; second++) {
    service.pass(1);
    await service.housekeep();
    await ask();
  }
  expect((await intents()) - before).toBe(1);
  state.isDown = false;
  service.pass(600);
  await service.housekeep();
  expect(await responders()).toBe(2);
});

it('does not make one anew for each request while there is none', async () => {
  const { service, state, ask } = await serviceWhoseKeysMayFail();
  state.isDown = true;
  expect(await Promise.all(Array.from({ length: 20 }, () => codeOf(ask())))).toEqual(
    Array(20).fill('signerUnavailable'),
  );
  for (let at = 0; at < 5; at++) expect(await codeOf(ask())).toBe('signerUnavailable');
  expect(state.tries).toBe(1);
  state.isDown = false;
  service.pass(2);
  expect((await ask()).successful).toBe(true);
});

it('promises nothing for the time after its responder has ended', async () => {
  const { service, state, ask } = await serviceWhoseKeysMayFail();
  await ask();
  const query = { purpose: 'ocspResponder', sort: '-requestedAt', limit: 1 } as const;
  const [responder] = (await listedPage(service.services, admin, query)).items;
  const responderEnds = Date.parse(responder!.notAfter) / 1000;
  await daysLater(service);
  state.isDown = true;
  service.pass(responderEnds - service.clock.now() / 1000 - 600);
  const { der } = await ask();
  const [status] = (parseOcspResponse(der) as OcspAnswer).statuses;
  expect(status?.nextUpdate).toBe(responderEnds);
});
