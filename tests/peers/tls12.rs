//! TLS 1.2 with each peer, both ways.

use crate::common::certs::KeyKind;
use crate::support::{
    Files, Listener, NAME, Peer, Site, Watch, alert_of, connect, credential, hex, leaf, need,
    noise, shake,
};
use crate::{curl, gnutls, go, nginx, openssl_client, openssl_server};
use std::io::{Read, Write};
use std::path::Path;
use std::process::Stdio;
use symbolon::codepoint::{
    AlertDescription, CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme,
};
use symbolon::config::Direction::Sent;
use symbolon::config::{ClientAuth, ClientConfigBuilder, ServerConfigBuilder};

const TLS12: &[ProtocolVersion] = &[ProtocolVersion::TLS12];
const LABEL: &[u8] = b"EXPORTER-symbolon";
const MIB: usize = 1 << 20;

/// Each suite, OpenSSL's name of it and the key that it takes.
const SUITES: [(CipherSuite, &str, KeyKind); 8] = [
    (
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        "ECDHE-ECDSA-AES128-GCM-SHA256",
        KeyKind::EcdsaP256,
    ),
    (
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        "ECDHE-ECDSA-AES256-GCM-SHA384",
        KeyKind::EcdsaP256,
    ),
    (
        CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
        "ECDHE-ECDSA-CHACHA20-POLY1305",
        KeyKind::EcdsaP256,
    ),
    (
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_CCM,
        "ECDHE-ECDSA-AES128-CCM",
        KeyKind::EcdsaP256,
    ),
    (
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8,
        "ECDHE-ECDSA-AES128-CCM8",
        KeyKind::EcdsaP256,
    ),
    (
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        "ECDHE-RSA-AES128-GCM-SHA256",
        KeyKind::Rsa2048,
    ),
    (
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        "ECDHE-RSA-AES256-GCM-SHA384",
        KeyKind::Rsa2048,
    ),
    (
        CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
        "ECDHE-RSA-CHACHA20-POLY1305",
        KeyKind::Rsa2048,
    ),
];

const GROUPS: [(NamedGroup, &str, &str); 3] = [
    (NamedGroup::X25519, "X25519", "X25519"),
    (NamedGroup::SECP256R1, "P-256", "prime256v1"),
    (NamedGroup::SECP384R1, "P-384", "secp384r1"),
];

const KINDS: [(KeyKind, SignatureScheme); 4] = [
    (KeyKind::EcdsaP256, SignatureScheme::ECDSA_SECP256R1_SHA256),
    (KeyKind::EcdsaP384, SignatureScheme::ECDSA_SECP384R1_SHA384),
    (KeyKind::Ed25519, SignatureScheme::ED25519),
    (KeyKind::Rsa2048, SignatureScheme::RSA_PSS_RSAE_SHA256),
];

fn client(site: &Site) -> ClientConfigBuilder {
    site.client().versions(TLS12)
}

fn server(site: &Site, kind: KeyKind) -> ServerConfigBuilder {
    site.our_server(kind).versions(TLS12)
}

fn s_server(site: &Site, openssl: &Path, files: &Files, more: &[&str]) -> (Peer, u16) {
    openssl_server::start_any(site, openssl, files, &[&["-tls1_2"], more].concat())
}

fn s_client(site: &Site, openssl: &Path, listener: &Listener, more: &[&str]) -> Peer {
    openssl_client::start_any(
        NAME,
        site,
        openssl,
        listener,
        &[&["-tls1_2"], more].concat(),
    )
}

