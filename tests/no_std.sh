#!/bin/sh
# Shows that the library needs no operating system: builds it without std into a program that has
# its own start, heap and panic handler (tests/freestanding), runs that program, and fails if it
# asks the C library for anything but memory copies. x86-64 Linux.
set -eu
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-$PWD/target}/freestanding

fail() {
    echo "no_std: $*" >&2
    exit 1
}

# Nothing that asks an operating system, and no crate with its std feature on.
tree=$(cargo tree --locked --no-default-features -e normal --prefix none -f '{p} [{f}]')
if echo "$tree" | grep -E '^getrandom |[[,]std[],]'; then
    fail "the crates above don't belong into a build without std"
fi

CARGO_TARGET_DIR=$target cargo build --locked --manifest-path tests/freestanding/Cargo.toml
program=$target/debug/symbolon-freestanding
"$program" || fail "the program ends with status $?"

# Weak symbols count too. The names may bear a version after an @.
asked=$(nm -u "$program" | awk '{ sub(/@.*/, "", $2); print $2 }' | sort -u)
allowed="bcmp memcmp memcpy memmove memset strlen"
for symbol in $asked; do
    case " $allowed " in
    *" $symbol "*) ;;
    *) fail "the program needs $symbol" ;;
    esac
done
echo "no_std: needs of the C library:" $asked
