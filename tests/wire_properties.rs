//! What holds for every message: it is read as it was written, written as it was read, refused
//! when it is cut or followed by anything, and no bytes make a parser panic.
//!
//! Messages borrow, so the strategies leak what they borrow from: small and few.

use proptest::collection::{SizeRange, vec};
use proptest::option;
use proptest::prelude::*;
use symbolon::codepoint::*;
use symbolon::error::Error;
use symbolon::wire::*;

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

fn maybe_bytes(len: impl Into<SizeRange>) -> impl Strategy<Value = Option<&'static [u8]>> {
    option::of(bytes(len))
}

fn list<T: Item<'static> + 'static>(
    item: impl Strategy<Value = T>,
    len: impl Into<SizeRange>,
) -> impl Strategy<Value = List<'static, T>> {
    vec(item, len).prop_map(|v| List::Values(v.leak()))
}

fn random() -> impl Strategy<Value = &'static [u8; 32]> {
    any::<[u8; 32]>().prop_map(|random| &*Box::leak(Box::new(random)))
}

fn version() -> impl Strategy<Value = ProtocolVersion> {
    any::<u16>().prop_map(ProtocolVersion)
}

fn suite() -> impl Strategy<Value = CipherSuite> {
    any::<u16>().prop_map(CipherSuite)
}

fn group() -> impl Strategy<Value = NamedGroup> {
    any::<u16>().prop_map(NamedGroup)
}

fn schemes() -> impl Strategy<Value = List<'static, SignatureScheme>> {
    list(any::<u16>().prop_map(SignatureScheme), 1..20)
}

fn names() -> impl Strategy<Value = Names<'static>> {
    list(bytes(1..40).prop_map(DistinguishedName), 1..4)
}

fn share() -> impl Strategy<Value = KeyShareEntry<'static>> {
    (group(), bytes(1..40)).prop_map(|(group, key_exchange)| KeyShareEntry {
        group,
        key_exchange,
    })
}

/// Shares of different groups.
fn shares() -> impl Strategy<Value = KeyShares<'static>> {
    vec(share(), 0..4).prop_map(|mut shares| {
        shares.sort_by_key(|s| s.group);
        shares.dedup_by_key(|s| s.group);
        List::Values(shares.leak())
    })
}

fn psks() -> impl Strategy<Value = OfferedPsks<'static>> {
    let identity =
        (bytes(1..40), any::<u32>()).prop_map(|(identity, obfuscated_ticket_age)| PskIdentity {
            identity,
            obfuscated_ticket_age,
        });
    vec((identity, bytes(32..=64).prop_map(Binder)), 1..4).prop_map(|psks| {
        let (identities, binders): (Vec<_>, Vec<_>) = psks.into_iter().unzip();
        OfferedPsks {
            identities: List::Values(identities.leak()),
            binders: List::Values(binders.leak()),
        }
    })
}

fn client_extensions() -> impl Strategy<Value = ClientExtensions<'static>> {
    let any_version = (
        maybe_bytes(1..40),
        any::<bool>(),
        maybe_bytes(0..12),
        option::of(list(group(), 1..12)),
        maybe_bytes(1..4),
        option::of(schemes()),
        option::of(list(bytes(1..12).prop_map(ProtocolName), 1..4)),
        any::<(bool, bool)>(),
        any::<Option<u16>>(),
        maybe_bytes(0..40),
    );
    let tls13 = (
        option::of(list(version(), 1..8)),
        option::of(schemes()),
        option::of(names()),
        any::<(bool, bool)>(),
        maybe_bytes(0..40),
        option::of(shares()),
        maybe_bytes(1..40),
        option::of(list(any::<u8>().prop_map(PskKeyExchangeMode), 1..4)),
        option::of(0u16..40),
        option::of(psks()),
    );
    (any_version, tls13).prop_map(|(old, new)| ClientExtensions {
        grease: None,
        server_name: old.0,
        extended_master_secret: old.1,
        renegotiation_info: old.2,
        supported_groups: old.3,
        ec_point_formats: old.4,
        signature_algorithms: old.5,
        alpn: old.6,
        status_request: old.7.0,
        signed_certificate_timestamp: old.7.1,
        record_size_limit: old.8,
        session_ticket: old.9,
        supported_versions: new.0,
        signature_algorithms_cert: new.1,
        certificate_authorities: new.2,
        post_handshake_auth: new.3.0,
        early_data: new.3.1,
        quic_transport_parameters: new.4,
        key_shares: new.5,
        cookie: new.6,
        psk_key_exchange_modes: new.7,
        padding: new.8,
        pre_shared_key: new.9,
        ..Default::default()
    })
}

