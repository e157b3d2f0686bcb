//! Our client against `openssl s_server`.

use crate::common::certs::{Ca, KeyKind, TestPki, roots};
use crate::support::{
    BULK, Files, NAME, OurClient, Peer, Site, Watch, alert_of, connect, connect_to, credential,
    free_port, hex, leaf, need, noise, read_until, receive_until, shake, tls_error,
};
use std::io::{ErrorKind as Io, Read, Write};
use std::ops::RangeInclusive;
use std::path::Path;
use symbolon::codepoint::{
    AlertDescription, CipherSuite, HandshakeType, NamedGroup, SignatureScheme,
};
use symbolon::config::ClientConfig;
use symbolon::config::Direction::{Received, Sent};

const SUITES: &str = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:\
                      TLS_AES_128_CCM_SHA256:TLS_AES_128_CCM_8_SHA256";

/// Starts a server on a port of its own choice.
fn start(site: &Site, openssl: &Path, files: &Files, more: &[&str]) -> (Peer, u16) {
    start_any(site, openssl, files, &[&["-tls1_3"], more].concat())
}

/// Starts a server of the versions that the arguments say.
pub fn start_any(site: &Site, openssl: &Path, files: &Files, more: &[&str]) -> (Peer, u16) {
    let mut args = vec!["s_server", "-accept", "0"];
    args.extend(["-cert", &files.cert, "-cert_chain", &files.cert]);
    args.extend(["-key", &files.key]);
    args.extend(more);
    let mut peer = Peer::start(&site.dir, openssl, &args);
    let address = peer.wait_for("ACCEPT ");
    let port = address
        .rsplit(':')
        .next()
        .and_then(|port| port.trim().parse().ok());
    (peer, port.expect("a port"))
}

/// A line to a server that sends lines back reversed.
pub fn reversed(stream: &mut OurClient) {
    stream.write_all(b"nolobmys\n").expect("it takes data");
    assert_eq!(read_until(stream, b"\n"), b"symbolon\n");
}

#[test]
fn each_suite_and_each_group() {
    let openssl = need!("openssl");
    let site = Site::new();
    let files = site.server_files(KeyKind::EcdsaP256);
    let more = [
        "-rev",
        "-ciphersuites",
        SUITES,
        "-cipher",
        "DEFAULT@SECLEVEL=0",
    ];
    let groups = ["-groups", "X25519:P-256:P-384"];
    let (_peer, port) = start(&site, &openssl, &files, &[&more[..], &groups].concat());
    for suite in [
        CipherSuite::TLS_AES_128_GCM_SHA256,
        CipherSuite::TLS_AES_256_GCM_SHA384,
        CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
        CipherSuite::TLS_AES_128_CCM_SHA256,
        CipherSuite::TLS_AES_128_CCM_8_SHA256,
    ] {
        let config = site.client().cipher_suites(&[suite]).build().unwrap();
        let mut stream = connect(port, config);
        assert_eq!(shake(&mut stream).cipher_suite, suite);
        reversed(&mut stream);
        stream.close().unwrap();
    }
    for group in [
        NamedGroup::X25519,
        NamedGroup::SECP256R1,
        NamedGroup::SECP384R1,
    ] {
        let config = site.client().groups(&[group]).build().unwrap();
        let mut stream = connect(port, config);
        let summary = shake(&mut stream);
        assert_eq!(summary.group, Some(group));
        assert!(!summary.hello_retry_request);
        reversed(&mut stream);
        stream.close().unwrap();
    }
}

