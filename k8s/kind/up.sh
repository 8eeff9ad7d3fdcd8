#!/bin/sh
# From nothing to a shop that answers on http://localhost:8080. Run again after a change: it builds and rolls out.
#
#   k8s/kind/up.sh            cluster, images, chart
#   k8s/kind/up.sh --empty    the cluster alone, for `tilt up` and `skaffold dev`
#
# BUILD_IMAGE and NODE_IMAGE replace the bases of the images; what else is given goes to helm, such as
# `--set global.mesh.provider=linkerd`.
set -eu
cd "$(dirname "$0")/../.."

CLUSTER=zoco
NAMESPACE=zoco
RELEASE=zoco
CONTEXT="kind-$CLUSTER"
IMAGES="gateway users catalog cart orders payments invoicing stripe-sandbox cli"

fail() {
  echo "$1" >&2
  exit 1
}

need() {
  command -v "$1" >/dev/null 2>&1 || fail "$1 is not installed: $2"
}

EMPTY=
if [ "${1:-}" = --empty ]; then
  EMPTY=yes
  shift
fi

need docker "get Docker from https://docs.docker.com/engine/install/ (Podman with its docker command will do)."
need kind "get it from https://kind.sigs.k8s.io/docs/user/quick-start/#installation, version 0.24 or newer."
need kubectl "get it from https://kubernetes.io/docs/tasks/tools/."
[ -n "$EMPTY" ] || need helm "get it from https://helm.sh/docs/intro/install/, version 3.16 or newer."
docker info >/dev/null 2>&1 || fail "Docker does not answer: start it, or give yourself the right to use it."

if ! kind get clusters 2>/dev/null | grep -qx "$CLUSTER"; then
  echo "── cluster"
  kind create cluster --config k8s/kind/cluster.yaml --wait 3m ||
    fail "The cluster was not made: the lines above say why. Port 8080 in use? Stop what holds it (npm start?) and try again."
fi
kubectl --context "$CONTEXT" apply -f k8s/kind/namespace.yaml
[ -z "$EMPTY" ] || {
  echo "The cluster is there: \`tilt up\`, or \`skaffold dev -p dev\`."
  exit 0
}

# A tag that no build before had, so that changed images roll out.
TAG="$(git rev-parse --short HEAD 2>/dev/null || echo local)-$(date +%Y%m%d%H%M%S)"
for image in $IMAGES; do
  echo "── image zoco/$image:$TAG"
  docker build --quiet --build-arg SERVICE="$image" --build-arg VERSION="$TAG" \
    ${BUILD_IMAGE:+--build-arg BUILD_IMAGE="$BUILD_IMAGE"} ${NODE_IMAGE:+--build-arg NODE_IMAGE="$NODE_IMAGE"} \
    --tag "zoco/$image:$TAG" .
done
for image in $IMAGES; do
  kind load docker-image --name "$CLUSTER" "zoco/$image:$TAG"
done

echo "── chart"
helm upgrade "$RELEASE" charts/zoco --install --kube-context "$CONTEXT" --namespace "$NAMESPACE" \
  --values charts/zoco/values-kind.yaml --set "global.image.tag=$TAG" --wait --timeout 10m "$@" ||
  fail "The release did not get ready: \`kubectl --context $CONTEXT -n $NAMESPACE get pods\` shows which pod, \`kubectl describe\` and \`kubectl logs\` why."

cat <<END

Zoco answers:

  curl http://localhost:8080/health
  k8s/kind/smoke.sh                  buys something

The platform's administrator makes tenants; the login is in Secret $RELEASE-platform-admin:

  kubectl --context $CONTEXT -n $NAMESPACE get secret $RELEASE-platform-admin -o jsonpath='{.data.PLATFORM_ADMIN_PASSWORD}' | base64 -d

k8s/kind/down.sh deletes all of it.
END
