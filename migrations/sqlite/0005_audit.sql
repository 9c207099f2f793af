-- The audit log can be searched, and its newest event is signed now and then: docs/audit.md.

-- Read from the text that the hash covers, so no column can say anything else.
ALTER TABLE audit_events ADD COLUMN at INTEGER GENERATED ALWAYS AS (canonical ->> '$.at') VIRTUAL;
ALTER TABLE audit_events ADD COLUMN kind TEXT GENERATED ALWAYS AS (canonical ->> '$.kind') VIRTUAL;
ALTER TABLE audit_events ADD COLUMN actor TEXT GENERATED ALWAYS AS (canonical ->> '$.actor') VIRTUAL;
ALTER TABLE audit_events ADD COLUMN object TEXT GENERATED ALWAYS AS (canonical ->> '$.object') VIRTUAL;
ALTER TABLE audit_events ADD COLUMN code TEXT GENERATED ALWAYS AS (canonical ->> '$.code') VIRTUAL;

-- Each ends with the seq, as every index of SQLite ends with the row's number: events come in the order they are listed in.
CREATE INDEX audit_events_by_time ON audit_events (at);
CREATE INDEX audit_events_by_kind ON audit_events (kind);
CREATE INDEX audit_events_by_actor ON audit_events (actor);
CREATE INDEX audit_events_by_object ON audit_events (object);
CREATE INDEX audit_events_by_code ON audit_events (code) WHERE code IS NOT NULL;

-- By how many milliseconds an event's time has been behind that of an earlier one, at most: what turns a time into a range of seq.
CREATE TABLE audit_disorder (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  ms INTEGER NOT NULL CHECK (ms >= 0)
) STRICT;
INSERT INTO audit_disorder (id, ms)
  SELECT 1, coalesce(max(latest - at), 0) FROM (SELECT at, max(at) OVER (ORDER BY seq) AS latest FROM audit_events);

-- The keys that sign checkpoints, the newest last; kept whole, for a checkpoint outlives everything else about them.
CREATE TABLE audit_keys (
  id INTEGER PRIMARY KEY,
  vault TEXT NOT NULL,
  vault_key TEXT NOT NULL,
  certificate_serial BLOB NOT NULL UNIQUE CHECK (length(certificate_serial) = 20),
  certificate BLOB NOT NULL, -- DER
  UNIQUE (vault, vault_key)
) STRICT;

-- note is the exact text with its signature, as the file audit/checkpoint begins.
CREATE TABLE audit_checkpoints (
  seq INTEGER PRIMARY KEY REFERENCES audit_events (seq),
  note TEXT NOT NULL,
  key INTEGER NOT NULL REFERENCES audit_keys (id)
) STRICT;

CREATE TRIGGER audit_checkpoints_keep_their_text BEFORE UPDATE ON audit_checkpoints
BEGIN
  SELECT RAISE(ABORT, 'audit checkpoints are never changed');
END;

CREATE TRIGGER audit_checkpoints_stay BEFORE DELETE ON audit_checkpoints
BEGIN
  SELECT RAISE(ABORT, 'audit checkpoints are never removed');
END;

CREATE TRIGGER audit_checkpoints_only_advance BEFORE INSERT ON audit_checkpoints
WHEN NEW.seq <= (SELECT max(seq) FROM audit_checkpoints)
BEGIN
  SELECT RAISE(ABORT, 'audit checkpoints only advance');
END;