#[test]
fn each_kind_of_signature() {
    let openssl = need!("openssl");
    let site = Site::new();
    for (kind, scheme) in [
        (KeyKind::EcdsaP256, SignatureScheme::ECDSA_SECP256R1_SHA256),
        (KeyKind::EcdsaP384, SignatureScheme::ECDSA_SECP384R1_SHA384),
        (KeyKind::Ed25519, SignatureScheme::ED25519),
        (KeyKind::Rsa2048, SignatureScheme::RSA_PSS_RSAE_SHA256),
    ] {
        let identity = site.server(kind);
        let files = site.files("server", &identity);
        let (_peer, port) = start(&site, &openssl, &files, &["-rev"]);
        let mut stream = connect(port, site.client().build().unwrap());
        let summary = shake(&mut stream);
        assert_eq!(summary.peer_signature_scheme, Some(scheme), "{kind:?}");
        assert_eq!(leaf(&summary), identity.0[0]);
        reversed(&mut stream);
    }
}

#[test]
fn a_client_certificate_of_each_kind() {
    let openssl = need!("openssl");
    let site = Site::new();
    let files = site.server_files(KeyKind::EcdsaP256);
    let verify = [
        "-rev",
        "-Verify",
        "3",
        "-verify_return_error",
        "-CAfile",
        &site.ca,
    ];
    let (mut peer, port) = start(&site, &openssl, &files, &verify);
    for kind in KeyKind::ALL {
        let name = format!("client {kind:?}");
        let own = credential(site.pki.client(&name, kind));
        let config = site.client().credential(own).build().unwrap();
        let mut stream = connect(port, config);
        assert!(shake(&mut stream).signature_scheme.is_some());
        reversed(&mut stream);
        stream.close().unwrap();
        peer.wait_for(&format!("Peer certificate: O = symbolon test, CN = {name}"));
    }
}

#[test]
fn a_missing_or_foreign_client_certificate_is_refused() {
    let openssl = need!("openssl");
    let site = Site::new();
    let files = site.server_files(KeyKind::EcdsaP256);
    let verify = [
        "-rev",
        "-Verify",
        "3",
        "-verify_return_error",
        "-CAfile",
        &site.ca,
    ];
    let (_peer, port) = start(&site, &openssl, &files, &verify);
    // The client's handshake is done before the server has judged its certificate.
    let mut stream = connect(port, site.client().build().unwrap());
    shake(&mut stream);
    let error = stream.read(&mut [0; 1]).unwrap_err();
    assert_eq!(alert_of(&error), AlertDescription::CERTIFICATE_REQUIRED);

    let foreign = credential(TestPki::new().client("stranger", KeyKind::Ed25519));
    let mut stream = connect(port, site.client().credential(foreign).build().unwrap());
    shake(&mut stream);
    let error = stream.read(&mut [0; 1]).unwrap_err();
    assert_eq!(alert_of(&error), AlertDescription::UNKNOWN_CA);
}

#[test]
fn a_server_that_we_refuse_is_told_why() {
    let openssl = need!("openssl");
    let site = Site::new();
    let files = site.server_files(KeyKind::EcdsaP256);
    let (mut peer, port) = start(&site, &openssl, &files, &[]);
    let other = Ca::root("Other Root", KeyKind::EcdsaP256);
    let trusting_other = ClientConfig::builder().roots(roots([&other.certificate]));
    let mut stream = connect(port, trusting_other.build().unwrap());
    let error = stream.handshake().unwrap_err();
    assert_eq!(
        tls_error(&error).alert(),
        Some(AlertDescription::UNKNOWN_CA)
    );
    peer.wait_for("alert unknown ca");

    let mut stream = connect_to("other.example", port, site.client().build().unwrap());
    let error = stream.handshake().unwrap_err();
    assert_eq!(
        tls_error(&error).alert(),
        Some(AlertDescription::BAD_CERTIFICATE)
    );
    peer.wait_for("alert bad certificate");
}