fn client_hello() -> impl Strategy<Value = ClientHello<'static>> {
    (
        version(),
        random(),
        bytes(0..=32),
        list(suite(), 1..20),
        bytes(1..4),
        client_extensions(),
    )
        .prop_map(
            |(v, random, session_id, suites, methods, extensions)| ClientHello {
                legacy_version: v,
                random,
                session_id,
                cipher_suites: suites,
                compression_methods: methods,
                extensions,
            },
        )
}

fn server_extensions() -> impl Strategy<Value = ServerHelloExtensions<'static>> {
    (option::of(share()), any::<Option<u16>>(), version()).prop_map(
        |(key_share, pre_shared_key, version)| ServerHelloExtensions {
            supported_version: Some(version),
            key_share,
            pre_shared_key,
            ..Default::default()
        },
    )
}

fn old_server_extensions() -> impl Strategy<Value = ServerHelloExtensions<'static>> {
    (
        any::<(bool, bool, bool, bool)>(),
        maybe_bytes(0..24),
        maybe_bytes(1..4),
        maybe_bytes(1..12),
        any::<Option<u16>>(),
        maybe_bytes(0..12),
    )
        .prop_map(
            |(flags, info, formats, alpn, limit, sct)| ServerHelloExtensions {
                server_name: flags.0,
                extended_master_secret: flags.1,
                session_ticket: flags.2,
                status_request: flags.3,
                renegotiation_info: info,
                ec_point_formats: formats,
                alpn,
                record_size_limit: limit,
                sct,
                ..Default::default()
            },
        )
}

fn retry_extensions() -> impl Strategy<Value = ServerHelloExtensions<'static>> {
    (
        option::of(version()),
        option::of(group()),
        maybe_bytes(1..40),
    )
        .prop_map(
            |(supported_version, retry_group, cookie)| ServerHelloExtensions {
                supported_version,
                retry_group,
                cookie,
                ..Default::default()
            },
        )
}

fn server_hello() -> impl Strategy<Value = ServerHello<'static>> {
    let retry = Just(&HELLO_RETRY_REQUEST_RANDOM);
    let random_and_extensions = prop_oneof![
        (random(), server_extensions()),
        (random(), old_server_extensions()),
        (retry, retry_extensions()),
    ];
    (
        version(),
        bytes(0..=32),
        suite(),
        any::<u8>(),
        random_and_extensions,
    )
        .prop_map(
            |(
                legacy_version,
                session_id,
                cipher_suite,
                compression_method,
                (random, extensions),
            )| {
                ServerHello {
                    legacy_version,
                    random,
                    session_id,
                    cipher_suite,
                    compression_method,
                    extensions,
                }
            },
        )
}

fn encrypted_extensions() -> impl Strategy<Value = EncryptedExtensions<'static>> {
    (
        any::<(bool, bool)>(),
        maybe_bytes(1..12),
        option::of(list(group(), 1..12)),
        any::<Option<u16>>(),
        maybe_bytes(0..40),
    )
        .prop_map(|(flags, alpn, groups, limit, quic)| EncryptedExtensions {
            server_name: flags.0,
            early_data: flags.1,
            alpn,
            supported_groups: groups,
            record_size_limit: limit,
            quic_transport_parameters: quic,
            ..Default::default()
        })
}

