-- Requests that wait, or waited, for the approval of operators. Of each, the CSR is kept as it came.

CREATE TABLE requests (
  id TEXT NOT NULL PRIMARY KEY, -- UUID version 7: in the order of time
  status TEXT NOT NULL CHECK (status IN ('pending', 'approved', 'issued', 'denied', 'expired')),
  environment TEXT NOT NULL,
  product TEXT NOT NULL,
  product_version INTEGER NOT NULL,
  profile TEXT NOT NULL,
  profile_version INTEGER NOT NULL,
  names TEXT NOT NULL, -- in certificate order, one a line
  key_type TEXT NOT NULL,
  key_sha256 BLOB NOT NULL CHECK (length(key_sha256) = 32),
  lifetime_seconds INTEGER, -- NULL: the profile's default
  approvals_needed INTEGER NOT NULL CHECK (approvals_needed IN (1, 2)),
  requested_by TEXT NOT NULL,
  token_id TEXT,
  shown_serial BLOB,
  predecessor BLOB,
  requested_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  serial BLOB, -- of the intent, and then the certificate, that it became
  ended_at INTEGER,
  csr BLOB NOT NULL,
  CHECK ((status IN ('issued', 'denied', 'expired')) = (ended_at IS NOT NULL)),
  CHECK (status <> 'issued' OR serial IS NOT NULL),
  CHECK (status IN ('approved', 'issued') OR serial IS NULL)
) STRICT;

CREATE INDEX requests_by_product ON requests (product, id);
CREATE INDEX requests_by_status ON requests (status, id);
-- Small partial indexes, for the few that are open.
CREATE INDEX requests_open ON requests (expires_at) WHERE ended_at IS NULL;
CREATE UNIQUE INDEX requests_by_serial ON requests (serial) WHERE serial IS NOT NULL;
CREATE INDEX requests_open_by_product ON requests (product) WHERE ended_at IS NULL;

-- Each operator says yes once and no once.
CREATE TABLE request_verdicts (
  request TEXT NOT NULL REFERENCES requests (id),
  operator TEXT NOT NULL,
  verdict TEXT NOT NULL CHECK (verdict IN ('approved', 'denied')),
  at INTEGER NOT NULL,
  comment TEXT NOT NULL,
  PRIMARY KEY (request, operator, verdict)
) STRICT, WITHOUT ROWID;

-- An Idempotency-Key stands for a certificate or for a request.
CREATE TABLE idempotency_bindings (
  scope TEXT NOT NULL,
  key TEXT NOT NULL,
  body_sha256 BLOB NOT NULL CHECK (length(body_sha256) = 32),
  certificate INTEGER REFERENCES certificates (id),
  request TEXT REFERENCES requests (id),
  created_at INTEGER NOT NULL,
  PRIMARY KEY (scope, key),
  CHECK ((certificate IS NULL) <> (request IS NULL))
) STRICT, WITHOUT ROWID;
INSERT INTO idempotency_bindings SELECT scope, key, body_sha256, certificate, NULL, created_at FROM idempotency_keys;
DROP TABLE idempotency_keys;
ALTER TABLE idempotency_bindings RENAME TO idempotency_keys;
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);
CREATE INDEX idempotency_keys_by_certificate ON idempotency_keys (certificate);
