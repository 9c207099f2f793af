-- What is revoked of an owner, and what is on hold, is little among much: each is found without passing by the rest.

CREATE INDEX certificates_revoked_of_owner ON certificates (owner, requested_at) WHERE state = 'revoked';
CREATE INDEX certificates_held ON certificates (requested_at) WHERE revocation_reason = 'certificateHold';
