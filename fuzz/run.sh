#!/bin/sh
# Replays the seeds and the corpus of every fuzz target, then runs each for so many seconds (0: replays
# only), one on each processor. Ends with an error where a target crashes, hangs or takes too much
# memory; the input is then in fuzz/artifacts. Needs a nightly compiler and cargo-fuzz.
#
#   fuzz/run.sh SECONDS [TARGET...]
#
# SANITIZER=address builds with AddressSanitizer.
set -eu
cd "$(dirname "$0")/.."
program=fuzz/target/$(rustc +nightly -vV | sed -n 's/^host: //p')/release/all

# Runs the fuzzer with these arguments; tells what it found.
fuzz() {
    "$program" -timeout=10 -rss_limit_mb=1024 "-artifact_prefix=fuzz/artifacts/$FUZZ_TARGET/" "$@" \
        >"$log" 2>&1 && return
    grep -E -A12 'panicked at|ERROR|an allocation|Test unit' "$log" | head -n 60
    exit 1
}

one() {
    seconds=$1
    export FUZZ_TARGET=$2
    seeds=fuzz/seeds/$2 corpus=fuzz/corpora/$2 found=fuzz/corpus/$2
    log=$found.log
    mkdir -p "$corpus" "$found" "fuzz/artifacts/$2"
    echo "== $2: $(find "$seeds" -type f | wc -l) seeds, $(find "$corpus" -type f | wc -l) more"
    # Seeds that no longer get through the handshake are no seeds.
    FUZZ_SEEDS=1 fuzz -runs=0 "$seeds"
    fuzz -runs=0 "$found" "$corpus" "$seeds"
    [ "$seconds" -gt 0 ] || return 0
    # What is new goes to the first folder.
    fuzz -max_total_time="$seconds" -max_len=20000 -print_final_stats=1 "$found" "$corpus" "$seeds"
    grep -E '^stat::(number_of_executed_units|average_exec_per_sec|peak_rss_mb)' "$log"
}

case ${1:-} in
'')
    echo "usage: fuzz/run.sh SECONDS [TARGET...]" >&2
    exit 2
    ;;
one)
    # In one piece, whatever runs beside it.
    status=0
    text=$(one "$2" "$3") || status=1
    echo "$text"
    exit $status
    ;;
esac
seconds=$1
shift
cargo +nightly fuzz build --sanitizer "${SANITIZER:-none}" all
[ $# -gt 0 ] || set -- $("$program")
printf '%s\n' "$@" | xargs -n 1 -P "$(nproc)" sh fuzz/run.sh one "$seconds"
