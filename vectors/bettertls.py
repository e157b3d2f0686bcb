#!/usr/bin/env python3
"""Makes bettertls.bin of a BetterTLS export: bettertls.py EXPORT.json > bettertls.bin

Every certificate is kept to the last byte, once. What doesn't compress is taken out of it and
written without its encoding; the rest goes through deflate. The form is described in README.md.
"""

import base64
import hashlib
import json
import re
import struct
import sys
import zlib

UUID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
POINT = bytes.fromhex("2a8648ce3d030107034200")  # ..., prime256v1, BIT STRING of 66 octets
SUBJECT_KEY_ID = bytes.fromhex("0603551d0e04160414")
AUTHORITY_KEY_ID = bytes.fromhex("0603551d23041830168014")
SIGNATURE = bytes.fromhex("300a06082a8648ce3d040302")  # ecdsa-with-SHA256, the second one


def integer(der, at):
    """The value of a DER INTEGER as 32 octets, and where it ends."""
    assert der[at] == 2
    end = at + 2 + der[at + 1]
    value = int.from_bytes(der[at + 2 : end], "big").to_bytes(32, "big")
    return value, end


class Packer:
    def __init__(self):
        self.uuids, self.keys = {}, {}
        self.raw, self.rest, self.slots = bytearray(), bytearray(), bytearray()

    def known(self, table, value):
        """How long ago the value was seen, 0 if never; it is remembered."""
        seen = table.get(value)
        table[value] = len(table) if seen is None else seen
        return 0 if seen is None else len(table) - seen

    def add(self, der):
        if POINT not in der or SIGNATURE not in der[-90:]:
            # Another algorithm: kept as it is.
            self.rest += der
            self.slots += struct.pack(">BH", 0, len(der))
            return
        # (offset, length, kind, argument); the kinds are listed in README.md.
        assert der[4:8] == b"\x30\x82" + der[6:8] and der[8:13] == b"\xa0\x03\x02\x01\x02"
        cuts = [(15, der[14], "S", der[15 : 15 + der[14]])]
        for found in UUID.finditer(der):
            cuts.append((found.start(), 36, "U", bytes.fromhex(found.group().replace(b"-", b"").decode())))
        at = der.index(POINT) + len(POINT)
        point = der[at : at + 65]
        assert point[0] == 4
        cuts.append((at, 65, "P", bytes([2 | point[64] & 1]) + point[1:33]))
        own = hashlib.sha1(point).digest()
        at = der.find(SUBJECT_KEY_ID)
        if at >= 0:
            at += len(SUBJECT_KEY_ID)
            assert der[at : at + 20] == own
            cuts.append((at, 20, "K", None))
        at = der.find(AUTHORITY_KEY_ID)
        if at >= 0:
            at += len(AUTHORITY_KEY_ID)
            cuts.append((at, 20, "A", der[at : at + 20]))
        at = der.rindex(SIGNATURE) + len(SIGNATURE)
        assert der[at] == 3 and der[at + 2 : at + 4] == bytes([0, 0x30])
        r, end = integer(der, at + 5)
        s, end = integer(der, end)
        assert end == len(der)
        # The lengths within the BIT STRING follow from r and s.
        cuts.append((at, end - at, "E", r + s))

        # The key first: that is what the key identifiers are made of.
        self.known(self.keys, own)
        body, last, slots = bytearray(), 0, bytearray()
        for at, length, kind, value in sorted(cuts, key=lambda cut: cut[0]):
            body += der[last:at]
            slots += struct.pack(">BH", ord(kind), at - last)
            last = at + length
            if kind == "S":
                slots.append(len(value))
                self.raw += value
            elif kind in "PE":
                self.raw += value
            elif kind == "U":
                ago = self.known(self.uuids, value)
                slots += struct.pack(">H", ago)
                self.raw += b"" if ago else value
            elif kind == "A":
                known = value in self.keys
                slots += struct.pack(">H", len(self.keys) - self.keys[value] if known else 0)
                self.raw += b"" if known else value
        assert last == len(der)
        slots += struct.pack(">BH", 0, 0)
        self.rest += body
        self.slots += slots


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        export = json.load(file)
    packer, numbers = Packer(), {}

    def number(text):
        der = base64.b64decode(text)
        if der not in numbers:
            numbers[der] = len(numbers)
            packer.add(der)
        return numbers[der]

    assert number(export["trustRoot"]) == 0
    cases, count = bytearray(), 0
    for suite in sorted(export["suites"]):
        for case in export["suites"][suite]["testCases"]:
            # From the end, so that issuers mostly come before what they issued.
            path = [number(text) for text in reversed(case["certificates"])]
            path.reverse()
            host = case["hostname"].encode()
            accept = case["expected"] == "ACCEPT"
            assert accept or case["expected"] == "REJECT"
            cases += struct.pack(">BBB", accept, len(host), len(path)) + host
            for at in path:
                cases += struct.pack(">H", at)
            count += 1
    parts = [zlib.compress(bytes(part), 9)[2:-4] for part in (packer.slots, packer.rest, cases)]
    parts.append(bytes(packer.raw))
    sys.stdout.buffer.write(struct.pack(">HH", len(numbers), count))
    for part in parts:
        sys.stdout.buffer.write(struct.pack(">I", len(part)) + part)
    print([len(p) for p in parts], file=sys.stderr)


main()
