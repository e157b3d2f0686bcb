#!/bin/sh
# How much of the five modules that read a peer's bytes the tests reach: a table of lines, and an
# exit status of 1 if a module is below 95 %. Code of tests isn't counted. Needs cargo-llvm-cov,
# and llvm-cov and llvm-profdata of rustc's LLVM; installs nothing.
#
#   sh tests/coverage.sh [branches] [missing]
#
# `branches` counts branches too, which is unstable: with `RUSTUP_TOOLCHAIN=nightly`, or with
# `RUSTC_BOOTSTRAP=1`, which lets stable do it.
# `missing` lists the lines that none of these tests reaches. LLVM_COV and LLVM_PROFDATA say where the programs
# lie, if not at Debian's names.
set -eu
cd "$(dirname "$0")/.."
mark=95

branch='' missing=0
for word in "$@"; do
    case $word in
    branches) branch=--branch ;;
    missing) missing=1 ;;
    *) echo "coverage: what is $word?" >&2; exit 2 ;;
    esac
done

llvm=$(rustc -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')
: "${LLVM_COV:=llvm-cov-$llvm}" "${LLVM_PROFDATA:=llvm-profdata-$llvm}"
export LLVM_COV LLVM_PROFDATA
for program in cargo-llvm-cov "$LLVM_COV" "$LLVM_PROFDATA"; do
    if ! command -v "$program" >/dev/null; then
        echo "coverage: $program not found (cargo install --locked cargo-llvm-cov; apt-get install llvm-$llvm)" >&2
        exit 2
    fi
done

# Left out: what needs other programs, counts allocations, or takes minutes and reaches no line that
# the others don't.
set --
for file in tests/*.rs tests/*/main.rs; do
    name=${file#tests/} name=${name%/main.rs} name=${name%.rs}
    case $name in
    peers | examples | allocations | bounds | secrets | bit_flips | bit_flips12 | faults | model | \
        pki_bettertls | pki_differential | wycheproof) ;;
    *) set -- "$@" --test "$name" ;;
    esac
done
# What was counted before, or by programs that are built no more, isn't to be counted again.
cargo llvm-cov clean --workspace
cargo llvm-cov $branch --no-report -p symbolon --lib "$@"

report=$(mktemp)
trap 'rm -f "$report"' EXIT
cargo llvm-cov report $branch --lcov --output-path "$report"
awk -v root="$(pwd -P)/src/" -v mark=$mark -v missing=$missing '
    # Which lines of a file belong to its tests.
    function look(file,    text, line, inside) {
        while ((getline text < file) > 0) {
            line++
            if (text ~ /^#\[cfg\(test\)\]/) inside = 1
            if (inside) test[line] = 1
            if (inside && (text ~ /^}/ || text ~ /^(pub )?(mod|use) .*;$/)) inside = 0
        }
        close(file)
    }
    function percent(part, all) { return all ? sprintf("%d.%d", int(1000 * part / all) / 10, int(1000 * part / all) % 10) : "-" }
    BEGIN { count = split("wire record keys handshake pki", rooms, " ") }
    /^SF:/ {
        file = substr($0, 4); name = file; room = ""
        if (index(file, root) != 1) next
        name = substr(file, length(root) + 1); room = name
        sub(/[\/.].*/, "", room)
        if (name ~ /\/tests[\/.]/) room = ""
        delete test
        look(file)
    }
    /^DA:/ && room != "" {
        split(substr($0, 4), part, ",")
        if (part[1] in test) next
        lines[room]++
        if (part[2] > 0) reached[room]++
        else if (missing && index(" wire record keys handshake pki ", " " room " ")) print "src/" name ":" part[1]
    }
    /^BRDA:/ && room != "" {
        split(substr($0, 6), part, ",")
        if (part[1] in test) next
        branches[room]++
        if (part[4] != "-" && part[4] > 0) taken[room]++
    }
    END {
        printf "%-10s %15s %7s %15s %7s\n", "", "lines", "%", "branches", "%"
        for (i = 1; i <= count; i++) {
            room = rooms[i]
            printf "%-10s %15s %7s %15s %7s\n", room, reached[room] + 0 "/" lines[room] + 0, percent(reached[room], lines[room]), taken[room] + 0 "/" branches[room] + 0, percent(taken[room], branches[room])
            if (100 * reached[room] < mark * lines[room] || !lines[room]) low = low " " room
        }
        if (low != "") { print "coverage: below " mark " % of lines:" low; exit 1 }
    }
' "$report"
