//! The rules that a random test would rarely meet, and exact bytes.

mod bytes;
mod tls12;

use crate::codepoint::*;
use crate::error::{DecodeError, DecodeFault};
use crate::wire::*;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::string::{String, ToString};
use std::vec::Vec;
use std::{format, vec};

fn hex(text: &str) -> Vec<u8> {
    let digits: String = text.split_whitespace().collect();
    (0..digits.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(&digits[i..i + 2], 16).unwrap())
        .collect()
}

/// The body of a message given with its header, which must tell its kind and length.
fn body_of(message: &[u8], kind: HandshakeType) -> &[u8] {
    let (header, body) = message.split_first_chunk::<4>().unwrap();
    let header = HandshakeHeader::parse(header);
    assert_eq!(header.kind, kind);
    assert_eq!(usize::try_from(header.length).unwrap(), body.len());
    body
}

fn written(write: impl FnOnce(&mut Writer<'_>)) -> Vec<u8> {
    let mut out = Vec::new();
    let mut w = Writer::new(&mut out);
    write(&mut w);
    w.finish().unwrap();
    out
}

fn fault<T: core::fmt::Debug>(result: Result<T, DecodeError>) -> (&'static str, DecodeFault) {
    let e = result.unwrap_err();
    (e.what, e.fault)
}

#[test]
fn lengths_that_do_not_fit_are_told_and_nothing_is_left() {
    let mut out = b"before".to_vec();
    let too_long = [0; 256];
    let result = write_message(&mut out, HandshakeType::CERTIFICATE_REQUEST, |w| {
        CertificateRequest {
            context: &too_long,
            ..Default::default()
        }
        .write(w);
    });
    assert_eq!(result, Err(EncodeError));
    assert_eq!(out, b"before");

    for (len, fits) in [(0xffff, true), (0x1_0000, false)] {
        let content = vec![0; len];
        let mut out = Vec::new();
        let mut w = Writer::new(&mut out);
        w.vec24(|w| w.vec16(|w| w.bytes(&content)));
        assert_eq!(w.finish().is_ok(), fits, "{len}");
    }
    let mut out = Vec::new();
    let mut w = Writer::new(&mut out);
    w.u24(0x0100_0000);
    assert_eq!(w.finish(), Err(EncodeError));
    let content = vec![0; 0x0100_0000];
    let result = write_message(&mut out, HandshakeType::FINISHED, |w| w.bytes(&content));
    assert_eq!(result, Err(EncodeError));
}

#[test]
fn reader_tells_the_field_and_consumes_nothing_it_refuses() {
    let mut r = Reader::new(&[3, 1, 2]);
    assert_eq!(
        r.vec8("field", 0..=9),
        Err(DecodeError::new("field", DecodeFault::Truncated))
    );
    assert_eq!(r.remaining(), 2);
    assert_eq!(fault(r.u24("field")), ("field", DecodeFault::Truncated));
    assert_eq!(
        fault(r.finish("field")),
        ("field", DecodeFault::TrailingBytes)
    );
    assert_eq!(r.u16("field"), Ok(0x0102));
    assert_eq!(r.finish("field"), Ok(()));
    let mut r = Reader::new(&[0, 0, 2, 1, 2]);
    assert_eq!(
        r.vec24("field", 3..=5),
        Err(DecodeError::new("field", DecodeFault::BadLength))
    );
}

/// A message of each kind around a block of extensions.
fn around(kind: MessageKind, block: &[u8]) -> Vec<u8> {
    written(|w| {
        match kind {
            MessageKind::ClientHello => {
                w.bytes(&hex("0303"));
                w.bytes(&[1; 32]);
                w.bytes(&hex("00 0002 1301 01 00"));
            }
            MessageKind::ServerHello | MessageKind::OldServerHello => {
                w.bytes(&hex("0303"));
                w.bytes(&[1; 32]);
                w.bytes(&hex("00 1301 00"));
            }
            MessageKind::HelloRetryRequest => {
                w.bytes(&hex("0303"));
                w.bytes(&HELLO_RETRY_REQUEST_RANDOM);
                w.bytes(&hex("00 1301 00"));
            }
            MessageKind::EncryptedExtensions => {}
            MessageKind::CertificateRequest => w.u8(0),
            MessageKind::CertificateEntry => w.bytes(&hex("000001 aa")),
            MessageKind::NewSessionTicket => w.bytes(&hex("00000001 00000002 00 0001aa")),
        }
        w.vec16(|w| w.bytes(block));
    })
}

/// What the parser of the message makes of a block: the extensions seen, or the error.
fn seen(
    kind: MessageKind,
    block: &[u8],
) -> Result<(ExtensionSet, Option<ExtensionType>), DecodeError> {
    let body = around(kind, block);
    match kind {
        MessageKind::ClientHello => {
            ClientHello::parse(&body).map(|m| (m.extensions.present, m.extensions.unknown))
        }
        MessageKind::ServerHello | MessageKind::OldServerHello | MessageKind::HelloRetryRequest => {
            ServerHello::parse(&body).map(|m| (m.extensions.present, m.extensions.unknown))
        }
        MessageKind::EncryptedExtensions => {
            EncryptedExtensions::parse(&body).map(|m| (m.present, m.unknown))
        }
        MessageKind::CertificateRequest => {
            CertificateRequest::parse(&body).map(|m| (m.present, m.unknown))
        }
        MessageKind::CertificateEntry => {
            let body = written(|w| {
                w.u8(0);
                w.vec24(|w| w.bytes(&body));
            });
            Certificate::parse(&body)
                .map(|m| m.entries.first().map(|e| (e.present, e.unknown)).unwrap())
        }
        MessageKind::NewSessionTicket => {
            NewSessionTicket::parse(&body).map(|m| (m.present, m.unknown))
        }
    }
}

const KINDS: [MessageKind; 8] = [
    MessageKind::ClientHello,
    MessageKind::ServerHello,
    MessageKind::HelloRetryRequest,
    MessageKind::OldServerHello,
    MessageKind::EncryptedExtensions,
    MessageKind::CertificateRequest,
    MessageKind::CertificateEntry,
    MessageKind::NewSessionTicket,
];

fn extension(kind: ExtensionType, data: &[u8]) -> Vec<u8> {
    written(|w| w.extension(kind, |w| w.bytes(data)))
}

const UNKNOWN: ExtensionType = ExtensionType(0x7777);
const SELECTED_TLS13: &[u8] = &[0x00, 0x2b, 0x00, 0x02, 0x03, 0x04];

fn known() -> ExtensionSet {
    KINDS.iter().fold(ExtensionSet::EMPTY, |set, kind| {
        set.union(allowed_in(*kind))
    })
}

/// The table, written the other way round.
#[test]
fn table_by_message() {
    use ExtensionType as E;
    let expect = |kind, extensions: &[ExtensionType]| {
        let set: ExtensionSet = extensions.iter().copied().collect();
        assert_eq!(allowed_in(kind), set, "{kind:?}");
    };
    expect(
        MessageKind::ServerHello,
        &[E::KEY_SHARE, E::PRE_SHARED_KEY, E::SUPPORTED_VERSIONS],
    );
    expect(
        MessageKind::HelloRetryRequest,
        &[
            E::KEY_SHARE,
            E::COOKIE,
            E::SUPPORTED_VERSIONS,
            E::ENCRYPTED_CLIENT_HELLO,
        ],
    );
    expect(
        MessageKind::EncryptedExtensions,
        &[
            E::SERVER_NAME,
            E::MAX_FRAGMENT_LENGTH,
            E::SUPPORTED_GROUPS,
            E::USE_SRTP,
            E::HEARTBEAT,
            E::ALPN,
            E::CLIENT_CERTIFICATE_TYPE,
            E::SERVER_CERTIFICATE_TYPE,
            E::RECORD_SIZE_LIMIT,
            E::EARLY_DATA,
            E::QUIC_TRANSPORT_PARAMETERS,
            E::TICKET_REQUEST,
            E::ENCRYPTED_CLIENT_HELLO,
        ],
    );
    expect(
        MessageKind::CertificateRequest,
        &[
            E::STATUS_REQUEST,
            E::SIGNATURE_ALGORITHMS,
            E::SIGNED_CERTIFICATE_TIMESTAMP,
            E::COMPRESS_CERTIFICATE,
            E::DELEGATED_CREDENTIAL,
            E::CERTIFICATE_AUTHORITIES,
            E::OID_FILTERS,
            E::SIGNATURE_ALGORITHMS_CERT,
        ],
    );
    expect(
        MessageKind::CertificateEntry,
        &[
            E::STATUS_REQUEST,
            E::SIGNED_CERTIFICATE_TIMESTAMP,
            E::DELEGATED_CREDENTIAL,
        ],
    );
    expect(MessageKind::NewSessionTicket, &[E::EARLY_DATA]);
    let every = KINDS.iter().fold(ExtensionSet::EMPTY, |set, kind| {
        set.union(allowed_in(*kind))
    });
    let not_in_client_hello = every.difference(allowed_in(MessageKind::ClientHello));
    assert_eq!(not_in_client_hello, [E::OID_FILTERS].into_iter().collect());
    let named = (0..=u16::MAX).filter(|v| ExtensionType(*v).name().is_some());
    assert_eq!(named.map(ExtensionType).collect::<ExtensionSet>(), every);
    assert_eq!(every.iter().count(), 32);
}

/// Both forms of ServerHello are told apart once their contents are read, which here are empty:
/// what is wrong with one may be told first.
#[test]
fn every_message_refuses_what_the_table_does_not_allow() {
    let grease_and_unknown = [ExtensionType(0x0a0a), ExtensionType(0xfafa), UNKNOWN];
    for kind in KINDS {
        let old_or_new = [MessageKind::ServerHello, MessageKind::OldServerHello].contains(&kind);
        for extension_type in known().iter().chain(grease_and_unknown) {
            let mut block = extension(extension_type, &[]);
            if kind == MessageKind::ServerHello
                && extension_type != ExtensionType::SUPPORTED_VERSIONS
            {
                block.extend(SELECTED_TLS13);
            }
            let is_known = known().contains(extension_type);
            match seen(kind, &block) {
                Err(e) if is_known && !allowed_in(kind).contains(extension_type) => {
                    assert!(
                        old_or_new || e.fault == DecodeFault::NotAllowedHere,
                        "{e:?}"
                    );
                }
                Err(e) => assert_ne!(e.fault, DecodeFault::NotAllowedHere, "{e:?} {kind:?}"),
                Ok((present, unknown)) => {
                    assert_eq!(present.contains(extension_type), is_known);
                    assert_eq!(unknown, (!is_known).then_some(extension_type));
                    assert!(present.difference(allowed_in(kind)).is_empty());
                }
            }
        }
    }
}

#[test]
fn server_hello_keeps_the_versions_apart() {
    let alpn = extension(ExtensionType::ALPN, &hex("0003 02 6832"));
    let share = extension(ExtensionType::KEY_SHARE, &hex("001d 0001 aa"));
    let kind = MessageKind::ServerHello;
    let both = [SELECTED_TLS13, &share].concat();
    assert!(seen(kind, &both).is_ok());
    assert!(seen(kind, &alpn).is_ok());
    let expected = "application_layer_protocol_negotiation";
    for block in [
        [SELECTED_TLS13, &alpn].concat(),
        [&alpn, SELECTED_TLS13].concat(),
    ] {
        assert_eq!(
            fault(seen(kind, &block)),
            (expected, DecodeFault::NotAllowedHere)
        );
    }
    assert_eq!(
        fault(seen(kind, &share)),
        ("key_share", DecodeFault::NotAllowedHere)
    );
}

#[test]
fn duplicates_are_refused_known_or_not() {
    for kind in KINDS {
        for twice in allowed_in(kind)
            .iter()
            .chain([UNKNOWN, ExtensionType(0x0a0a)])
        {
            let one = extension(twice, &[]);
            let other = extension(ExtensionType(0x7778), &[]);
            let block = [&one[..], &other, &one].concat();
            assert_eq!(
                fault(seen(kind, &block)),
                (twice.name().unwrap_or("extension"), DecodeFault::Duplicate),
                "{twice} in {kind:?}"
            );
        }
    }
}

#[test]
fn a_block_full_of_unknown_extensions_is_read() {
    let types = (0..=u16::MAX).filter(|v| ExtensionType(*v).name().is_none());
    let block: Vec<u8> = types
        .take(0xffff / 4)
        .flat_map(|v| extension(ExtensionType(v), &[]))
        .collect();
    for kind in KINDS {
        let (present, unknown) = seen(kind, &block).unwrap();
        assert!(present.is_empty());
        assert_eq!(unknown, Some(ExtensionType(2)));
    }
}

#[test]
fn pre_shared_key_comes_last() {
    let psks = written(|w| {
        w.vec16(|w| {
            PskIdentity {
                identity: b"id",
                obfuscated_ticket_age: 1,
            }
            .write(w)
        });
        w.vec16(|w| Binder(&[5; 32]).write(w));
    });
    let psks = extension(ExtensionType::PRE_SHARED_KEY, &psks);
    let other = extension(UNKNOWN, &[]);
    let kind = MessageKind::ClientHello;
    assert!(seen(kind, &[&other[..], &psks].concat()).is_ok());
    assert_eq!(
        fault(seen(kind, &[&psks[..], &other].concat())),
        ("pre_shared_key", DecodeFault::NotLast)
    );
    // In a ServerHello it may stand anywhere.
    let selected = extension(ExtensionType::PRE_SHARED_KEY, &[0, 0]);
    assert!(
        seen(
            MessageKind::ServerHello,
            &[&selected[..], SELECTED_TLS13].concat()
        )
        .is_ok()
    );
}

#[test]
fn binders_are_the_end_of_the_message() {
    let binders = [Binder(&[5; 32]), Binder(&[6; 48])];
    let identity = |identity| PskIdentity {
        identity,
        obfuscated_ticket_age: 0,
    };
    let psks = OfferedPsks {
        identities: List::Values(&[identity(b"one"), identity(b"two")]),
        binders: List::Values(&binders),
    };
    let hello = ClientHello {
        legacy_version: ProtocolVersion::TLS12,
        random: &[0; 32],
        session_id: &[],
        cipher_suites: List::Values(&[CipherSuite::TLS_AES_128_GCM_SHA256]),
        compression_methods: &[0],
        extensions: ClientExtensions {
            grease: Some(GreaseExtensions {
                first: ExtensionType(0x1a1a),
                last: ExtensionType(0x2a2a),
            }),
            early_data: true,
            pre_shared_key: Some(psks),
            ..Default::default()
        },
    };
    let mut out = Vec::new();
    write_message(&mut out, HandshakeType::CLIENT_HELLO, |w| hello.write(w)).unwrap();
    let offset = hello.binders_offset(out.len()).unwrap();
    assert_eq!(out[offset..], written(|w| psks.write_binders(w)));
    assert_eq!(out.len() - offset, 2 + 33 + 49);
    assert_eq!(psks.binders_offset(83), None);
    let read = ClientHello::parse(&out[4..]).unwrap();
    assert_eq!(read.binders_offset(out.len()), Some(offset));

    // One binder less than identities.
    let fewer = OfferedPsks {
        binders: List::Values(&binders[..1]),
        ..psks
    };
    let block = written(|w| w.extension(ExtensionType::PRE_SHARED_KEY, |w| fewer.write(w)));
    assert_eq!(
        fault(seen(MessageKind::ClientHello, &block)),
        ("OfferedPsks.binders", DecodeFault::BadValue)
    );

    // RFC 8701 3.1: the first one empty, the last one not, and pre_shared_key after it.
    let extensions = List::<Extension<'_>>::parse(&out[4 + 2 + 32 + 1 + 4 + 2 + 2..]).unwrap();
    let shape: Vec<_> = extensions
        .iter()
        .map(|e| (e.kind.0, e.data.len()))
        .collect();
    assert_eq!(shape[..3], [(0x1a1a, 0), (42, 0), (0x2a2a, 1)]);
    assert_eq!(shape[3].0, 41);
    assert_eq!(read.extensions.grease, None);
    assert_eq!(read.extensions.unknown, Some(ExtensionType(0x1a1a)));
    assert_eq!(read.extensions.present, hello.extensions.offered());
}

#[test]
fn server_name_holds_one_host_name() {
    let read = |list: &str| {
        let body = around(
            MessageKind::ClientHello,
            &extension(ExtensionType::SERVER_NAME, &hex(list)),
        );
        ClientHello::parse(&body).map(|m| m.extensions.server_name.map(<[u8]>::to_vec))
    };
    assert_eq!(read("0004 00 0001 61"), Ok(Some(b"a".to_vec())));
    assert_eq!(read("0008 07 0001 7a 00 0001 61"), Ok(Some(b"a".to_vec())));
    assert_eq!(read("0004 07 0001 7a"), Ok(None));
    let twice = fault(read("0008 00 0001 61 00 0001 62"));
    assert_eq!(twice, ("HostName", DecodeFault::Duplicate));
    assert_eq!(
        fault(read("0003 00 0000")),
        ("HostName", DecodeFault::BadLength)
    );
    assert_eq!(
        fault(read("0000")),
        ("ServerNameList.server_name_list", DecodeFault::BadLength)
    );
    assert_eq!(
        fault(read("0004 00 0001 61 00")),
        ("server_name", DecodeFault::TrailingBytes)
    );
}

#[test]
fn status_request_of_an_unknown_type_is_none() {
    let read = |content: &str| {
        let block = extension(ExtensionType::STATUS_REQUEST, &hex(content));
        ClientHello::parse(&around(MessageKind::ClientHello, &block))
            .map(|m| m.extensions.status_request)
    };
    assert_eq!(read("01 0000 0000"), Ok(true));
    assert_eq!(read("01 0003 0001 aa 0001 bb"), Ok(true));
    assert_eq!(read("02 ffff"), Ok(false));
    assert_eq!(
        fault(read("01 0002 0000 0000")),
        ("ResponderID", DecodeFault::BadLength)
    );
    assert_eq!(
        fault(read("01 0000 0000 00")),
        ("status_request", DecodeFault::TrailingBytes)
    );
}

#[test]
fn lengths_and_values_out_of_range() {
    use DecodeFault::{BadLength, BadValue, Duplicate, TrailingBytes, Truncated};
    use ExtensionType as E;
    let client = [
        (
            E::SUPPORTED_VERSIONS,
            "00",
            "SupportedVersions.versions",
            BadLength,
        ),
        (
            E::SUPPORTED_VERSIONS,
            "03 0304 03",
            "ProtocolVersion",
            Truncated,
        ),
        (
            E::SUPPORTED_GROUPS,
            "0000",
            "NamedGroupList.named_group_list",
            BadLength,
        ),
        (
            E::KEY_SHARE,
            "0004 001d 0000",
            "KeyShareEntry.key_exchange",
            BadLength,
        ),
        (
            E::KEY_SHARE,
            "000a 001d0001aa 001d0001bb",
            "KeyShareEntry.group",
            Duplicate,
        ),
        (
            E::ALPN,
            "0000",
            "ProtocolNameList.protocol_name_list",
            BadLength,
        ),
        (E::ALPN, "0003 00 0161", "ProtocolName", BadLength),
        (E::COOKIE, "0000", "Cookie.cookie", BadLength),
        (
            E::PSK_KEY_EXCHANGE_MODES,
            "00",
            "PskKeyExchangeModes.ke_modes",
            BadLength,
        ),
        (E::EARLY_DATA, "00", "early_data", TrailingBytes),
        (
            E::POST_HANDSHAKE_AUTH,
            "00",
            "post_handshake_auth",
            TrailingBytes,
        ),
        (
            E::EXTENDED_MASTER_SECRET,
            "00",
            "extended_master_secret",
            TrailingBytes,
        ),
        (E::RECORD_SIZE_LIMIT, "40", "RecordSizeLimit", Truncated),
        (
            E::EC_POINT_FORMATS,
            "00",
            "ECPointFormatList.ec_point_format_list",
            BadLength,
        ),
    ];
    for (kind, content, what, expected) in client {
        let block = extension(kind, &hex(content));
        assert_eq!(
            fault(seen(MessageKind::ClientHello, &block)),
            (what, expected),
            "{kind}"
        );
    }
    let two_names = extension(E::ALPN, &hex("0004 0161 0162"));
    assert_eq!(
        fault(seen(MessageKind::EncryptedExtensions, &two_names)),
        ("ProtocolNameList.protocol_name_list", BadLength)
    );
    let status = extension(E::STATUS_REQUEST, &hex("02 000001 aa"));
    assert_eq!(
        fault(seen(MessageKind::CertificateEntry, &status)),
        ("CertificateStatus.status_type", BadValue)
    );
    assert_eq!(
        fault(KeyUpdate::parse(&[2])),
        ("KeyUpdate.request_update", BadValue)
    );
    assert_eq!(
        fault(KeyUpdate::parse(&[1, 0])),
        ("KeyUpdate", TrailingBytes)
    );
    assert_eq!(
        fault(EndOfEarlyData::parse(&[0])),
        ("EndOfEarlyData", TrailingBytes)
    );
    assert_eq!(fault(Alert::parse(&[2])), ("Alert.description", Truncated));
    let empty_certificate = hex("00 000005 000000 0000");
    assert_eq!(
        fault(Certificate::parse(&empty_certificate)),
        ("CertificateEntry.cert_data", BadLength)
    );
}

/// Items that are too short in vectors that are long enough.
#[test]
fn items_have_a_least_length() {
    use ExtensionType as E;
    use MessageKind as M;
    let identity = |bytes: &'static [u8]| PskIdentity {
        identity: bytes,
        obfuscated_ticket_age: 0,
    };
    let psks = |identities: &'static [&'static [u8]], binder: &'static [u8]| {
        written(|w| {
            w.vec16(|w| identities.iter().for_each(|i| identity(i).write(w)));
            w.vec16(|w| identities.iter().for_each(|_| Binder(binder).write(w)));
        })
    };
    let cases = [
        (
            M::ClientHello,
            E::PRE_SHARED_KEY,
            psks(&[b"a", b""], &[0; 32]),
            "PskIdentity.identity",
        ),
        (
            M::ClientHello,
            E::PRE_SHARED_KEY,
            psks(&[b"a", b"b"], &[0; 31]),
            "PskBinderEntry",
        ),
        (
            M::ClientHello,
            E::PRE_SHARED_KEY,
            psks(&[b""], &[0; 32]),
            "OfferedPsks.identities",
        ),
        (
            M::ClientHello,
            E::PRE_SHARED_KEY,
            psks(&[b"a"], &[0; 31]),
            "OfferedPsks.binders",
        ),
        (
            M::CertificateRequest,
            E::CERTIFICATE_AUTHORITIES,
            hex("0005 0001 30 0000"),
            "DistinguishedName",
        ),
        (
            M::CertificateRequest,
            E::CERTIFICATE_AUTHORITIES,
            hex("0000"),
            "CertificateAuthoritiesExtension.authorities",
        ),
        (
            M::CertificateRequest,
            E::SIGNATURE_ALGORITHMS,
            hex("0000"),
            "SignatureSchemeList.supported_signature_algorithms",
        ),
        (
            M::CertificateEntry,
            E::STATUS_REQUEST,
            hex("01 000000"),
            "OCSPResponse",
        ),
        (
            M::HelloRetryRequest,
            E::COOKIE,
            hex("0000"),
            "Cookie.cookie",
        ),
        (
            M::ServerHello,
            E::KEY_SHARE,
            hex("001d 0000"),
            "KeyShareEntry.key_exchange",
        ),
    ];
    for (kind, extension_type, content, what) in cases {
        let block = extension(extension_type, &content);
        assert_eq!(fault(seen(kind, &block)), (what, DecodeFault::BadLength));
    }
    let no_ticket = hex("00000001 00000002 00 0000 0000");
    assert_eq!(
        fault(NewSessionTicket::parse(&no_ticket)),
        ("NewSessionTicket.ticket", DecodeFault::BadLength)
    );
}

