//! `openssl s_client` against our server.

use crate::common::certs::{Ca, KeyKind, client_params};
use crate::support::{
    BULK, Listener, NAME, OurServer, Peer, Site, Watch, alert_of, credential, hex, leaf, need,
    noise, pem, read_until, receive_until, shake, tls_error,
};
use std::io::{ErrorKind as Io, Read, Write};
use std::ops::RangeInclusive;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use symbolon::codepoint::{
    AlertDescription, CipherSuite, HandshakeType, NamedGroup, SignatureScheme,
};
use symbolon::config::Direction::{Received, Sent};
use symbolon::config::{ClientAuth, RetryPolicy, ServerConfig, ServerCredentials};

/// A client that trusts our root and checks our name.
fn start(site: &Site, openssl: &Path, listener: &Listener, more: &[&str]) -> Peer {
    start_for(NAME, site, openssl, listener, more)
}

fn start_for(name: &str, site: &Site, openssl: &Path, listener: &Listener, more: &[&str]) -> Peer {
    start_any(
        name,
        site,
        openssl,
        listener,
        &[&["-tls1_3"], more].concat(),
    )
}

/// A client of the versions that the arguments say.
pub fn start_any(
    name: &str,
    site: &Site,
    openssl: &Path,
    listener: &Listener,
    more: &[&str],
) -> Peer {
    let address = listener.address();
    let mut args = vec!["s_client", "-connect", &address];
    args.extend(["-CAfile", &site.ca, "-verify_return_error"]);
    args.extend(["-servername", name, "-verify_hostname", name]);
    args.extend(more);
    Peer::start(&site.dir, openssl, &args)
}

/// A line from the client, an answer to it, and an end in good order from both.
pub fn converse(stream: &mut OurServer, peer: &mut Peer) {
    peer.type_in("hello\n");
    assert_eq!(read_until(stream, b"\n"), b"hello\n");
    stream.write_all(b"hello yourself\n").unwrap();
    peer.wait_for("hello yourself");
    peer.type_in("Q\n");
    assert_eq!(stream.read(&mut [0; 1]).unwrap(), 0, "its close_notify");
    assert!(peer.exit().success());
}

#[test]
fn each_suite_and_each_group() {
    let openssl = need!("openssl");
    let site = Site::new();
    let listener = Listener::new();
    let all = [
        CipherSuite::TLS_AES_128_GCM_SHA256,
        CipherSuite::TLS_AES_256_GCM_SHA384,
        CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
        CipherSuite::TLS_AES_128_CCM_SHA256,
        CipherSuite::TLS_AES_128_CCM_8_SHA256,
    ];
    let config = site
        .our_server(KeyKind::EcdsaP256)
        .cipher_suites(&all)
        .build()
        .unwrap();
    for suite in all {
        let name = suite.to_string();
        let more = ["-ciphersuites", &name, "-cipher", "DEFAULT@SECLEVEL=0"];
        let mut peer = start(&site, &openssl, &listener, &more);
        let mut stream = listener.accept(config.clone());
        assert_eq!(shake(&mut stream).cipher_suite, suite);
        converse(&mut stream, &mut peer);
    }
    for (name, group) in [
        ("X25519", NamedGroup::X25519),
        ("P-256", NamedGroup::SECP256R1),
        ("P-384", NamedGroup::SECP384R1),
    ] {
        let mut peer = start(&site, &openssl, &listener, &["-groups", name]);
        let mut stream = listener.accept(config.clone());
        let summary = shake(&mut stream);
        assert_eq!(summary.group, Some(group));
        assert!(!summary.hello_retry_request);
        assert_eq!(summary.server_name.as_deref(), Some(NAME.as_bytes()));
        converse(&mut stream, &mut peer);
    }
}

