//! Go's `crypto/tls`, both ways: the post-quantum hybrids among others.

use crate::common::certs::{Ca, KeyKind, client_params};
use crate::support::{
    BULK, Files, Listener, NAME, OurServer, Peer, Site, Watch, alert_of, connect, credential, hex,
    need, noise, shake, tls_error,
};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use symbolon::codepoint::{AlertDescription, CipherSuite, HandshakeType, NamedGroup};
use symbolon::config::ClientAuth;
use symbolon::config::Direction::{Received, Sent};

/// The groups that it has, and a group of another kind to have shares of.
const GROUPS: [(NamedGroup, NamedGroup); 6] = [
    (NamedGroup::X25519MLKEM768, NamedGroup::SECP256R1),
    (NamedGroup::SECP256R1MLKEM768, NamedGroup::X25519),
    (NamedGroup::SECP384R1MLKEM1024, NamedGroup::X25519),
    (NamedGroup::X25519, NamedGroup::SECP256R1),
    (NamedGroup::SECP256R1, NamedGroup::X25519),
    (NamedGroup::SECP384R1, NamedGroup::X25519),
];

const SUITES: [CipherSuite; 3] = [
    CipherSuite::TLS_AES_128_GCM_SHA256,
    CipherSuite::TLS_AES_256_GCM_SHA384,
    CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
];

/// Builds our Go program, once.
fn program(go: &Path) -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/go/main.go");
        let program = target.join("go-peer");
        let output = Command::new(go)
            .args(["build", "-o"])
            .args([&program, &source])
            .env("GOCACHE", target.join("go-cache"))
            .env("GO111MODULE", "off")
            .env("GOTOOLCHAIN", "local")
            .env("CGO_ENABLED", "0")
            .output()
            .expect("go runs");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "go build: {errors}");
        program
    })
}

/// Starts a server that sends back what it gets.
pub fn start(site: &Site, go: &Path, files: &Files, more: &[&str]) -> (Peer, u16) {
    let own = ["-cert", &files.cert, "-key", &files.key];
    let mut peer = Peer::start(&site.dir, program(go), &[&own, more].concat());
    let port = peer.wait_for("port ").parse().expect("a port");
    (peer, port)
}

/// Starts a client that trusts our root.
pub fn start_client(site: &Site, go: &Path, listener: &Listener, more: &[&str]) -> Peer {
    let address = listener.address();
    let args = ["-connect", &address, "-ca", &site.ca];
    Peer::start(&site.dir, program(go), &[&args, more].concat())
}

fn code(group: NamedGroup) -> String {
    group.0.to_string()
}

/// Sends back what comes until close_notify, then closes.
pub fn echo(stream: &mut OurServer, peer: &mut Peer) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let n = stream.read(&mut buffer).unwrap();
        if n == 0 {
            break;
        }
        stream.write_all(&buffer[..n]).unwrap();
    }
    stream.close().unwrap();
    peer.wait_for("had back ");
    assert!(peer.exit().success());
}

#[test]
fn our_client_with_each_group_and_a_retry_for_each() {
    let go = need!("go");
    let site = Site::new();
    let files = site.server_files(KeyKind::EcdsaP256);
    for (group, other) in GROUPS {
        let (mut peer, port) = start(&site, &go, &files, &["-groups", &code(group)]);
        for shares in [group, other] {
            let config = site.client().groups(&[other, group]).key_shares(&[shares]);
            let mut stream = connect(port, config.build().unwrap());
            let summary = shake(&mut stream);
            assert_eq!(summary.group, Some(group));
            assert_eq!(summary.hello_retry_request, shares != group, "{group}");
            stream.write_all(b"there and back").unwrap();
            let mut back = [0; 14];
            stream.read_exact(&mut back).unwrap();
            assert_eq!(&back, b"there and back");
            let line = format!("group={:04x} retry={}", group.0, shares != group);
            peer.wait_for(&line);
            stream.close().unwrap();
            assert_eq!(stream.read(&mut back).unwrap(), 0, "its close_notify");
        }
    }
}

#[test]
fn its_client_with_each_group_and_a_retry_for_each() {
    let go = need!("go");
    let site = Site::new();
    let listener = Listener::new();
    for (group, _) in GROUPS {
        let config = site
            .our_server(KeyKind::EcdsaP256)
            .groups(&[group])
            .build()
            .unwrap();
        // Of many groups it sends shares of its two favourites.
        let all = GROUPS.map(|(group, _)| code(group)).join(",");
        let favourite = [NamedGroup::X25519MLKEM768, NamedGroup::X25519].contains(&group);
        for (groups, retry) in [(code(group), false), (all, !favourite)] {
            let mut peer = start_client(&site, &go, &listener, &["-groups", &groups]);
            let mut stream = listener.accept(config.clone());
            let summary = shake(&mut stream);
            assert_eq!(summary.group, Some(group));
            assert_eq!(summary.hello_retry_request, retry, "{group}");
            peer.wait_for(&format!("group={:04x} retry={retry}", group.0));
            echo(&mut stream, &mut peer);
        }
    }
}

