-- Authorities whose keys are elsewhere, and those of ours that they sign: docs/authorities.md.

-- 1: the issuing authority is there, but what signs it is elsewhere; to the inventory it is two-tier all the same.
ALTER TABLE environments ADD COLUMN is_external INTEGER NOT NULL DEFAULT 0 CHECK (is_external IN (0, 1));

-- What was asked of them: the CSR of an authority of ours, signed once, so that it can be fetched again.
CREATE TABLE authority_requests (
  authority TEXT PRIMARY KEY REFERENCES authorities (name),
  csr BLOB NOT NULL,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Roots and what is between them and ours. They have no key here; their lists are in `crls`, under their names.
CREATE TABLE external_authorities (
  name TEXT PRIMARY KEY,
  environment TEXT NOT NULL REFERENCES environments (name),
  parent TEXT NOT NULL, -- another of these; its own name for a root
  sha256 BLOB NOT NULL CHECK (length(sha256) = 32), -- of der
  der BLOB NOT NULL,
  imported_at INTEGER NOT NULL,
  UNIQUE (environment, sha256)
) STRICT, WITHOUT ROWID;
