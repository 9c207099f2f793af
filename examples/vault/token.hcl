# What the service does with its own token: look at it, renew it, and ask what it allows. Give the token this in place of the
# policy "default" (-no-default-policy; token_no_default_policy of a role), which allows more, and which OpenBao, because of
# its templates, reads anew for every request: a third of the time of a signature.
path "auth/token/lookup-self" {
  capabilities = ["read"]
}

path "auth/token/renew-self" {
  capabilities = ["update"]
}

path "sys/capabilities-self" {
  capabilities = ["update"]
}
