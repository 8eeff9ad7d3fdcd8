#!/bin/sh
# Deletes the cluster of up.sh, with all data in it.
set -eu
command -v kind >/dev/null 2>&1 || {
  echo "kind is not installed: then up.sh made no cluster either." >&2
  exit 1
}
kind delete cluster --name zoco
