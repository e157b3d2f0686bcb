//! What holds for every message that only TLS 1.2 has: it is read as it was written, written as it
//! was read, refused when it is cut or followed by anything, and no bytes make a parser panic.
//!
//! Messages borrow, so the strategies leak what they borrow from: small and few.

use proptest::collection::{SizeRange, vec};
use proptest::prelude::*;
use symbolon::codepoint::*;
use symbolon::wire::tls12::*;
use symbolon::wire::{DistinguishedName, List, Writer};

fn written(write: impl FnOnce(&mut Writer<'_>)) -> Vec<u8> {
    let mut out = Vec::new();
    let mut w = Writer::new(&mut out);
    write(&mut w);
    w.finish().unwrap();
    out
}

fn bytes(len: impl Into<SizeRange>) -> impl Strategy<Value = &'static [u8]> + Clone {
    vec(any::<u8>(), len).prop_map(|v| &*v.leak())
}

fn certificate() -> impl Strategy<Value = Certificate<'static>> {
    vec(bytes(1..60).prop_map(Asn1Cert), 0..5).prop_map(|entries| Certificate {
        entries: List::Values(entries.leak()),
    })
}

fn certificate_status() -> impl Strategy<Value = CertificateStatus<'static>> {
    bytes(1..80).prop_map(|response| CertificateStatus { response })
}

fn server_key_exchange() -> impl Strategy<Value = ServerKeyExchange<'static>> {
    let params = (any::<u16>().prop_map(NamedGroup), bytes(1..=255));
    (params, any::<u16>(), bytes(0..80)).prop_map(|((group, public), scheme, signature)| {
        ServerKeyExchange {
            params: written(|w| write_params(w, group, public)).leak(),
            group,
            public,
            scheme: SignatureScheme(scheme),
            signature,
        }
    })
}

fn certificate_request() -> impl Strategy<Value = CertificateRequest<'static>> {
    let schemes = vec(any::<u16>().prop_map(SignatureScheme), 1..12);
    let names = vec(bytes(1..40).prop_map(DistinguishedName), 0..4);
    (bytes(1..6), schemes, names).prop_map(|(certificate_types, schemes, names)| {
        CertificateRequest {
            certificate_types,
            signature_algorithms: List::Values(schemes.leak()),
            certificate_authorities: List::Values(names.leak()),
        }
    })
}

fn client_key_exchange() -> impl Strategy<Value = ClientKeyExchange<'static>> {
    bytes(1..=255).prop_map(|public| ClientKeyExchange { public })
}

fn psk_server_key_exchange() -> impl Strategy<Value = PskServerKeyExchange<'static>> {
    let group = any::<u16>().prop_map(NamedGroup);
    (bytes(0..80), group, bytes(1..=255)).prop_map(|(identity_hint, group, public)| {
        PskServerKeyExchange {
            identity_hint,
            group,
            public,
        }
    })
}

fn psk_client_key_exchange() -> impl Strategy<Value = PskClientKeyExchange<'static>> {
    let parts = (bytes(0..80), bytes(1..=255));
    parts.prop_map(|(identity, public)| PskClientKeyExchange { identity, public })
}

fn new_session_ticket() -> impl Strategy<Value = NewSessionTicket<'static>> {
    (any::<u32>(), bytes(0..300)).prop_map(|(lifetime_hint, ticket)| NewSessionTicket {
        lifetime_hint,
        ticket,
    })
}

/// Reads what was written, writes what was read; cuts it everywhere, and adds a byte.
macro_rules! round_trip {
    ($type:ident, $message:expr) => {{
        let message = $message;
        let mut body = written(|w| message.write(w));
        let read = $type::parse(&body);
        prop_assert_eq!(read, Ok(message));
        prop_assert_eq!(written(|w| read.unwrap().write(w)), &body[..]);
        for len in 0..body.len() {
            prop_assert!($type::parse(&body[..len]).is_err(), "cut to {}", len);
        }
        body.push(0);
        prop_assert!($type::parse(&body).is_err());
    }};
}

