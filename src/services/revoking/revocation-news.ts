/** Tells the parts of this process that a certificate stopped, or started again, being good, or that its holder's role changed. */

export interface RevocationNews {
  onChange(listener: (change: RevocationChange) => void): void;
  announce(change: RevocationChange): void;
  /** A certificate that stays good, but whose operator may now do other things. */
  onRoleChange(listener: (serial: string) => void): void;
  announceRoleChange(serial: string): void;
}

export interface RevocationChange {
  readonly serial: string;
  readonly authority: string;
  /** False when a hold was released. */
  readonly revoked: boolean;
}

export function createRevocationNews(): RevocationNews {
  const listeners: ((change: RevocationChange) => void)[] = [];
  const roleListeners: ((serial: string) => void)[] = [];
  return {
    onChange: (listener) => void listeners.push(listener),
    announce: (change) => {
      for (const listener of listeners) listener(change);
    },
    onRoleChange: (listener) => void roleListeners.push(listener),
    announceRoleChange: (serial) => {
      for (const listener of roleListeners) listener(serial);
    },
  };
}
