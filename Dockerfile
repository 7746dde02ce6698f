# docker build --tag djperf .
# docker run --rm --volume "$PWD:/src:ro" djperf check

FROM rust:1.95-alpine AS build
RUN apk add --no-cache gcc make musl-dev
WORKDIR /build
COPY Cargo.toml Cargo.lock ./
COPY src src
COPY rules rules
# The toolchain of the image is the pinned one; rust-toolchain.toml would ask for formatter and linter as well.
# Cargo.toml names tests and examples, which need not be there to build the binary.
RUN cargo build --release --locked --bin djperf && strip target/release/djperf

FROM alpine:3.22
# To tell what changed (`--since`, `--staged`); mounted repositories belong to another user.
RUN apk add --no-cache git && git config --system --add safe.directory '*'
COPY --from=build /build/target/release/djperf /usr/local/bin/djperf
COPY LICENSE /usr/share/licenses/djperf/LICENSE
WORKDIR /src
USER 65534:65534
ENTRYPOINT ["djperf"]
CMD ["check"]
