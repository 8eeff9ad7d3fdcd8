# One Dockerfile for every program of Zoco:
#
#   docker build --build-arg SERVICE=orders --tag zoco/orders .
#
# SERVICE is one of gateway, users, catalog, cart, orders, payments, invoicing, stripe-sandbox, cli. The image holds a
# bundle and, where needed, migrations and native modules on a bare Node: no npm, no sources, and with the default base
# no shell. It runs as 10001 on a read-only root file system; only /tmp may be written to.
#
# Both bases can be replaced, by a mirror or by another distribution. They must have the same libc, since native modules
# are chosen by the first and loaded by the second: node:26-alpine for both is as good.
ARG BUILD_IMAGE=node:26-trixie-slim
ARG NODE_IMAGE=gcr.io/distroless/nodejs26-debian13:nonroot

# The manifests alone, so that a changed source file does not install everything again.
FROM ${BUILD_IMAGE} AS manifests
WORKDIR /repo
COPY . .
RUN mkdir /manifests && find . -name 'package*.json' | tar -cf - -T - | tar -xf - -C /manifests

FROM ${BUILD_IMAGE} AS dependencies
WORKDIR /repo
COPY --from=manifests /manifests ./
# Install scripts stay off: nothing that is built here needs one, and none gets to run what it fetched.
RUN --mount=type=cache,target=/root/.npm npm ci --ignore-scripts --no-audit --no-fund --loglevel=error

FROM dependencies AS build
ARG SERVICE
COPY . .
RUN node scripts/image-tree.ts "${SERVICE}" /out

# For `skaffold dev` and `tilt up` (--target dev): sources that can be written to, bundled and started again whenever
# one of them changes.
FROM build AS dev
ARG SERVICE
ENV SERVICE=${SERVICE} HOST=0.0.0.0 PORT=8080
WORKDIR /app
RUN cp -R /out/. /app/ && chown -R 10001:10001 /app /repo/libs /repo/services
USER 10001:10001
ENTRYPOINT ["node", "/repo/scripts/dev-serve.ts"]

FROM ${NODE_IMAGE} AS image
ARG SERVICE
ARG VERSION=0.1.0
ARG REVISION=
ARG CREATED=
ARG SOURCE=
LABEL org.opencontainers.image.title="zoco-${SERVICE}" \
      org.opencontainers.image.description="${SERVICE} of Zoco, a multi-tenant commerce backend" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.source="${SOURCE}"
WORKDIR /app
COPY --from=build /out/ ./
# Distroless keeps Node in /nodejs/bin, other images on the usual path: `node` is right in both.
ENV PATH=/nodejs/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    NODE_ENV=production \
    SERVICE_VERSION=${VERSION} \
    HOST=0.0.0.0 \
    PORT=8080
USER 10001:10001
EXPOSE 8080 9090
# Another program of the same image: command ["node", "dist/migrate.js"].
ENTRYPOINT ["node", "/app/dist/main.js"]
