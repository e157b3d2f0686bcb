#!/bin/sh
# Makes fuzz/corpora anew from what fuzzing left in fuzz/corpus: the inputs that reach what the seeds don't, the
# smaller ones first. Needs the program that fuzz/run.sh builds.
#
#   fuzz/minimize.sh [TARGET...]
set -eu
cd "$(dirname "$0")/.."
program=fuzz/target/$(rustc +nightly -vV | sed -n 's/^host: //p')/release/all
[ $# -gt 0 ] || set -- $("$program")
# Of each target.
most_files=200
most_bytes=200000
for target in "$@"; do
    export FUZZ_TARGET=$target
    corpus=fuzz/corpora/$target merged=fuzz/corpus/$target.merged
    mkdir -p "$corpus" "$merged"
    cp fuzz/seeds/"$target"/* "$merged"
    # By edges only: how often each was taken makes ten times as many inputs.
    "$program" -merge=1 -use_counters=0 "$merged" "$corpus" "fuzz/corpus/$target" >"$merged.log" 2>&1
    rm -r "$corpus"
    mkdir "$corpus"
    bytes=0 files=0
    for input in $(find "$merged" -type f -size -17k -printf '%s %f\n' | sort -n | cut -d' ' -f2); do
        [ -e "fuzz/seeds/$target/$input" ] && continue
        bytes=$((bytes + $(wc -c <"$merged/$input"))) files=$((files + 1))
        [ "$bytes" -le "$most_bytes" ] && [ "$files" -le "$most_files" ] || break
        cp "$merged/$input" "$corpus/$(echo "$input" | cut -c1-12)"
    done
    rm -r "$merged"
    echo "$target: $(find "$corpus" -type f | wc -l) inputs"
done
