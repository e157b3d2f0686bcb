//! Peers of one version and of both, against us with one version and with both.

use crate::common::certs::KeyKind;
use crate::support::{
    Listener, NAME, OurClient, Peer, Site, alert_of, connect, free_port, need, read_until, shake,
    tls_error, wait,
};
use crate::{gnutls, go, nginx, openssl_client, openssl_server};
use std::cell::RefCell;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Stdio;
use std::rc::Rc;
use symbolon::codepoint::{AlertDescription, ProtocolVersion};
use symbolon::error::{ErrorKind, Parameter};

type Versions = &'static [ProtocolVersion];

const TLS12: Versions = &[ProtocolVersion::TLS12];
const TLS13: Versions = &[ProtocolVersion::TLS13];
const BOTH: Versions = &[ProtocolVersion::TLS12, ProtocolVersion::TLS13];
const ALL: [Versions; 3] = [TLS12, TLS13, BOTH];

/// The lowest and the highest, as this peer writes TLS 1.2 and 1.3.
fn range<T: Copy>(versions: Versions, tls12: T, tls13: T) -> (T, T) {
    let name = |version: &ProtocolVersion| match *version {
        ProtocolVersion::TLS12 => tls12,
        _ => tls13,
    };
    (name(&versions[0]), name(&versions[versions.len() - 1]))
}

/// All of them, as this peer writes them.
fn list(versions: Versions, tls12: &str, tls13: &str, between: &str) -> String {
    match range(versions, tls12, tls13) {
        (low, high) if low == high => low.to_owned(),
        (low, high) => format!("{low}{between}{high}"),
    }
}

/// What must be agreed on.
fn highest(ours: Versions, theirs: Versions) -> Option<ProtocolVersion> {
    let common = ours.iter().filter(|version| theirs.contains(version));
    common.max_by_key(|version| version.0).copied()
}

/// Our client with each of [`ALL`] against a server of these versions.
fn our_client(site: &Site, theirs: Versions, port: u16, talk: impl Fn(&mut OurClient)) {
    our_client_or(AlertDescription::PROTOCOL_VERSION, site, theirs, port, talk);
}

/// The same with a server that has this alert for a client of other versions.
fn our_client_or(
    refusal: AlertDescription,
    site: &Site,
    theirs: Versions,
    port: u16,
    talk: impl Fn(&mut OurClient),
) {
    for ours in ALL {
        let mut stream = connect(port, site.client().versions(ours).build().unwrap());
        if let Some(version) = highest(ours, theirs) {
            assert_eq!(shake(&mut stream).version, version, "{ours:?} {theirs:?}");
            talk(&mut stream);
            stream.close().unwrap();
        } else {
            let error = stream.handshake().unwrap_err();
            assert_eq!(alert_of(&error), refusal);
        }
    }
}

/// Our server with each of [`ALL`] against clients with each of them. The client sends a line
/// and prints the answer.
fn our_server(site: &Site, mut client: impl FnMut(&Listener, Versions) -> Rc<RefCell<Peer>>) {
    let listener = Listener::new();
    let mut number = 0;
    for (ours, theirs) in ALL
        .iter()
        .flat_map(|ours| ALL.map(|theirs| (*ours, theirs)))
    {
        let config = site.our_server(KeyKind::EcdsaP256).versions(ours);
        let peer = client(&listener, theirs);
        let mut stream = listener.accept(config.build().unwrap());
        if let Some(version) = highest(ours, theirs) {
            assert_eq!(shake(&mut stream).version, version, "{ours:?} {theirs:?}");
            assert_eq!(read_until(&mut stream, b"\n"), b"hello\n");
            number += 1;
            let answer = format!("answer {number} to you");
            stream.write_all(format!("{answer}\n").as_bytes()).unwrap();
            peer.borrow_mut().wait_for(&answer);
            stream.close().unwrap();
        } else {
            let error = stream.handshake().unwrap_err();
            no_version_in_common(&error, ours, theirs);
        }
    }
}

/// The error names what both ends have.
fn no_version_in_common(error: &std::io::Error, ours: Versions, theirs: Versions) {
    let error = tls_error(error);
    let ErrorKind::NothingInCommon(mismatch) = error.kind() else {
        panic!("{error}");
    };
    assert_eq!(mismatch.parameter, Parameter::Version);
    assert_eq!(mismatch.ours, [ours[0].0]);
    assert_eq!(mismatch.theirs, [theirs[0].0]);
    assert_eq!(error.alert(), Some(AlertDescription::PROTOCOL_VERSION));
    let text = error.to_string();
    assert!(text.contains(&ours[0].to_string()), "{text}");
    assert!(text.contains(&theirs[0].to_string()), "{text}");
}

#[test]
fn openssl_as_server() {
    let openssl = need!("openssl");
    let site = Site::new();
    let files = site.server_files(KeyKind::EcdsaP256);
    for theirs in ALL {
        let (low, high) = range(theirs, "TLSv1.2", "TLSv1.3");
        let more = ["-rev", "-min_protocol", low, "-max_protocol", high];
        let (_peer, port) = openssl_server::start_any(&site, &openssl, &files, &more);
        our_client(&site, theirs, port, openssl_server::reversed);
    }
}

