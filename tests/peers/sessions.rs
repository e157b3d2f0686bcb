//! Sessions of TLS 1.3 with other people's TLS: resumption, PSKs and 0-RTT, both ways, after the keys of
//! tickets were changed and after a restart.

use crate::common::certs::KeyKind;
use crate::common::stores::Psks;
use crate::support::{
    Listener, NAME, OurClient, OurServer, Peer, Site, connect, need, read_until, shake,
};
use crate::{curl, gnutls, go, openssl_client, openssl_server};
use rustls_pki_types::UnixTime;
use std::io::{Read, Write};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use symbolon::config::{
    ClientConfig, ExternalPsk, MemoryClientSessions, MemorySessions, PskHash, ReplayMap,
    RotatingTicketer, ServerConfig, StatefulSessions, StatelessSessions,
};
use symbolon::handshake::{Authentication, EarlyDataOutcome, EarlyDataRefusal};
use symbolon::provider::default_provider;
use symbolon::secret::SecretBytes;

const EARLY: &str = "GET /early\n";

/// Tickets sealed under these keys, as after each start of a server.
fn ticketer(secret: u8) -> Arc<RotatingTicketer> {
    Arc::new(RotatingTicketer::new(&default_provider(), &[secret; 32], 86_400).unwrap())
}

/// Takes 1000 bytes of early data. The server started long ago.
fn stateless(site: &Site, ticketer: &Arc<RotatingTicketer>) -> Arc<ServerConfig> {
    let start = UnixTime::since_unix_epoch(Duration::ZERO);
    let recorder = Arc::new(ReplayMap::new(100, start, 20));
    let sessions = StatelessSessions::new(ticketer.clone()).early_data(1000, recorder);
    let server = site.our_server(KeyKind::EcdsaP256).sessions(sessions);
    server.build().unwrap()
}

fn stateful(site: &Site) -> Arc<ServerConfig> {
    let store = Arc::new(MemorySessions::new(100, 100_000));
    let sessions = StatefulSessions::new(store).early_data(1000);
    let server = site.our_server(KeyKind::EcdsaP256).sessions(sessions);
    server.build().unwrap()
}

fn store() -> Arc<MemoryClientSessions> {
    Arc::new(MemoryClientSessions::new(100, 100_000))
}

/// A client that keeps its sessions, and sends early data where it may.
fn keeping(site: &Site) -> Arc<ClientConfig> {
    let client = site.client().sessions(store()).early_data(true);
    client.build().unwrap()
}

fn psk() -> (Arc<ExternalPsk>, &'static str) {
    let key = SecretBytes::new((1..=32).collect());
    let psk = ExternalPsk::new(b"device 7", key, PskHash::Sha256).unwrap();
    let hex = "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20";
    (Arc::new(psk), hex)
}

fn by_psk() -> Authentication {
    let identity = b"device 7".to_vec();
    Authentication::Psk { identity }
}

/// Whether a connection of `openssl s_client` with these arguments was resumed, and its early data.
fn openssl_to(
    site: &Site,
    openssl: &std::path::Path,
    config: &Arc<ServerConfig>,
    more: &[&str],
) -> (bool, EarlyDataOutcome, Vec<u8>) {
    let listener = Listener::new();
    let more = [&["-tls1_3"], more].concat();
    let mut peer = openssl_client::start_any(NAME, site, openssl, &listener, &more);
    let mut stream = listener.accept(config.clone());
    let summary = shake(&mut stream);
    let early = stream.take_early_data();
    openssl_client::converse(&mut stream, &mut peer);
    let reused = peer.text().contains("Reused, TLSv1.3");
    assert_eq!(reused, summary.resumed());
    let accepted = summary.early_data == EarlyDataOutcome::Accepted;
    assert_eq!(peer.text().contains("Early data was accepted"), accepted);
    (summary.resumed(), summary.early_data, early)
}

#[test]
fn openssl_resumes_at_our_server_and_sends_early_data() {
    let openssl = need!("openssl");
    let site = Site::new();
    let early = site.dir.write("early", EARLY);
    let file = site.dir.file("session");
    for server in [stateless(&site, &ticketer(1)), stateful(&site)] {
        let out = ["-sess_out", &file];
        assert!(!openssl_to(&site, &openssl, &server, &out).0);
        let renewed = ["-sess_in", &file, "-sess_out", &file];
        assert!(openssl_to(&site, &openssl, &server, &renewed).0);
        let with = ["-sess_in", &file, "-early_data", &early];
        let (resumed, outcome, data) = openssl_to(&site, &openssl, &server, &with);
        assert!(resumed);
        assert_eq!(outcome, EarlyDataOutcome::Accepted);
        assert_eq!(data, EARLY.as_bytes());
    }
}

