-- Serials that a restore found on an authority's list, but not in its backup: they stay listed as revoked.

CREATE TABLE quarantined_serials (
  authority TEXT NOT NULL,
  serial BLOB NOT NULL,
  revoked_at INTEGER NOT NULL, -- seconds
  revocation_reason TEXT NOT NULL,
  invalidity_date INTEGER, -- seconds
  listed_until INTEGER NOT NULL, -- seconds: no certificate of the authority outlives its own
  PRIMARY KEY (authority, serial)
) STRICT, WITHOUT ROWID;
