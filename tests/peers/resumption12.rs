//! Sessions and pre-shared keys of TLS 1.2 with each peer, both ways.

use crate::common::certs::KeyKind;
use crate::common::stores::{MapStore, OpenTicketer};
use crate::support::{
    Listener, NAME, OurClient, Peer, Site, connect, connect_again, credential, hex, leaf, need,
    read_until, shake,
};
use crate::{curl, gnutls, go, nginx, openssl_client, openssl_server};
use std::io::{Read, Write};
use std::process::Stdio;
use std::sync::Arc;
use symbolon::codepoint::{CipherSuite, ProtocolVersion};
use symbolon::config::*;
use symbolon::handshake::Authentication;
use symbolon::pki::Decision;
use symbolon::secret::SecretBytes;

const TLS12: &[ProtocolVersion] = &[ProtocolVersion::TLS12];

fn client(site: &Site) -> ClientConfigBuilder {
    site.client().versions(TLS12)
}

/// Our server: with tickets, then with session IDs.
fn servers(site: &Site) -> [ServerConfigBuilder; 2] {
    let server = || site.our_server(KeyKind::EcdsaP256).versions(TLS12);
    [
        server().sessions(StatelessSessions::new(Arc::new(OpenTicketer(1)))),
        server().sessions(StatefulSessions::new(Arc::new(MapStore::default()))),
    ]
}

/// Our client makes a session and resumes it twice; `talk` says something each time.
fn resume_twice(port: u16, config: &Arc<ClientConfig>, talk: impl Fn(&mut OurClient)) {
    let mut stream = connect(port, Arc::clone(config));
    let full = shake(&mut stream);
    assert!(!full.resumed());
    for _ in 0..2 {
        talk(&mut stream);
        let session = stream.take_session().expect("a session");
        assert!(!session.is_tls13());
        stream.close().unwrap();
        stream = connect_again(port, Arc::clone(config), session);
        let summary = shake(&mut stream);
        assert!(summary.resumed());
        assert_eq!(summary.cipher_suite, full.cipher_suite);
        assert_eq!(leaf(&summary), leaf(&full));
    }
    talk(&mut stream);
    stream.close().unwrap();
}

#[test]
fn openssl_server_by_ticket_and_by_id() {
    let openssl = need!("openssl");
    let site = Site::new();
    let files = site.server_files(KeyKind::EcdsaP256);
    for more in [&["-tls1_2", "-rev"][..], &["-tls1_2", "-rev", "-no_ticket"]] {
        let (_peer, port) = openssl_server::start_any(&site, &openssl, &files, more);
        let config = client(&site).build().unwrap();
        resume_twice(port, &config, openssl_server::reversed);
        // With TLS 1.3 on offer as well.
        let mut stream = connect(port, Arc::clone(&config));
        shake(&mut stream);
        let session = stream.take_session().expect("a session");
        stream.close().unwrap();
        let both = site.client().build().unwrap();
        let mut stream = connect_again(port, both, session);
        let summary = shake(&mut stream);
        assert!(summary.resumed());
        assert_eq!(summary.version, ProtocolVersion::TLS12);
        openssl_server::reversed(&mut stream);
        stream.close().unwrap();
    }
}

#[test]
fn openssl_server_that_has_forgotten() {
    let openssl = need!("openssl");
    let site = Site::new();
    let files = site.server_files(KeyKind::EcdsaP256);
    for more in [&["-tls1_2", "-rev"][..], &["-tls1_2", "-rev", "-no_ticket"]] {
        let config = client(&site).build().unwrap();
        let (peer, port) = openssl_server::start_any(&site, &openssl, &files, more);
        let mut stream = connect(port, Arc::clone(&config));
        shake(&mut stream);
        let session = stream.take_session().expect("a session");
        drop((stream, peer));
        // Another process: other keys, an empty cache.
        let (_peer, port) = openssl_server::start_any(&site, &openssl, &files, more);
        let mut stream = connect_again(port, config, session);
        assert!(!shake(&mut stream).resumed());
        openssl_server::reversed(&mut stream);
        stream.close().unwrap();
    }
}

