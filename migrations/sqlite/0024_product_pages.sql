-- What a page of a product is filtered and sorted by lies in one place: its thousand rows lie in a thousand.
DROP INDEX certificates_by_owner;
CREATE INDEX certificates_by_owner ON certificates (owner, requested_at, id, not_after, purpose, state, label);