/// Gives the bytes to every parser. What one of them takes is written as it was, and reads the
/// same again; the result is how many do.
fn every_parser(body: &[u8]) -> usize {
    let mut taken = 0;
    macro_rules! each {
        ($($type:ident)*) => {$(
            if let Ok(read) = $type::parse(body) {
                let again = written(|w| read.write(w));
                assert_eq!(again, body);
                assert_eq!($type::parse(&again), Ok(read));
                assert!(!format!("{read:?}").is_empty());
                taken += 1;
            }
        )*};
    }
    each! { Certificate CertificateStatus ServerKeyExchange CertificateRequest ClientKeyExchange }
    each! { PskServerKeyExchange PskClientKeyExchange NewSessionTicket }
    assert_eq!(parse_empty(body, "").is_ok(), body.is_empty());
    taken
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn certificate_round_trip(message in certificate()) {
        round_trip!(Certificate, message);
    }

    #[test]
    fn certificate_status_round_trip(message in certificate_status()) {
        round_trip!(CertificateStatus, message);
    }

    #[test]
    fn server_key_exchange_round_trip(message in server_key_exchange()) {
        round_trip!(ServerKeyExchange, message);
    }

    #[test]
    fn certificate_request_round_trip(message in certificate_request()) {
        round_trip!(CertificateRequest, message);
    }

    #[test]
    fn client_key_exchange_round_trip(message in client_key_exchange()) {
        round_trip!(ClientKeyExchange, message);
    }

    #[test]
    fn psk_server_key_exchange_round_trip(message in psk_server_key_exchange()) {
        round_trip!(PskServerKeyExchange, message);
    }

    #[test]
    fn psk_client_key_exchange_round_trip(message in psk_client_key_exchange()) {
        round_trip!(PskClientKeyExchange, message);
    }

    #[test]
    fn new_session_ticket_round_trip(message in new_session_ticket()) {
        round_trip!(NewSessionTicket, message);
    }

    #[test]
    fn only_named_curves(message in server_key_exchange(), kind: u8) {
        let mut body = written(|w| message.write(w));
        body[0] = kind;
        prop_assert_eq!(ServerKeyExchange::parse(&body).is_ok(), kind == 3);
    }

    #[test]
    fn only_ocsp(message in certificate_status(), kind: u8) {
        let mut body = written(|w| message.write(w));
        body[0] = kind;
        prop_assert_eq!(CertificateStatus::parse(&body).is_ok(), kind == 1);
    }

    #[test]
    fn changed_messages_are_read_or_refused(
        messages in (
            certificate(),
            certificate_status(),
            server_key_exchange(),
            certificate_request(),
            client_key_exchange(),
            psk_server_key_exchange(),
            psk_client_key_exchange(),
            new_session_ticket(),
        ),
        changes in vec((any::<prop::sample::Index>(), 0u8..4, any::<u8>()), 16),
    ) {
        let bodies = [
            written(|w| messages.0.write(w)),
            written(|w| messages.1.write(w)),
            written(|w| messages.2.write(w)),
            written(|w| messages.3.write(w)),
            written(|w| messages.4.write(w)),
            written(|w| messages.5.write(w)),
            written(|w| messages.6.write(w)),
            written(|w| messages.7.write(w)),
        ];
        for body in bodies {
            prop_assert_ne!(every_parser(&body), 0);
            for (index, change, value) in &changes {
                let mut changed = body.clone();
                let i = index.index(changed.len());
                match change {
                    0 => changed[i] = *value,
                    1 => changed[i] ^= 1 << (value % 8),
                    2 => drop(changed.remove(i)),
                    _ => changed.insert(i, *value),
                }
                every_parser(&changed);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn no_bytes_make_a_parser_panic(body in vec(any::<u8>(), 0..300)) {
        every_parser(&body);
    }

    #[test]
    fn no_lengths_make_a_parser_panic(body in vec(prop_oneof![3 => 0u8..5, 1 => any::<u8>()], 0..40)) {
        every_parser(&body);
    }
}
