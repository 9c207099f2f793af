-- The two events of every issuing are found by the certificate's row: an index by object has a random place for each serial,
-- and in a busy minute these two were a third of all pages that a commit wrote. docs/audit.md.

ALTER TABLE certificates ADD COLUMN requested_event INTEGER; -- seq; NULL: in the index by object
ALTER TABLE certificates ADD COLUMN issued_event INTEGER;
ALTER TABLE archived_certificates ADD COLUMN requested_event INTEGER;
ALTER TABLE archived_certificates ADD COLUMN issued_event INTEGER;

-- 1: the row of the certificate that the event is about has its seq.
ALTER TABLE audit_events ADD COLUMN kept_by_certificate INTEGER CHECK (kept_by_certificate = 1);

DROP INDEX audit_events_by_object;
CREATE INDEX audit_events_by_object ON audit_events (object) WHERE kept_by_certificate IS NULL;