#[test]
fn alpn_is_agreed_on_or_refused() {
    let openssl = need!("openssl");
    let site = Site::new();
    let files = site.server_files(KeyKind::EcdsaP256);
    let (_peer, port) = start(&site, &openssl, &files, &["-rev", "-alpn", "h2,http/1.1"]);
    let mut stream = connect(port, site.client().alpn(["x", "http/1.1"]).build().unwrap());
    assert_eq!(shake(&mut stream).alpn.as_deref(), Some(&b"http/1.1"[..]));
    stream.close().unwrap();
    let mut stream = connect(port, site.client().build().unwrap());
    assert_eq!(shake(&mut stream).alpn, None);
    stream.close().unwrap();
    let mut stream = connect(port, site.client().alpn(["x"]).build().unwrap());
    let error = stream.handshake().unwrap_err();
    assert_eq!(alert_of(&error), AlertDescription::NO_APPLICATION_PROTOCOL);
}

#[test]
fn a_retry_for_a_group_without_a_share() {
    let openssl = need!("openssl");
    let site = Site::new();
    let files = site.server_files(KeyKind::EcdsaP256);
    let (_peer, port) = start(&site, &openssl, &files, &["-rev", "-groups", "P-256:P-384"]);
    for (shares, group) in [
        (&[NamedGroup::X25519][..], NamedGroup::SECP256R1),
        (&[], NamedGroup::SECP256R1),
        (&[NamedGroup::SECP384R1], NamedGroup::SECP384R1),
    ] {
        let config = site.client().key_shares(shares).build().unwrap();
        let mut stream = connect(port, config);
        let summary = shake(&mut stream);
        assert_eq!(summary.group, Some(group), "{shares:?}");
        assert_eq!(summary.hello_retry_request, !shares.contains(&group));
        reversed(&mut stream);
        stream.close().unwrap();
    }
}

#[test]
fn a_cookie_is_sent_back() {
    let openssl = need!("openssl");
    let site = Site::new();
    let files = site.server_files(KeyKind::EcdsaP256);
    // With the right share, and with another that is to be changed as well.
    for shares in [NamedGroup::X25519, NamedGroup::X25519MLKEM768] {
        let (mut peer, port) = start(&site, &openssl, &files, &["-stateless"]);
        let watch = Watch::new();
        let config = site.client().key_shares(&[shares]).observer(watch.clone());
        // Stateless, it doesn't know what a change_cipher_spec after its retry means.
        let config = config.middlebox_compatibility(false);
        let mut stream = connect(port, config.build().unwrap());
        assert!(shake(&mut stream).hello_retry_request);
        assert_eq!(watch.cookies(Received).len(), 1);
        assert_eq!(watch.cookies(Received), watch.cookies(Sent));
        stream.write_all(b"it works\n").unwrap();
        peer.wait_for("it works");
        stream.close().unwrap();
    }
}

#[test]
fn tickets_come_after_the_handshake() {
    let openssl = need!("openssl");
    let site = Site::new();
    let files = site.server_files(KeyKind::EcdsaP256);
    let (_peer, port) = start(&site, &openssl, &files, &["-rev", "-num_tickets", "3"]);
    let mut stream = connect(port, site.client().build().unwrap());
    let summary = shake(&mut stream);
    reversed(&mut stream);
    let sessions: Vec<_> = std::iter::from_fn(|| stream.take_session()).collect();
    assert_eq!(sessions.len(), 3);
    for session in &sessions {
        assert_eq!(session.cipher_suite(), summary.cipher_suite);
        assert_eq!(session.lifetime(), 7200);
        assert!(!session.ticket().is_empty());
        assert_eq!(session.max_early_data(), 0);
    }
    assert_ne!(sessions[0].ticket(), sessions[1].ticket());
    assert_ne!(sessions[0].expose_secret(), sessions[1].expose_secret());
}