#[test]
fn each_kind_of_signature() {
    let openssl = need!("openssl");
    let site = Site::new();
    let listener = Listener::new();
    for (kind, scheme) in [
        (KeyKind::EcdsaP256, SignatureScheme::ECDSA_SECP256R1_SHA256),
        (KeyKind::EcdsaP384, SignatureScheme::ECDSA_SECP384R1_SHA384),
        (KeyKind::Ed25519, SignatureScheme::ED25519),
        (KeyKind::Rsa2048, SignatureScheme::RSA_PSS_RSAE_SHA256),
    ] {
        let mut peer = start(&site, &openssl, &listener, &[]);
        let mut stream = listener.accept(site.our_server(kind).build().unwrap());
        assert_eq!(shake(&mut stream).signature_scheme, Some(scheme));
        peer.wait_for("Verification: OK");
        peer.wait_for("Verified peername: localhost");
        converse(&mut stream, &mut peer);
    }
}

#[test]
fn a_client_certificate_of_each_kind() {
    let openssl = need!("openssl");
    let site = Site::new();
    let listener = Listener::new();
    let config = site.our_server(KeyKind::EcdsaP256);
    let config = config
        .client_auth(ClientAuth::Required(site.verifier()))
        .build()
        .unwrap();
    for kind in KeyKind::ALL {
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
        let mut peer = start(&site, &openssl, &listener, &own);
        let mut stream = listener.accept(config.clone());
        let summary = shake(&mut stream);
        assert_eq!(leaf(&summary), identity.0[0]);
        assert!(summary.verified.is_some());
        converse(&mut stream, &mut peer);
    }
}

#[test]
fn a_missing_client_certificate_is_refused_only_where_required() {
    let openssl = need!("openssl");
    let site = Site::new();
    let listener = Listener::new();
    let auth = |auth| {
        site.our_server(KeyKind::EcdsaP256)
            .client_auth(auth)
            .build()
            .unwrap()
    };
    let mut peer = start(&site, &openssl, &listener, &[]);
    let mut stream = listener.accept(auth(ClientAuth::Required(site.verifier())));
    let error = stream.handshake().unwrap_err();
    let alert = tls_error(&error).alert();
    assert_eq!(alert, Some(AlertDescription::CERTIFICATE_REQUIRED));
    peer.wait_for("alert certificate required");
    assert!(!peer.exit().success());

    let mut peer = start(&site, &openssl, &listener, &[]);
    let mut stream = listener.accept(auth(ClientAuth::Optional(site.verifier())));
    let summary = shake(&mut stream);
    assert!(summary.peer_chain.is_none_or(|chain| chain.is_empty()));
    assert!(summary.verified.is_none());
    converse(&mut stream, &mut peer);
}

#[test]
fn a_client_certificate_of_another_ca_is_refused() {
    let openssl = need!("openssl");
    let site = Site::new();
    let listener = Listener::new();
    let other = Ca::root("Other Root", KeyKind::EcdsaP256);
    let (certificate, key) = other.issue_for(&client_params("stranger"), KeyKind::Ed25519);
    let files = site.files("stranger", &(vec![certificate], key));
    let own = ["-cert", &files.cert, "-key", &files.key];
    for auth in [ClientAuth::Required, ClientAuth::Optional] {
        let mut peer = start(&site, &openssl, &listener, &own);
        let config = site
            .our_server(KeyKind::EcdsaP256)
            .client_auth(auth(site.verifier()));
        let mut stream = listener.accept(config.build().unwrap());
        let error = stream.handshake().unwrap_err();
        assert_eq!(
            tls_error(&error).alert(),
            Some(AlertDescription::UNKNOWN_CA)
        );
        peer.wait_for("alert unknown ca");
    }
}

#[test]
fn a_client_that_refuses_us_says_why() {
    let openssl = need!("openssl");
    let site = Site::new();
    let listener = Listener::new();
    let other = Ca::root("Other Root", KeyKind::EcdsaP256);
    let ca = site
        .dir
        .write("other.pem", pem("CERTIFICATE", &other.certificate));
    let mut peer = start(&site, &openssl, &listener, &["-no-CApath", "-CAfile", &ca]);
    let mut stream = listener.accept(site.our_server(KeyKind::EcdsaP256).build().unwrap());
    let error = stream.handshake().unwrap_err();
    assert_eq!(alert_of(&error), AlertDescription::UNKNOWN_CA);
    assert!(!peer.exit().success());
}

