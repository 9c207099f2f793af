/** What the client asks of operators: who there is, and the certificates by which the admin face knows them. */
import { CertificateJson } from '../api/certificate.ts';
import {
  OperatorAdded,
  type OperatorBody,
  type OperatorCertificateBody,
  OperatorJson,
  OperatorList,
  OperatorRemoved,
  type OperatorRoleBody,
} from '../api/operator.ts';
import type { JsonCalls } from './json-calls.ts';

const pathOf = (name: string): string => `/v1/operators/${encodeURIComponent(name)}`;

export const operatorCalls = ({ get, put, issue, take }: Pick<JsonCalls, 'get' | 'put' | 'issue' | 'take'>) => ({
  operators: (): Promise<OperatorList> => get('/v1/operators', OperatorList),
  operator: (name: string): Promise<OperatorJson> => get(pathOf(name), OperatorJson),
  addOperator: (body: OperatorBody): Promise<OperatorAdded> => issue('/v1/operators', body, OperatorAdded),
  changeOperatorRole: (name: string, body: OperatorRoleBody): Promise<OperatorJson> =>
    put(pathOf(name), body, OperatorJson),
  removeOperator: (name: string): Promise<OperatorRemoved> => take(pathOf(name), OperatorRemoved),
  issueOperatorCertificate: (name: string, body: OperatorCertificateBody): Promise<CertificateJson> =>
    issue(`${pathOf(name)}/certificates`, body, CertificateJson),
});
