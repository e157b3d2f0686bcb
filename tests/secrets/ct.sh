#!/bin/sh
# Whether Finished, binders and tickets are compared, and records opened, in constant time: by time
# (examples/constant_time.rs), and the comparison itself under valgrind, where it is there.
# A busy machine disturbs the first part: run it where nothing else runs.
set -eu
cd "$(dirname "$0")/../.."
target=${CARGO_TARGET_DIR:-$PWD/target}
cargo build --release --quiet --example constant_time
run="$target/release/examples/constant_time"
"$run"
if ! command -v valgrind >/dev/null; then
    echo 'skipped: valgrind not found'
    exit 0
fi
valgrind --quiet --error-exitcode=9 "$run" memcheck
# A check that sees nothing would be worth nothing.
if valgrind --quiet --error-exitcode=9 "$run" memcheck branch >/dev/null 2>&1; then
    echo 'valgrind does not see a comparison that stops' >&2
    exit 1
fi
echo 'valgrind: no branch and no address of the comparison depends on a secret'
