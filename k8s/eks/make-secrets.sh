#!/bin/sh
# Makes what Zoco keeps secret, in AWS Secrets Manager, where External Secrets finds it (external-secrets.yaml). Existing
# secrets stay as they are: other passwords would lock the services out.
#
#   k8s/eks/make-secrets.sh POSTGRES_HOST
set -eu

fail() {
  echo "$1" >&2
  exit 1
}

[ $# -eq 1 ] || fail "Say where Postgres is: k8s/eks/make-secrets.sh POSTGRES_HOST (output Host of the stack in rds.yaml)."
command -v aws >/dev/null 2>&1 || fail "aws is not installed: get it from https://docs.aws.amazon.com/cli/."
command -v openssl >/dev/null 2>&1 || fail "openssl is not installed."

HOST="$1"

password() {
  openssl rand -hex 24
}

exists() {
  aws secretsmanager describe-secret --secret-id "$1" >/dev/null 2>&1
}

# Through standard input: arguments can be read by everybody on this machine.
create() {
  aws secretsmanager create-secret --name "$1" --description "$2" --secret-string file:///dev/stdin >/dev/null
  echo "made $1"
}

if exists zoco/generated; then
  echo "zoco/generated is there and stays as it is."
else
  {
    printf '{"postgres_host":"%s"' "$HOST"
    for service in users catalog cart orders payments invoicing; do
      for role in runtime worker owner; do printf ',"database_%s_%s":"%s"' "$service" "$role" "$(password)"; done
    done
    for login in admin cluster system gateway users catalog cart orders payments invoicing; do
      printf ',"nats_%s":"%s"' "$login" "$(password)"
    done
    printf ',"cart_token_key":"%s"' "$(password)"
    # 32 bytes in base64url, as AES-256 wants them.
    printf ',"users_key_encryption_key":"%s"' "$(openssl rand -base64 32 | tr '+/' '-_' | tr -d '=\n')"
    printf ',"platform_admin_password":"%s"}' "$(password)"
  } | create zoco/generated "Passwords and keys of Zoco"
fi

exists zoco/stripe ||
  echo "Now put Stripe's keys beside it: aws secretsmanager create-secret --name zoco/stripe --secret-string file://stripe.json, with {\"secret_key\": \"sk_…\", \"webhook_secret\": \"whsec_…\"}."
