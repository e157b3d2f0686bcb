#!/bin/sh
# Prints, as a Markdown table, how large a small client is and what building it takes: the stripped
# program in bytes, and the CPU seconds of a clean release build with all that it depends on. One row
# for each set of features. x86-64 Linux; `run.sh narrow` and the like measures one set only.
set -eu
cd "$(dirname "$0")"
target=${CARGO_TARGET_DIR:-$PWD/target}/size

row() {
    rm -rf "$target"
    # The second line that times prints is that of the children, in minutes and seconds.
    seconds=$(
        CARGO_TARGET_DIR=$target cargo build --quiet --release --locked --features "$1" >&2
        # Not through a pipe, whose end is a shell without children.
        times >"$target/times"
        awk -F '[ms ]+' 'NR == 2 { printf "%.0f", 60 * ($1 + $3) + $2 + $4 }' "$target/times"
    )
    bytes=$(wc -c <"$target/release/symbolon-size")
    echo "| ${1:-std, nothing else} | $bytes | $seconds |"
}

echo "| features | bytes | CPU seconds |"
echo "| --- | --- | --- |"
if [ $# -gt 0 ]; then
    row "$*"
    exit
fi
for features in "" narrow tls12 tables platform-roots fast "fast tables tls12 platform-roots"; do
    row "$features"
done