#[test]
fn openssl_server_with_each_suite_and_each_group() {
    let openssl = need!("openssl");
    let site = Site::new();
    for kind in [KeyKind::EcdsaP256, KeyKind::Rsa2048] {
        let files = site.server_files(kind);
        let more = [
            "-rev",
            "-cipher",
            "ALL:@SECLEVEL=0",
            "-groups",
            "X25519:P-256:P-384",
        ];
        let (_peer, port) = s_server(&site, &openssl, &files, &more);
        for (suite, ..) in SUITES.iter().filter(|suite| suite.2 == kind) {
            let mut stream = connect(
                port,
                client(&site).cipher_suites(&[*suite]).build().unwrap(),
            );
            let summary = shake(&mut stream);
            assert_eq!(
                (summary.version, summary.cipher_suite),
                (ProtocolVersion::TLS12, *suite)
            );
            openssl_server::reversed(&mut stream);
            stream.close().unwrap();
        }
        // To TLS 1.2, the groups are those of ECDSA's keys as well.
        for (group, ..) in GROUPS.iter().filter(|_| kind == KeyKind::Rsa2048) {
            let mut stream = connect(port, client(&site).groups(&[*group]).build().unwrap());
            assert_eq!(shake(&mut stream).group, Some(*group));
            openssl_server::reversed(&mut stream);
            stream.close().unwrap();
        }
    }
}

#[test]
fn openssl_client_with_each_suite_and_each_group() {
    let openssl = need!("openssl");
    let site = Site::new();
    let listener = Listener::new();
    for (suite, name, kind) in SUITES {
        let config = server(&site, kind).cipher_suites(&[suite]).build().unwrap();
        let cipher = format!("{name}:@SECLEVEL=0");
        let mut peer = s_client(&site, &openssl, &listener, &["-cipher", &cipher]);
        let mut stream = listener.accept(config);
        assert_eq!(shake(&mut stream).cipher_suite, suite);
        openssl_client::converse(&mut stream, &mut peer);
    }
    for (group, name, _) in GROUPS {
        let mut peer = s_client(&site, &openssl, &listener, &["-groups", name]);
        let mut stream = listener.accept(server(&site, KeyKind::Rsa2048).build().unwrap());
        assert_eq!(shake(&mut stream).group, Some(group));
        openssl_client::converse(&mut stream, &mut peer);
    }
}

#[test]
fn openssl_with_each_kind_of_certificate_at_either_end() {
    let openssl = need!("openssl");
    let site = Site::new();
    let listener = Listener::new();
    for (kind, scheme) in KINDS {
        let files = site.server_files(kind);
        let verify = [
            "-rev",
            "-Verify",
            "3",
            "-verify_return_error",
            "-CAfile",
            &site.ca,
        ];
        let (_peer, port) = s_server(&site, &openssl, &files, &verify);
        let own = credential(site.pki.client("client", kind));
        let mut stream = connect(port, client(&site).credential(own).build().unwrap());
        let summary = shake(&mut stream);
        // In TLS 1.2 the hash is not bound to the curve; the server takes our first.
        let first = match kind {
            KeyKind::EcdsaP384 => SignatureScheme::ECDSA_SECP256R1_SHA256,
            _ => scheme,
        };
        assert_eq!(summary.peer_signature_scheme, Some(first));
        assert_eq!(summary.signature_scheme, Some(scheme));
        openssl_server::reversed(&mut stream);

        let identity = site.pki.client("client", kind);
        let files = site.files("client", &identity);
        let own = [
            "-cert",
            &files.cert,
            "-cert_chain",
            &files.cert,
            "-key",
            &files.key,
        ];
        let mut peer = s_client(&site, &openssl, &listener, &own);
        let config = server(&site, kind).client_auth(ClientAuth::Required(site.verifier()));
        let mut stream = listener.accept(config.build().unwrap());
        let summary = shake(&mut stream);
        assert_eq!(leaf(&summary), identity.0[0]);
        assert_eq!(summary.signature_scheme, Some(scheme));
        openssl_client::converse(&mut stream, &mut peer);
    }
}

