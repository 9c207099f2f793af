import { describe, expect, it, onTestFinished } from 'vitest';
import { connect } from '../../src/client/client.ts';
import { makeDeploymentJson } from '../support/deployment-builders.ts';
import { type Responder, startStubService } from '../support/stub-service.ts';

async function started(respond: Responder) {
  const service = await startStubService(respond);
  const client = connect({ baseUrl: service.baseUrl, caPem: service.caPem });
  onTestFinished(() => client.close());
  return { service, client };
}

describe('deployments through the client', () => {
  it('are reported as they are given', async () => {
    const { service, client } = await started(() => ({ status: 201, body: makeDeploymentJson() }));
    const body = { target: 'web-1', outcome: 'proved', endpoint: 'web-1:443' } as const;
    expect(await client.reportDeployment('01:c5', { ...body })).toEqual(makeDeploymentJson());
    const [request] = service.requests;
    expect(request).toMatchObject({ method: 'POST', path: '/v1/certificates/01%3Ac5/deployments' });
    expect(JSON.parse(request!.body)).toEqual(body);
  });

  it('are listed', async () => {
    const list = { items: [makeDeploymentJson()], nextCursor: null };
    const { client } = await started(() => ({ body: list }));
    expect(await client.deployments('01c5')).toEqual(list);
  });
});
