//! GnuTLS, both ways: `gnutls-serv` and `gnutls-cli`.

use crate::common::certs::{Ca, KeyKind, client_params};
use crate::support::{
    BULK, Files, Listener, NAME, OurClient, OurServer, Peer, Site, Watch, alert_of, connect,
    credential, free_port, hex, leaf, need, read_until, shake, tls_error,
};
use std::io::{BufRead, ErrorKind as Io, Read, Write};
use std::path::Path;
use std::process::Stdio;
use symbolon::codepoint::{
    AlertDescription, CipherSuite, HandshakeType, NamedGroup, SignatureScheme,
};
use symbolon::config::ClientAuth;
use symbolon::config::Direction::{Received, Sent};

const TLS13: &str = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+AES-128-CCM-8";

const SUITES: [CipherSuite; 5] = [
    CipherSuite::TLS_AES_128_GCM_SHA256,
    CipherSuite::TLS_AES_256_GCM_SHA384,
    CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
    CipherSuite::TLS_AES_128_CCM_SHA256,
    CipherSuite::TLS_AES_128_CCM_8_SHA256,
];

const GROUPS: [(NamedGroup, &str); 3] = [
    (NamedGroup::X25519, "GROUP-X25519"),
    (NamedGroup::SECP256R1, "GROUP-SECP256R1"),
    (NamedGroup::SECP384R1, "GROUP-SECP384R1"),
];

const SIGNATURES: [(KeyKind, SignatureScheme); 4] = [
    (KeyKind::EcdsaP256, SignatureScheme::ECDSA_SECP256R1_SHA256),
    (KeyKind::EcdsaP384, SignatureScheme::ECDSA_SECP384R1_SHA384),
    (KeyKind::Ed25519, SignatureScheme::ED25519),
    (KeyKind::Rsa2048, SignatureScheme::RSA_PSS_RSAE_SHA256),
];

/// Starts a server that sends lines back.
pub fn start(
    site: &Site,
    serv: &Path,
    files: &Files,
    priority: &str,
    more: &[&str],
) -> (Peer, u16) {
    let port = free_port();
    let number = port.to_string();
    let mut args = vec!["-p", &number, "--echo", "--priority", priority];
    args.extend(["--x509certfile", &files.cert, "--x509keyfile", &files.key]);
    args.extend(more);
    let mut peer = Peer::start(&site.dir, serv, &args);
    peer.wait_for("listening on IPv4");
    (peer, port)
}

/// Starts a client that trusts our root.
pub fn start_client(
    site: &Site,
    cli: &Path,
    listener: &Listener,
    priority: &str,
    more: &[&str],
    stdin: Stdio,
) -> Peer {
    let port = listener.port.to_string();
    let mut args = vec!["127.0.0.1", "-p", &port, "--priority", priority];
    args.extend(["--x509cafile", &site.ca]);
    args.extend(["--sni-hostname", NAME, "--verify-hostname", NAME]);
    args.extend(more);
    Peer::start_with_stdin(&site.dir, cli, &args, stdin)
}

/// A line to the server and back.
pub fn echoed(stream: &mut OurClient) {
    stream
        .write_all(b"there and back\n")
        .expect("it takes data");
    assert_eq!(read_until(stream, b"\n"), b"there and back\n");
}

/// A line from the client, an answer to it, and an end in good order from both.
pub fn converse(stream: &mut OurServer, peer: &mut Peer) {
    peer.type_in("hello\n");
    assert_eq!(read_until(stream, b"\n"), b"hello\n");
    stream.write_all(b"hello yourself\n").unwrap();
    peer.wait_for("hello yourself");
    peer.end_input();
    assert_eq!(stream.read(&mut [0; 1]).unwrap(), 0, "its close_notify");
    stream.close().unwrap();
    assert!(peer.exit().success());
}

