-- What expires when, by day and by product, kept with every change like the other counts: no question has to read certificates.

-- The changes get one more column, so that they and all that writes them are made anew.
-- A certificate is only ever inserted as an intent, which is not counted; the update that issues or closes it counts it. A trigger
-- on inserts never has anything to do, but its being there makes SQLite keep a copy of each page that an insert touches.
DROP TRIGGER certificates_counted;
DROP TRIGGER certificates_uncounted;
DROP TRIGGER certificates_recounted;
DROP VIEW count_changes;
DROP TABLE expiry_counts;

-- Every certificate that is no open intent, by the day in UTC on which it expires; `issued` counts the expired, too.
CREATE TABLE expiry_counts (
  environment TEXT NOT NULL, -- empty for system
  purpose TEXT NOT NULL,
  day INTEGER NOT NULL, -- since 1970-01-01
  issued INTEGER NOT NULL,
  expired INTEGER NOT NULL,
  revoked INTEGER NOT NULL,
  held INTEGER NOT NULL,
  unfollowed INTEGER NOT NULL, -- good ones without a successor
  PRIMARY KEY (environment, purpose, day)
) STRICT, WITHOUT ROWID;

-- The good ones of each product, for as long as there are any.
CREATE TABLE product_expiries (
  owner TEXT NOT NULL,
  day INTEGER NOT NULL,
  environment TEXT NOT NULL, -- of the owner
  certificates INTEGER NOT NULL,
  unfollowed INTEGER NOT NULL,
  PRIMARY KEY (owner, day)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER product_expiries_end AFTER UPDATE ON product_expiries WHEN NEW.certificates = 0
BEGIN
  DELETE FROM product_expiries WHERE owner = NEW.owner AND day = NEW.day;
END;

-- One change of one certificate, as a row: triggers on certificates write it, and those on this add it up.
CREATE VIEW count_changes AS SELECT '' AS environment, '' AS purpose, '' AS owner, '' AS profile, '' AS key_type,
  0 AS not_after, 0 AS issued, 0 AS expired, 0 AS revoked, 0 AS held, 0 AS unfollowed WHERE 0;

CREATE TRIGGER count_changes_by_kind INSTEAD OF INSERT ON count_changes
WHEN NEW.issued <> 0 OR NEW.expired <> 0 OR NEW.revoked <> 0 OR NEW.held <> 0
BEGIN
  INSERT INTO certificate_counts VALUES (NEW.environment, NEW.purpose, NEW.owner, NEW.profile, NEW.key_type,
      NEW.issued, NEW.expired, NEW.revoked, NEW.held)
    ON CONFLICT DO UPDATE SET issued = issued + excluded.issued, expired = expired + excluded.expired,
      revoked = revoked + excluded.revoked, held = held + excluded.held;
END;

CREATE TRIGGER count_changes_by_day INSTEAD OF INSERT ON count_changes
BEGIN
  INSERT INTO expiry_counts VALUES (NEW.environment, NEW.purpose, NEW.not_after / 86400,
      NEW.issued, NEW.expired, NEW.revoked, NEW.held, NEW.unfollowed)
    ON CONFLICT DO UPDATE SET issued = issued + excluded.issued, expired = expired + excluded.expired,
      revoked = revoked + excluded.revoked, held = held + excluded.held, unfollowed = unfollowed + excluded.unfollowed;
END;

CREATE TRIGGER count_changes_by_product INSTEAD OF INSERT ON count_changes
WHEN NEW.purpose = 'product' AND (NEW.issued <> NEW.expired OR NEW.unfollowed <> 0)
BEGIN
  INSERT INTO product_expiries VALUES (NEW.owner, NEW.not_after / 86400, NEW.environment,
      NEW.issued - NEW.expired, NEW.unfollowed)
    ON CONFLICT DO UPDATE SET certificates = certificates + excluded.certificates,
      unfollowed = unfollowed + excluded.unfollowed;
END;

CREATE TRIGGER certificates_uncounted AFTER DELETE ON certificates WHEN OLD.state <> 'intent'
BEGIN
  INSERT INTO count_changes SELECT coalesce(OLD.environment, ''), OLD.purpose, OLD.owner, OLD.profile, OLD.key_type,
    OLD.not_after, -(OLD.state = 'issued'),
    -(OLD.state = 'issued' AND (OLD.not_after, OLD.id) <= (expired_not_after, expired_id)),
    -(OLD.state = 'revoked' AND OLD.revocation_reason <> 'certificateHold'),
    -(OLD.state = 'revoked' AND OLD.revocation_reason = 'certificateHold'),
    -(OLD.state = 'issued' AND (OLD.not_after, OLD.id) > (expired_not_after, expired_id) AND OLD.successor IS NULL)
    FROM inventory_progress;
END;

-- What a certificate is counted by never changes, but for its state and whether another has followed it. VALUES instead of SELECT:
-- SQLite would open a table of its own for the rows that a SELECT may bring, and issuing waits for this.
CREATE TRIGGER certificates_recounted AFTER UPDATE OF state, revocation_reason ON certificates
BEGIN
  INSERT INTO count_changes VALUES (coalesce(NEW.environment, ''), NEW.purpose, NEW.owner, NEW.profile, NEW.key_type,
    NEW.not_after, (NEW.state = 'issued') - (OLD.state = 'issued'),
    ((NEW.state = 'issued') - (OLD.state = 'issued'))
      * ((NEW.not_after, NEW.id) <= (SELECT expired_not_after, expired_id FROM inventory_progress)),
    (NEW.state = 'revoked' AND NEW.revocation_reason <> 'certificateHold')
      - (OLD.state = 'revoked' AND OLD.revocation_reason <> 'certificateHold'),
    (NEW.state = 'revoked' AND NEW.revocation_reason = 'certificateHold')
      - (OLD.state = 'revoked' AND OLD.revocation_reason = 'certificateHold'),
    ((NEW.state = 'issued') - (OLD.state = 'issued'))
      * ((NEW.not_after, NEW.id) > (SELECT expired_not_after, expired_id FROM inventory_progress)
        AND NEW.successor IS NULL));
END;

-- No statement changes the state and the successor at once.
CREATE TRIGGER certificates_followed AFTER UPDATE OF successor ON certificates
WHEN NEW.state = 'issued' AND (NEW.successor IS NULL) <> (OLD.successor IS NULL)
BEGIN
  INSERT INTO count_changes SELECT coalesce(NEW.environment, ''), NEW.purpose, NEW.owner, NEW.profile, NEW.key_type,
    NEW.not_after, 0, 0, 0, 0, (NEW.successor IS NULL) - (OLD.successor IS NULL)
    FROM inventory_progress WHERE (NEW.not_after, NEW.id) > (expired_not_after, expired_id);
END;

INSERT INTO expiry_counts
  SELECT coalesce(environment, ''), purpose, not_after / 86400, sum(state = 'issued'),
    sum(state = 'issued' AND (not_after, certificates.id) <= (expired_not_after, expired_id)),
    sum(state = 'revoked' AND revocation_reason <> 'certificateHold'),
    sum(state = 'revoked' AND revocation_reason = 'certificateHold'),
    sum(state = 'issued' AND (not_after, certificates.id) > (expired_not_after, expired_id) AND successor IS NULL)
  FROM certificates CROSS JOIN inventory_progress WHERE state <> 'intent' GROUP BY 1, 2, 3;
INSERT INTO product_expiries
  SELECT owner, not_after / 86400, coalesce(environment, ''), count(*), sum(successor IS NULL)
  FROM certificates CROSS JOIN inventory_progress
  WHERE state = 'issued' AND purpose = 'product' AND (not_after, certificates.id) > (expired_not_after, expired_id)
  GROUP BY 1, 2;
