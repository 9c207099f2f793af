-- What an endpoint is to get is tried in its order, and put off together; each message is kept for a time, not for a number of tries.
ALTER TABLE webhook_deliveries ADD COLUMN created_at INTEGER NOT NULL DEFAULT 0;
UPDATE webhook_deliveries SET created_at = due_at;
CREATE INDEX webhook_deliveries_by_endpoint ON webhook_deliveries (endpoint);
