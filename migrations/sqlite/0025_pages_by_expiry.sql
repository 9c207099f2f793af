-- A page by expiry passes by what is filtered out in this index alone, ten times as fast as by reading each row of the table.
-- Only what never changes: with the successor, too, each rotation would have one more entry to move.
DROP INDEX certificates_by_expiry;
CREATE INDEX certificates_by_expiry ON certificates (not_after, id, owner, profile, environment, authority);
