-- By when every renewal window is over, of products' certificates that nothing follows: domain/policy/renewal-window.ts.
CREATE INDEX certificates_to_rotate ON certificates (not_before + (not_after - not_before) * 5 / 6)
  WHERE successor IS NULL AND state = 'issued' AND purpose = 'product';