#[test]
fn openssl_resumes_after_our_keys_were_changed_and_after_our_restart() {
    let openssl = need!("openssl");
    let site = Site::new();
    let early = site.dir.write("early", EARLY);
    let file = site.dir.file("session");
    let keys = ticketer(1);
    let server = stateless(&site, &keys);
    assert!(!openssl_to(&site, &openssl, &server, &["-sess_out", &file]).0);
    let with = ["-sess_in", &file, "-early_data", &early];
    // The keys before these are good still.
    keys.replace_secret(&[2; 32]).unwrap();
    assert!(openssl_to(&site, &openssl, &server, &with).0);
    // Another process with the same keys: early data too.
    let again = stateless(&site, &ticketer(1));
    let (resumed, outcome, data) = openssl_to(&site, &openssl, &again, &with);
    assert!(resumed && outcome == EarlyDataOutcome::Accepted);
    assert_eq!(data, EARLY.as_bytes());
    // Those before the last ones are gone.
    keys.replace_secret(&[3; 32]).unwrap();
    let (resumed, outcome, data) = openssl_to(&site, &openssl, &server, &with);
    assert!(!resumed && data.is_empty());
    let refused = EarlyDataOutcome::Rejected {
        reason: EarlyDataRefusal::OtherPsk,
        unsent: Vec::new(),
    };
    assert_eq!(outcome, refused);
}

#[test]
fn our_client_resumes_at_openssl() {
    let openssl = need!("openssl");
    let site = Site::new();
    let files = site.server_files(KeyKind::EcdsaP256);
    // Tickets, and sessions that the server keeps.
    for more in [&["-tls1_3", "-rev"][..], &["-tls1_3", "-rev", "-no_ticket"]] {
        let client = keeping(&site);
        let (peer, port) = openssl_server::start_any(&site, &openssl, &files, more);
        for resumed in [false, true, true] {
            let mut stream = connect(port, client.clone());
            assert_eq!(shake(&mut stream).resumed(), resumed);
            openssl_server::reversed(&mut stream);
            stream.close().unwrap();
        }
        // After a restart it knows nothing.
        drop(peer);
        let (_peer, port) = openssl_server::start_any(&site, &openssl, &files, more);
        let mut stream = connect(port, client.clone());
        assert!(!shake(&mut stream).resumed());
        openssl_server::reversed(&mut stream);
    }
}

#[test]
fn our_client_sends_early_data_to_openssl() {
    let openssl = need!("openssl");
    let site = Site::new();
    let files = site.server_files(KeyKind::EcdsaP256);
    let client = keeping(&site);
    let more = ["-tls1_3", "-early_data", "-max_early_data", "1000"];
    let (mut peer, port) = openssl_server::start_any(&site, &openssl, &files, &more);
    let answered = |stream: &mut OurClient, peer: &mut Peer| {
        stream.write_all(b"after\n").unwrap();
        peer.wait_for("after");
        peer.type_in("answer\n");
        assert_eq!(read_until(stream, b"\n"), b"answer\n");
        stream.close().unwrap();
        let _ = stream.read(&mut [0; 1]);
    };
    let mut stream = connect(port, client.clone());
    assert_eq!(stream.send_early_data(EARLY.as_bytes()).unwrap(), 0);
    assert!(!shake(&mut stream).resumed());
    answered(&mut stream, &mut peer);
    let mut stream = connect(port, client.clone());
    assert_eq!(stream.connection().early_data_room(), 1000);
    assert_eq!(
        stream.send_early_data(EARLY.as_bytes()).unwrap(),
        EARLY.len()
    );
    let summary = shake(&mut stream);
    assert!(summary.resumed());
    assert_eq!(summary.early_data, EarlyDataOutcome::Accepted);
    peer.wait_for("GET /early");
    answered(&mut stream, &mut peer);
    // After a restart it is given back.
    drop(peer);
    let (mut peer, port) = openssl_server::start_any(&site, &openssl, &files, &more);
    let mut stream = connect(port, client.clone());
    assert_eq!(
        stream.send_early_data(EARLY.as_bytes()).unwrap(),
        EARLY.len()
    );
    let summary = shake(&mut stream);
    assert!(!summary.resumed());
    let given_back = EarlyDataOutcome::Rejected {
        reason: EarlyDataRefusal::OtherPsk,
        unsent: EARLY.as_bytes().to_vec(),
    };
    assert_eq!(summary.early_data, given_back);
    answered(&mut stream, &mut peer);
}

