-- What the inventory is asked: labels for names, free text and order by name; counts kept with every change.

-- What a certificate is known by: its names and its subject. Successors share the label of what they replace, so there
-- are far fewer labels than certificates, and every certificate of a label is found in the order of requests.
CREATE TABLE labels (
  label_id INTEGER PRIMARY KEY,
  first_name TEXT NOT NULL, -- or the subject of a certificate without names
  name_list TEXT NOT NULL, -- in certificate order, one a line
  subject_text TEXT NOT NULL,
  UNIQUE (first_name, name_list, subject_text) -- also the order by name
) STRICT;

-- Names spelled backwards: an exact name is one key, every name below a suffix is one range.
CREATE TABLE label_names (
  reversed TEXT NOT NULL,
  label INTEGER NOT NULL REFERENCES labels (label_id),
  PRIMARY KEY (reversed, label)
) STRICT, WITHOUT ROWID;

-- Every three characters of a label, in lower case. Filled behind the writer's back: searches read newer labels themselves.
CREATE VIRTUAL TABLE label_texts USING fts5 (
  text, content = '', columnsize = 0, detail = none, tokenize = 'trigram case_sensitive 1'
);

-- How far what is derived has come; see catch-up-act.ts.
CREATE TABLE inventory_progress (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  indexed_label INTEGER NOT NULL, -- labels up to this one are in label_texts
  expired_not_after INTEGER NOT NULL, -- certificates up to this (not_after, id) are counted as expired
  expired_id INTEGER NOT NULL
) STRICT;
INSERT INTO inventory_progress VALUES (1, 0, 0, 0);

ALTER TABLE certificates ADD COLUMN label INTEGER REFERENCES labels (label_id);

INSERT INTO labels (first_name, name_list, subject_text)
  SELECT DISTINCT iif(names = '', subject, substr(names, 1, instr(names || char(10), char(10)) - 1)), names, subject
  FROM certificates ORDER BY id;
UPDATE certificates SET label = (SELECT label_id FROM labels
  WHERE first_name = iif(names = '', subject, substr(names, 1, instr(names || char(10), char(10)) - 1))
    AND name_list = names AND subject_text = subject);
INSERT OR IGNORE INTO label_names
  SELECT reversed, label FROM certificate_names JOIN certificates ON certificates.id = certificate;
DROP TABLE certificate_names;

CREATE INDEX certificates_by_label ON certificates (label, requested_at);
CREATE INDEX certificates_by_issuer ON certificates (issuer_serial, requested_at);

-- Every certificate that is no open intent, counted by what it is. `issued` counts the expired, too.
CREATE TABLE certificate_counts (
  environment TEXT NOT NULL, -- empty for system
  purpose TEXT NOT NULL,
  owner TEXT NOT NULL,
  profile TEXT NOT NULL,
  key_type TEXT NOT NULL,
  issued INTEGER NOT NULL,
  expired INTEGER NOT NULL,
  revoked INTEGER NOT NULL,
  held INTEGER NOT NULL,
  PRIMARY KEY (environment, purpose, owner, profile, key_type)
) STRICT, WITHOUT ROWID;

-- The same by the week in which they expire: weeks begin on Mondays, week 0 on 1969-12-29.
CREATE TABLE expiry_counts (
  environment TEXT NOT NULL,
  week INTEGER NOT NULL,
  issued INTEGER NOT NULL,
  expired INTEGER NOT NULL,
  revoked INTEGER NOT NULL,
  held INTEGER NOT NULL,
  PRIMARY KEY (environment, week)
) STRICT, WITHOUT ROWID;

-- One change of one certificate, as a row: the triggers below write it, and this one adds it up.
CREATE VIEW count_changes AS SELECT '' AS environment, '' AS purpose, '' AS owner, '' AS profile, '' AS key_type,
  0 AS not_after, 0 AS issued, 0 AS expired, 0 AS revoked, 0 AS held WHERE 0;