#[test]
fn keys_are_updated_from_either_end() {
    let openssl = need!("openssl");
    let site = Site::new();
    let files = site.server_files(KeyKind::EcdsaP256);
    let (mut peer, port) = start(&site, &openssl, &files, &[]);
    let watch = Watch::new();
    let mut stream = connect(port, site.client().observer(watch.clone()).build().unwrap());
    shake(&mut stream);
    let mut round = |number: u32, command: &str, sent: usize, received: RangeInclusive<usize>| {
        if !command.is_empty() {
            // On a line that it reads at once: it looks at the first letter only.
            peer.type_in(command);
            let came = || received.contains(&watch.count(Received, HandshakeType::KEY_UPDATE));
            receive_until(&mut stream, came);
        }
        peer.type_in(&format!("line {number}\n"));
        assert_eq!(
            read_until(&mut stream, b"\n"),
            format!("line {number}\n").as_bytes()
        );
        stream
            .write_all(format!("answer {number}\n").as_bytes())
            .unwrap();
        peer.wait_for(&format!("answer {number}"));
        assert_eq!(watch.count(Sent, HandshakeType::KEY_UPDATE), sent);
        assert!(received.contains(&watch.count(Received, HandshakeType::KEY_UPDATE)));
        stream.connection().update_keys(number == 2).unwrap();
    };
    // It asks for ours, then not; we ask for its own after the second round only.
    round(1, "K\n", 1, 1..=1);
    round(2, "k\n", 2, 2..=2);
    // Its own goes out with the next line that it sends, which may be this one already.
    round(3, "", 3, 2..=3);
    round(4, "", 4, 3..=3);
}

#[test]
fn bulk_data_to_it_under_many_keys() {
    let openssl = need!("openssl");
    let site = Site::new();
    let files = site.server_files(KeyKind::EcdsaP256);
    // Quiet, it prints nothing but the data, and so doesn't tell its port.
    let port = free_port();
    let accept = port.to_string();
    let mut args = vec!["s_server", "-accept", &accept, "-quiet", "-naccept", "1"];
    args.extend(["-cert", &files.cert, "-cert_chain", &files.cert]);
    args.extend(["-key", &files.key]);
    let mut peer = Peer::start(&site.dir, &openssl, &args);
    let watch = Watch::new();
    let config = site.client().observer(watch.clone()).key_limit(100);
    let mut stream = connect(port, config.build().unwrap());
    let data = noise(BULK);
    stream.write_all(&data).unwrap();
    stream.close().unwrap();
    assert!(peer.exit().success());
    assert!(peer.output() == data, "the data differs");
    assert!(watch.count(Sent, HandshakeType::KEY_UPDATE) >= 10);
}

#[test]
fn bulk_data_from_it() {
    let openssl = need!("openssl");
    let site = Site::new();
    let files = site.server_files(KeyKind::EcdsaP256);
    let data = noise(BULK);
    site.dir.write("bulk", &data);
    let (_peer, port) = start(&site, &openssl, &files, &["-WWW", "-http_server_binmode"]);
    let mut stream = connect(port, site.client().build().unwrap());
    stream.write_all(b"GET /bulk HTTP/1.0\r\n\r\n").unwrap();
    let mut all = Vec::new();
    stream.read_to_end(&mut all).expect("data and close_notify");
    let body = all
        .windows(4)
        .position(|w| w == b"\r\n\r\n")
        .expect("a header")
        + 4;
    assert!(all[body..] == data, "the data differs");
}

#[test]
fn exporters_are_equal() {
    let openssl = need!("openssl");
    let site = Site::new();
    let files = site.server_files(KeyKind::EcdsaP256);
    let export = [
        "-keymatexport",
        "EXPORTER-symbolon",
        "-keymatexportlen",
        "32",
    ];
    let (mut peer, port) = start(&site, &openssl, &files, &export);
    for suite in [
        CipherSuite::TLS_AES_128_GCM_SHA256,
        CipherSuite::TLS_AES_256_GCM_SHA384,
    ] {
        let config = site.client().cipher_suites(&[suite]).build().unwrap();
        let mut stream = connect(port, config);
        shake(&mut stream);
        let mut material = [0; 32];
        stream
            .connection()
            .export_keying_material(b"EXPORTER-symbolon", None, &mut material)
            .unwrap();
        peer.wait_for(&format!(
            "Keying material: {}",
            hex(&material).to_uppercase()
        ));
        stream.close().unwrap();
    }
}

