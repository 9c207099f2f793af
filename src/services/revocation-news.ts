/** Tells the parts of this process that a certificate stopped, or started again, being good. */

export interface RevocationNews {
  onChange(listener: (change: RevocationChange) => void): void;
  announce(change: RevocationChange): void;
}

export interface RevocationChange {
  readonly serial: string;
  readonly authority: string;
  /** False when a hold was released. */
  readonly revoked: boolean;
}

export function createRevocationNews(): RevocationNews {
  const listeners: ((change: RevocationChange) => void)[] = [];
  return {
    onChange: (listener) => void listeners.push(listener),
    announce: (change) => {
      for (const listener of listeners) listener(change);
    },
  };
}
