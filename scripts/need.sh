#!/bin/sh
# Looks for what a build (`build`) or all tests (`tests`: a real Kafka, the tool chains of all languages) need. Installs what
# is missing where that is a Debian package and this is root, adds the wasm target to rustup, fetches Kafka's jars; else says
# what to do.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
missing=""

# need COMMAND PACKAGE: the command, or the Debian package that brings it.
need() {
    command -v "$1" >/dev/null 2>&1 || missing="$missing $2"
}

if ! command -v rustup >/dev/null 2>&1; then
    echo "rustup is missing: install it (see its own site), then run this again" >&2
    exit 3
fi

need cc gcc
need c++ g++
need pkg-config pkg-config
pkg-config --exists openssl 2>/dev/null || missing="$missing libssl-dev"
if [ "$1" = tests ]; then
    need mvn maven
    [ -n "${JAVA_HOME:-}" ] || need javac openjdk-17-jdk-headless
    # The program, not the shell's own: the tests stop processes with it.
    [ -x /bin/kill ] || [ -x /usr/bin/kill ] || missing="$missing procps"
    need setpriv util-linux
    need clang-19 "clang-19 lld-19 wasi-libc libclang-rt-19-dev-wasm32"
    need python3 python3-venv
    # Debian's own are too old.
    command -v go >/dev/null 2>&1 || { echo "Go 1.26 is missing: install it from its own site" >&2; exit 3; }
    command -v npm >/dev/null 2>&1 || { echo "Node 20 with npm is missing: install it from its own site" >&2; exit 3; }
fi

if [ -n "$missing" ]; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        echo "installing:$missing"
        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $missing
    else
        echo "missing:$missing; on Debian: sudo apt-get install$missing" >&2
        exit 3
    fi
fi

cd "$root"
toolchain=$(sed -n 's/^channel = "\(.*\)"/\1/p' rust-toolchain.toml)
rustup toolchain list | grep -q "^$toolchain" || rustup toolchain install "$toolchain" --profile minimal
for component in rustfmt clippy; do
    rustup component list --installed | grep -q "^$component" || rustup component add "$component"
done
rustup target list --installed | grep -qx wasm32-wasip2 || rustup target add wasm32-wasip2

[ "$1" = tests ] && sh tests/kafka/fetch.sh
exit 0