CREATE TRIGGER count_changes_add_up INSTEAD OF INSERT ON count_changes
BEGIN
  INSERT INTO certificate_counts VALUES (NEW.environment, NEW.purpose, NEW.owner, NEW.profile, NEW.key_type,
      NEW.issued, NEW.expired, NEW.revoked, NEW.held)
    ON CONFLICT DO UPDATE SET issued = issued + excluded.issued, expired = expired + excluded.expired,
      revoked = revoked + excluded.revoked, held = held + excluded.held;
  INSERT INTO expiry_counts VALUES (NEW.environment, (NEW.not_after + 259200) / 604800,
      NEW.issued, NEW.expired, NEW.revoked, NEW.held)
    ON CONFLICT DO UPDATE SET issued = issued + excluded.issued, expired = expired + excluded.expired,
      revoked = revoked + excluded.revoked, held = held + excluded.held;
END;

CREATE TRIGGER certificates_counted AFTER INSERT ON certificates WHEN NEW.state <> 'intent'
BEGIN
  INSERT INTO count_changes SELECT coalesce(NEW.environment, ''), NEW.purpose, NEW.owner, NEW.profile, NEW.key_type,
    NEW.not_after, NEW.state = 'issued',
    NEW.state = 'issued' AND (NEW.not_after, NEW.id) <= (expired_not_after, expired_id),
    NEW.state = 'revoked' AND NEW.revocation_reason <> 'certificateHold',
    NEW.state = 'revoked' AND NEW.revocation_reason = 'certificateHold' FROM inventory_progress;
END;

CREATE TRIGGER certificates_uncounted AFTER DELETE ON certificates WHEN OLD.state <> 'intent'
BEGIN
  INSERT INTO count_changes SELECT coalesce(OLD.environment, ''), OLD.purpose, OLD.owner, OLD.profile, OLD.key_type,
    OLD.not_after, -(OLD.state = 'issued'),
    -(OLD.state = 'issued' AND (OLD.not_after, OLD.id) <= (expired_not_after, expired_id)),
    -(OLD.state = 'revoked' AND OLD.revocation_reason <> 'certificateHold'),
    -(OLD.state = 'revoked' AND OLD.revocation_reason = 'certificateHold') FROM inventory_progress;
END;

-- What a certificate is counted by never changes, but for its state.
CREATE TRIGGER certificates_recounted AFTER UPDATE OF state, revocation_reason ON certificates
BEGIN
  INSERT INTO count_changes SELECT coalesce(NEW.environment, ''), NEW.purpose, NEW.owner, NEW.profile, NEW.key_type,
    NEW.not_after, (NEW.state = 'issued') - (OLD.state = 'issued'),
    ((NEW.state = 'issued') - (OLD.state = 'issued'))
      * ((NEW.not_after, NEW.id) <= (expired_not_after, expired_id)),
    (NEW.state = 'revoked' AND NEW.revocation_reason <> 'certificateHold')
      - (OLD.state = 'revoked' AND OLD.revocation_reason <> 'certificateHold'),
    (NEW.state = 'revoked' AND NEW.revocation_reason = 'certificateHold')
      - (OLD.state = 'revoked' AND OLD.revocation_reason = 'certificateHold') FROM inventory_progress;
END;

INSERT INTO certificate_counts
  SELECT coalesce(environment, ''), purpose, owner, profile, key_type, sum(state = 'issued'), 0,
    sum(state = 'revoked' AND revocation_reason <> 'certificateHold'),
    sum(state = 'revoked' AND revocation_reason = 'certificateHold')
  FROM certificates WHERE state <> 'intent' GROUP BY 1, 2, 3, 4, 5;
INSERT INTO expiry_counts
  SELECT coalesce(environment, ''), (not_after + 259200) / 604800, sum(state = 'issued'), 0,
    sum(state = 'revoked' AND revocation_reason <> 'certificateHold'),
    sum(state = 'revoked' AND revocation_reason = 'certificateHold')
  FROM certificates WHERE state <> 'intent' GROUP BY 1, 2;