#[test]
fn alpn_is_agreed_on_or_refused() {
    let openssl = need!("openssl");
    let site = Site::new();
    let listener = Listener::new();
    let config = site
        .our_server(KeyKind::EcdsaP256)
        .alpn(["h2", "http/1.1"])
        .build()
        .unwrap();
    let mut peer = start(&site, &openssl, &listener, &["-alpn", "x,http/1.1"]);
    let mut stream = listener.accept(config.clone());
    assert_eq!(shake(&mut stream).alpn.as_deref(), Some(&b"http/1.1"[..]));
    peer.wait_for("ALPN protocol: http/1.1");
    converse(&mut stream, &mut peer);

    let mut peer = start(&site, &openssl, &listener, &["-alpn", "x"]);
    let mut stream = listener.accept(config);
    let error = stream.handshake().unwrap_err();
    let alert = tls_error(&error).alert();
    assert_eq!(alert, Some(AlertDescription::NO_APPLICATION_PROTOCOL));
    peer.wait_for("alert no application protocol");
}

#[test]
fn a_retry_for_a_missing_or_a_better_share() {
    let openssl = need!("openssl");
    let site = Site::new();
    let listener = Listener::new();
    use NamedGroup as G;
    // The client sends a share of its first group only.
    for (ours, policy, chosen, retry) in [
        (
            &[G::X25519][..],
            RetryPolicy::WhenNoShareFits,
            G::X25519,
            true,
        ),
        (
            &[G::X25519, G::SECP384R1],
            RetryPolicy::ForPreferred,
            G::X25519,
            true,
        ),
        (
            &[G::X25519, G::SECP384R1],
            RetryPolicy::WhenNoShareFits,
            G::SECP384R1,
            false,
        ),
        (
            &[G::X25519, G::SECP384R1],
            RetryPolicy::ForHybrid,
            G::SECP384R1,
            false,
        ),
    ] {
        let mut peer = start(&site, &openssl, &listener, &["-groups", "P-384:X25519"]);
        let config = site
            .our_server(KeyKind::EcdsaP256)
            .groups(ours)
            .retry(policy);
        let mut stream = listener.accept(config.build().unwrap());
        let summary = shake(&mut stream);
        assert_eq!(summary.group, Some(chosen), "{policy:?}");
        assert_eq!(summary.hello_retry_request, retry, "{policy:?}");
        converse(&mut stream, &mut peer);
    }
}

#[test]
fn keys_are_updated_from_either_end() {
    let openssl = need!("openssl");
    let site = Site::new();
    let listener = Listener::new();
    let watch = Watch::new();
    let config = site
        .our_server(KeyKind::EcdsaP256)
        .observer(watch.clone())
        .build()
        .unwrap();
    let mut peer = start(&site, &openssl, &listener, &[]);
    let mut stream = listener.accept(config);
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
fn bulk_data_both_ways() {
    let openssl = need!("openssl");
    let site = Site::new();
    let listener = Listener::new();
    let data = noise(BULK);
    let file = std::fs::File::open(site.dir.write("bulk", &data)).unwrap();
    let address = listener.address();
    let args = [
        "s_client", "-connect", &address, "-CAfile", &site.ca, "-quiet",
    ];
    let mut peer = Peer::start_with_stdin(&site.dir, &openssl, &args, Stdio::from(file));
    let watch = Watch::new();
    let config = site
        .our_server(KeyKind::EcdsaP256)
        .observer(watch.clone())
        .key_limit(100);
    let mut stream = listener.accept(config.build().unwrap());
    let mut received = vec![0; BULK];
    stream.read_exact(&mut received).unwrap();
    assert!(received == data, "what it sent differs");
    stream.write_all(&data).unwrap();
    stream.close().unwrap();
    peer.exit();
    assert!(peer.output() == data, "what it received differs");
    assert!(watch.count(Sent, HandshakeType::KEY_UPDATE) >= 10);
}

#[test]
fn exporters_are_equal() {
    let openssl = need!("openssl");
    let site = Site::new();
    let listener = Listener::new();
    let export = [
        "-keymatexport",
        "EXPORTER-symbolon",
        "-keymatexportlen",
        "32",
    ];
    for suite in ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384"] {
        let more = [&export[..], &["-ciphersuites", suite]].concat();
        let mut peer = start(&site, &openssl, &listener, &more);
        let mut stream = listener.accept(site.our_server(KeyKind::EcdsaP256).build().unwrap());
        assert_eq!(shake(&mut stream).cipher_suite.to_string(), suite);
        let mut material = [0; 32];
        stream
            .connection()
            .export_keying_material(b"EXPORTER-symbolon", None, &mut material)
            .unwrap();
        peer.wait_for(&format!(
            "Keying material: {}",
            hex(&material).to_uppercase()
        ));
        converse(&mut stream, &mut peer);
    }
}

