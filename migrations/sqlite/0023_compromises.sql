-- Keys that were reported compromised while more certificates have them than one commit revokes: how far that has come.
CREATE TABLE compromises (
  serial BLOB PRIMARY KEY CHECK (length(serial) = 20), -- of the certificate that was named
  owner TEXT, -- whose certificates go with it; NULL: everybody's
  actor TEXT NOT NULL,
  revoked_at INTEGER NOT NULL, -- seconds
  invalidity_date INTEGER, -- seconds
  after_id INTEGER NOT NULL -- certificates.id of the last that was revoked
) STRICT, WITHOUT ROWID;
