#!/usr/bin/env bash
# Makes revocation-openssl.txt with the openssl of the PATH: revocation-openssl.sh > revocation-openssl.txt
set -euo pipefail
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
cd "$work"
cat > ca.cnf <<'EOF'
[ca]
default_ca = this
[this]
database = index
serial = serial
crlnumber = crlnumber
new_certs_dir = .
certificate = ca.pem
private_key = ca.key
default_md = sha256
default_days = 3650
default_crl_days = 3650
policy = policy
crl_extensions = crl
[policy]
commonName = supplied
[crl]
authorityKeyIdentifier = keyid
issuingDistributionPoint = critical,@point
[point]
fullname = URI:http://ca.example/1.crl
[req]
distinguished_name = dn
prompt = no
[dn]
CN = unused
[root]
basicConstraints = critical,CA:true
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[good]
basicConstraints = critical,CA:false
keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = DNS:server.example
tlsfeature = status_request
crlDistributionPoints = URI:http://ca.example/0.crl,URI:http://ca.example/1.crl
[bad]
basicConstraints = critical,CA:false
keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = DNS:server.example
crlDistributionPoints = URI:http://ca.example/0.crl,URI:http://ca.example/1.crl
[responder]
basicConstraints = critical,CA:false
keyUsage = critical,digitalSignature
extendedKeyUsage = OCSPSigning
noCheck = ignored
EOF
touch index
echo 1000 > serial
echo 01 > crlnumber

key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"; }
issue() {
    openssl req -new -key "$1.key" -config ca.cnf -subj "/CN=$1" -out "$1.csr"
    openssl ca -batch -notext -config ca.cnf -extensions "$2" -in "$1.csr" -out "$1.pem"
}
answer() { # file, signer, more options of the responder
    openssl ocsp -index index -CA ca.pem -ndays 3650 -reqin "$1.req" -respout "$1-by-$2.der" \
        -rsigner "$2.pem" -rkey "$2.key" "${@:3}"
}
value() {
    echo "$1 ="
    od -An -v -tx1 "$2" | tr -d ' \n' | fold -w 96 | sed 's/^/  /'
    echo
}
{
    key ca
    openssl req -x509 -new -key ca.key -config ca.cnf -extensions root -days 3650 -out ca.pem \
        -subj "/C=DE/O=OpenSSL vectors/CN=CA"
    for name in good bad; do
        key $name
        issue $name $name
    done
    openssl genrsa -out responder.key 2048
    issue responder responder
    openssl ca -config ca.cnf -revoke bad.pem -crl_reason keyCompromise
    openssl ca -config ca.cnf -gencrl -out crl.pem
    for name in good bad; do
        for hash in sha1 sha256; do
            openssl ocsp -issuer ca.pem -$hash -cert $name.pem -reqout $name-$hash.req -nonce
            answer $name-$hash ca
            answer $name-$hash responder -resp_key_id
        done
    done
    openssl ocsp -issuer ca.pem -cert bad.pem -cert good.pem -reqout both.req -no_nonce
    answer both responder
    for name in ca good bad; do
        openssl x509 -in $name.pem -outform der -out $name.der
    done
    openssl crl -in crl.pem -outform der -out crl.der
} >&2
echo "# A CA with a certificate that is good and one that is revoked, its CRL and OCSP responses,"
echo "# from revocation-openssl.sh with $(openssl version | cut -d' ' -f1-2). Valid for ten years from $(date -u +%F)."
echo "# Form: see README.md."
echo
echo "[certificates]"
for name in ca good bad; do value $name $name.der; done
echo
echo "[crl]"
value crl crl.der
for file in *-by-*.der; do
    echo
    echo "[${file%.der}]"
    value response "$file"
done