#[test]
fn our_client_is_asked_to_retry_by_openssl_with_early_data_on_its_way() {
    let openssl = need!("openssl");
    let site = Site::new();
    let files = site.server_files(KeyKind::EcdsaP256);
    let client = site.client().sessions(store()).early_data(true);
    let groups = [
        symbolon::codepoint::NamedGroup::X25519,
        symbolon::codepoint::NamedGroup::SECP384R1,
    ];
    let client = client.groups(&groups).build().unwrap();
    let more = [
        "-tls1_3",
        "-early_data",
        "-max_early_data",
        "1000",
        // With it a session is gone after the first ClientHello.
        "-no_anti_replay",
        "-groups",
        "P-384",
    ];
    let (mut peer, port) = openssl_server::start_any(&site, &openssl, &files, &more);
    for resumed in [false, true] {
        let mut stream = connect(port, client.clone());
        let sent = stream.send_early_data(EARLY.as_bytes()).unwrap();
        assert_eq!(sent > 0, resumed);
        let summary = shake(&mut stream);
        assert!(summary.hello_retry_request);
        assert_eq!(summary.resumed(), resumed);
        if resumed {
            let given_back = EarlyDataOutcome::Rejected {
                reason: EarlyDataRefusal::Retry,
                unsent: EARLY.as_bytes().to_vec(),
            };
            assert_eq!(summary.early_data, given_back);
        }
        stream.write_all(b"after\n").unwrap();
        peer.wait_for("after");
        peer.type_in("answer\n");
        assert_eq!(read_until(&mut stream, b"\n"), b"answer\n");
        stream.close().unwrap();
        let _ = stream.read(&mut [0; 1]);
    }
}

#[test]
fn openssl_has_the_same_psk() {
    let openssl = need!("openssl");
    let site = Site::new();
    let (psk, hex) = psk();
    let files = site.server_files(KeyKind::EcdsaP256);
    let known = ["-psk", hex, "-psk_identity", "device 7"];
    let more = [&["-tls1_3", "-rev"], &known[..]].concat();
    let (_peer, port) = openssl_server::start_any(&site, &openssl, &files, &more);
    let client = ClientConfig::builder().psk(psk.clone()).build().unwrap();
    let mut stream = connect(port, client);
    let summary = shake(&mut stream);
    assert_eq!(summary.authentication, by_psk());
    assert!(summary.peer_chain.is_none());
    openssl_server::reversed(&mut stream);

    let listener = Listener::new();
    let more = [&["-tls1_3"], &known[..]].concat();
    let mut peer = openssl_client::start_any(NAME, &site, &openssl, &listener, &more);
    let server = ServerConfig::builder().psks(Psks::of(&[&psk]));
    let mut stream = listener.accept(server.build().unwrap());
    assert_eq!(shake(&mut stream).authentication, by_psk());
    openssl_client::converse(&mut stream, &mut peer);
}

const TLS13: &str = "NORMAL:-VERS-ALL:+VERS-TLS1.3";

#[test]
fn gnutls_resumes_at_our_server_and_sends_early_data() {
    let cli = need!("gnutls-cli");
    let site = Site::new();
    let early = site.dir.write("early", EARLY);
    for server in [stateless(&site, &ticketer(1)), stateful(&site)] {
        for with in [false, true] {
            let listener = Listener::new();
            let file = format!("--earlydata={early}");
            let mut more = vec!["--resume", "--waitresumption"];
            more.extend(with.then_some(file.as_str()));
            let stdin = Stdio::piped();
            let mut peer = gnutls::start_client(&site, &cli, &listener, TLS13, &more, stdin);
            let mut stream = listener.accept(server.clone());
            assert!(!shake(&mut stream).resumed());
            assert_eq!(stream.read(&mut [0; 1]).unwrap(), 0, "its close_notify");
            stream.close().unwrap();
            let mut stream = listener.accept(server.clone());
            let summary = shake(&mut stream);
            assert!(summary.resumed());
            let data = stream.take_early_data();
            match with {
                true => {
                    assert_eq!(summary.early_data, EarlyDataOutcome::Accepted);
                    assert_eq!(data, EARLY.as_bytes());
                }
                false => assert_eq!(summary.early_data, EarlyDataOutcome::NotOffered),
            }
            peer.wait_for("This is a resumed session");
            gnutls::converse(&mut stream, &mut peer);
        }
    }
}

