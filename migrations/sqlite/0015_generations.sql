-- Generations of an authority: each has a key, a certificate, a list and addresses of its own. docs/adr/0018-authority-rotation.md

-- The generation in force, whose key and certificate are in the columns beside it.
ALTER TABLE authorities ADD COLUMN generation INTEGER NOT NULL DEFAULT 1 CHECK (generation >= 1);

CREATE TABLE authority_generations (
  id TEXT PRIMARY KEY, -- the authority's name, from the second on followed by .2, .3: names its list, and is in its addresses
  authority TEXT NOT NULL REFERENCES authorities (name),
  number INTEGER NOT NULL CHECK (number >= 1),
  phase TEXT NOT NULL CHECK (phase IN ('coming', 'inForce', 'outgoing', 'retired', 'abandoned')),
  vault TEXT NOT NULL,
  vault_key TEXT NOT NULL,
  key_type TEXT NOT NULL,
  signature_algorithm TEXT NOT NULL,
  certificate_serial BLOB REFERENCES certificates (serial), -- the one in force
  is_compromised INTEGER NOT NULL DEFAULT 0 CHECK (is_compromised IN (0, 1)),
  created_at INTEGER NOT NULL,
  key_destroyed_at INTEGER,
  UNIQUE (authority, number),
  UNIQUE (vault, vault_key)
) STRICT, WITHOUT ROWID;
INSERT INTO authority_generations (id, authority, number, phase, vault, vault_key, key_type, signature_algorithm,
    certificate_serial, created_at)
  SELECT name, name, 1, 'inForce', vault, vault_key, key_type, signature_algorithm, certificate_serial, created_at
  FROM authorities;

-- Every certificate that a generation has had. Crosses are RFC 4210 §4.4: newWithOld is for this generation's key, signed by
-- the one before; oldWithNew for this generation's key, signed by the one after.
CREATE TABLE authority_certificates (
  serial BLOB PRIMARY KEY REFERENCES certificates (serial),
  authority TEXT NOT NULL REFERENCES authorities (name),
  generation TEXT NOT NULL REFERENCES authority_generations (id),
  kind TEXT NOT NULL CHECK (kind IN ('own', 'newWithOld', 'oldWithNew'))
) STRICT, WITHOUT ROWID;
CREATE INDEX authority_certificates_by_authority ON authority_certificates (authority, generation);
INSERT INTO authority_certificates (serial, authority, generation, kind)
  SELECT certificate_serial, name, name, 'own' FROM authorities WHERE certificate_serial IS NOT NULL;
