-- Which version of its product a certificate was issued under, beside that of its profile; and products that were removed.

-- NULL for the service's own certificates, and for those issued before this was kept.
ALTER TABLE certificates ADD COLUMN product_version INTEGER CHECK (product_version >= 1);

-- Unix milliseconds, on the version that was the newest when the product was removed: its history stays.
ALTER TABLE products ADD COLUMN removed_at INTEGER;

CREATE INDEX tokens_by_product ON tokens (product, id);
