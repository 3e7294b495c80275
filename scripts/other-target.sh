#!/usr/bin/env bash
# Holds what jobsim writes on another kind of processor against what it writes on this one, byte for byte.
#
#   scripts/other-target.sh [TARGET]     TARGET: one of Linux; default s390x-unknown-linux-gnu, whose processor stores
#                                        numbers with the other end first
#
# Builds both programs in the profile of the tests, lets an emulator run the other one, and compares the tables, charts,
# summaries and messages of the scenarios, of two studies and of a search. Exit 1: something differs; both folders stay
# in target/other-target/TARGET. Exit 3: a tool is missing, which is said.
#
# Needs, by the names of Debian: the target (rustup target add TARGET), the emulator (qemu-user) and, unless
# it is a musl target, which Rust's own linker links, a C compiler and a libc for it (gcc-s390x-linux-gnu and
# libc6-dev-s390x-cross). After the builds it takes some three minutes: emulated, a run takes 15 times as long.
set -euo pipefail
cd "$(dirname "$0")/.."

target=${1:-s390x-unknown-linux-gnu}
arch=${target%%-*}
abi=${target##*-}
case $arch in
  powerpc64le) emulator=qemu-ppc64le ;;
  i?86) emulator=qemu-i386 ;;
  powerpc) emulator=qemu-ppc ;;
  arm*) arch=arm emulator=qemu-arm ;;
  *) arch=${arch%gc} emulator=qemu-$arch ;;
esac
run=("$emulator")
case $abi in
  musl*) linker=rust-lld ;;
  *)
    linker=$arch-linux-$abi-gcc
    run+=(-L "/usr/$arch-linux-$abi")
    ;;
esac

missing() {
  echo "missing: $1" >&2
  exit 3
}
[ -d "$(rustc --print sysroot)/lib/rustlib/$target/lib" ] || missing "the target $target (rustup target add $target)"
command -v "$emulator" >/dev/null || missing "$emulator (in Debian: qemu-user)"
[ "$linker" = rust-lld ] || command -v "$linker" >/dev/null ||
  missing "$linker (in Debian: gcc-$arch-linux-$abi and libc6-dev-$arch-cross)"

name=${target//-/_}
export "CARGO_TARGET_${name^^}_LINKER=$linker"
echo "building for this machine and for $target" >&2
cargo build --quiet --locked --bin jobsim
cargo build --quiet --locked --bin jobsim --target "$target"
built=$(realpath "${CARGO_TARGET_DIR:-target}")
scenarios=$PWD/scenarios
# Parquet is not written where numbers are stored the other way round.
results=csv
[[ $(rustc --print cfg --target "$target") != *'target_endian="little"'* ]] || results=csv,parquet

# Runs everything in the folder $1 with the program that follows; what it says and how it ends is compared too.
everything() {
  local folder=$1
  shift
  rm -rf "$folder"
  mkdir -p "$folder"
  (
    cd "$folder"
    keep() {
      local name=$1 code=0
      shift
      "$@" --out "$name" >"$name.txt" 2>&1 || code=$?
      echo "exit code $code" >>"$name.txt"
    }
    for file in "$scenarios"/{,lessons/,releases/,docs/,studies/}*.yaml; do
      keep "$(basename "$file" .yaml)" "$@" run "$file" --seed 42 --charts svg,png
    done
    keep sweep "$@" sweep "$scenarios/pi.yaml" --set parallelism=1..4 -r 20 --results "$results"
    keep drawn "$@" sweep "$scenarios/flaky.yaml" --set 'backoffLimit=~uniform(min: 0, max: 6)' --samples 5 -r 5
    keep fit "$@" fit "$scenarios/pi.yaml" --vary parallelism=1..5 --deadline 20s -r 20
  )
}
folder=target/other-target/$target
mkdir -p "$folder"
folder=$(realpath "$folder")
echo "running here" >&2
everything "$folder/here" "$built/debug/jobsim"
echo "running on $arch" >&2
everything "$folder/there" "${run[@]}" "$built/$target/debug/jobsim"

if ! diff -rq "$folder/here" "$folder/there"; then
  echo "$target: not the same bytes" >&2
  exit 1
fi
echo "$target: the same bytes in $(find "$folder/there" -type f | wc -l) files"
rm -rf "$folder"
