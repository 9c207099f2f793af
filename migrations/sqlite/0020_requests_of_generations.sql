-- An authority that is signed elsewhere rotates, too: each of its generations has a CSR of its own. docs/authorities.md

CREATE TABLE generation_requests (
  authority TEXT NOT NULL,
  generation INTEGER NOT NULL,
  csr BLOB NOT NULL, -- signed once, so that it can be fetched again
  created_at INTEGER NOT NULL,
  PRIMARY KEY (authority, generation),
  FOREIGN KEY (authority, generation) REFERENCES authority_generations (authority, number)
) STRICT, WITHOUT ROWID;
INSERT INTO generation_requests (authority, generation, csr, created_at)
  SELECT authority, 1, csr, created_at FROM authority_requests;
DROP TABLE authority_requests;

-- Where the responder's key is, if a vault that makes no keys had its generation's; else beside that key.
ALTER TABLE authority_generations ADD COLUMN responder_vault TEXT;
