//! Exact bytes of the messages that only TLS 1.2 has, written from RFC 5246, RFC 5077,
//! RFC 5489 and RFC 8422.

use super::{fault, hex, written};
use crate::codepoint::*;
use crate::error::DecodeFault;
use crate::wire::tls12::*;
use crate::wire::{DistinguishedName, List, Writer};
use std::vec::Vec;

/// The message is written as these bytes, and they are read as it.
macro_rules! exactly {
    ($type:ident, $message:expr, $bytes:expr) => {{
        let (message, bytes) = ($message, hex($bytes));
        assert_eq!(written(|w| message.write(w)), bytes);
        assert_eq!($type::parse(&bytes), Ok(message));
    }};
}

#[test]
fn certificates() {
    let none = Certificate {
        entries: List::Values(&[]),
    };
    exactly!(Certificate, none, "000000");
    let two = Certificate {
        entries: List::Values(&[Asn1Cert(&[0xaa]), Asn1Cert(&[0xbb, 0xcc])]),
    };
    exactly!(Certificate, two, "000009 000001 aa 000002 bbcc");
    let empty_entry = hex("000003 000000");
    assert_eq!(
        fault(Certificate::parse(&empty_entry)),
        ("ASN.1Cert", DecodeFault::BadLength)
    );
}

#[test]
fn statuses() {
    let status = CertificateStatus {
        response: &[1, 2, 3],
    };
    exactly!(CertificateStatus, status, "01 000003 010203");
    let faults = [
        (
            "02 000001 00",
            "CertificateStatus.status_type",
            DecodeFault::BadValue,
        ),
        ("01 000000", "OCSPResponse", DecodeFault::BadLength),
        (
            "01 000001 00 00",
            "CertificateStatus",
            DecodeFault::TrailingBytes,
        ),
    ];
    for (bytes, what, why) in faults {
        assert_eq!(fault(CertificateStatus::parse(&hex(bytes))), (what, why));
    }
}

#[test]
fn server_key_exchanges() {
    let mut params = Vec::new();
    let mut w = Writer::new(&mut params);
    write_params(&mut w, NamedGroup::X25519, &[7; 4]);
    w.finish().unwrap();
    assert_eq!(params, hex("03 001d 04 07070707"));
    let exchange = ServerKeyExchange {
        params: &params,
        group: NamedGroup::X25519,
        public: &[7; 4],
        scheme: SignatureScheme::ECDSA_SECP256R1_SHA256,
        signature: &[9, 8],
    };
    exactly!(
        ServerKeyExchange,
        exchange,
        "03 001d 04 07070707 0403 0002 0908"
    );
    let faults = [
        // Explicit curves.
        (
            "01 001d 01 07 0403 0000",
            "ECParameters.curve_type",
            DecodeFault::BadValue,
        ),
        (
            "02 001d 01 07 0403 0000",
            "ECParameters.curve_type",
            DecodeFault::BadValue,
        ),
        (
            "03 001d 00 0403 0000",
            "ECPoint.point",
            DecodeFault::BadLength,
        ),
        (
            "03 001d 01 07 0403 0000 00",
            "ServerKeyExchange",
            DecodeFault::TrailingBytes,
        ),
        (
            "03 001d 01 07 0403 0001",
            "ServerKeyExchange.signature",
            DecodeFault::Truncated,
        ),
    ];
    for (bytes, what, why) in faults {
        assert_eq!(fault(ServerKeyExchange::parse(&hex(bytes))), (what, why));
    }
}

#[test]
fn certificate_requests() {
    let request = CertificateRequest {
        certificate_types: &[64, 1],
        signature_algorithms: List::Values(&[
            SignatureScheme::ED25519,
            SignatureScheme::RSA_PKCS1_SHA256,
        ]),
        certificate_authorities: List::Values(&[DistinguishedName(&[0x30, 0])]),
    };
    exactly!(
        CertificateRequest,
        request,
        "02 4001 0004 0807 0401 0004 0002 3000"
    );
    let no_names = CertificateRequest {
        certificate_authorities: List::Values(&[]),
        ..request
    };
    exactly!(CertificateRequest, no_names, "02 4001 0004 0807 0401 0000");
    let types = "CertificateRequest.certificate_types";
    let schemes = "CertificateRequest.supported_signature_algorithms";
    for (bytes, what, why) in [
        ("00 0002 0807 0000", types, DecodeFault::BadLength),
        ("01 40 0000 0000", schemes, DecodeFault::BadLength),
    ] {
        assert_eq!(fault(CertificateRequest::parse(&hex(bytes))), (what, why));
    }
}

