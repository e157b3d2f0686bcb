//! Exact bytes: messages of RFC 8448 read, others written.

use super::*;

#[test]
fn client_hello_of_rfc_8448() {
    let message = hex(
        "010000c00303cb34ecb1e78163ba1c38c6dacb196a6dffa21a8d9912ec18a2ef6283024dece7000006130113
         031302010000910000000b0009000006736572766572ff01000100000a00140012001d0017001800190100
         01010102010301040023000000330026002400 1d002099381de560e4bd43d23d8e435a7dbafeb3c06e51c1
         3cae4d5413691e529aaf2c002b0003020304000d0020001e040305030603020308040805080604010501060
         1020104020502060202 02002d00020101001c00024001",
    );
    let hello = ClientHello::parse(body_of(&message, HandshakeType::CLIENT_HELLO)).unwrap();
    assert_eq!(hello.legacy_version, ProtocolVersion::TLS12);
    assert_eq!(hello.random[..4], [0xcb, 0x34, 0xec, 0xb1]);
    assert_eq!(hello.session_id, b"");
    assert_eq!(
        hello.cipher_suites,
        List::Values(&[
            CipherSuite::TLS_AES_128_GCM_SHA256,
            CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
            CipherSuite::TLS_AES_256_GCM_SHA384,
        ])
    );
    assert_eq!(hello.compression_methods, [0]);
    let e = &hello.extensions;
    assert_eq!(e.server_name, Some(&b"server"[..]));
    assert_eq!(e.renegotiation_info, Some(&b""[..]));
    assert_eq!(e.session_ticket, Some(&b""[..]));
    assert_eq!(e.supported_groups.unwrap().len(), 9);
    assert!(e.supported_groups.unwrap().contains(NamedGroup::SECP521R1));
    assert_eq!(
        e.supported_versions,
        Some(List::Values(&[ProtocolVersion::TLS13]))
    );
    assert_eq!(e.signature_algorithms.unwrap().len(), 15);
    assert_eq!(
        e.psk_key_exchange_modes,
        Some(List::Values(&[PskKeyExchangeMode::PSK_DHE_KE]))
    );
    assert_eq!(e.record_size_limit, Some(16385));
    let shares = e.key_shares.unwrap();
    assert_eq!(shares.len(), 1);
    assert_eq!(shares.get(NamedGroup::X25519).unwrap()[..2], [0x99, 0x38]);
    assert_eq!(shares.get(NamedGroup::SECP256R1), None);
    assert_eq!(e.unknown, None);
    assert_eq!(e.present, e.offered());
    assert_eq!(
        e.present.to_string(),
        "server_name, supported_groups, signature_algorithms, record_size_limit, session_ticket, \
         supported_versions, psk_key_exchange_modes, key_share, renegotiation_info"
    );
}

#[test]
fn server_hello_of_rfc_8448() {
    let message = hex(
        "020000560303a6af06a4121860dc5e6e60249cd34c95930c8ac5cb1434dac155772ed3e2692800130100002e
         00330024001d0020c9828876112095fe66762bdbf7c672e156d6cc253b833df1dd69b1b04e751f0f002b0002
         0304",
    );
    let hello = ServerHello::parse(body_of(&message, HandshakeType::SERVER_HELLO)).unwrap();
    assert!(!hello.is_hello_retry_request());
    assert_eq!(hello.cipher_suite, CipherSuite::TLS_AES_128_GCM_SHA256);
    assert_eq!(hello.compression_method, 0);
    assert_eq!(
        hello.extensions.supported_version,
        Some(ProtocolVersion::TLS13)
    );
    let share = hello.extensions.key_share.unwrap();
    assert_eq!(share.group, NamedGroup::X25519);
    assert_eq!(share.key_exchange[..3], [0xc9, 0x82, 0x88]);
    assert_eq!(hello.extensions.retry_group, None);
}

#[test]
fn encrypted_extensions_of_rfc_8448() {
    let message =
        hex("080000240022000a00140012001d00170018001901000101010201030104001c0002400100000000");
    let body = body_of(&message, HandshakeType::ENCRYPTED_EXTENSIONS);
    let extensions = EncryptedExtensions::parse(body).unwrap();
    assert!(extensions.server_name && !extensions.early_data);
    assert_eq!(extensions.record_size_limit, Some(16385));
    assert_eq!(
        extensions.supported_groups.unwrap().first(),
        Some(NamedGroup::X25519)
    );
    assert_eq!(extensions.alpn, None);
}

#[test]
fn hello_retry_request_byte_for_byte() {
    let retry = ServerHello {
        legacy_version: ProtocolVersion::TLS12,
        random: &HELLO_RETRY_REQUEST_RANDOM,
        session_id: &[7; 2],
        cipher_suite: CipherSuite::TLS_AES_128_GCM_SHA256,
        compression_method: 0,
        extensions: ServerHelloExtensions {
            supported_version: Some(ProtocolVersion::TLS13),
            retry_group: Some(NamedGroup::SECP256R1),
            cookie: Some(&[1, 2, 3]),
            ..Default::default()
        },
    };
    let bytes = written(|w| retry.write(w));
    let expected = "0303 cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c
         020707 1301 00 0015 003300020017 002c00050003010203 002b00020304";
    assert_eq!(bytes, hex(expected));
    assert!(retry.is_hello_retry_request());
    assert_eq!(ServerHello::parse(&bytes), Ok(retry));
}

#[test]
fn the_other_messages_byte_for_byte() {
    let ticket = NewSessionTicket {
        lifetime: 7200,
        age_add: 0x01020304,
        nonce: &[0],
        ticket: b"abc",
        max_early_data: Some(16384),
        ..Default::default()
    };
    assert_eq!(
        written(|w| ticket.write(w)),
        hex("00001c20 01020304 0100 0003616263 0008 002a 0004 00004000")
    );
    let request = CertificateRequest {
        signature_algorithms: Some(List::Values(&[SignatureScheme::ED25519])),
        certificate_authorities: Some(List::Values(&[DistinguishedName(&[0x30, 0])])),
        status_request: true,
        ..Default::default()
    };
    assert_eq!(
        written(|w| request.write(w)),
        hex("00 0016 000d 0004 0002 0807 002f 0006 0004 0002 3000 0005 0000")
    );
    let certificate = Certificate {
        context: &[],
        entries: List::Values(&[CertificateEntry {
            certificate: &[0xaa],
            ocsp: Some(&[0xbb, 0xbb]),
            ..Default::default()
        }]),
    };
    assert_eq!(
        written(|w| certificate.write(w)),
        hex("00 000010 000001aa 000a 0005 0006 01 000002 bbbb")
    );
    let verify = CertificateVerify {
        scheme: SignatureScheme::ED25519,
        signature: &[9; 2],
    };
    assert_eq!(written(|w| verify.write(w)), hex("0807 0002 0909"));
    let record = RecordHeader {
        content_type: ContentType::HANDSHAKE,
        version: ProtocolVersion::TLS10,
        length: 0x1234,
    };
    assert_eq!(record.to_bytes(), *b"\x16\x03\x01\x12\x34");
    let mut out = vec![0xff];
    let place = write_message(&mut out, HandshakeType::KEY_UPDATE, |w| {
        let request = KeyUpdateRequest::UPDATE_REQUESTED;
        KeyUpdate { request }.write(w);
    });
    assert_eq!(place, Ok(1..6));
    assert_eq!(out, hex("ff 18000001 01"));
}
