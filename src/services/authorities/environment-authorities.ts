/** Which authorities an environment has from the start, by name; others of it are named as people like. */
import type { Environment } from '../../domain/records/environment.ts';

type Shape = Pick<Environment, 'name' | 'hierarchy'>;

export const issuingAuthorityName = ({ name, hierarchy }: Shape): string =>
  hierarchy === 'root' ? `${name}-root` : `${name}-issuing`;

export const rootAuthorityName = ({ name }: Pick<Shape, 'name'>): string => `${name}-root`;

/** Also of one that is not made yet, or half made. */
export const authorityNamesOf = (shape: Shape): readonly string[] =>
  shape.hierarchy === 'two-tier'
    ? [rootAuthorityName(shape), issuingAuthorityName(shape)]
    : [issuingAuthorityName(shape)];