#[test]
fn each_suite_and_the_same_exporter() {
    let go = need!("go");
    let site = Site::new();
    let files = site.server_files(KeyKind::EcdsaP256);
    let (mut server, port) = start(&site, &go, &files, &[]);
    let listener = Listener::new();
    let expected = |suite: CipherSuite, material: [u8; 32]| {
        let suite = format!("suite={:04x}", suite.0);
        (suite, format!("export={}", hex(&material)))
    };
    for suite in SUITES {
        let mut material = [0; 32];
        let label = b"EXPORTER-symbolon";
        let mut stream = connect(port, site.client().cipher_suites(&[suite]).build().unwrap());
        assert_eq!(shake(&mut stream).cipher_suite, suite);
        let connection = stream.connection();
        connection
            .export_keying_material(label, Some(b"context"), &mut material)
            .unwrap();
        let (name, export) = expected(suite, material);
        server.wait_for(&name);
        server.wait_for(&export);
        stream.close().unwrap();

        let mut client = start_client(&site, &go, &listener, &[]);
        let config = site.our_server(KeyKind::EcdsaP256).cipher_suites(&[suite]);
        let mut stream = listener.accept(config.build().unwrap());
        assert_eq!(shake(&mut stream).cipher_suite, suite);
        let connection = stream.connection();
        connection
            .export_keying_material(label, Some(b"context"), &mut material)
            .unwrap();
        let (name, export) = expected(suite, material);
        client.wait_for(&name);
        client.wait_for(&export);
        echo(&mut stream, &mut client);
    }
}

#[test]
fn each_kind_of_certificate_from_either_end() {
    let go = need!("go");
    let site = Site::new();
    let listener = Listener::new();
    for kind in KeyKind::ALL {
        let files = site.server_files(kind);
        let (mut peer, port) = start(&site, &go, &files, &["-auth", "-ca", &site.ca]);
        let own = credential(site.pki.client("client", kind));
        let mut stream = connect(port, site.client().credential(own).build().unwrap());
        let summary = shake(&mut stream);
        assert!(summary.signature_scheme.is_some() && summary.verified.is_some());
        peer.wait_for("name=localhost certificates=2");

        let own = site.client_files(kind);
        let more = ["-cert", &own.cert, "-key", &own.key];
        let mut peer = start_client(&site, &go, &listener, &more);
        let config = site
            .our_server(kind)
            .client_auth(ClientAuth::Required(site.verifier()));
        let mut stream = listener.accept(config.build().unwrap());
        let summary = shake(&mut stream);
        assert!(summary.signature_scheme.is_some() && summary.verified.is_some());
        assert_eq!(summary.server_name.as_deref(), Some(NAME.as_bytes()));
        echo(&mut stream, &mut peer);
    }
}

#[test]
fn certificates_are_refused_with_the_right_alerts() {
    let go = need!("go");
    let site = Site::new();
    let files = site.server_files(KeyKind::EcdsaP256);
    let (_peer, port) = start(&site, &go, &files, &["-auth", "-ca", &site.ca]);
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
    let mut peer = start_client(&site, &go, &listener, &[]);
    let error = listener.accept(required()).handshake().unwrap_err();
    let alert = tls_error(&error).alert();
    assert_eq!(alert, Some(AlertDescription::CERTIFICATE_REQUIRED));
    peer.wait_for("remote error: tls: certificate required");

    let other = Ca::root("Other Root", KeyKind::EcdsaP256);
    let (certificate, key) = other.issue_for(&client_params("stranger"), KeyKind::Ed25519);
    let own = site.files("stranger", &(vec![certificate], key));
    // It shows only certificates of the authorities that are named; none are.
    let more = ["-cert", &own.cert, "-key", &own.key];
    let mut peer = start_client(&site, &go, &listener, &more);
    let error = listener.accept(required()).handshake().unwrap_err();
    assert_eq!(
        tls_error(&error).alert(),
        Some(AlertDescription::UNKNOWN_CA)
    );
    peer.wait_for("remote error: tls: unknown certificate authority");

    let mut peer = start_client(&site, &go, &listener, &["-name", "other.example"]);
    let config = site.our_server(KeyKind::EcdsaP256).build().unwrap();
    let error = listener.accept(config).handshake().unwrap_err();
    assert_eq!(alert_of(&error), AlertDescription::BAD_CERTIFICATE);
    peer.wait_for("not other.example");
}

