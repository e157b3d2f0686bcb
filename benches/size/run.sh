#!/bin/sh
# Prints, as a Markdown table, how large a small client is and what building it takes: the stripped
# program in bytes, and the CPU seconds of a clean release build with all that it depends on. One row
# for each set of features, first of the program with std, then of the one without. `packed` among
# them is no feature but what the compiler is told besides: to take of AES and SHA-2 for CPUs without
# instructions for them the small form, and to pack relocations (which takes glibc 2.36 to run).
# x86-64 Linux; `run.sh std narrow packed`, `run.sh no_std narrow` and the like measure one set only.
set -eu
cd "$(dirname "$0")"
target=${CARGO_TARGET_DIR:-$PWD/target}/size
packed='--cfg sha2_backend_soft="compact" --cfg aes_backend_soft="compact" -C link-arg=-Wl,-z,pack-relative-relocs'

# PROGRAM FEATURES
row() {
    case $1 in
    std) package=symbolon-size ;;
    no_std) package=symbolon-size-no-std ;;
    *)
        echo "$0: std or no_std, not $1" >&2
        exit 2
        ;;
    esac
    case " $2 " in
    *' packed '*) features=${2%packed} flags=$packed ;;
    *) features=$2 flags= ;;
    esac
    rm -rf "$target"
    # The second line that times prints is that of the children, in minutes and seconds.
    seconds=$(
        CARGO_TARGET_DIR=$target RUSTFLAGS=$flags \
            cargo build --quiet --release --locked -p $package --features "$features" >&2
        # Not through a pipe, whose end is a shell without children.
        times >"$target/times"
        awk -F '[ms ]+' 'NR == 2 { printf "%.0f", 60 * ($1 + $3) + $2 + $4 }' "$target/times"
    )
    bytes=$(wc -c <"$target/release/$package")
    echo "| $1 | ${2:-none} | $bytes | $seconds |"
}

echo "| program | features | bytes | CPU seconds |"
echo "| --- | --- | --- | --- |"
if [ $# -gt 0 ]; then
    program=$1
    shift
    row "$program" "$*"
    exit
fi
for features in "" narrow platform-roots "narrow platform-roots" packed "narrow packed" \
    "narrow platform-roots packed" tls12 tables fast "fast tables tls12 platform-roots"; do
    row std "$features"
done
for features in "" narrow file-roots "narrow file-roots" packed "narrow packed" tls12; do
    row no_std "$features"
done
