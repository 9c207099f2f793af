-- The same counts for less work of the writer, which issuing waits for.

-- A certificate is only ever inserted as an intent, which is not counted; the update that issues or closes it counts it. The trigger
-- never had anything to do, but its being there made SQLite keep a copy of each page that an insert touches, for a statement
-- that may fail halfway.
DROP TRIGGER certificates_counted;

-- VALUES instead of SELECT: SQLite would open a table of its own for the rows that a SELECT may bring.
DROP TRIGGER certificates_recounted;
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