fn certificate_request() -> impl Strategy<Value = CertificateRequest<'static>> {
    (
        bytes(0..24),
        option::of(schemes()),
        option::of(schemes()),
        option::of(names()),
        any::<bool>(),
        maybe_bytes(0..24),
    )
        .prop_map(
            |(context, schemes, cert, names, status, filters)| CertificateRequest {
                context,
                signature_algorithms: schemes,
                signature_algorithms_cert: cert,
                certificate_authorities: names,
                status_request: status,
                oid_filters: filters,
                ..Default::default()
            },
        )
}

fn certificate() -> impl Strategy<Value = Certificate<'static>> {
    let entry = (bytes(1..60), maybe_bytes(1..40), maybe_bytes(0..40)).prop_map(
        |(certificate, ocsp, sct)| CertificateEntry {
            certificate,
            ocsp,
            sct,
            ..Default::default()
        },
    );
    (bytes(0..24), list(entry, 0..4))
        .prop_map(|(context, entries)| Certificate { context, entries })
}

fn certificate_verify() -> impl Strategy<Value = CertificateVerify<'static>> {
    (any::<u16>(), bytes(0..80)).prop_map(|(scheme, signature)| CertificateVerify {
        scheme: SignatureScheme(scheme),
        signature,
    })
}

fn new_session_ticket() -> impl Strategy<Value = NewSessionTicket<'static>> {
    (
        any::<(u32, u32)>(),
        bytes(0..12),
        bytes(1..80),
        any::<Option<u32>>(),
    )
        .prop_map(
            |((lifetime, age_add), nonce, ticket, max_early_data)| NewSessionTicket {
                lifetime,
                age_add,
                nonce,
                ticket,
                max_early_data,
                ..Default::default()
            },
        )
}

/// Reads what was written, writes what was read; cuts it everywhere, and adds a byte.
/// `$whole_at` are lengths at which a cut message is a whole one.
macro_rules! round_trip {
    ($type:ident, $message:expr, $whole_at:expr) => {{
        let message = $message;
        let whole_at: Option<usize> = $whole_at;
        let mut body = written(|w| message.write(w));
        let read = $type::parse(&body);
        prop_assert_eq!(read, Ok(message));
        prop_assert_eq!(written(|w| read.unwrap().write(w)), &body[..]);
        for len in 0..body.len() {
            let cut = $type::parse(&body[..len]);
            prop_assert_eq!(cut.is_ok(), whole_at == Some(len), "cut to {}", len);
        }
        // Where the message has no block of extensions, one byte is not a block either.
        body.push(0);
        prop_assert!($type::parse(&body).is_err());
    }};
}

#[test]
fn what_is_too_long_to_be_written_is_an_error_of_ours() {
    let mut out = Vec::new();
    let mut w = Writer::new(&mut out);
    w.vec8(|w| w.bytes(&[0; 256]));
    let error = w.finish().unwrap_err();
    assert!(error.to_string().contains("longer than its length field"));
    let error = Error::from(error);
    assert_eq!(error.alert(), Some(AlertDescription::INTERNAL_ERROR));
}