#[test]
fn openssl_server_that_knows_the_client() {
    let openssl = need!("openssl");
    let site = Site::new();
    let files = site.server_files(KeyKind::EcdsaP256);
    let more = ["-tls1_2", "-rev", "-Verify", "3", "-CAfile", &site.ca];
    let (_peer, port) = openssl_server::start_any(&site, &openssl, &files, &more);
    let own = credential(site.pki.client("client", KeyKind::EcdsaP256));
    let config = client(&site).credential(own).build().unwrap();
    resume_twice(port, &config, openssl_server::reversed);
}

#[test]
fn openssl_client_by_ticket_and_by_id() {
    let openssl = need!("openssl");
    let site = Site::new();
    let listener = Listener::new();
    for (i, config) in servers(&site).into_iter().enumerate() {
        let own = site.client_files(KeyKind::EcdsaP256);
        let verifier = site.verifier();
        let config = config
            .client_auth(ClientAuth::Required(verifier))
            .build()
            .unwrap();
        let file = site.dir.write(&format!("session{i}"), b"");
        let identity = [
            "-cert",
            &own.cert,
            "-cert_chain",
            &own.cert,
            "-key",
            &own.key,
        ];
        let start = |more: &[&str]| {
            let args = [&["-tls1_2"], &identity[..], more].concat();
            openssl_client::start_any(NAME, &site, &openssl, &listener, &args)
        };
        let mut peer = start(&["-sess_out", &file]);
        let mut stream = listener.accept(Arc::clone(&config));
        let full = shake(&mut stream);
        assert!(!full.resumed());
        peer.wait_for("New, TLSv1.2");
        openssl_client::converse(&mut stream, &mut peer);
        for _ in 0..2 {
            let mut peer = start(&["-sess_in", &file, "-sess_out", &file]);
            let mut stream = listener.accept(Arc::clone(&config));
            let summary = shake(&mut stream);
            assert!(summary.resumed());
            assert_eq!(leaf(&summary), leaf(&full));
            peer.wait_for("Reused, TLSv1.2");
            peer.wait_for("Verification: OK");
            openssl_client::converse(&mut stream, &mut peer);
        }
        // A restarted server with other keys and an empty store.
        let [_, other] = servers(&site);
        let other = other.client_auth(ClientAuth::Required(site.verifier()));
        let mut peer = start(&["-sess_in", &file]);
        let mut stream = listener.accept(other.build().unwrap());
        assert!(!shake(&mut stream).resumed());
        openssl_client::converse(&mut stream, &mut peer);
    }
}

#[test]
fn gnutls_server_by_ticket_and_by_id() {
    let serv = need!("gnutls-serv");
    let site = Site::new();
    let files = site.server_files(KeyKind::EcdsaP256);
    let priority = "NORMAL:-VERS-ALL:+VERS-TLS1.2";
    for more in [&[][..], &["--noticket"]] {
        let (_peer, port) = gnutls::start(&site, &serv, &files, priority, more);
        let config = client(&site).build().unwrap();
        resume_twice(port, &config, gnutls::echoed);
    }
}

#[test]
fn gnutls_client_by_ticket_and_by_id() {
    let cli = need!("gnutls-cli");
    let site = Site::new();
    let listener = Listener::new();
    let priority = "NORMAL:-VERS-ALL:+VERS-TLS1.2";
    for config in servers(&site) {
        let config = config.build().unwrap();
        let more = ["--resume"];
        let mut peer =
            gnutls::start_client(&site, &cli, &listener, priority, &more, Stdio::piped());
        let mut stream = listener.accept(Arc::clone(&config));
        assert!(!shake(&mut stream).resumed());
        assert_eq!(stream.read(&mut [0; 1]).unwrap(), 0, "its close_notify");
        stream.close().unwrap();
        let mut stream = listener.accept(Arc::clone(&config));
        assert!(shake(&mut stream).resumed());
        peer.wait_for("This is a resumed session");
        gnutls::converse(&mut stream, &mut peer);
    }
}

