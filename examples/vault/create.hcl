# What the service needs to make its authorities' keys by itself, and to sign with them; still no export, no backup, no
# rotation. Whoever may write MOUNT/keys/NAME/config can make a key exportable: this policy lets nobody do that, so that
# keys of authorities that are retired are removed by an operator of OpenBao.
# Replace MOUNT by the path of a transit engine that is used for nothing else.
path "MOUNT/keys" {
  capabilities = ["list"]
}

path "MOUNT/keys/+" {
  capabilities = ["create", "read", "update"]
  denied_parameters = {
    "exportable"             = [true]
    "allow_plaintext_backup" = [true]
  }
}

path "MOUNT/sign/+" {
  capabilities = ["update"]
  required_parameters = ["key_version"]
}
