//! Object identifiers, as the contents of their DER.

use crate::error::{Text, TextWriter};
use alloc::vec::Vec;

macro_rules! oids {
    ($($name:ident = $bytes:expr;)*) => { $(pub(crate) const $name: &[u8] = &$bytes;)* };
}

oids! {
    SUBJECT_KEY_IDENTIFIER = [0x55, 0x1d, 14];
    KEY_USAGE = [0x55, 0x1d, 15];
    SUBJECT_ALT_NAME = [0x55, 0x1d, 17];
    BASIC_CONSTRAINTS = [0x55, 0x1d, 19];
    CRL_NUMBER = [0x55, 0x1d, 20];
    REASON_CODE = [0x55, 0x1d, 21];
    INVALIDITY_DATE = [0x55, 0x1d, 24];
    DELTA_CRL_INDICATOR = [0x55, 0x1d, 27];
    ISSUING_DISTRIBUTION_POINT = [0x55, 0x1d, 28];
    CERTIFICATE_ISSUER = [0x55, 0x1d, 29];
    NAME_CONSTRAINTS = [0x55, 0x1d, 30];
    CRL_DISTRIBUTION_POINTS = [0x55, 0x1d, 31];
    CERTIFICATE_POLICIES = [0x55, 0x1d, 32];
    ANY_POLICY = [0x55, 0x1d, 32, 0];
    POLICY_MAPPINGS = [0x55, 0x1d, 33];
    POLICY_CONSTRAINTS = [0x55, 0x1d, 36];
    INHIBIT_ANY_POLICY = [0x55, 0x1d, 54];
    AUTHORITY_KEY_IDENTIFIER = [0x55, 0x1d, 35];
    EXTENDED_KEY_USAGE = [0x55, 0x1d, 37];
    ANY_EXTENDED_KEY_USAGE = [0x55, 0x1d, 37, 0];
    SERVER_AUTH = [0x2b, 6, 1, 5, 5, 7, 3, 1];
    CLIENT_AUTH = [0x2b, 6, 1, 5, 5, 7, 3, 2];
    OCSP_SIGNING = [0x2b, 6, 1, 5, 5, 7, 3, 9];
    TLS_FEATURE = [0x2b, 6, 1, 5, 5, 7, 1, 24];
    OCSP_BASIC = [0x2b, 6, 1, 5, 5, 7, 48, 1, 1];
    OCSP_NONCE = [0x2b, 6, 1, 5, 5, 7, 48, 1, 2];
    OCSP_NOCHECK = [0x2b, 6, 1, 5, 5, 7, 48, 1, 5];
    TIMESTAMPS = [0x2b, 6, 1, 4, 1, 0xd6, 0x79, 2, 4, 2];
    OCSP_TIMESTAMPS = [0x2b, 6, 1, 4, 1, 0xd6, 0x79, 2, 4, 5];
    RSA_ENCRYPTION = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
    RSA_PSS = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10];
    ED25519 = [0x2b, 0x65, 0x70];
    EC_PUBLIC_KEY = [0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
    P256 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
    P384 = [0x2b, 0x81, 4, 0, 34];
    P521 = [0x2b, 0x81, 4, 0, 35];
    EMAIL_ADDRESS = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1];
    SHA1 = [0x2b, 0x0e, 3, 2, 26];
    SHA256 = [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];
    SHA384 = [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2];
    SHA512 = [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3];
}

/// The dotted form; bytes that are no object identifier in hexadecimal.
pub(crate) fn text(oid: &[u8]) -> Text {
    let mut text = TextWriter::default();
    let mut arc: u64 = 0;
    let mut first = true;
    let mut whole = false;
    for byte in oid {
        whole = byte & 0x80 == 0;
        arc = match arc.checked_mul(128) {
            Some(high) => high | u64::from(byte & 0x7f),
            None => return hex(oid),
        };
        if whole && first {
            // X.690 8.19.4: the first two arcs share a number.
            let top = arc.checked_div(40).unwrap_or(0).min(2);
            let second = arc.saturating_sub(top.saturating_mul(40));
            text.add(format_args!("{top}.{second}"));
            first = false;
        } else if whole {
            text.add(format_args!(".{arc}"));
        }
        if whole {
            arc = 0;
        }
    }
    if whole { text.finish() } else { hex(oid) }
}

/// The contents of the object identifier with this dotted form.
pub(crate) fn parse(dotted: &str) -> Option<Vec<u8>> {
    let mut arcs = dotted.split('.').map(|arc| arc.parse::<u64>().ok());
    let (first, second) = (arcs.next()??, arcs.next()??);
    // X.690 8.19.4: the first two arcs share a number.
    if first > 2 || (first < 2 && second > 39) {
        return None;
    }
    let mut out = Vec::new();
    push_arc(&mut out, first.checked_mul(40)?.checked_add(second)?);
    for arc in arcs {
        push_arc(&mut out, arc?);
    }
    Some(out)
}

/// Seven bits an octet, the highest first, all but the last one marked.
fn push_arc(out: &mut Vec<u8>, arc: u64) {
    for shift in (0_u32..10).rev().map(|septet| septet.saturating_mul(7)) {
        let rest = arc.checked_shr(shift).unwrap_or(0);
        if rest > 0 || shift == 0 {
            let mark = if shift == 0 { 0 } else { 0x80 };
            out.push(u8::try_from(rest & 0x7f).unwrap_or(0) | mark);
        }
    }
}

fn hex(bytes: &[u8]) -> Text {
    let mut text = TextWriter::default();
    text.add(format_args!("#"));
    for byte in bytes {
        text.add(format_args!("{byte:02x}"));
    }
    text.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_dotted_form() {
        for bad in ["", "1", "1.", "3.1", "1.40", "1..2", "a.b", "1.2.x", "-1.2"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn dotted_form() {
        for (oid, dotted) in [
            (SERVER_AUTH, "1.3.6.1.5.5.7.3.1"),
            (RSA_ENCRYPTION, "1.2.840.113549.1.1.1"),
            (KEY_USAGE, "2.5.29.15"),
            (&[0x00], "0.0"),
            (&[0x27], "0.39"),
            (&[0x78], "2.40"),
            (&[0x88, 0x37], "2.999"),
            (&[], "#"),
            (&[0x55, 0x9d], "#559d"),
            (
                &[
                    0x2a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f,
                ],
                "#2affffffffffffffffff7f",
            ),
        ] {
            assert_eq!(text(oid).as_str(), dotted);
            if !dotted.starts_with('#') {
                assert_eq!(parse(dotted).as_deref(), Some(oid));
            }
        }
    }
}