#[test]
fn client_key_exchanges_and_what_is_empty() {
    let exchange = ClientKeyExchange { public: &[4, 5, 6] };
    exactly!(ClientKeyExchange, exchange, "03 040506");
    let what = "ClientECDiffieHellmanPublic.ecdh_Yc";
    let empty = ClientKeyExchange::parse(&[0]);
    assert_eq!(fault(empty), (what, DecodeFault::BadLength));
    assert_eq!(parse_empty(&[], "ServerHelloDone"), Ok(()));
    assert_eq!(
        fault(parse_empty(&[0], "ServerHelloDone")),
        ("ServerHelloDone", DecodeFault::TrailingBytes)
    );
}

#[test]
fn psk_key_exchanges() {
    let exchange = PskServerKeyExchange {
        identity_hint: b"hi",
        group: NamedGroup::X25519,
        public: &[7; 4],
    };
    exactly!(
        PskServerKeyExchange,
        exchange,
        "0002 6869 03 001d 04 07070707"
    );
    let no_hint = PskServerKeyExchange {
        identity_hint: b"",
        ..exchange
    };
    exactly!(PskServerKeyExchange, no_hint, "0000 03 001d 04 07070707");
    let kind = "ECParameters.curve_type";
    let hint = "ServerKeyExchange.psk_identity_hint";
    for (bytes, what, why) in [
        ("0000 01 001d 01 07", kind, DecodeFault::BadValue),
        ("0003 6869", hint, DecodeFault::Truncated),
        ("0000 03 001d 00", "ECPoint.point", DecodeFault::BadLength),
        (
            "0000 03 001d 01 07 00",
            "ServerKeyExchange",
            DecodeFault::TrailingBytes,
        ),
    ] {
        assert_eq!(fault(PskServerKeyExchange::parse(&hex(bytes))), (what, why));
    }
    let exchange = PskClientKeyExchange {
        identity: b"me",
        public: &[4, 5, 6],
    };
    exactly!(PskClientKeyExchange, exchange, "0002 6d65 03 040506");
    let point = "ClientECDiffieHellmanPublic.ecdh_Yc";
    let identity = "ClientKeyExchange.psk_identity";
    for (bytes, what, why) in [
        ("03 040506", identity, DecodeFault::Truncated),
        ("0000 00", point, DecodeFault::BadLength),
        (
            "0000 01 04 00",
            "ClientKeyExchange",
            DecodeFault::TrailingBytes,
        ),
    ] {
        assert_eq!(fault(PskClientKeyExchange::parse(&hex(bytes))), (what, why));
    }
}

#[test]
fn tickets() {
    let ticket = NewSessionTicket {
        lifetime_hint: 7200,
        ticket: &[1, 2, 3],
    };
    exactly!(NewSessionTicket, ticket, "00001c20 0003 010203");
    let none = NewSessionTicket {
        lifetime_hint: 0,
        ticket: &[],
    };
    exactly!(NewSessionTicket, none, "00000000 0000");
    for (bytes, what, why) in [
        (
            "000000",
            "NewSessionTicket.ticket_lifetime_hint",
            DecodeFault::Truncated,
        ),
        (
            "00000000 0002 01",
            "NewSessionTicket.ticket",
            DecodeFault::Truncated,
        ),
        (
            "00000000 0000 00",
            "NewSessionTicket",
            DecodeFault::TrailingBytes,
        ),
    ] {
        assert_eq!(fault(NewSessionTicket::parse(&hex(bytes))), (what, why));
    }
}
