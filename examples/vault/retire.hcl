# Added to create.hcl where the service itself removes the keys of authorities that were retired: it may allow a key's
# deletion and delete it, and still cannot make one exportable. The start warns that the token may write MOUNT/keys/*/config,
# for OpenBao does not tell what a policy allows of it: take the policy away when the rotation is over.
path "MOUNT/keys/+/config" {
  capabilities = ["update"]
  allowed_parameters = {
    "deletion_allowed" = [true]
  }
}

path "MOUNT/keys/+" {
  capabilities = ["delete"]
}
