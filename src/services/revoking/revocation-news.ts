/** Tells the parts of this process that a credential stopped being good, that a certificate is good again, or that its holder's role changed. */

export interface RevocationNews {
  onChange(listener: (change: RevocationChange) => void): void;
  announce(change: RevocationChange): void;
  /** A certificate that stays good, but whose operator may now do other things. */
  onRoleChange(listener: (serial: string) => void): void;
  announceRoleChange(serial: string): void;
  /** The id of an enrolment token that is gone. */
  onTokenRemoval(listener: (id: string) => void): void;
  announceTokenRemoval(id: string): void;
}

export interface RevocationChange {
  readonly serial: string;
  readonly authority: string;
  /** False when a hold was released. */
  readonly revoked: boolean;
}

export function createRevocationNews(): RevocationNews {
  const changes = channel<RevocationChange>();
  const roleChanges = channel<string>();
  const tokenRemovals = channel<string>();
  return {
    onChange: changes.on,
    announce: changes.tell,
    onRoleChange: roleChanges.on,
    announceRoleChange: roleChanges.tell,
    onTokenRemoval: tokenRemovals.on,
    announceTokenRemoval: tokenRemovals.tell,
  };
}

function channel<News>() {
  const listeners: ((news: News) => void)[] = [];
  return {
    on: (listener: (news: News) => void): void => void listeners.push(listener),
    tell: (news: News): void => {
      for (const listener of listeners) listener(news);
    },
  };
}