#[test]
fn extensions_as_they_stand_and_sets_of_them() {
    let extensions = [
        Extension {
            kind: ExtensionType::COOKIE,
            data: b"ab",
        },
        Extension {
            kind: ExtensionType(0x1234),
            data: b"",
        },
    ];
    let list = List::from(&extensions[..]);
    let bytes = written(|w| list.write(w));
    assert_eq!(bytes, [0, 44, 0, 2, b'a', b'b', 0x12, 0x34, 0, 0]);
    assert_eq!(List::parse(&bytes), Ok(list));
    let set: ExtensionSet = [ExtensionType::COOKIE, ExtensionType::KEY_SHARE]
        .into_iter()
        .collect();
    assert_eq!(set.to_string(), "cookie, key_share");
    assert_eq!(ExtensionSet::default().to_string(), "none");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn client_hello_round_trip(message in client_hello()) {
        let fixed = 2 + 32 + 1 + message.session_id.len() + 2 + 2 * message.cipher_suites.len()
            + 1 + message.compression_methods.len();
        round_trip!(ClientHello, message, Some(fixed));
        let body = written(|w| message.write(w));
        let read = ClientHello::parse(&body).unwrap().extensions;
        prop_assert_eq!(read.present, message.extensions.offered());
        prop_assert_eq!(read.offered(), read.present);
        prop_assert_eq!(read.unknown, None);
    }

    #[test]
    fn grease_changes_nothing_that_is_read(message in client_hello(), values in (0u16..16, 1u16..16)) {
        let grease = |n: u16| ExtensionType(0x0a0a + 0x1010 * (n % 16));
        let mut greased = message;
        let (first, last) = (grease(values.0), grease(values.0 + values.1));
        greased.extensions.grease = Some(GreaseExtensions { first, last });
        let body = written(|w| greased.write(w));
        let read = ClientHello::parse(&body).unwrap();
        prop_assert_eq!(read, message);
        prop_assert_eq!(read.extensions.unknown, Some(first));
        prop_assert_eq!(body.len(), written(|w| message.write(w)).len() + 9
            + if message.extensions == ClientExtensions::default() { 2 } else { 0 });
    }

    #[test]
    fn binders_end_the_client_hello(message in client_hello()) {
        let mut out = Vec::new();
        write_message(&mut out, HandshakeType::CLIENT_HELLO, |w| message.write(w)).unwrap();
        let binders = message.extensions.pre_shared_key.map(|p| written(|w| p.write_binders(w)));
        let offset = message.binders_offset(out.len());
        prop_assert_eq!(offset.map(|o| out[o..].to_vec()), binders);
    }

    #[test]
    fn certificate_round_trip(message in certificate()) {
        round_trip!(Certificate, message, None);
    }

    #[test]
    fn certificate_request_round_trip(message in certificate_request()) {
        round_trip!(CertificateRequest, message, None);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn server_hello_round_trip(message in server_hello()) {
        round_trip!(ServerHello, message, Some(2 + 32 + 1 + message.session_id.len() + 2 + 1));
    }

    #[test]
    fn encrypted_extensions_round_trip(message in encrypted_extensions()) {
        round_trip!(EncryptedExtensions, message, None);
    }

    #[test]
    fn certificate_verify_round_trip(message in certificate_verify()) {
        round_trip!(CertificateVerify, message, None);
    }

    #[test]
    fn new_session_ticket_round_trip(message in new_session_ticket()) {
        round_trip!(NewSessionTicket, message, None);
    }

    #[test]
    fn small_messages_round_trip(requested: bool, level: u8, description: u8) {
        let request = KeyUpdateRequest(requested.into());
        round_trip!(KeyUpdate, KeyUpdate { request }, None);
        round_trip!(EndOfEarlyData, EndOfEarlyData, None);
        let (level, description) = (AlertLevel(level), AlertDescription(description));
        round_trip!(Alert, Alert { level, description }, None);
    }

    #[test]
    fn headers_round_trip(record: [u8; 5], handshake: [u8; 4], verify_data in bytes(0..64)) {
        let read = RecordHeader::parse(&record);
        prop_assert_eq!(read.to_bytes(), record);
        prop_assert_eq!(written(|w| read.write(w)), record);
        prop_assert_eq!(written(|w| HandshakeHeader::parse(&handshake).write(w)), handshake);
        prop_assert_eq!(written(|w| Finished::parse(verify_data).write(w)), verify_data);
    }

    #[test]
    fn a_message_has_its_header(before in bytes(0..8), body in bytes(0..300), kind: u8) {
        let mut out = before.to_vec();
        let kind = HandshakeType(kind);
        let place = write_message(&mut out, kind, |w| w.bytes(body)).unwrap();
        prop_assert_eq!(&out[..place.start], before);
        let (header, rest) = out[place].split_first_chunk().unwrap();
        let header = HandshakeHeader::parse(header);
        prop_assert_eq!((header.kind, header.length), (kind, u32::try_from(body.len()).unwrap()));
        prop_assert_eq!(rest, body);
    }
}

/// Gives the bytes to every parser. What one of them takes can be written, and reads the same
/// again; the result is how many do.
fn every_parser(body: &[u8]) -> usize {
    let mut taken = 0;
    macro_rules! each {
        ($($type:ident)*) => {$(
            if let Ok(read) = $type::parse(body) {
                let again = written(|w| read.write(w));
                assert_eq!($type::parse(&again), Ok(read));
                assert!(!format!("{read:?}").is_empty());
                taken += 1;
            }
        )*};
    }
    each! {
        ClientHello ServerHello EncryptedExtensions CertificateRequest Certificate
        CertificateVerify NewSessionTicket EndOfEarlyData KeyUpdate Alert
    }
    taken
}

/// Blocks of extensions with types that are known, unknown and reserved, and contents that are
/// often what some extension has.
fn block() -> impl Strategy<Value = Vec<u8>> {
    let known = (0..=u16::MAX).filter(|v| ExtensionType(*v).name().is_some());
    let kind = prop_oneof![
        8 => prop::sample::select(known.collect::<Vec<_>>()),
        1 => any::<u16>(),
    ];
    let content = prop_oneof![
        Just(Vec::new()),
        vec(any::<u8>(), 0..6),
        vec(any::<u8>(), 1..8).prop_map(|v| written(|w| w.vec8(|w| w.bytes(&v)))),
        vec(any::<u8>(), 2..8).prop_map(|v| written(|w| w.vec16(|w| w.bytes(&v)))),
        vec(any::<u8>(), 1..8).prop_map(|v| written(|w| w.vec16(|w| w.vec8(|w| w.bytes(&v))))),
        vec(any::<u8>(), 1..8).prop_map(|v| written(|w| {
            w.vec16(|w| {
                w.u8(0);
                w.vec16(|w| w.bytes(&v));
            });
        })),
    ];
    vec((kind, content), 0..4).prop_map(|extensions| {
        written(|w| {
            for (kind, content) in extensions {
                w.extension(ExtensionType(kind), |w| w.bytes(&content));
            }
        })
    })
}

/// The beginnings of bodies that end in a block of extensions.
fn before_block() -> impl Strategy<Value = Vec<u8>> {
    let hello = |random: [u8; 32], rest: &[u8]| [&[3, 3], &random[..], rest].concat();
    prop::sample::select(vec![
        hello([0; 32], &[0, 0, 2, 0x13, 0x01, 1, 0]),
        hello([0; 32], &[0, 0x13, 0x01, 0]),
        hello(HELLO_RETRY_REQUEST_RANDOM, &[0, 0x13, 0x01, 0]),
        vec![],
        vec![0],
        vec![0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 1, 7],
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn no_bytes_make_a_parser_panic(body in vec(any::<u8>(), 0..300)) {
        every_parser(&body);
    }

    #[test]
    fn no_extensions_make_a_parser_panic(before in before_block(), block in block()) {
        let mut body = before.clone();
        body.extend(written(|w| w.vec16(|w| w.bytes(&block))));
        every_parser(&body);
        let in_certificate = written(|w| {
            w.u8(0);
            w.vec24(|w| {
                w.bytes(&[0, 0, 1, 7]);
                w.vec16(|w| w.bytes(&block));
            });
        });
        every_parser(&in_certificate);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn changed_messages_are_read_or_refused(
        messages in (
            client_hello(),
            server_hello(),
            encrypted_extensions(),
            certificate_request(),
            certificate(),
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
