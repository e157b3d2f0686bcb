//! What a scanner finds at our server.

use crate::common::certs::KeyKind;
use crate::support::{Peer, Site, need};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;
use symbolon::conn::ServerConnection;
use symbolon::io::{Stream, now, seed};

/// A server for a scanner, and its address.
///
/// The scanners' own ClientHellos of TLS 1.2 are without extended_master_secret: with our default
/// they would find TLS 1.3 only.
fn serve(site: &Site) -> String {
    let config = site
        .our_server(KeyKind::EcdsaP256)
        .require_extended_master_secret(false)
        .build()
        .unwrap();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    // It ends with the process: how often a scanner connects is its own affair.
    std::thread::spawn(move || {
        while let Ok((tcp, _)) = listener.accept() {
            let config = config.clone();
            std::thread::spawn(move || {
                tcp.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
                let connection = ServerConnection::new(config, seed().unwrap(), now()).unwrap();
                let mut stream = Stream::new(connection, tcp);
                // Most of its connections are meant to fail.
                if stream.handshake().is_ok() {
                    let _ = stream.read(&mut [0; 1024]);
                    let _ = stream.write_all(b"HTTP/1.0 200 OK\r\n\r\n");
                    let _ = stream.close();
                }
            });
        }
    });
    address
}

#[test]
fn sslscan() {
    let sslscan = need!("sslscan");
    let site = Site::new();
    let address = serve(&site);
    let args = ["--no-colour", &address];
    let mut peer = Peer::start(&site.dir, &sslscan, &args);
    assert!(peer.exit().success());
    let text = peer.text();
    let words: Vec<Vec<&str>> = text
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    let has = |line: &[&str]| words.iter().any(|words| words == line);
    for version in ["SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1"] {
        assert!(has(&[version, "disabled"]), "{version}");
    }
    for version in ["TLSv1.2", "TLSv1.3"] {
        assert!(has(&[version, "enabled"]), "{version}");
        assert!(has(&[version, "not", "vulnerable", "to", "heartbleed"]));
    }
    // RFC 7507.
    assert!(text.contains("Server supports TLS Fallback SCSV"));
    // RFC 5746 is spoken, so that nothing can be spliced in; renegotiation itself is refused.
    assert!(text.contains("Session renegotiation not supported"));
    assert!(!text.contains("Insecure session renegotiation"));
    // Debian's build can't look for compression itself.
    assert!(!text.contains("Compression enabled"));

    // Of our certificate's kind, and nothing but AEADs.
    let mut found: Vec<(&str, &str)> = words
        .iter()
        .filter(|words| matches!(words.first(), Some(&("Preferred" | "Accepted"))))
        .map(|words| (words[1], words[4]))
        .collect();
    found.sort_unstable();
    assert_eq!(
        found,
        [
            ("TLSv1.2", "ECDHE-ECDSA-AES128-GCM-SHA256"),
            ("TLSv1.2", "ECDHE-ECDSA-AES256-GCM-SHA384"),
            ("TLSv1.2", "ECDHE-ECDSA-CHACHA20-POLY1305"),
            ("TLSv1.3", "TLS_AES_128_GCM_SHA256"),
            ("TLSv1.3", "TLS_AES_256_GCM_SHA384"),
            ("TLSv1.3", "TLS_CHACHA20_POLY1305_SHA256"),
        ]
    );
}

#[test]
fn testssl() {
    let testssl = need!("testssl");
    let site = Site::new();
    let address = serve(&site);
    // Protocols and kinds of ciphers.
    let args = [
        "--quiet",
        "--color",
        "0",
        "--openssl-timeout",
        "5",
        "-p",
        "-s",
        &address,
    ];
    let mut peer = Peer::start(&site.dir, &testssl, &args);
    peer.exit();
    let text = peer.text();
    let words: Vec<Vec<&str>> = text
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    let finds = |line: &str| {
        let wanted: Vec<&str> = line.split_whitespace().collect();
        let found = words.iter().any(|words| words.starts_with(&wanted));
        assert!(found, "{line} in {text}");
    };
    for line in [
        "SSLv2 not offered",
        "SSLv3 not offered",
        "TLS 1 not offered",
        "TLS 1.1 not offered",
        "TLS 1.2 offered (OK)",
        "TLS 1.3 offered (OK): final",
        "NULL ciphers (no encryption) not offered",
        "Anonymous NULL Ciphers (no authentication) not offered",
        "Export ciphers (w/o ADH+NULL) not offered",
        "LOW: 64 Bit + DES, RC[2,4] (w/o export) not offered",
        "Triple DES Ciphers / IDEA not offered",
        "Obsolete CBC ciphers (AES, ARIA etc.) not offered",
        "Strong encryption (AEAD ciphers) offered",
    ] {
        finds(line);
    }
}
