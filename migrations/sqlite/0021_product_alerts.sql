-- Which alerts speak of a product: a test bed need not wake anybody. docs/alerts.md
ALTER TABLE products ADD COLUMN alerts TEXT NOT NULL DEFAULT 'all' CHECK (alerts IN ('all', 'critical', 'none'));
