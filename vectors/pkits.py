#!/usr/bin/env python3
"""Makes pkits.bin of NIST's PKITS: pkits.py PKITS_data > pkits.bin

PKITS_data is the folder with `certs` and `crls`, for instance that of PyPI's cryptography-vectors.
Only what pkits.cases names is taken. The form is described in README.md.
"""

import pathlib
import struct
import sys
import zlib


def main():
    data = pathlib.Path(sys.argv[1])
    names = ["TrustAnchorRootCertificate", "TrustAnchorRootCRL"]
    for line in pathlib.Path(__file__).with_name("pkits.cases").read_text().splitlines():
        if not line.startswith("#"):
            _, _, path, crls, *_ = line.split()
            names += path.split("+") + [crl for crl in crls.split("+") if crl != "-"]
    out = bytearray()
    for name in dict.fromkeys(names):
        found = [data / "certs" / f"{name}.crt", data / "crls" / f"{name}.crl"]
        der = next(file for file in found if file.exists()).read_bytes()
        out += struct.pack(">B", len(name)) + name.encode() + struct.pack(">H", len(der)) + der
    sys.stdout.buffer.write(zlib.compress(bytes(out), 9)[2:-4])


main()
