-- The same for pages by name, which pass by the certificates of one label after the other.
DROP INDEX certificates_by_label;
CREATE INDEX certificates_by_label ON certificates (label, requested_at, id, owner, profile, environment, authority);
