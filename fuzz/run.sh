#!/bin/sh
# Replays the seeds of every fuzz target, then runs each for so many seconds (0: replays only).
# Ends with an error where a target crashes, hangs or takes too much memory; the input is then
# in fuzz/artifacts. Needs a nightly compiler and cargo-fuzz.
#
#   fuzz/run.sh SECONDS [TARGET...]
set -eu
cd "$(dirname "$0")/.."
if [ $# -eq 0 ]; then
    echo "usage: fuzz/run.sh SECONDS [TARGET...]" >&2
    exit 2
fi
seconds=$1
shift
[ $# -gt 0 ] || set -- handshake_messages deframer client server certificate names chain crl ocsp pem_key saved_session aead

# Seeds that no longer get through the handshake are no seeds.
cargo test --locked --manifest-path fuzz/Cargo.toml --no-default-features
cargo +nightly fuzz build
status=0
for target in "$@"; do
    seeds=fuzz/seeds/$target
    corpus=fuzz/corpus/$target
    mkdir -p "$corpus"
    # A peer never decides how much is allocated: 8 MiB at once are far more than anything needs.
    set -- -timeout=10 -rss_limit_mb=1024 -malloc_limit_mb=8 -print_final_stats=1
    echo "== $target: $(find "$seeds" -type f | wc -l) seeds"
    if ! cargo +nightly fuzz run "$target" "$corpus" "$seeds" -- "$@" -runs=0; then
        status=1
        continue
    fi
    [ "$seconds" -gt 0 ] || continue
    cargo +nightly fuzz run "$target" "$corpus" "$seeds" -- \
        "$@" -max_total_time="$seconds" -max_len=20000 || status=1
done
exit $status
