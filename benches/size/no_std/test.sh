#!/bin/sh
# Shows that the client without std works: builds it with roots from a file, and has it speak to an
# OpenSSL server that it must trust, that its root doesn't vouch for, and that has another name.
set -eu
cd "$(dirname "$0")"
target=${CARGO_TARGET_DIR:-$PWD/../target}/size
scratch=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" || :; rm -r "$scratch"' EXIT

fail() {
    echo "no_std client: $*" >&2
    cat "$scratch/out" "$scratch/err" >&2
    exit 1
}

CARGO_TARGET_DIR=$target cargo build --quiet --release --locked --features file-roots
client=$target/release/symbolon-size-no-std
for root in right wrong; do
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=$root root" \
        -keyout "$scratch/$root.key" -out "$scratch/$root.pem" 2>/dev/null
done
openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=leaf -addext subjectAltName=DNS:localhost \
    -addext basicConstraints=critical,CA:FALSE -CA "$scratch/right.pem" -CAkey "$scratch/right.key" \
    -keyout "$scratch/leaf.key" -out "$scratch/leaf.pem" 2>/dev/null

# A port of the kernel's choice, which the server tells.
openssl s_server -accept 127.0.0.1:0 -cert "$scratch/leaf.pem" -key "$scratch/leaf.key" -www \
    >"$scratch/server" 2>&1 &
server=$!
port=
for _ in 1 2 3 4 5 6 7 8 9 10; do
    port=$(sed -n 's/^ACCEPT .*://p' "$scratch/server")
    [ -z "$port" ] || break
    sleep 0.2
done
[ -n "$port" ] || fail 'the server does not come up'

# HOST ROOT: the client's status.
get() {
    status=0
    SSL_CERT_FILE=$scratch/$2.pem timeout 20 "$client" "$1" "$port" >"$scratch/out" 2>"$scratch/err" || status=$?
}

get localhost right
[ $status -eq 0 ] && grep -q '^HTTP/1.0 200' "$scratch/out" && grep -q 'TLSv1.3' "$scratch/out" || fail "no page, status $status"
get localhost wrong
[ $status -eq 1 ] && [ ! -s "$scratch/out" ] && grep -q 'not known here' "$scratch/err" || fail "the wrong root: status $status"
cat "$scratch/err"
get 127.0.0.1 right
[ $status -eq 1 ] && [ ! -s "$scratch/out" ] && grep -q 'not for 127.0.0.1' "$scratch/err" || fail "the wrong name: status $status"
cat "$scratch/err"
echo "no_std client: $(wc -c <"$client") bytes; right root, wrong root, wrong name: ok"