/// Many lines.
fn text(length: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let letters = (1..=length).map(|i| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let letter = b'a' + (state >> 24) as u8 % 26;
        if i % 1024 == 0 { b'\n' } else { letter }
    });
    letters.collect()
}

#[test]
fn our_client_with_each_suite_and_each_group() {
    let serv = need!("gnutls-serv");
    let site = Site::new();
    let files = site.server_files(KeyKind::EcdsaP256);
    let (mut peer, port) = start(&site, &serv, &files, TLS13, &[]);
    for suite in SUITES {
        let config = site.client().cipher_suites(&[suite]).build().unwrap();
        let mut stream = connect(port, config);
        let summary = shake(&mut stream);
        assert_eq!(summary.cipher_suite, suite);
        echoed(&mut stream);
        let binding = stream.connection().tls_exporter().unwrap();
        peer.wait_for(&format!("'tls-exporter': {}", hex(&binding)));
        let binding = summary.tls_server_end_point().unwrap();
        peer.wait_for(&format!(
            "'tls-server-end-point': {}",
            hex(binding.as_ref())
        ));
        stream.close().unwrap();
        assert_eq!(stream.read(&mut [0; 1]).unwrap(), 0, "its close_notify");
    }
    for (group, _) in GROUPS {
        let config = site.client().groups(&[group]).build().unwrap();
        let mut stream = connect(port, config);
        let summary = shake(&mut stream);
        assert_eq!(summary.group, Some(group));
        assert!(!summary.hello_retry_request);
        echoed(&mut stream);
    }
}

#[test]
fn its_client_with_each_suite_and_each_group() {
    let cli = need!("gnutls-cli");
    let site = Site::new();
    let listener = Listener::new();
    for suite in SUITES {
        let mut peer = start_client(&site, &cli, &listener, TLS13, &[], Stdio::piped());
        let config = site.our_server(KeyKind::EcdsaP256).cipher_suites(&[suite]);
        let mut stream = listener.accept(config.build().unwrap());
        assert_eq!(shake(&mut stream).cipher_suite, suite);
        converse(&mut stream, &mut peer);
    }
    for (group, name) in GROUPS {
        let priority = format!("{TLS13}:-GROUP-ALL:+{name}");
        let mut peer = start_client(&site, &cli, &listener, &priority, &[], Stdio::piped());
        let mut stream = listener.accept(site.our_server(KeyKind::EcdsaP256).build().unwrap());
        let summary = shake(&mut stream);
        assert_eq!(summary.group, Some(group));
        assert!(!summary.hello_retry_request);
        converse(&mut stream, &mut peer);
    }
}

#[test]
fn certificates_of_each_kind_from_either_end() {
    let (serv, cli) = (need!("gnutls-serv"), need!("gnutls-cli"));
    let site = Site::new();
    let listener = Listener::new();
    let verify = [
        "--require-client-cert",
        "--verify-client-cert",
        "--x509cafile",
        &site.ca,
    ];
    for (kind, scheme) in SIGNATURES {
        let (_peer, port) = start(&site, &serv, &site.server_files(kind), TLS13, &verify);
        let own = credential(site.pki.client("client", kind));
        let mut stream = connect(port, site.client().credential(own).build().unwrap());
        let summary = shake(&mut stream);
        assert_eq!(summary.peer_signature_scheme, Some(scheme));
        assert!(summary.signature_scheme.is_some());
        echoed(&mut stream);

        let identity = site.pki.client("client", kind);
        let own = site.files("client", &identity);
        let own = ["--x509certfile", &own.cert, "--x509keyfile", &own.key];
        let mut peer = start_client(&site, &cli, &listener, TLS13, &own, Stdio::piped());
        let config = site
            .our_server(kind)
            .client_auth(ClientAuth::Required(site.verifier()));
        let mut stream = listener.accept(config.build().unwrap());
        let summary = shake(&mut stream);
        assert_eq!(summary.signature_scheme, Some(scheme));
        assert_eq!(leaf(&summary), identity.0[0]);
        converse(&mut stream, &mut peer);
    }
}

