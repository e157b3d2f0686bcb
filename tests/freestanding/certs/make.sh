#!/bin/sh
# Makes the certificates of the freestanding program again, with OpenSSL 3: a root, and a leaf for
# server.example with its PKCS#8 key, ECDSA P-256, valid for 13 years from now. The program's clock
# is fixed in src/main.rs and must lie within.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
openssl ecparam -name prime256v1 -genkey -noout -out "$work/root.key"
openssl ecparam -name prime256v1 -genkey -noout -out "$work/leaf.key"
openssl req -x509 -new -key "$work/root.key" -sha256 -days 4780 \
    -subj "/O=symbolon test/CN=Freestanding Root" \
    -addext "keyUsage=critical,keyCertSign" -out "$work/root.pem"
openssl req -new -key "$work/leaf.key" -subj "/O=symbolon test/CN=server" -out "$work/leaf.csr"
cat > "$work/leaf.ext" <<END
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth
subjectAltName=DNS:server.example
END
openssl x509 -req -in "$work/leaf.csr" -CA "$work/root.pem" -CAkey "$work/root.key" \
    -set_serial 2 -sha256 -days 4780 -extfile "$work/leaf.ext" -outform DER -out leaf.der
openssl x509 -in "$work/root.pem" -outform DER -out root.der
openssl pkcs8 -topk8 -nocrypt -in "$work/leaf.key" -outform DER -out leaf.key.der
