-- What was reported of a successor while it was on hold counts for the member of a campaign once it is released: nobody reports it again.
CREATE TRIGGER members_proved_by_release AFTER UPDATE OF state ON certificates
WHEN NEW.state = 'issued' AND OLD.state = 'revoked' AND NEW.predecessor IS NOT NULL
  AND NEW.deployment IN ('proved', 'failed', 'failedBehind')
BEGIN
  UPDATE campaign_members SET
      state = iif(NEW.deployment = 'proved', 'proved', 'failed'),
      failure = iif(NEW.deployment = 'proved', '', 'deploymentFailed')
    WHERE serial = NEW.predecessor AND (state IN ('rotated', 'proved') OR failure = 'deploymentFailed');
END;
