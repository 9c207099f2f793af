-- Predecessors that are to be revoked as superseded, and when: written with the successor, so that a restart forgets none.

CREATE TABLE supersessions (
  serial BLOB PRIMARY KEY CHECK (length(serial) = 20), -- of the predecessor
  due_at INTEGER NOT NULL -- seconds
) STRICT, WITHOUT ROWID;

CREATE INDEX supersessions_by_time ON supersessions (due_at);