#[test]
fn client_certificates_are_refused_with_the_right_alerts() {
    let (serv, cli) = (need!("gnutls-serv"), need!("gnutls-cli"));
    let site = Site::new();
    let files = site.server_files(KeyKind::EcdsaP256);
    let verify = [
        "--require-client-cert",
        "--verify-client-cert",
        "--x509cafile",
        &site.ca,
    ];
    let (_peer, port) = start(&site, &serv, &files, TLS13, &verify);
    let mut stream = connect(port, site.client().build().unwrap());
    shake(&mut stream);
    let error = stream.read(&mut [0; 1]).unwrap_err();
    assert_eq!(alert_of(&error), AlertDescription::CERTIFICATE_REQUIRED);

    let listener = Listener::new();
    let required = || {
        let auth = ClientAuth::Required(site.verifier());
        site.our_server(KeyKind::EcdsaP256)
            .client_auth(auth)
            .build()
            .unwrap()
    };
    let mut peer = start_client(&site, &cli, &listener, TLS13, &[], Stdio::piped());
    let error = listener.accept(required()).handshake().unwrap_err();
    let alert = tls_error(&error).alert();
    assert_eq!(alert, Some(AlertDescription::CERTIFICATE_REQUIRED));
    peer.wait_for("Received alert [116]");

    let other = Ca::root("Other Root", KeyKind::EcdsaP256);
    let (certificate, key) = other.issue_for(&client_params("stranger"), KeyKind::Ed25519);
    let own = site.files("stranger", &(vec![certificate], key));
    let own = ["--x509certfile", &own.cert, "--x509keyfile", &own.key];
    let mut peer = start_client(&site, &cli, &listener, TLS13, &own, Stdio::piped());
    let error = listener.accept(required()).handshake().unwrap_err();
    assert_eq!(
        tls_error(&error).alert(),
        Some(AlertDescription::UNKNOWN_CA)
    );
    peer.wait_for("Received alert [48]");
}

#[test]
fn a_retry_either_way() {
    let (serv, cli) = (need!("gnutls-serv"), need!("gnutls-cli"));
    let site = Site::new();
    let files = site.server_files(KeyKind::EcdsaP256);
    let listener = Listener::new();
    for (group, name) in GROUPS {
        let other = match group {
            NamedGroup::X25519 => NamedGroup::SECP256R1,
            _ => NamedGroup::X25519,
        };
        let only = format!("{TLS13}:-GROUP-ALL:+{name}");
        let (_peer, port) = start(&site, &serv, &files, &only, &[]);
        let config = site.client().groups(&[other, group]).key_shares(&[other]);
        let mut stream = connect(port, config.build().unwrap());
        let summary = shake(&mut stream);
        assert_eq!(summary.group, Some(group));
        assert!(summary.hello_retry_request);
        echoed(&mut stream);

        // It sends one share, of the first group.
        let first = GROUPS.iter().find(|(known, _)| *known == other).unwrap().1;
        let both = format!("{TLS13}:-GROUP-ALL:+{first}:+{name}");
        let more = ["--single-key-share"];
        let mut peer = start_client(&site, &cli, &listener, &both, &more, Stdio::piped());
        let config = site.our_server(KeyKind::EcdsaP256).groups(&[group]);
        let mut stream = listener.accept(config.build().unwrap());
        let summary = shake(&mut stream);
        assert_eq!(summary.group, Some(group));
        assert!(summary.hello_retry_request);
        converse(&mut stream, &mut peer);
    }
}

