//! What a scanner finds at our server.

use crate::common::certs::KeyKind;
use crate::support::{Peer, Site, need};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;
use symbolon::conn::ServerConnection;
use symbolon::io::{Stream, now, seed};

#[test]
fn sslscan() {
    let sslscan = need!("sslscan");
    let site = Site::new();
    // Its own ClientHello of TLS 1.2 is without extended_master_secret: to our default it would
    // find TLS 1.3 only.
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