#[test]
fn openssl_staples_and_agrees_on_alpn() {
    let openssl = need!("openssl");
    let site = Site::new();
    let files = site.server_files(KeyKind::EcdsaP256);
    // OCSPResponse { responseStatus tryLater }: well-formed, and says nothing.
    let response = [0x30, 0x03, 0x0a, 0x01, 0x03];
    let file = site.dir.write("ocsp.der", response);
    let more = ["-rev", "-status_file", &file, "-alpn", "h2,http/1.1"];
    let (_peer, port) = s_server(&site, &openssl, &files, &more);
    let mut stream = connect(port, client(&site).alpn(["x", "http/1.1"]).build().unwrap());
    let summary = shake(&mut stream);
    assert_eq!(summary.alpn.as_deref(), Some(&b"http/1.1"[..]));
    assert_eq!(
        summary.peer_chain.unwrap().ocsp_response(),
        Some(&response[..])
    );
    openssl_server::reversed(&mut stream);

    let listener = Listener::new();
    let mut peer = s_client(&site, &openssl, &listener, &["-alpn", "x,h2"]);
    let mut stream = listener.accept(
        server(&site, KeyKind::EcdsaP256)
            .alpn(["h2"])
            .build()
            .unwrap(),
    );
    assert_eq!(shake(&mut stream).alpn.as_deref(), Some(&b"h2"[..]));
    peer.wait_for("ALPN protocol: h2");
    openssl_client::converse(&mut stream, &mut peer);
}

#[test]
fn openssl_exports_the_same() {
    let openssl = need!("openssl");
    let site = Site::new();
    let files = site.server_files(KeyKind::EcdsaP256);
    let export = [
        "-keymatexport",
        "EXPORTER-symbolon",
        "-keymatexportlen",
        "32",
    ];
    let (mut peer, port) = s_server(&site, &openssl, &files, &export);
    for (suite, ..) in &SUITES[..2] {
        let mut stream = connect(
            port,
            client(&site).cipher_suites(&[*suite]).build().unwrap(),
        );
        shake(&mut stream);
        let mut material = [0; 32];
        let connection = stream.connection();
        connection
            .export_keying_material(LABEL, None, &mut material)
            .unwrap();
        peer.wait_for(&format!(
            "Keying material: {}",
            hex(&material).to_uppercase()
        ));
        stream.close().unwrap();
    }
}

#[test]
fn openssl_takes_and_sends_a_mebibyte() {
    let openssl = need!("openssl");
    let site = Site::new();
    let files = site.server_files(KeyKind::EcdsaP256);
    let data = noise(MIB);
    site.dir.write("bulk", &data);
    let (_peer, port) = s_server(&site, &openssl, &files, &["-WWW", "-http_server_binmode"]);
    let mut stream = connect(port, client(&site).build().unwrap());
    stream.write_all(b"GET /bulk HTTP/1.0\r\n\r\n").unwrap();
    let mut all = Vec::new();
    stream.read_to_end(&mut all).expect("data and close_notify");
    assert!(all.ends_with(&data), "the data differs");

    let listener = Listener::new();
    let mut peer = s_client(&site, &openssl, &listener, &["-quiet"]);
    let mut stream = listener.accept(server(&site, KeyKind::EcdsaP256).build().unwrap());
    stream.write_all(&data).unwrap();
    stream.close().unwrap();
    assert!(peer.exit().success());
    assert!(peer.output() == data, "the data differs");
}

#[test]
fn openssl_client_renegotiates_in_vain() {
    let openssl = need!("openssl");
    let site = Site::new();
    let listener = Listener::new();
    let mut peer = s_client(&site, &openssl, &listener, &[]);
    let watch = Watch::new();
    let config = server(&site, KeyKind::EcdsaP256).observer(watch.clone());
    let mut stream = listener.accept(config.build().unwrap());
    shake(&mut stream);
    peer.wait_for("Extended master secret: yes");
    peer.type_in("R\n");
    // It takes the warning as the end.
    let error = stream.read(&mut [0; 1]).unwrap_err();
    assert_eq!(alert_of(&error), AlertDescription::HANDSHAKE_FAILURE);
    assert_eq!(watch.alerts(Sent), [AlertDescription::NO_RENEGOTIATION]);
    peer.wait_for("no renegotiation");
}

