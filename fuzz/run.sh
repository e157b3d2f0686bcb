#!/bin/sh
# Replays the seeds and the corpus of every fuzz target, then runs each for so many seconds (0: replays
# only). Ends with an error where a target crashes, hangs or takes too much memory; the input is
# then in fuzz/artifacts. Needs a nightly compiler and cargo-fuzz.
#
#   fuzz/run.sh SECONDS [TARGET...]
#
# SANITIZER=address builds with AddressSanitizer.
set -eu
cd "$(dirname "$0")/.."
if [ $# -eq 0 ]; then
    echo "usage: fuzz/run.sh SECONDS [TARGET...]" >&2
    exit 2
fi
seconds=$1
shift

cargo +nightly fuzz build --sanitizer "${SANITIZER:-none}" all
program=fuzz/target/$(rustc +nightly -vV | sed -n 's/^host: //p')/release/all
[ $# -gt 0 ] || set -- $("$program")
tell() {
    grep -E -A12 'panicked at|ERROR|an allocation|Test unit' "$1" | head -n 60 >&2
}
status=0
for target in "$@"; do
    export FUZZ_TARGET=$target
    seeds=fuzz/seeds/$target corpus=fuzz/corpora/$target found=fuzz/corpus/$target
    mkdir -p "$corpus" "$found" "fuzz/artifacts/$target"
    set -- -timeout=10 -rss_limit_mb=1024 "-artifact_prefix=fuzz/artifacts/$target/"
    echo "== $target: $(find "$seeds" -type f | wc -l) seeds, $(find "$corpus" -type f | wc -l) more"
    # Seeds that no longer get through the handshake are no seeds.
    if ! FUZZ_SEEDS=1 "$program" "$@" -runs=0 "$seeds" 2>"$found.log" ||
        ! "$program" "$@" -runs=0 "$found" "$corpus" "$seeds" 2>"$found.log"; then
        tell "$found.log"
        status=1
        continue
    fi
    [ "$seconds" -gt 0 ] || continue
    if ! "$program" "$@" -max_total_time="$seconds" -max_len=20000 -print_final_stats=1 \
        "$found" "$corpus" "$seeds" 2>"$found.log"; then
        tell "$found.log"
        status=1
    fi
    grep -E '^stat::(number_of_executed_units|average_exec_per_sec|peak_rss_mb)' "$found.log" || true
done
exit $status
