# What the service needs to sign with one key that was made for it, and nothing else: no other key, no other parameters,
# no export, no backup, no rotation. Every request must say which version of the key it means.
# Replace MOUNT by the path of the transit engine, KEY by the name of the key, and, where the key is not ecdsa-p256, the
# parameters: for ecdsa-p384 sha2-384; for RSA instead of marshaling_algorithm "signature_algorithm" = ["pkcs1v15"];
# for ed25519 only "input" and "key_version".
path "MOUNT/keys/KEY" {
  capabilities = ["read"]
}

path "MOUNT/sign/KEY" {
  capabilities = ["update"]
  allowed_parameters = {
    "input"                = []
    "batch_input"          = []
    "prehashed"            = [true]
    "hash_algorithm"       = ["sha2-256"]
    "marshaling_algorithm" = ["asn1"]
    "key_version"          = ["1"]
  }
  required_parameters = ["key_version", "prehashed", "hash_algorithm", "marshaling_algorithm"]
}