#[test]
fn openssl_as_client() {
    let openssl = need!("openssl");
    let site = Site::new();
    our_server(&site, |listener, theirs| {
        let (low, high) = range(theirs, "TLSv1.2", "TLSv1.3");
        let more = ["-min_protocol", low, "-max_protocol", high];
        let mut peer = openssl_client::start_any(NAME, &site, &openssl, listener, &more);
        peer.type_in("hello\n");
        Rc::new(RefCell::new(peer))
    });
}

fn priority(theirs: Versions) -> String {
    let versions = list(theirs, "+VERS-TLS1.2", "+VERS-TLS1.3", ":");
    format!("NORMAL:-VERS-ALL:{versions}")
}

#[test]
fn gnutls_as_server() {
    let serv = need!("gnutls-serv");
    let site = Site::new();
    let files = site.server_files(KeyKind::EcdsaP256);
    for theirs in ALL {
        let (_peer, port) = gnutls::start(&site, &serv, &files, &priority(theirs), &[]);
        // It misses suites of its version before it misses the version.
        let refusal = AlertDescription::HANDSHAKE_FAILURE;
        our_client_or(refusal, &site, theirs, port, gnutls::echoed);
    }
}

#[test]
fn gnutls_as_client() {
    let cli = need!("gnutls-cli");
    let site = Site::new();
    our_server(&site, |listener, theirs| {
        let priority = priority(theirs);
        let mut peer = gnutls::start_client(&site, &cli, listener, &priority, &[], Stdio::piped());
        peer.type_in("hello\n");
        Rc::new(RefCell::new(peer))
    });
}

#[test]
fn go_as_server() {
    let go = need!("go");
    let site = Site::new();
    let files = site.server_files(KeyKind::EcdsaP256);
    for theirs in ALL {
        let (low, high) = range(theirs, "1.2", "1.3");
        let (_peer, port) = go::start(&site, &go, &files, &["-min", low, "-max", high]);
        our_client(&site, theirs, port, echoed);
    }
}

#[test]
fn go_as_client() {
    let go = need!("go");
    let site = Site::new();
    let listener = Listener::new();
    for (ours, theirs) in ALL
        .iter()
        .flat_map(|ours| ALL.map(|theirs| (*ours, theirs)))
    {
        let (low, high) = range(theirs, "1.2", "1.3");
        let more = ["-min", low, "-max", high];
        let mut peer = go::start_client(&site, &go, &listener, &more);
        let config = site.our_server(KeyKind::EcdsaP256).versions(ours);
        let mut stream = listener.accept(config.build().unwrap());
        if let Some(version) = highest(ours, theirs) {
            assert_eq!(shake(&mut stream).version, version);
            go::echo(&mut stream, &mut peer);
            assert!(peer.text().contains(&format!("version={:04x}", version.0)));
        } else {
            let error = stream.handshake().unwrap_err();
            no_version_in_common(&error, ours, theirs);
            peer.wait_for("remote error: tls: protocol version not supported");
        }
    }
}

#[test]
fn nginx_as_server() {
    let nginx = need!("nginx");
    let site = Site::new();
    for theirs in ALL {
        let versions = list(theirs, "TLSv1.2", "TLSv1.3", " ");
        let (_peer, port) = nginx::start_any(&site, &nginx, KeyKind::EcdsaP256, &versions, "");
        our_client(&site, theirs, port, |stream| {
            let page = nginx::get(stream, "/state");
            let page = String::from_utf8(page).unwrap();
            assert!(page.ends_with(" localhost NONE"), "{page}");
        });
    }
}

/// Sends bytes to a server that sends them back.
fn echoed(stream: &mut OurClient) {
    stream.write_all(b"there and back").unwrap();
    let mut back = [0; 14];
    stream.read_exact(&mut back).unwrap();
    assert_eq!(&back, b"there and back");
}

