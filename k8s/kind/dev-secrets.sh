#!/bin/sh
# Makes the Secrets of a release that Tilt renders, unless they are there: a render knows nothing of the one before, and
# new passwords with every change of the chart would lock everybody out of the data.
#
#   k8s/kind/dev-secrets.sh [NAMESPACE [RELEASE]]
set -eu
cd "$(dirname "$0")/../.."
NAMESPACE="${1:-zoco}"
RELEASE="${2:-zoco}"
KUBECTL="kubectl --context kind-zoco --namespace $NAMESPACE"

if $KUBECTL get secret "$RELEASE-platform-admin" >/dev/null 2>&1; then
  echo "The Secrets are there."
  exit 0
fi
helm template "$RELEASE" charts/zoco --namespace "$NAMESPACE" --values charts/zoco/values-dev.yaml \
  --show-only templates/secrets.yaml | $KUBECTL apply -f -
