-- Campaigns: which certificates are to be rotated by when, and what became of each. docs/rotation.md

CREATE TABLE campaigns (
  id TEXT NOT NULL PRIMARY KEY, -- UUID version 7: in the order of time
  status TEXT NOT NULL CHECK (status IN ('collecting', 'running', 'paused', 'abandoned', 'ended')),
  filter TEXT NOT NULL CHECK (json_valid(filter)),
  description TEXT NOT NULL,
  rotate_by INTEGER NOT NULL, -- seconds
  revoke_at INTEGER, -- seconds
  spread_from INTEGER NOT NULL, -- seconds
  started_at INTEGER NOT NULL,
  started_by TEXT NOT NULL,
  ended_at INTEGER,
  expected INTEGER NOT NULL,
  members INTEGER NOT NULL,
  collected_at INTEGER, -- requested_at of the last certificate that was looked at
  collected_serial BLOB,
  CHECK ((status IN ('abandoned', 'ended')) = (ended_at IS NOT NULL)),
  CHECK (revoke_at >= rotate_by)
) STRICT;
CREATE INDEX campaigns_under_way ON campaigns (id) WHERE status IN ('collecting', 'running');

CREATE TABLE campaign_members (
  campaign TEXT NOT NULL REFERENCES campaigns (id),
  position INTEGER NOT NULL, -- 1, 2, 3, ... in the order of requests
  serial BLOB NOT NULL CHECK (length(serial) = 20),
  product TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'rotated', 'proved', 'failed')),
  failure TEXT NOT NULL CHECK ((failure <> '') = (state = 'failed')),
  is_done INTEGER NOT NULL CHECK (is_done IN (0, 1)), -- revoked, or not to be revoked any more
  PRIMARY KEY (campaign, position)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX campaign_members_by_serial ON campaign_members (serial, campaign);
CREATE INDEX campaign_members_to_revoke ON campaign_members (campaign, position) WHERE is_done = 0;

-- The members of each campaign by what became of them, kept with every change.
CREATE TABLE campaign_counts (
  campaign TEXT NOT NULL,
  product TEXT NOT NULL,
  state TEXT NOT NULL,
  failure TEXT NOT NULL,
  certificates INTEGER NOT NULL,
  PRIMARY KEY (campaign, product, state, failure)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER campaign_members_counted AFTER INSERT ON campaign_members
BEGIN
  INSERT INTO campaign_counts VALUES (NEW.campaign, NEW.product, NEW.state, NEW.failure, 1)
    ON CONFLICT DO UPDATE SET certificates = certificates + 1;
END;

CREATE TRIGGER campaign_members_recounted AFTER UPDATE OF state, failure ON campaign_members
WHEN (NEW.state, NEW.failure) <> (OLD.state, OLD.failure)
BEGIN
  UPDATE campaign_counts SET certificates = certificates - 1
    WHERE campaign = OLD.campaign AND product = OLD.product AND state = OLD.state AND failure = OLD.failure;
  INSERT INTO campaign_counts VALUES (NEW.campaign, NEW.product, NEW.state, NEW.failure, 1)
    ON CONFLICT DO UPDATE SET certificates = certificates + 1;
END;

-- What becomes of certificates becomes of members: one look-up for each rotation and revocation, none for other issues.
CREATE TRIGGER members_rotated AFTER UPDATE OF state ON certificates
WHEN NEW.state = 'issued' AND OLD.state = 'intent' AND NEW.predecessor IS NOT NULL
BEGIN
  UPDATE campaign_members SET state = 'rotated', failure = '' WHERE serial = NEW.predecessor AND state = 'waiting';
END;

CREATE TRIGGER members_proved AFTER UPDATE OF deployment ON certificates
WHEN NEW.predecessor IS NOT NULL AND NEW.state = 'issued'
BEGIN
  UPDATE campaign_members SET
      state = CASE NEW.deployment WHEN 'proved' THEN 'proved' WHEN 'failed' THEN 'failed' WHEN 'failedBehind' THEN 'failed'
        ELSE 'rotated' END,
      failure = iif(NEW.deployment IN ('failed', 'failedBehind'), 'deploymentFailed', '')
    WHERE serial = NEW.predecessor AND (state IN ('rotated', 'proved') OR failure = 'deploymentFailed');
END;

-- A successor that another has followed may well be revoked: it was of use.
CREATE TRIGGER members_revoked AFTER UPDATE OF state ON certificates
WHEN NEW.state = 'revoked' AND NEW.revocation_reason <> 'certificateHold'
BEGIN
  UPDATE campaign_members SET is_done = 1, state = iif(state = 'waiting', 'failed', state),
      failure = iif(state = 'waiting', 'revoked', failure)
    WHERE serial = NEW.serial;
  UPDATE campaign_members SET state = 'failed', failure = 'successorRevoked'
    WHERE NEW.successor IS NULL AND serial = NEW.predecessor AND (state IN ('rotated', 'proved') OR failure = 'deploymentFailed');
END;