/// A program of ours in another language.
fn source(name: &str) -> String {
    format!("{}/tests/peers/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn node_as_server() {
    let node = need!("node");
    let site = Site::new();
    let files = site.server_files(KeyKind::EcdsaP256);
    let program = source("node/peer.mjs");
    for theirs in ALL {
        let (low, high) = range(theirs, "TLSv1.2", "TLSv1.3");
        let args = [&program, "server", &files.cert, &files.key, low, high];
        let mut peer = Peer::start(&site.dir, &node, &args);
        let port = peer.wait_for("port ").parse().expect("a port");
        our_client(&site, theirs, port, echoed);
        assert!(peer.text().contains(&format!("state {high} ")));
    }
}

#[test]
fn node_as_client() {
    let node = need!("node");
    let site = Site::new();
    let args = [&source("node/peer.mjs"), "client", &site.ca];
    let peer = Rc::new(RefCell::new(Peer::start(&site.dir, &node, &args)));
    our_server(&site, |listener, theirs| {
        let (low, high) = range(theirs, "TLSv1.2", "TLSv1.3");
        let line = format!("{} {low} {high}\n", listener.port);
        peer.borrow_mut().type_in(&line);
        peer.clone()
    });
}

#[test]
fn java_as_server() {
    // Run from its source, the program needs the compiler too.
    need!("javac");
    let (java, openssl) = (need!("java"), need!("openssl"));
    let site = Site::new();
    let files = site.server_files(KeyKind::EcdsaP256);
    let store = site.dir.file("store.p12");
    let mut args = vec!["pkcs12", "-export", "-passout", "pass:symbolon"];
    args.extend(["-in", &files.cert, "-inkey", &files.key, "-out", &store]);
    let mut pkcs12 = Peer::start(&site.dir, &openssl, &args);
    assert!(pkcs12.exit().success(), "{}", pkcs12.text());

    let names = ALL.map(|theirs| list(theirs, "TLSv1.2", "TLSv1.3", ","));
    let program = source("java/Peer.java");
    let mut args = vec![program.as_str(), "server", &store];
    args.extend(names.iter().map(String::as_str));
    let mut peer = Peer::start(&site.dir, &java, &args);
    for (theirs, name) in ALL.iter().zip(&names) {
        let port = peer
            .wait_for(&format!("port {name} "))
            .parse()
            .expect("a port");
        our_client(&site, theirs, port, echoed);
    }
}

#[test]
fn java_as_client() {
    need!("javac");
    let java = need!("java");
    let site = Site::new();
    let args = [&source("java/Peer.java"), "client", &site.ca];
    let peer = Rc::new(RefCell::new(Peer::start(&site.dir, &java, &args)));
    our_server(&site, |listener, theirs| {
        let versions = list(theirs, "TLSv1.2", "TLSv1.3", ",");
        peer.borrow_mut()
            .type_in(&format!("{} {versions}\n", listener.port));
        peer.clone()
    });
}

/// Starts haproxy with these sections after its defaults.
fn haproxy(site: &Site, program: &std::path::Path, sections: &str) -> Peer {
    let conf = format!(
        "global\n maxconn 50\ndefaults\n timeout connect 30s\n timeout client 30s\n \
         timeout server 30s\n{sections}"
    );
    let conf = site.dir.write("haproxy.cfg", conf);
    Peer::start(&site.dir, program, &["-db", "-q", "-f", &conf])
}

#[test]
fn haproxy_as_server() {
    let program = need!("haproxy");
    let site = Site::new();
    let files = site.server_files(KeyKind::EcdsaP256);
    let both = [&files.cert, &files.key].map(|file| std::fs::read(file).unwrap());
    let pem = site.dir.write("haproxy.pem", both.concat());
    let ports = ALL.map(|_| free_port());
    let mut sections = String::new();
    for (theirs, port) in ALL.iter().zip(ports) {
        let (low, high) = range(theirs, "TLSv1.2", "TLSv1.3");
        sections += &format!(
            "frontend on{port}\n mode http\n \
             bind 127.0.0.1:{port} ssl crt {pem} ssl-min-ver {low} ssl-max-ver {high}\n \
             http-request return status 200 content-type text/plain lf-string %[ssl_fc_protocol]\n"
        );
    }
    let _peer = haproxy(&site, &program, &sections);
    for (theirs, port) in ALL.iter().zip(ports) {
        our_client(&site, theirs, port, |stream| {
            let page = String::from_utf8(nginx::get(stream, "/")).unwrap();
            assert!(page.starts_with("TLSv1."), "{page}");
        });
    }
}

#[test]
fn haproxy_as_client() {
    let program = need!("haproxy");
    let site = Site::new();
    let listener = Listener::new();
    let ports = ALL.map(|_| free_port());
    let mut sections = String::new();
    for (theirs, port) in ALL.iter().zip(ports) {
        let (low, high) = range(theirs, "TLSv1.2", "TLSv1.3");
        sections += &format!(
            "listen on{port}\n mode tcp\n retries 0\n bind 127.0.0.1:{port}\n \
             server ours {} ssl verify required ca-file {} sni str({NAME}) verifyhost {NAME} \
             ssl-min-ver {low} ssl-max-ver {high}\n",
            listener.address(),
            site.ca,
        );
    }
    let _peer = haproxy(&site, &program, &sections);
    for (ours, (theirs, port)) in ALL
        .iter()
        .flat_map(|ours| ALL.iter().zip(ports).map(move |t| (*ours, t)))
    {
        let config = site.our_server(KeyKind::EcdsaP256).versions(ours);
        let mut plain = wait("haproxy", || TcpStream::connect(("127.0.0.1", port)).ok());
        plain.write_all(b"hello\n").unwrap();
        let mut stream = listener.accept(config.build().unwrap());
        if let Some(version) = highest(ours, theirs) {
            assert_eq!(shake(&mut stream).version, version);
            assert_eq!(read_until(&mut stream, b"\n"), b"hello\n");
            stream.write_all(b"hello yourself\n").unwrap();
            stream.close().unwrap();
            assert_eq!(read_until(&mut plain, b"\n"), b"hello yourself\n");
        } else {
            let error = stream.handshake().unwrap_err();
            no_version_in_common(&error, ours, theirs);
        }
    }
}
