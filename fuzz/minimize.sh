#!/bin/sh
# Makes fuzz/corpora anew from what fuzzing left in fuzz/corpus: the inputs that reach what the seeds
# don't. Needs the program that fuzz/run.sh builds.
#
#   fuzz/minimize.sh [TARGET...]
set -eu
cd "$(dirname "$0")/.."
program=fuzz/target/$(rustc +nightly -vV | sed -n 's/^host: //p')/release/all
[ $# -gt 0 ] || set -- $("$program")
# Of each target; of more, some of every length.
most=200
for target in "$@"; do
    export FUZZ_TARGET=$target
    corpus=fuzz/corpora/$target merged=fuzz/corpus/$target.merged
    mkdir -p "$corpus" "$merged"
    cp fuzz/seeds/"$target"/* "$merged"
    # By edges only: how often each was taken makes ten times as many inputs.
    "$program" -merge=1 -use_counters=0 "$merged" "$corpus" "fuzz/corpus/$target" >"$merged.log" 2>&1
    rm -r "$corpus"
    mkdir "$corpus"
    find "$merged" -type f -size -17k -printf '%s %f\n' | sort -n | cut -d' ' -f2 | while read -r input; do
        [ -e "fuzz/seeds/$target/$input" ] || echo "$input"
    done >"$merged.log"
    awk -v most=$most -v all="$(wc -l <"$merged.log")" \
        'all <= most || int(NR * most / all) > int((NR - 1) * most / all)' "$merged.log" |
        while read -r input; do
            cp "$merged/$input" "$corpus/$(echo "$input" | cut -c1-12)"
        done
    rm -r "$merged"
    echo "$target: $(find "$corpus" -type f | wc -l) inputs"
done
