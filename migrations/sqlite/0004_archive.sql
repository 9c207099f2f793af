-- Certificates that expired long ago, out of the way of searches and issuance; docs/inventory.md says when a row moves.

-- Rows are only added, so the highest id is their number. `der` is NULL for an intent that was closed unsigned.
CREATE TABLE archived_certificates (
  id INTEGER PRIMARY KEY,
  former_id INTEGER NOT NULL, -- in certificates
  serial BLOB NOT NULL UNIQUE CHECK (length(serial) = 20),
  state TEXT NOT NULL CHECK (state IN ('issued', 'revoked')),
  purpose TEXT NOT NULL CHECK (purpose <> 'authority'),
  environment TEXT,
  owner TEXT NOT NULL,
  authority TEXT NOT NULL,
  issuer_serial BLOB NOT NULL,
  profile TEXT NOT NULL,
  profile_version INTEGER NOT NULL,
  product_version INTEGER,
  subject TEXT NOT NULL,
  names TEXT NOT NULL,
  key_type TEXT NOT NULL,
  key_sha256 BLOB NOT NULL CHECK (length(key_sha256) = 32),
  tbs_sha256 BLOB NOT NULL CHECK (length(tbs_sha256) = 32),
  not_before INTEGER NOT NULL, -- seconds
  not_after INTEGER NOT NULL, -- seconds
  requested_by TEXT NOT NULL,
  requested_at INTEGER NOT NULL,
  token_id TEXT,
  issued_at INTEGER,
  predecessor BLOB,
  successor BLOB,
  revoked_at INTEGER, -- seconds
  revocation_reason TEXT,
  invalidity_date INTEGER, -- seconds
  der BLOB,
  CHECK ((state = 'revoked') = (revoked_at IS NOT NULL)),
  CHECK ((revoked_at IS NULL) = (revocation_reason IS NULL))
) STRICT;

CREATE INDEX archived_by_key ON archived_certificates (key_sha256);
-- Should a clock that was wrong have moved a row too early, lists still find it here.
CREATE INDEX archived_listed ON archived_certificates (authority, not_after) WHERE state = 'revoked';

-- The same table without its reference: to remove a certificate, SQLite would look for its names from end to end.
CREATE TABLE names_of_certificates (
  reversed TEXT NOT NULL,
  certificate INTEGER NOT NULL, -- of certificates; each act writes both
  PRIMARY KEY (reversed, certificate)
) STRICT, WITHOUT ROWID;
INSERT INTO names_of_certificates (reversed, certificate) SELECT reversed, certificate FROM certificate_names;
DROP TABLE certificate_names;
ALTER TABLE names_of_certificates RENAME TO certificate_names;