#[test]
fn go_by_ticket() {
    let go = need!("go");
    let site = Site::new();
    let files = site.server_files(KeyKind::EcdsaP256);
    let version = ["-min", "1.2", "-max", "1.2"];
    let (mut peer, port) = go::start(&site, &go, &files, &version);
    let config = client(&site).build().unwrap();
    resume_twice(port, &config, |stream| {
        stream.write_all(b"there and back\n").unwrap();
        assert_eq!(read_until(stream, b"\n"), b"there and back\n");
    });
    peer.wait_for("resumed=true");

    let listener = Listener::new();
    let [config, _] = servers(&site);
    let config = config.build().unwrap();
    let more = [&version[..], &["-times", "3"]].concat();
    let mut peer = go::start_client(&site, &go, &listener, &more);
    for round in 0..3 {
        let mut stream = listener.accept(Arc::clone(&config));
        assert_eq!(shake(&mut stream).resumed(), round > 0);
        let mut buffer = [0; 4096];
        loop {
            let n = stream.read(&mut buffer).unwrap();
            if n == 0 {
                break;
            }
            stream.write_all(&buffer[..n]).unwrap();
        }
        stream.close().unwrap();
    }
    peer.wait_for("resumed=true");
    assert!(peer.exit().success());
}

#[test]
fn curl_by_id() {
    let curl = need!("curl");
    let site = Site::new();
    let listener = Listener::new();
    // It takes no tickets in TLS 1.2.
    let [_, config] = servers(&site);
    let config = config.alpn(["http/1.1"]).build().unwrap();
    let again = format!("https://localhost:{}/again", listener.port);
    let more = ["--tlsv1.2", "--tls-max", "1.2", &again];
    let mut peer = curl::start(&site, &curl, &listener, "/once", &more);
    for (round, path) in ["/again", "/once"].into_iter().enumerate() {
        let mut stream = listener.accept(Arc::clone(&config));
        assert_eq!(shake(&mut stream).resumed(), round > 0);
        assert_eq!(curl::request(&mut stream), format!("GET {path} HTTP/1.1"));
        stream.write_all(curl::HEAD).unwrap();
        stream.write_all(path.as_bytes()).unwrap();
        stream.close().unwrap();
    }
    assert!(peer.exit().success());
    assert_eq!(peer.output(), b"/again/once");
}

#[test]
fn nginx_by_ticket_and_by_id() {
    let nginx = need!("nginx");
    for more in [
        "ssl_session_tickets on;",
        "ssl_session_tickets off; ssl_session_cache shared:all:1m;",
    ] {
        let site = Site::new();
        let (_peer, port) = nginx::start_any(&site, &nginx, KeyKind::EcdsaP256, "TLSv1.2", more);
        let config = client(&site).build().unwrap();
        resume_twice(port, &config, |stream| {
            nginx::get(stream, "/state");
        });
    }
}

/// The one key.
#[derive(Debug)]
struct OneKey(Arc<ExternalPsk>);

impl PskStore for OneKey {
    fn find(&self, query: &PskQuery) -> Decision<Option<Arc<ExternalPsk>>> {
        let known = *self.0.identity() == query.identity;
        Decision::Now(known.then(|| Arc::clone(&self.0)))
    }
}

const KEY: [u8; 20] = [0x5e; 20];
const CHACHA: CipherSuite = CipherSuite::TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256;

fn psk() -> Arc<ExternalPsk> {
    let key = SecretBytes::new(KEY.to_vec());
    Arc::new(ExternalPsk::new(b"one", key, PskHash::Sha256).unwrap())
}