#[test]
fn alpn_is_agreed_on_or_refused() {
    let go = need!("go");
    let site = Site::new();
    let files = site.server_files(KeyKind::EcdsaP256);
    let (mut peer, port) = start(&site, &go, &files, &["-alpn", "h2,http/1.1"]);
    let mut stream = connect(port, site.client().alpn(["x", "http/1.1"]).build().unwrap());
    assert_eq!(shake(&mut stream).alpn.as_deref(), Some(&b"http/1.1"[..]));
    stream.close().unwrap();
    peer.wait_for("alpn=http/1.1 ");
    let mut stream = connect(port, site.client().alpn(["x"]).build().unwrap());
    let error = stream.handshake().unwrap_err();
    assert_eq!(alert_of(&error), AlertDescription::NO_APPLICATION_PROTOCOL);

    let listener = Listener::new();
    let config = site
        .our_server(KeyKind::EcdsaP256)
        .alpn(["h2"])
        .build()
        .unwrap();
    let mut peer = start_client(&site, &go, &listener, &["-alpn", "x,h2"]);
    let mut stream = listener.accept(config.clone());
    assert_eq!(shake(&mut stream).alpn.as_deref(), Some(&b"h2"[..]));
    peer.wait_for("alpn=h2 ");
    echo(&mut stream, &mut peer);
    let mut peer = start_client(&site, &go, &listener, &["-alpn", "x"]);
    listener.accept(config).handshake().unwrap_err();
    peer.wait_for("remote error: tls: no application protocol");
}

#[test]
fn bulk_data_echoed_with_keys_updated() {
    let go = need!("go");
    let site = Site::new();
    let files = site.server_files(KeyKind::EcdsaP256);
    let (mut peer, port) = start(&site, &go, &files, &[]);
    let watch = Watch::new();
    let config = site.client().observer(watch.clone()).key_limit(100);
    let mut stream = connect(port, config.build().unwrap());
    let data = noise(BULK);
    let mut back = vec![0; 64 * 1024];
    for (i, chunk) in data.chunks(back.len()).enumerate() {
        if i % 64 == 0 {
            stream.handshake().unwrap();
            stream.connection().update_keys(true).unwrap();
        }
        stream.write_all(chunk).unwrap();
        stream.read_exact(&mut back).unwrap();
        assert!(back == chunk, "what came back differs in chunk {i}");
    }
    stream.close().unwrap();
    assert_eq!(stream.read(&mut back).unwrap(), 0);
    peer.wait_for(&format!("echoed {BULK}"));
    assert_eq!(watch.count(Received, HandshakeType::KEY_UPDATE), 4);
    assert!(watch.count(Sent, HandshakeType::KEY_UPDATE) > 10);

    let listener = Listener::new();
    let mut peer = start_client(&site, &go, &listener, &["-bytes", &BULK.to_string()]);
    let config = site.our_server(KeyKind::EcdsaP256).key_limit(100);
    let mut stream = listener.accept(config.build().unwrap());
    echo(&mut stream, &mut peer);
    assert!(peer.text().contains(&format!("had back {BULK}")));
}

#[test]
fn a_ticket_comes_from_it() {
    let go = need!("go");
    let site = Site::new();
    let files = site.server_files(KeyKind::EcdsaP256);
    let (_peer, port) = start(&site, &go, &files, &[]);
    let mut stream = connect(port, site.client().build().unwrap());
    let summary = shake(&mut stream);
    stream.write_all(b"x").unwrap();
    stream.read_exact(&mut [0; 1]).unwrap();
    let session = stream.take_session().expect("a ticket");
    assert_eq!(session.cipher_suite(), summary.cipher_suite);
    assert_eq!(session.lifetime(), 7 * 24 * 60 * 60);
}

#[test]
fn a_killed_peer_is_a_truncation() {
    let go = need!("go");
    let site = Site::new();
    let files = site.server_files(KeyKind::EcdsaP256);
    let (mut peer, port) = start(&site, &go, &files, &[]);
    let mut stream = connect(port, site.client().build().unwrap());
    stream.write_all(b"x").unwrap();
    stream.read_exact(&mut [0; 1]).unwrap();
    peer.kill();
    let error = stream.read(&mut [0; 1]).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof);
}
