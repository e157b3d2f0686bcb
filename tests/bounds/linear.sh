#!/bin/sh
# Counts instructions with valgrind for inputs of n, 2n and 4n, and shows how fast the work grows: from
# 2n to 4n it may take twice what it took from n to 2n, and half of that more (looking for duplicates goes by
# bands of 2048 values, of which there are 32); what is quadratic takes four times as much.
set -eu
cd "$(dirname "$0")/../.."
if ! command -v valgrind >/dev/null; then
    echo 'skipped: valgrind not found'
    exit 0
fi
test=$(cargo test --test bounds --no-run --message-format=json 2>/dev/null |
    grep -o '"executable":"[^"]*bounds-[^"]*"' | cut -d'"' -f4)
out=$(mktemp)
trap 'rm -f "$out"' EXIT
count() {
    GROWS=$1 N=$2 valgrind --tool=callgrind --callgrind-out-file=/dev/null \
        --toggle-collect='*linear::measured*' "$test" --ignored --exact linear::one >/dev/null 2>"$out" ||
        { cat "$out" >&2; exit 1; }
    sed -n 's/.*Collected : *\([0-9]*\).*/\1/p' "$out"
}
for what in ${*:-extensions suites groups schemes protocols padding identities fragments names constraints crl store chain}; do
    case $what in
        chain) n=20 ;;
        constraints | names) n=200 ;;
        store) n=20 ;;
        *) n=900 ;;
    esac
    a=$(count "$what" $n) b=$(count "$what" $((2 * n))) c=$(count "$what" $((4 * n)))
    echo "$what $n $a $b $c" | awk '{
        slope = ($4 > $3) ? ($5 - $4) / ($4 - $3) : 0
        printf "%-12s n = %4d: %11d %11d %11d instructions, growth %.2f\n", $1, $2, $3, $4, $5, slope
        exit (slope > 3)
    }'
done