fn psk_client() -> Arc<ClientConfig> {
    ClientConfig::builder()
        .versions(TLS12)
        .psk(psk())
        .build()
        .unwrap()
}

fn psk_server() -> Arc<ServerConfig> {
    let keys = Arc::new(OneKey(psk()));
    ServerConfig::builder()
        .versions(TLS12)
        .psks(keys)
        .build()
        .unwrap()
}

fn by_psk(summary: &symbolon::handshake::Summary) {
    let identity = b"one".to_vec();
    assert_eq!(summary.authentication, Authentication::Psk { identity });
    // The one suite with an AEAD that these peers have.
    assert_eq!(summary.cipher_suite, CHACHA);
    assert_eq!(summary.peer_chain, None);
}

#[test]
fn openssl_with_a_key_alone() {
    let openssl = need!("openssl");
    let site = Site::new();
    let key = hex(&KEY);
    let args = [
        "-psk",
        &key,
        "-psk_identity",
        "one",
        "-cipher",
        "PSK",
        "-tls1_2",
    ];
    // With a hint and without.
    for hint in [&[][..], &["-psk_hint", "whatever"]] {
        let more = [
            &["s_server", "-accept", "0", "-nocert", "-rev"],
            &args[..],
            hint,
        ]
        .concat();
        let mut peer = Peer::start(&site.dir, &openssl, &more);
        let address = peer.wait_for("ACCEPT ");
        let port = address
            .rsplit(':')
            .next()
            .and_then(|port| port.trim().parse().ok());
        let mut stream = connect(port.expect("a port"), psk_client());
        by_psk(&shake(&mut stream));
        openssl_server::reversed(&mut stream);
        stream.close().unwrap();
    }
    let listener = Listener::new();
    let address = listener.address();
    let more = [&["s_client", "-connect", &address], &args[..]].concat();
    let mut peer = Peer::start(&site.dir, &openssl, &more);
    let mut stream = listener.accept(psk_server());
    by_psk(&shake(&mut stream));
    peer.wait_for("PSK identity: one");
    openssl_client::converse(&mut stream, &mut peer);
    // Another key, and an identity that nobody knows: the same to the client.
    for (key, identity) in [("00", "one"), (&key[..], "two")] {
        let more = [
            "s_client", "-connect", &address, "-tls1_2", "-cipher", "PSK",
        ];
        let more = [&more[..], &["-psk", key, "-psk_identity", identity]].concat();
        let mut peer = Peer::start(&site.dir, &openssl, &more);
        let mut stream = listener.accept(psk_server());
        stream.handshake().unwrap_err();
        peer.wait_for("bad record mac");
        assert!(!peer.exit().success());
    }
}

#[test]
fn gnutls_with_a_key_alone() {
    let (serv, cli) = (need!("gnutls-serv"), need!("gnutls-cli"));
    let site = Site::new();
    let files = site.server_files(KeyKind::EcdsaP256);
    let priority = "NORMAL:-KX-ALL:+ECDHE-PSK:-VERS-ALL:+VERS-TLS1.2";
    let key = hex(&KEY);
    let passwords = site.dir.write("passwords", format!("one:{key}\n"));
    let more = ["--pskpasswd", &passwords];
    let (mut peer, port) = gnutls::start(&site, &serv, &files, priority, &more);
    let mut stream = connect(port, psk_client());
    by_psk(&shake(&mut stream));
    // With a key it sends nothing back, not even to its own client.
    peer.wait_for("Connected as 'one'");
    stream.close().unwrap();

    let listener = Listener::new();
    let port = listener.port.to_string();
    let mut more = vec!["127.0.0.1", "-p", &port, "--priority", priority];
    more.extend(["--pskusername", "one", "--pskkey", &key]);
    let _peer = Peer::start(&site.dir, &cli, &more);
    let mut stream = listener.accept(psk_server());
    // After this it crashes, with OpenSSL's server as well: it has no certificate to tell of.
    by_psk(&shake(&mut stream));
}
