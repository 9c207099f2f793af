-- Where certificates are deployed: the newest report of each target, and what they come to for each certificate.

CREATE TABLE deployments (
  certificate INTEGER NOT NULL REFERENCES certificates (id),
  target TEXT NOT NULL,
  outcome TEXT NOT NULL CHECK (outcome IN ('awaited', 'proved', 'deployed', 'failed')),
  endpoint TEXT,
  served_serial TEXT, -- any serial, for a target may show a certificate of somebody else
  detail TEXT,
  trust TEXT NOT NULL, -- SHA-256 of roots, one a line
  reported_at INTEGER NOT NULL,
  reporter TEXT NOT NULL,
  PRIMARY KEY (certificate, target)
) STRICT, WITHOUT ROWID;

ALTER TABLE certificates ADD COLUMN deployment TEXT NOT NULL DEFAULT 'none'
  CHECK (deployment IN ('none', 'proved', 'deployed', 'behind', 'failed', 'failedBehind'));

CREATE INDEX certificates_by_deployment ON certificates (deployment, requested_at);

-- A successor is awaited wherever its predecessor is; where even that had not come, for as long as what is served there is good.
CREATE TRIGGER successors_awaited AFTER UPDATE OF state ON certificates
WHEN NEW.state = 'issued' AND OLD.state = 'intent' AND NEW.predecessor IS NOT NULL
BEGIN
  INSERT INTO deployments (certificate, target, outcome, endpoint, served_serial, trust, reported_at, reporter)
    SELECT NEW.id, target, 'awaited', endpoint,
      iif(outcome IN ('proved', 'deployed'), lower(hex(NEW.predecessor)), served_serial), '', NEW.issued_at, 'service'
    FROM deployments WHERE certificate = (SELECT id FROM certificates WHERE serial = NEW.predecessor)
      AND (outcome <> 'awaited' OR EXISTS (SELECT 1 FROM certificates AS served
        WHERE served.serial = unhex(served_serial) AND served.not_after * 1000 >= NEW.issued_at));
  UPDATE certificates SET deployment = 'behind'
    WHERE id = NEW.id AND EXISTS (SELECT 1 FROM deployments WHERE certificate = NEW.id);
END;