#[test]
fn our_client_resumes_at_gnutls_and_sends_early_data() {
    let serv = need!("gnutls-serv");
    let site = Site::new();
    let files = site.server_files(KeyKind::EcdsaP256);
    let client = keeping(&site);
    let more = ["--earlydata", "--maxearlydata=1000"];
    let (_peer, port) = gnutls::start(&site, &serv, &files, TLS13, &more);
    let mut stream = connect(port, client.clone());
    assert!(!shake(&mut stream).resumed());
    gnutls::echoed(&mut stream);
    stream.close().unwrap();
    // GnuTLS takes none that was long on its way, as it may be on a busy machine: one of some is enough.
    let mut outcomes = Vec::new();
    while outcomes.len() < 4 && !outcomes.contains(&EarlyDataOutcome::Accepted) {
        let mut stream = connect(port, client.clone());
        let early = !outcomes.is_empty();
        if early {
            assert_eq!(stream.connection().early_data_room(), 1000);
            let sent = stream.send_early_data(EARLY.as_bytes());
            assert_eq!(sent.unwrap(), EARLY.len());
        }
        let summary = shake(&mut stream);
        assert!(summary.resumed());
        outcomes.push(summary.early_data.clone());
        gnutls::echoed(&mut stream);
        stream.close().unwrap();
    }
    assert_eq!(outcomes.last(), Some(&EarlyDataOutcome::Accepted));
}

#[test]
fn go_resumes_at_our_server() {
    let go = need!("go");
    let site = Site::new();
    for server in [stateless(&site, &ticketer(1)), stateful(&site)] {
        let listener = Listener::new();
        let mut peer = go::start_client(&site, &go, &listener, &["-times", "3"]);
        for resumed in [false, true, true] {
            let mut stream = listener.accept(server.clone());
            assert_eq!(shake(&mut stream).resumed(), resumed);
            sent_back(&mut stream);
            stream.close().unwrap();
        }
        assert!(peer.exit().success());
        assert_eq!(peer.text().matches("resumed=true").count(), 2);
    }
}

/// Sends back what comes until close_notify.
fn sent_back(stream: &mut OurServer) {
    let mut buffer = [0; 4096];
    loop {
        let n = stream.read(&mut buffer).unwrap();
        if n == 0 {
            return;
        }
        stream.write_all(&buffer[..n]).unwrap();
    }
}

#[test]
fn our_client_resumes_at_go() {
    let go = need!("go");
    let site = Site::new();
    let files = site.server_files(KeyKind::EcdsaP256);
    let client = keeping(&site);
    let (mut peer, port) = go::start(&site, &go, &files, &[]);
    let talk = |port: u16, resumed: bool| {
        let mut stream = connect(port, client.clone());
        // It takes none.
        assert_eq!(stream.connection().early_data_room(), 0);
        assert_eq!(shake(&mut stream).resumed(), resumed);
        stream.write_all(b"there and back").unwrap();
        let mut back = [0; 14];
        stream.read_exact(&mut back).unwrap();
        assert_eq!(&back, b"there and back");
        stream.close().unwrap();
        assert_eq!(stream.read(&mut back).unwrap(), 0, "its close_notify");
    };
    talk(port, false);
    talk(port, true);
    peer.wait_for("resumed=true");
    // After a restart it has other keys.
    drop(peer);
    let (_peer, port) = go::start(&site, &go, &files, &[]);
    talk(port, false);
    talk(port, true);
}

#[test]
fn curl_resumes_for_its_second_address() {
    let curl = need!("curl");
    let site = Site::new();
    let listener = Listener::new();
    let server = curl::http(&site).sessions(StatelessSessions::new(ticketer(1)));
    let server = server.build().unwrap();
    let first = format!("https://localhost:{}/first", listener.port);
    let mut peer = curl::start(&site, &curl, &listener, "/second", &[&first]);
    for (path, resumed) in [("first", false), ("second", true)] {
        let mut stream = listener.accept(server.clone());
        assert_eq!(shake(&mut stream).resumed(), resumed);
        assert_eq!(curl::request(&mut stream), format!("GET /{path} HTTP/1.1"));
        stream.write_all(curl::HEAD).unwrap();
        stream.write_all(path.as_bytes()).unwrap();
        stream.close().unwrap();
    }
    assert!(peer.exit().success());
    assert_eq!(peer.output(), b"firstsecond");
}
