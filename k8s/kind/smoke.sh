#!/bin/sh
# Buys something at a release, from this machine, as `helm test` does inside of the cluster.
#
#   k8s/kind/smoke.sh [NAMESPACE [RELEASE [URL]]]
set -eu
cd "$(dirname "$0")/../.."
NAMESPACE="${1:-zoco}"
RELEASE="${2:-zoco}"
URL="${3:-http://localhost:8080}"

value() {
  kubectl --context kind-zoco --namespace "$NAMESPACE" get secret "$RELEASE-platform-admin" \
    --output "jsonpath={.data.$1}" | base64 -d
}

PLATFORM_ADMIN_EMAIL="$(value PLATFORM_ADMIN_EMAIL)"
PLATFORM_ADMIN_PASSWORD="$(value PLATFORM_ADMIN_PASSWORD)"
export PLATFORM_ADMIN_EMAIL PLATFORM_ADMIN_PASSWORD
exec npm run --silent zoco -- smoke --url "$URL"
