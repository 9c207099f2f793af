-- A page, newest first, of what expires within a time passes by the rest in this index alone: 8 instead of 25 ms for fourteen days
-- of 300,000 certificates. The column never changes, and entries are still added at the end.
DROP INDEX certificates_by_request;
CREATE INDEX certificates_by_request ON certificates (requested_at, id, not_after);
