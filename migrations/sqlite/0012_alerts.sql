-- What somebody should know of, and what is still to be told to webhooks: docs/alerts.md.

-- Those that are open; the audit log has the others.
CREATE TABLE alerts (
  id TEXT PRIMARY KEY, -- kind, subject and threshold
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  within_days INTEGER,
  count INTEGER,
  opened_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- One for each endpoint that is to get it, until it has, or has been tried often enough.
CREATE TABLE webhook_deliveries (
  id INTEGER PRIMARY KEY,
  message TEXT NOT NULL,
  endpoint BLOB NOT NULL CHECK (length(endpoint) = 32), -- SHA-256 of its URL, which may hold a secret
  body TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  due_at INTEGER NOT NULL
) STRICT;

CREATE INDEX webhook_deliveries_due ON webhook_deliveries (due_at);
