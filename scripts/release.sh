#!/usr/bin/env bash
# Builds the program for a release, twice, and only hands it out if both builds are the same, byte for byte.
#
#   scripts/release.sh [--once] [FOLDER]     FOLDER (default: target/release-files) gets the program, its SHA-256, the SBOM
#
# With the musl target (rustup target add x86_64-unknown-linux-musl) it is static and runs on any Linux; without it, it
# is linked with this machine's libc, which is said. Paths of this machine are mapped to names that are the same on all,
# and where a tool would write a time it writes that of the last commit. The same commit, toolchain (rustc -vV) and
# target give the same bytes. --once leaves out the second build.
set -euo pipefail
cd "$(dirname "$0")/.."

twice=yes
if [ "${1:-}" = --once ]; then
  twice=no
  shift
fi
out=${1:-target/release-files}
mkdir -p "$out"
out=$(cd "$out" && pwd)

host=$(rustc -vV | sed -n 's/^host: //p')
static="${host%%-*}-unknown-linux-musl"
sysroot=$(rustc --print sysroot)
if [ -d "$sysroot/lib/rustlib/$static/lib" ]; then
  target=$static
else
  target=$host
  echo "note: the target $static is not installed: the program needs this machine's libc" >&2
fi

SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || echo 0)
export SOURCE_DATE_EPOCH LC_ALL=C TZ=UTC
cargo_home=${CARGO_HOME:-$HOME/.cargo}

# Builds in a folder of its own, whose path is no part of the program either.
build() {
  CARGO_TARGET_DIR=$1 CARGO_INCREMENTAL=0 \
    RUSTFLAGS="--remap-path-prefix=$PWD=/jobsim --remap-path-prefix=$cargo_home=/cargo --remap-path-prefix=$1=/target --remap-path-prefix=$sysroot=/rust" \
    cargo build --quiet --locked --release --bin jobsim --target "$target"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
build "$work/first"
first=$work/first/$target/release/jobsim
if [ $twice = yes ]; then
  build "$work/second-build"
  second=$work/second-build/$target/release/jobsim
  if ! cmp "$first" "$second"; then
    echo "the two builds differ: this is no release" >&2
    exit 1
  fi
fi

version=$("$first" version 2>/dev/null | sed -n '1s/^jobsim \([^ ]*\).*/\1/p')
name="jobsim-${version:-unknown}-$target"
install -m 755 "$first" "$out/$name"
(cd "$out" && sha256sum "$name" >"$name.sha256")
scripts/sbom.py --target "$target" >"$out/$name.cdx.json"
if grep -aq -e "$PWD" -e "$cargo_home" -e "$work" "$out/$name"; then
  echo "a path of this machine is in the program: this is no release" >&2
  exit 1
fi
cat "$out/$name.sha256"
