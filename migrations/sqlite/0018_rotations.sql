-- Rotations of authorities from one generation to the next. docs/adr/0018-authority-rotation.md

CREATE TABLE authority_rotations (
  authority TEXT NOT NULL,
  generation INTEGER NOT NULL, -- the new one
  predecessor INTEGER NOT NULL CHECK (predecessor < generation),
  state TEXT NOT NULL
    CHECK (state IN ('preparing', 'prepared', 'trusted', 'issuing', 'retiring', 'retired', 'abandoned')),
  campaign TEXT REFERENCES campaigns (id),
  started_at INTEGER NOT NULL,
  started_by TEXT NOT NULL,
  changed_at INTEGER NOT NULL,
  PRIMARY KEY (authority, generation),
  FOREIGN KEY (authority, generation) REFERENCES authority_generations (authority, number),
  FOREIGN KEY (authority, predecessor) REFERENCES authority_generations (authority, number)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX authority_rotations_under_way ON authority_rotations (authority)
  WHERE state NOT IN ('retired', 'abandoned');

-- The responder that answers for a generation whose own key is destroyed: its key is in the same vault.
ALTER TABLE authority_generations ADD COLUMN responder_key TEXT;
ALTER TABLE authority_generations ADD COLUMN responder_serial BLOB; -- may be in the archive