#[test]
fn fixed_fields_of_the_hellos_out_of_range() {
    let head = [&[3, 3][..], &[1; 32]].concat();
    let client = |rest: &str| {
        let body = [head.clone(), hex(rest)].concat();
        ClientHello::parse(&body).map(|_| ())
    };
    let server = |rest: &str| {
        let body = [head.clone(), hex(rest)].concat();
        ServerHello::parse(&body).map(|_| ())
    };
    let long = "21".repeat(34);
    assert_eq!(client("00 0002 1301 01 00"), Ok(()));
    assert_eq!(
        fault(client(&long)),
        ("ClientHello.legacy_session_id", DecodeFault::BadLength)
    );
    assert_eq!(
        fault(client("00 0000 01 00")),
        ("ClientHello.cipher_suites", DecodeFault::BadLength)
    );
    assert_eq!(
        fault(client("00 0003 130113 01 00")),
        ("CipherSuite", DecodeFault::Truncated)
    );
    assert_eq!(
        fault(client("00 0002 1301 00")),
        (
            "ClientHello.legacy_compression_methods",
            DecodeFault::BadLength
        )
    );
    assert_eq!(
        fault(client("00 0002 1301 01 00 0000 00")),
        ("ClientHello", DecodeFault::TrailingBytes)
    );
    assert_eq!(server("00 1301 00"), Ok(()));
    assert_eq!(
        fault(server(&long)),
        ("ServerHello.legacy_session_id_echo", DecodeFault::BadLength)
    );
    assert_eq!(
        fault(server("00 1301 00 0000 00")),
        ("ServerHello", DecodeFault::TrailingBytes)
    );
}

