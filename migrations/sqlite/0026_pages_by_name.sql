-- The same for pages by name, which pass by the certificates of one label after the other, and for pages of a name or of a
-- product with many certificates, in any order: what they are filtered and sorted by is read in one place.
DROP INDEX certificates_by_label;
CREATE INDEX certificates_by_label
  ON certificates (label, requested_at, id, owner, profile, environment, authority, not_after, purpose);
DROP INDEX certificates_by_owner;
CREATE INDEX certificates_by_owner
  ON certificates (owner, requested_at, id, not_after, purpose, state, label, profile, successor);
