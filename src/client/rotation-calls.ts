/** What the client asks of rotations of authorities, as an operator on the admin face. */
import {
  type AdvanceRotationBody,
  type CompromiseBody,
  CompromiseJson,
  type RotateAuthorityBody,
  RotationJson,
  RotationPlanJson,
} from '../api/authority-rotation.ts';
import type { JsonCalls } from './json-calls.ts';

const pathOf = (name: string, act: string): string => `/v1/authorities/${encodeURIComponent(name)}/${act}`;

export const rotationCalls = ({ get, post }: Pick<JsonCalls, 'get' | 'post'>) => ({
  rotation: (name: string): Promise<RotationJson> => get(pathOf(name, 'rotation'), RotationJson),
  /** Changes nothing. */
  planRotation: (name: string, body: RotateAuthorityBody): Promise<RotationPlanJson> =>
    post(pathOf(name, 'rotation'), { ...body, dryRun: true }, RotationPlanJson),
  startRotation: (name: string, body: RotateAuthorityBody): Promise<RotationJson> =>
    post(pathOf(name, 'rotation'), body, RotationJson),
  advanceRotation: (name: string, body: AdvanceRotationBody): Promise<RotationJson> =>
    post(pathOf(name, 'rotation/advance'), body, RotationJson),
  abandonRotation: (name: string): Promise<RotationJson> => post(pathOf(name, 'rotation/abandon'), {}, RotationJson),
  /** With `dryRun` it changes nothing. */
  declareCompromise: (name: string, body: CompromiseBody): Promise<CompromiseJson> =>
    post(pathOf(name, 'compromise'), body, CompromiseJson),
});