#[test]
fn a_client_hello_without_a_block_of_extensions() {
    let body = around(MessageKind::ClientHello, &[]);
    let bare = &body[..body.len() - 2];
    let hello = ClientHello::parse(bare).unwrap();
    assert_eq!(hello.extensions, ClientExtensions::default());
    assert_eq!(hello, ClientHello::parse(&body).unwrap());
    assert_eq!(written(|w| hello.write(w)), bare);
}

#[test]
fn lists_are_equal_by_their_items() {
    let values = [NamedGroup::X25519, NamedGroup(0x2a2a)];
    let wire = List::<NamedGroup>::parse(&[0x00, 0x1d, 0x2a, 0x2a]).unwrap();
    assert_eq!(wire, List::from(&values));
    assert_ne!(wire, List::Values(&values[..1]));
    assert_eq!(format!("{wire:?}"), "[x25519, NamedGroup(0x2a2a)]");
    assert!(wire.contains(NamedGroup(0x2a2a)) && !wire.contains(NamedGroup::SECP256R1));
    assert_eq!(wire.into_iter().collect::<Vec<_>>(), values);
    assert!(!wire.is_empty() && List::<NamedGroup>::default().is_empty());
}

#[test]
fn duplicates_are_found_wherever_they_are() {
    let all: Vec<u16> = (0..=u16::MAX).collect();
    assert_eq!(codec::duplicate(all.iter().copied()), None);
    for again in (0..=u16::MAX).step_by(257) {
        let with = [again].into_iter().chain((again..=u16::MAX).rev());
        assert_eq!(codec::duplicate(with), Some(again));
    }
    assert_eq!(codec::duplicate([].into_iter()), None);
}

proptest! {
    #[test]
    fn duplicates_are_those_that_a_set_finds(
        values in proptest::collection::vec(prop_oneof![0u16..64, any::<u16>()], 0..24)
    ) {
        let set: BTreeSet<u16> = values.iter().copied().collect();
        let twice = |v| values.iter().filter(|other| **other == v).count() > 1;
        match codec::duplicate(values.iter().copied()) {
            Some(found) => prop_assert!(twice(found)),
            None => prop_assert_eq!(set.len(), values.len()),
        }
    }
}
