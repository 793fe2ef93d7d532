# syntax=docker/dockerfile:1

FROM --platform=$BUILDPLATFORM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
ARG VERSION=devel
ARG TARGETOS TARGETARCH
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -ldflags "-s -w -X main.version=$VERSION" -o /image/gatepost ./app

# What the program needs around it: certificates for https webhooks, a user by
# name (Fly.io looks it up to give it the volume), and a data directory of its own.
RUN mkdir -p /image/etc/ssl/certs && cp /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ \
    && echo 'gatepost:x:65532:65532::/data:/nologin' > /image/etc/passwd \
    && echo 'gatepost:x:65532:' > /image/etc/group \
    && install -d -m 0700 -o 65532 -g 65532 /data

FROM scratch
COPY --from=build /image /
COPY --from=build --chown=65532:65532 /data /data
USER 65532:65532
ENV GATEPOST_DATA_DIR=/data
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=5s CMD ["/gatepost", "healthcheck"]
ENTRYPOINT ["/gatepost"]
CMD ["serve"]
