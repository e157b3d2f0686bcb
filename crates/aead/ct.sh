#!/bin/sh
# Looks at the compiled kernels for anything whose time could depend on secrets (see the crate
# docs). x86-64 Linux with objdump; valgrind, if it is there, for ChaCha20-Poly1305 (without AVX-512,
# which valgrind doesn't know).
set -eu
cd "$(dirname "$0")/../.."
target=${CARGO_TARGET_DIR:-$PWD/target}
cargo build --release --quiet -p symbolon-aead --example differential --example secret_flow

# Reads a disassembly. In the functions of `gcm` and `chacha`: all instructions that no constant-time code has, and the
# conditional jumps, each with what set its flags.
look() {
    awk '
    /^<.*symbolon_aead.*(gcm|chacha|bytes).*>:$/ { inside = 1; functions++; name = $1; flags = ""; next }
    /^$/ { inside = 0 }
    !inside { next }
    { op = $1 }
    /%zmm/ { wide[name] = 1 }
    function suspicious() { print name, $0; bad++ }
    op ~ /^v?p?gather/ || op ~ /^v?gather/ || op ~ /^v?p?scatter/ || op ~ /^i?div/ { suspicious() }
    # Bits of vectors that become general registers, or masks: from there a branch would not be seen.
    op ~ /movmsk/ || op ~ /^kmov/ && /,%(r|e)[^,]*$/ { suspicious() }
    op ~ /^v?p?(cmp|testn?m|fpclass)/ && /,%k[0-7]/ || op ~ /^vp?(mov.2m|compress|expand)/ { suspicious() }
    # What sets flags: of vectors only vptest does, which is to be there for tags alone; of masks nothing is to.
    op ~ /^k(or)?test/ { flags = "vector"; suspicious() }
    op ~ /^v?u?comis|^v?ptest[^nm]*$|^vtestp/ { flags = "vector"; if (op !~ /ptest/) suspicious() }
    op ~ /^(cmp|test|add|sub|and|or|xor|inc|dec|neg|shl|shr|sar|adc|sbb|bt|mul|imul|bsr|bsf|lzcnt|tzcnt)/ { flags = "general" }
    op ~ /^j/ && op != "jmp" { jumps++; if (flags == "vector") { print name, "jumps on a vector"; bad++ } }
    END {
        printf "%d functions (%d with vectors of 512 bits), %d conditional jumps, %d of them or other instructions suspicious\n", functions, length(wide), jumps, bad
        exit (functions < 4 || length(wide) < 6 || bad > 0)
    }'
}
# Something that is fine, and with each of these what isn't.
sample() {
    for name in 1 2 3 4 5 6; do
        printf '<symbolon_aead::gcm::%s>:\n\tvpxord %%zmm0,%%zmm1,%%zmm2\n\tkmovd  %%edx,%%k1\n\ttest   %%rax,%%rax\n\tjne    <there>\n%b\n\n' $name "${1-}"
    done
}
if ! sample '\tvptest %xmm0,%xmm0\n\tsete   %al' | look >/dev/null; then
    echo 'what is fine is called suspicious' >&2
    exit 1
fi
for line in 'vptest %xmm0,%xmm0\n\tjne    <there>' 'kortestd %k0,%k0' 'ktestq %k0,%k1' 'kmovq  %k0,%rax' 'kmovw  %k1,%eax' \
    'vpmovmskb %ymm0,%eax' 'vptestmd %zmm0,%zmm0,%k0' 'vptestnmb %ymm0,%ymm0,%k2' 'vpcmpeqd %zmm0,%zmm1,%k1' \
    'vpcmpltub (%rdi),%zmm1,%k1{%k2}' 'vpmovb2m %zmm0,%k0' 'vucomisd %xmm0,%xmm1' 'div    %rcx' 'idivq  (%rsi)' \
    'vpgatherdd %ymm0,(%rax,%ymm1,4),%ymm2' 'vpcompressd %zmm0,%zmm1{%k1}'; do
    if sample "\t$line" | look >/dev/null; then
        echo "not seen: $line" >&2
        exit 1
    fi
done
objdump -d --no-show-raw-insn --no-addresses "$target/release/examples/differential" | look

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