#[test]
fn alpn_is_agreed_on_either_way() {
    let (serv, cli) = (need!("gnutls-serv"), need!("gnutls-cli"));
    let site = Site::new();
    let files = site.server_files(KeyKind::EcdsaP256);
    let more = ["--alpn", "h2", "--alpn", "http/1.1", "--alpn-fatal"];
    let (_peer, port) = start(&site, &serv, &files, TLS13, &more);
    let mut stream = connect(port, site.client().alpn(["x", "http/1.1"]).build().unwrap());
    assert_eq!(shake(&mut stream).alpn.as_deref(), Some(&b"http/1.1"[..]));
    let mut stream = connect(port, site.client().alpn(["x"]).build().unwrap());
    let error = stream.handshake().unwrap_err();
    assert_eq!(alert_of(&error), AlertDescription::NO_APPLICATION_PROTOCOL);

    let listener = Listener::new();
    let more = ["--alpn", "x", "--alpn", "h2"];
    let mut peer = start_client(&site, &cli, &listener, TLS13, &more, Stdio::piped());
    let config = site
        .our_server(KeyKind::EcdsaP256)
        .alpn(["h2"])
        .build()
        .unwrap();
    let mut stream = listener.accept(config);
    assert_eq!(shake(&mut stream).alpn.as_deref(), Some(&b"h2"[..]));
    peer.wait_for("Application protocol: h2");
    converse(&mut stream, &mut peer);
}

#[test]
fn record_size_limit_holds_both_ways() {
    let (serv, cli) = (need!("gnutls-serv"), need!("gnutls-cli"));
    let site = Site::new();
    let files = site.server_files(KeyKind::EcdsaP256);
    let data = text(10 * 1024);
    let (_peer, port) = start(&site, &serv, &files, TLS13, &["--recordsize", "600"]);
    let watch = Watch::new();
    let config = site.client().record_size_limit(700).observer(watch.clone());
    let mut stream = connect(port, config.build().unwrap());
    stream.write_all(&data).unwrap();
    let (mut back, mut longest) = (Vec::new(), 0);
    while back.len() < data.len() {
        let record = stream.fill_buf().unwrap();
        let length = record.len();
        back.extend_from_slice(record);
        stream.consume(length);
        longest = longest.max(length);
    }
    assert!(back == data, "what came back differs");
    // RFC 8449 4: the limit counts the content type.
    assert_eq!(watch.limit(Received), Some(601));
    assert_eq!(watch.limit(Sent), Some(700));
    assert_eq!(longest, 699);

    let listener = Listener::new();
    let more = ["--recordsize", "600"];
    let mut peer = start_client(&site, &cli, &listener, TLS13, &more, Stdio::piped());
    let watch = Watch::new();
    let config = site.our_server(KeyKind::EcdsaP256).record_size_limit(700);
    let mut stream = listener.accept(config.observer(watch.clone()).build().unwrap());
    shake(&mut stream);
    stream.write_all(&data).unwrap();
    peer.wait_for(std::str::from_utf8(&data[..data.len() - 1]).unwrap());
    assert_eq!(watch.limit(Received), Some(601));
    assert_eq!(watch.limit(Sent), Some(700));
    converse(&mut stream, &mut peer);
}

#[test]
fn keys_are_updated_from_either_end() {
    let cli = need!("gnutls-cli");
    let site = Site::new();
    let listener = Listener::new();
    let watch = Watch::new();
    let more = ["--inline-commands"];
    let mut peer = start_client(&site, &cli, &listener, TLS13, &more, Stdio::piped());
    let config = site.our_server(KeyKind::EcdsaP256).observer(watch.clone());
    let mut stream = listener.accept(config.build().unwrap());
    shake(&mut stream);
    // It asks for ours as well.
    peer.type_in("^rekey^\n");
    peer.wait_for("Rekey was completed");
    peer.type_in("after rekeying\n");
    assert!(read_until(&mut stream, b"after rekeying\n").len() >= 15);
    stream.connection().update_keys(true).unwrap();
    stream.write_all(b"under new keys\n").unwrap();
    peer.wait_for("under new keys");
    converse(&mut stream, &mut peer);
    assert_eq!(watch.count(Sent, HandshakeType::KEY_UPDATE), 2);
    assert_eq!(watch.count(Received, HandshakeType::KEY_UPDATE), 2);
}