#[test]
fn a_stapled_response_comes_with_the_chain() {
    let openssl = need!("openssl");
    let site = Site::new();
    let files = site.server_files(KeyKind::EcdsaP256);
    // OCSPResponse { responseStatus tryLater }: well-formed, and says nothing.
    let response = [0x30, 0x03, 0x0a, 0x01, 0x03];
    let file = site.dir.write("ocsp.der", response);
    let (_peer, port) = start(&site, &openssl, &files, &["-rev", "-status_file", &file]);
    let mut stream = connect(port, site.client().build().unwrap());
    let chain = shake(&mut stream).peer_chain.unwrap();
    assert_eq!(chain.ocsp_response(), Some(&response[..]));
}

#[test]
fn it_chooses_its_certificate_by_our_server_name() {
    let openssl = need!("openssl");
    let site = Site::new();
    let files = site.server_files(KeyKind::EcdsaP256);
    let second = site.pki.leaf(&["second.example"], KeyKind::Ed25519);
    let other = site.files("second", &second);
    let more = [
        "-rev",
        "-servername",
        "second.example",
        "-cert2",
        &other.cert,
    ];
    let key = ["-key2", &other.key, "-no_ign_eof"];
    let (_peer, port) = start(&site, &openssl, &files, &[&more[..], &key[..2]].concat());
    for (name, kind) in [
        (NAME, SignatureScheme::ECDSA_SECP256R1_SHA256),
        ("second.example", SignatureScheme::ED25519),
    ] {
        // The second context of the server has no chain.
        let trusted = [
            &site.pki.root.certificate,
            &site.pki.intermediate.certificate,
        ];
        let config = ClientConfig::builder().roots(roots(trusted));
        let mut stream = connect_to(name, port, config.build().unwrap());
        assert_eq!(shake(&mut stream).peer_signature_scheme, Some(kind));
        stream.close().unwrap();
    }
}

#[test]
fn its_close_notify_is_a_clean_end() {
    let openssl = need!("openssl");
    let site = Site::new();
    let files = site.server_files(KeyKind::EcdsaP256);
    let (_peer, port) = start(&site, &openssl, &files, &["-www"]);
    let watch = Watch::new();
    let mut stream = connect(port, site.client().observer(watch.clone()).build().unwrap());
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
    let mut page = String::new();
    stream
        .read_to_string(&mut page)
        .expect("data and close_notify");
    assert!(page.contains("TLS_AES_128_GCM_SHA256"), "{page}");
    assert_eq!(watch.alerts(Received), [AlertDescription::CLOSE_NOTIFY]);
}

#[test]
fn our_close_notify_ends_it_in_good_order() {
    let openssl = need!("openssl");
    let site = Site::new();
    let files = site.server_files(KeyKind::EcdsaP256);
    let (mut peer, port) = start(&site, &openssl, &files, &["-naccept", "1"]);
    let mut stream = connect(port, site.client().build().unwrap());
    stream.write_all(b"last words\n").unwrap();
    stream.close().unwrap();
    assert!(peer.exit().success());
    assert!(peer.text().contains("last words\nDONE\nshutting down SSL"));
}

#[test]
fn a_killed_server_is_a_truncation() {
    let openssl = need!("openssl");
    let site = Site::new();
    let files = site.server_files(KeyKind::EcdsaP256);
    let (mut peer, port) = start(&site, &openssl, &files, &[]);
    let mut stream = connect(port, site.client().build().unwrap());
    shake(&mut stream);
    peer.type_in("last words\n");
    assert_eq!(read_until(&mut stream, b"\n"), b"last words\n");
    peer.kill();
    assert_eq!(
        stream.read(&mut [0; 1]).unwrap_err().kind(),
        Io::UnexpectedEof
    );
}