#[test]
fn a_response_is_stapled_for_a_client_that_asks() {
    let openssl = need!("openssl");
    let site = Site::new();
    let listener = Listener::new();
    // OCSPResponse { responseStatus tryLater }: well-formed, and says nothing.
    let own = credential(site.server(KeyKind::EcdsaP256));
    let own = own.ocsp_response(&[0x30, 0x03, 0x0a, 0x01, 0x03]).unwrap();
    let config = ServerConfig::builder().credential(own).build().unwrap();
    for (more, expected) in [
        (&["-status"][..], "OCSP Response Status: trylater"),
        (&[], "Verification: OK"),
    ] {
        let mut peer = start(&site, &openssl, &listener, more);
        let mut stream = listener.accept(config.clone());
        shake(&mut stream);
        peer.wait_for(expected);
        converse(&mut stream, &mut peer);
        assert_eq!(
            peer.text().contains("OCSP Response Status"),
            !more.is_empty()
        );
    }
}

#[test]
fn the_certificate_is_chosen_by_the_server_name() {
    let openssl = need!("openssl");
    let site = Site::new();
    let listener = Listener::new();
    let list = [
        (NAME, KeyKind::EcdsaP256),
        ("second.example", KeyKind::Ed25519),
    ]
    .map(|(name, kind)| Arc::new(credential(site.pki.leaf(&[name], kind))));
    let choose = ServerCredentials::new(list.to_vec());
    let config = ServerConfig::builder()
        .credentials(Arc::new(choose))
        .build()
        .unwrap();
    for (name, scheme) in [
        (NAME, SignatureScheme::ECDSA_SECP256R1_SHA256),
        ("second.example", SignatureScheme::ED25519),
    ] {
        let mut peer = start_for(name, &site, &openssl, &listener, &[]);
        let mut stream = listener.accept(config.clone());
        let summary = shake(&mut stream);
        assert_eq!(summary.signature_scheme, Some(scheme));
        assert_eq!(summary.server_name.as_deref(), Some(name.as_bytes()));
        peer.wait_for(&format!("Verified peername: {name}"));
        converse(&mut stream, &mut peer);
    }
}

#[test]
fn our_close_notify_ends_it_in_good_order() {
    let openssl = need!("openssl");
    let site = Site::new();
    let listener = Listener::new();
    let mut peer = start(&site, &openssl, &listener, &[]);
    let mut stream = listener.accept(site.our_server(KeyKind::EcdsaP256).build().unwrap());
    stream.write_all(b"last words\n").unwrap();
    stream.close().unwrap();
    assert!(peer.exit().success());
    assert!(peer.text().contains("last words\nclosed\n"));
    assert_eq!(stream.read(&mut [0; 1]).unwrap(), 0, "its close_notify");
}

#[test]
fn a_killed_client_is_a_truncation() {
    let openssl = need!("openssl");
    let site = Site::new();
    let listener = Listener::new();
    let mut peer = start(&site, &openssl, &listener, &[]);
    let mut stream = listener.accept(site.our_server(KeyKind::EcdsaP256).build().unwrap());
    shake(&mut stream);
    peer.type_in("last words\n");
    assert_eq!(read_until(&mut stream, b"\n"), b"last words\n");
    peer.kill();
    let error = stream.read(&mut [0; 1]).unwrap_err();
    assert_eq!(error.kind(), Io::UnexpectedEof);
}