#[test]
fn bulk_data_echoed_under_many_keys() {
    let serv = need!("gnutls-serv");
    let site = Site::new();
    let files = site.server_files(KeyKind::EcdsaP256);
    let (_peer, port) = start(&site, &serv, &files, TLS13, &[]);
    let watch = Watch::new();
    // GnuTLS ends connections that change keys more than about eight times a second.
    let config = site.client().observer(watch.clone()).key_limit(300);
    let mut stream = connect(port, config.build().unwrap());
    let mut back = vec![0; 16 * 1024];
    for chunk in text(BULK).chunks(back.len()) {
        stream.write_all(chunk).unwrap();
        stream.read_exact(&mut back).unwrap();
        assert!(back == chunk, "what came back differs");
    }
    assert!(watch.count(Sent, HandshakeType::KEY_UPDATE) >= 3);
    stream.close().unwrap();
    assert_eq!(stream.read(&mut back).unwrap(), 0, "its close_notify");
}

#[test]
fn bulk_data_to_and_from_its_client() {
    let cli = need!("gnutls-cli");
    let site = Site::new();
    let listener = Listener::new();
    let data = text(BULK);
    let config = site
        .our_server(KeyKind::EcdsaP256)
        .key_limit(300)
        .build()
        .unwrap();
    let file = std::fs::File::open(site.dir.write("bulk", &data)).unwrap();
    let _peer = start_client(&site, &cli, &listener, TLS13, &[], Stdio::from(file));
    let mut received = Vec::new();
    listener
        .accept(config.clone())
        .read_to_end(&mut received)
        .unwrap();
    assert!(received == data, "what it sent differs");

    let mut peer = start_client(&site, &cli, &listener, TLS13, &[], Stdio::piped());
    let mut stream = listener.accept(config);
    stream.write_all(&data).unwrap();
    stream.close().unwrap();
    assert!(peer.exit().success());
    let output = peer.output();
    let start = output.windows(64).position(|window| *window == data[..64]);
    let start = start.expect("the start of the data");
    assert!(
        output[start..].starts_with(&data),
        "what it received differs"
    );
}

#[test]
fn tickets_come_from_it_and_exporters_are_equal() {
    let serv = need!("gnutls-serv");
    let site = Site::new();
    let files = site.server_files(KeyKind::EcdsaP256);
    let more = [
        "--keymatexport",
        "EXPORTER-symbolon",
        "--keymatexportsize",
        "48",
    ];
    let (mut peer, port) = start(&site, &serv, &files, TLS13, &more);
    let config = site
        .client()
        .cipher_suites(&[CipherSuite::TLS_AES_256_GCM_SHA384]);
    let mut stream = connect(port, config.build().unwrap());
    let summary = shake(&mut stream);
    echoed(&mut stream);
    let session = stream.take_session().expect("a ticket");
    assert_eq!(session.cipher_suite(), summary.cipher_suite);
    assert_eq!(session.expose_secret().len(), 48);
    let mut material = [0; 48];
    let connection = stream.connection();
    connection
        .export_keying_material(b"EXPORTER-symbolon", None, &mut material)
        .unwrap();
    peer.wait_for(&format!("Key material: {}", hex(&material)));
}

#[test]
fn a_killed_server_is_a_truncation() {
    let serv = need!("gnutls-serv");
    let site = Site::new();
    let files = site.server_files(KeyKind::EcdsaP256);
    let (mut peer, port) = start(&site, &serv, &files, TLS13, &[]);
    let mut stream = connect(port, site.client().build().unwrap());
    echoed(&mut stream);
    peer.kill();
    let error = stream.read(&mut [0; 1]).unwrap_err();
    assert_eq!(error.kind(), Io::UnexpectedEof);
}
