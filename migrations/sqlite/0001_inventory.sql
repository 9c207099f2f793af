-- The inventory: everything issued, by whom, for whom, and the audit log. What each table holds: docs/inventory.md.
-- Serials, hashes and DER are BLOBs; times are integers (Unix milliseconds in *_at, seconds where X.509 has seconds).

PRAGMA application_id = 1349940076; -- 'Pvsl': so that another program's database is never taken for ours

-- id grows with time, as serials do: rows, their index entries and their bodies are all appended at the right edge.
CREATE TABLE certificates (
  id INTEGER PRIMARY KEY,
  serial BLOB NOT NULL UNIQUE CHECK (length(serial) = 20),
  state TEXT NOT NULL CHECK (state IN ('intent', 'issued', 'revoked')),
  purpose TEXT NOT NULL,
  environment TEXT,
  owner TEXT NOT NULL,
  authority TEXT NOT NULL,
  issuer_serial BLOB NOT NULL,
  profile TEXT NOT NULL,
  profile_version INTEGER NOT NULL,
  subject TEXT NOT NULL,
  names TEXT NOT NULL, -- in certificate order, one a line
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
  CHECK ((state = 'revoked') = (revoked_at IS NOT NULL)),
  CHECK ((revoked_at IS NULL) = (revocation_reason IS NULL)),
  CHECK (state <> 'issued' OR issued_at IS NOT NULL),
  CHECK (issued_at IS NULL OR issued_at < requested_at + 86400000) -- lets a search by issue use the indexes by request
) STRICT;

-- One index for each filter, with the default order behind it; the id at the end of each is the tie-break.
CREATE INDEX certificates_by_request ON certificates (requested_at);
CREATE INDEX certificates_by_expiry ON certificates (not_after);
CREATE INDEX certificates_by_key ON certificates (key_sha256);
CREATE INDEX certificates_by_owner ON certificates (owner, requested_at);
CREATE INDEX certificates_by_requester ON certificates (requested_by, requested_at);
CREATE INDEX certificates_by_profile ON certificates (profile, requested_at);
CREATE INDEX certificates_by_authority ON certificates (authority, requested_at);
CREATE INDEX certificates_by_environment ON certificates (environment, requested_at);
-- Small partial indexes, for what is rare among many.
CREATE INDEX certificates_open ON certificates (requested_at) WHERE state = 'intent';
CREATE INDEX certificates_revoked ON certificates (requested_at) WHERE state = 'revoked';
CREATE INDEX certificates_listed ON certificates (authority, serial) WHERE state = 'revoked';
CREATE INDEX certificates_of_service ON certificates (purpose, requested_at) WHERE purpose <> 'product';

-- The signed bytes, apart from the columns that queries touch.
CREATE TABLE certificate_bodies (
  certificate INTEGER PRIMARY KEY REFERENCES certificates (id),
  der BLOB NOT NULL
) STRICT;

-- Names spelled backwards: an exact name is one key, every name below a suffix is one range.
CREATE TABLE certificate_names (
  reversed TEXT NOT NULL,
  certificate INTEGER NOT NULL REFERENCES certificates (id),
  PRIMARY KEY (reversed, certificate)
) STRICT, WITHOUT ROWID;

CREATE TABLE blocked_keys (
  key_sha256 BLOB PRIMARY KEY CHECK (length(key_sha256) = 32),
  reason TEXT NOT NULL CHECK (reason IN ('authority', 'operator', 'compromised'))
) STRICT, WITHOUT ROWID;

-- An answer is repeated for 24 hours; older rows are removed as new ones come.
CREATE TABLE idempotency_keys (
  scope TEXT NOT NULL,
  key TEXT NOT NULL,
  body_sha256 BLOB NOT NULL CHECK (length(body_sha256) = 32),
  certificate INTEGER NOT NULL REFERENCES certificates (id),
  created_at INTEGER NOT NULL,
  PRIMARY KEY (scope, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);
CREATE INDEX idempotency_keys_by_certificate ON idempotency_keys (certificate);

CREATE TABLE environments (
  name TEXT PRIMARY KEY,
  hierarchy TEXT NOT NULL CHECK (hierarchy IN ('two-tier', 'root')),
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE profiles (
  environment TEXT NOT NULL REFERENCES environments (name),
  name TEXT NOT NULL,
  version INTEGER NOT NULL CHECK (version >= 1),
  definition TEXT NOT NULL CHECK (json_valid(definition)),
  PRIMARY KEY (environment, name, version)
) STRICT, WITHOUT ROWID;

-- No reference to environments: the authorities of an environment are made before it is.
CREATE TABLE authorities (
  name TEXT PRIMARY KEY,
  role TEXT NOT NULL CHECK (role IN ('system', 'root', 'issuing', 'sole')),
  environment TEXT,
  parent TEXT NOT NULL,
  vault TEXT NOT NULL,
  vault_key TEXT NOT NULL,
  key_type TEXT NOT NULL,
  signature_algorithm TEXT NOT NULL,
  certificate_serial BLOB REFERENCES certificates (serial),
  created_at INTEGER NOT NULL,
  UNIQUE (vault, vault_key)
) STRICT, WITHOUT ROWID;

-- The newest list of each authority; earlier ones are in the audit log by number.
CREATE TABLE crls (
  authority TEXT PRIMARY KEY,
  crl_number INTEGER NOT NULL,
  this_update INTEGER NOT NULL, -- seconds
  next_update INTEGER NOT NULL, -- seconds
  der BLOB NOT NULL
) STRICT;

CREATE TABLE products (
  id TEXT NOT NULL,
  version INTEGER NOT NULL CHECK (version >= 1),
  environment TEXT NOT NULL REFERENCES environments (name),
  name_rules TEXT NOT NULL CHECK (json_valid(name_rules)),
  profiles TEXT NOT NULL CHECK (json_valid(profiles)),
  contacts TEXT NOT NULL CHECK (json_valid(contacts)),
  created_at INTEGER NOT NULL,
  PRIMARY KEY (id, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE tokens (
  id TEXT PRIMARY KEY,
  product TEXT NOT NULL,
  profiles TEXT NOT NULL CHECK (json_valid(profiles)),
  secret_sha256 BLOB NOT NULL CHECK (length(secret_sha256) = 32),
  uses_left INTEGER CHECK (uses_left >= 0), -- NULL: without limit
  expires_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE operators (
  name TEXT PRIMARY KEY,
  role TEXT NOT NULL CHECK (role IN ('admin', 'operator', 'auditor')),
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- canonical is the exact text the hash covers; hash = SHA-256(previous_hash, canonical).
CREATE TABLE audit_events (
  seq INTEGER PRIMARY KEY,
  canonical TEXT NOT NULL,
  previous_hash BLOB NOT NULL CHECK (length(previous_hash) = 32),
  hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;

CREATE TRIGGER audit_events_keep_their_text BEFORE UPDATE ON audit_events
BEGIN
  SELECT RAISE(ABORT, 'audit events are never changed');
END;

CREATE TRIGGER audit_events_stay BEFORE DELETE ON audit_events
BEGIN
  SELECT RAISE(ABORT, 'audit events are never removed');
END;

-- Also stops INSERT OR REPLACE, whose removal fires no trigger.
CREATE TRIGGER audit_events_have_no_gaps BEFORE INSERT ON audit_events
WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM audit_events)
BEGIN
  SELECT RAISE(ABORT, 'audit events are only appended');
END;

CREATE TABLE settings (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Written by the readiness check, to prove that a write is possible.
CREATE TABLE write_checks (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  checks INTEGER NOT NULL
) STRICT;