#[test]
fn openssl_server_renegotiates_in_vain() {
    let openssl = need!("openssl");
    let site = Site::new();
    let files = site.server_files(KeyKind::EcdsaP256);
    let (mut peer, port) = s_server(&site, &openssl, &files, &[]);
    let watch = Watch::new();
    let mut stream = connect(port, client(&site).observer(watch.clone()).build().unwrap());
    shake(&mut stream);
    peer.wait_for("Secure Renegotiation IS supported");
    peer.type_in("r\n");
    peer.type_in("after\n");
    let mut data = Vec::new();
    // It takes the warning as the end, at once or with what it sends next.
    let error = stream.read_to_end(&mut data).unwrap_err();
    assert_eq!(alert_of(&error), AlertDescription::HANDSHAKE_FAILURE);
    assert_eq!(watch.alerts(Sent), [AlertDescription::NO_RENEGOTIATION]);
}

#[test]
fn go_with_each_suite_and_the_same_exporters() {
    let go = need!("go");
    let site = Site::new();
    let version = ["-min", "1.2", "-max", "1.2"];
    let listener = Listener::new();
    // It has no CCM.
    for (suite, name, kind) in SUITES.into_iter().filter(|suite| !suite.1.contains("CCM")) {
        let files = site.server_files(kind);
        let (mut peer, port) = go::start(&site, &go, &files, &version);
        let mut stream = connect(port, client(&site).cipher_suites(&[suite]).build().unwrap());
        assert_eq!(shake(&mut stream).cipher_suite, suite, "{name}");
        let told = peer.wait_for("state version=0303 ");
        let connection = stream.connection();
        let mut wanted = Vec::new();
        for context in [Some(&b"context"[..]), None, Some(b"")] {
            let mut material = [0; 32];
            connection
                .export_keying_material(LABEL, context, &mut material)
                .unwrap();
            wanted.push(hex(&material));
        }
        let (context, bare, empty) = (&wanted[0], &wanted[1], &wanted[2]);
        assert_ne!(bare, empty);
        let wanted = format!("export={context} bare={bare} empty={empty}");
        assert!(told.ends_with(&wanted), "{told} {wanted}");
        let data = noise(MIB);
        let mut back = vec![0; 64 * 1024];
        for chunk in data.chunks(back.len()) {
            stream.write_all(chunk).unwrap();
            stream.read_exact(&mut back).unwrap();
            assert!(back == chunk, "what came back differs");
        }
        stream.close().unwrap();
        assert_eq!(stream.read(&mut back).unwrap(), 0, "its close_notify");

        let bytes = MIB.to_string();
        let more = [&version[..], &["-bytes", &bytes]].concat();
        let mut peer = go::start_client(&site, &go, &listener, &more);
        let mut stream =
            listener.accept(server(&site, kind).cipher_suites(&[suite]).build().unwrap());
        assert_eq!(shake(&mut stream).cipher_suite, suite, "{name}");
        go::echo(&mut stream, &mut peer);
    }
}

#[test]
fn go_with_each_kind_of_certificate_at_either_end() {
    let go = need!("go");
    let site = Site::new();
    let listener = Listener::new();
    let version = ["-min", "1.2", "-max", "1.2"];
    for kind in KeyKind::ALL {
        let files = site.server_files(kind);
        let more = [&version[..], &["-auth", "-ca", &site.ca]].concat();
        let (mut peer, port) = go::start(&site, &go, &files, &more);
        let own = credential(site.pki.client("client", kind));
        let mut stream = connect(port, client(&site).credential(own).build().unwrap());
        let summary = shake(&mut stream);
        assert!(summary.signature_scheme.is_some() && summary.verified.is_some());
        peer.wait_for("name=localhost certificates=2");

        let own = site.client_files(kind);
        let more = [&version[..], &["-cert", &own.cert, "-key", &own.key]].concat();
        let mut peer = go::start_client(&site, &go, &listener, &more);
        let config = server(&site, kind).client_auth(ClientAuth::Required(site.verifier()));
        let mut stream = listener.accept(config.build().unwrap());
        assert!(shake(&mut stream).verified.is_some());
        go::echo(&mut stream, &mut peer);
    }
}

