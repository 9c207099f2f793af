/** The rotation of an authority from one generation to the next, as the inventory holds it. docs/adr/0018-authority-rotation.md. */
import type { GenerationPhase } from './generation.ts';

/** `preparing` until key, certificate and crosses are there; `retired` and `abandoned` are ends. */
export type RotationState = 'preparing' | 'prepared' | 'trusted' | 'issuing' | 'retiring' | 'retired' | 'abandoned';

export interface AuthorityRotation {
  readonly authority: string;
  /** Number of the new generation. */
  readonly generation: number;
  /** Of the one that it replaces. */
  readonly predecessor: number;
  readonly state: RotationState;
  /** Of the campaign that rotates the certificates of the predecessor; null before, and where it had none. */
  readonly campaign: string | null;
  /** Unix milliseconds. */
  readonly startedAt: number;
  readonly startedBy: string;
  readonly changedAt: number;
}

/** What the two generations are while a rotation is in a state: one table, from which the inventory sets both. */
export const phasesAt: Readonly<
  Record<RotationState, { readonly generation: GenerationPhase; readonly predecessor: GenerationPhase }>
> = {
  preparing: { generation: 'coming', predecessor: 'inForce' },
  prepared: { generation: 'coming', predecessor: 'inForce' },
  trusted: { generation: 'coming', predecessor: 'inForce' },
  issuing: { generation: 'inForce', predecessor: 'outgoing' },
  retiring: { generation: 'inForce', predecessor: 'outgoing' },
  retired: { generation: 'inForce', predecessor: 'retired' },
  abandoned: { generation: 'abandoned', predecessor: 'inForce' },
};

export const isUnderWay = ({ state }: Pick<AuthorityRotation, 'state'>): boolean =>
  state !== 'retired' && state !== 'abandoned';
