# A static binary on an empty image: nothing else in it can be attacked, or be out of date.
FROM rust:1.95-bookworm AS build

WORKDIR /src
COPY . .

# A named target keeps the flag from build scripts and macros, which cannot be static.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    host="$(rustc -vV | sed -n 's/^host: //p')" && \
    RUSTFLAGS='-C target-feature=+crt-static' \
    cargo build --locked --release --bin fingerpost --target "$host" && \
    install -D -m 755 "target/$host/release/fingerpost" /image/fingerpost

RUN install -D -m 644 -t /image/etc/fingerpost/probes.d probes.d/*.yaml && \
    install -D -m 644 -t /image/etc/ssl/certs /etc/ssl/certs/ca-certificates.crt && \
    mkdir -p /image/etc/fingerpost/targets /state

FROM scratch

COPY --from=build /image /
COPY --from=build --chown=65532:65532 /state /var/lib/fingerpost

# A number, for a cluster that asks for runAsNonRoot cannot see who a name is.
USER 65532:65532
ENV STATE_DIRECTORY=/var/lib/fingerpost
VOLUME /var/lib/fingerpost
EXPOSE 19115

ENTRYPOINT ["/fingerpost"]
CMD ["run", "--config.dir=/etc/fingerpost"]
