#!/bin/sh
# Looks at the compiled kernels for anything whose time could depend on secrets (see the crate
# docs). x86-64 Linux with objdump; valgrind, if it is there, for ChaCha20-Poly1305.
set -eu
cd "$(dirname "$0")/../.."
target=${CARGO_TARGET_DIR:-$PWD/target}
cargo build --release --quiet -p symbolon-aead --example differential --example secret_flow

# The functions of `gcm` and `chacha`: all instructions that no constant-time code has, and the
# conditional jumps, each with what set its flags.
objdump -d --no-show-raw-insn --no-addresses "$target/release/examples/differential" | awk '
    /^<.*symbolon_aead.*(gcm|chacha|bytes).*>:$/ { inside = 1; functions++; name = $1; flags = ""; next }
    /^$/ { inside = 0 }
    !inside { next }
    { op = $1 }
    op ~ /^v?p?gather/ || op ~ /^v?gather/ || op ~ /^i?div/ { print name, $0; bad++ }
    # What sets flags: of vectors only vptest does, which is to be there for tags alone.
    op ~ /^v?u?comis|^v?ptest|^vtestp/ { flags = "vector"; if (op !~ /ptest/) { print name, $0; bad++ } }
    op ~ /^(cmp|test|add|sub|and|or|xor|inc|dec|neg|shl|shr|sar|adc|sbb|bt|mul|imul|bsr|bsf|lzcnt|tzcnt)/ { flags = "general" }
    op ~ /^j/ && op != "jmp" { jumps++; if (flags == "vector") { print name, "jumps on a vector"; bad++ } }
    op == "call" && $0 ~ /\*/ { }
    END {
        printf "%d functions, %d conditional jumps, %d of them or other instructions suspicious\n", functions, jumps, bad
        exit (functions < 4 || bad > 0)
    }'

if ! command -v valgrind >/dev/null; then
    echo 'skipped: valgrind not found'
    exit 0
fi
flow="$target/release/examples/secret_flow"
valgrind --quiet --error-exitcode=9 "$flow"
# A check that sees nothing would be worth nothing.
if valgrind --quiet --error-exitcode=9 "$flow" branch >/dev/null 2>&1; then
    echo 'valgrind does not see a branch on a secret' >&2
    exit 1
fi
echo 'valgrind: no branch and no address depends on a secret'