#[test]
fn gnutls_with_each_suite() {
    let (serv, cli) = (need!("gnutls-serv"), need!("gnutls-cli"));
    let site = Site::new();
    let listener = Listener::new();
    let priority = "NORMAL:-VERS-ALL:+VERS-TLS1.2:+AES-128-CCM:+AES-128-CCM-8";
    for kind in [KeyKind::EcdsaP256, KeyKind::Rsa2048] {
        let files = site.server_files(kind);
        let (_peer, port) = gnutls::start(&site, &serv, &files, priority, &[]);
        for (suite, ..) in SUITES.iter().filter(|suite| suite.2 == kind) {
            let mut stream = connect(
                port,
                client(&site).cipher_suites(&[*suite]).build().unwrap(),
            );
            assert_eq!(shake(&mut stream).cipher_suite, *suite);
            gnutls::echoed(&mut stream);
            stream.close().unwrap();
            assert_eq!(stream.read(&mut [0; 1]).unwrap(), 0, "its close_notify");

            let config = server(&site, kind).cipher_suites(&[*suite]);
            let mut peer =
                gnutls::start_client(&site, &cli, &listener, priority, &[], Stdio::piped());
            let mut stream = listener.accept(config.build().unwrap());
            assert_eq!(shake(&mut stream).cipher_suite, *suite);
            gnutls::converse(&mut stream, &mut peer);
        }
    }
}

#[test]
fn curl_fetches_a_mebibyte() {
    let curl = need!("curl");
    let site = Site::new();
    let listener = Listener::new();
    let more = ["--tlsv1.2", "--tls-max", "1.2"];
    let mut peer = curl::start(&site, &curl, &listener, "/bytes", &more);
    let mut stream = listener.accept(curl::http(&site).build().unwrap());
    let summary = shake(&mut stream);
    assert_eq!(summary.version, ProtocolVersion::TLS12);
    assert_eq!(curl::request(&mut stream), "GET /bytes HTTP/1.1");
    let data = noise(MIB);
    stream.write_all(curl::HEAD).unwrap();
    stream.write_all(&data).unwrap();
    stream.close().unwrap();
    assert!(peer.exit().success());
    assert!(peer.output() == data, "what it received differs");
}

#[test]
fn nginx_with_each_suite_and_each_group() {
    let nginx = need!("nginx");
    for kind in [KeyKind::EcdsaP256, KeyKind::Rsa2048] {
        let site = Site::new();
        let more = "ssl_ecdh_curve X25519:prime256v1:secp384r1; ssl_ciphers ALL;";
        let (_peer, port) = nginx::start_any(&site, &nginx, kind, "TLSv1.2", more);
        let suites = SUITES.iter().filter(|suite| suite.2 == kind);
        // Its CCM_8 is below OpenSSL's ordinary level of security.
        for (suite, name, _) in suites.filter(|suite| !suite.1.ends_with("CCM8")) {
            let mut stream = connect(
                port,
                client(&site).cipher_suites(&[*suite]).build().unwrap(),
            );
            assert_eq!(shake(&mut stream).cipher_suite, *suite);
            let state = String::from_utf8(nginx::get(&mut stream, "/state")).unwrap();
            assert_eq!(state, format!("TLSv1.2 {name} X25519 localhost NONE"));
        }
        for (group, _, name) in GROUPS.iter().filter(|_| kind == KeyKind::Rsa2048) {
            let mut stream = connect(port, client(&site).groups(&[*group]).build().unwrap());
            assert_eq!(shake(&mut stream).group, Some(*group));
            let state = String::from_utf8(nginx::get(&mut stream, "/state")).unwrap();
            assert!(
                state.ends_with(&format!(" {name} localhost NONE")),
                "{state}"
            );
        }
    }
}
