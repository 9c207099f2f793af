-- What expires within a time and has no successor: a page of them, newest first, takes 3 instead of 8 ms where a million certificates
-- have 15,000 such, and the first to expire 0.3 ms.
CREATE INDEX certificates_without_successor ON certificates (not_after, id, requested_at) WHERE successor IS NULL;
