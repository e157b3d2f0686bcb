//! `curl` against our server.

use crate::common::certs::{Ca, KeyKind};
use crate::support::{
    BULK, Listener, OurServer, Peer, Site, alert_of, need, noise, pem, read_until, shake,
};
use std::io::{Read, Write};
use std::path::Path;
use symbolon::codepoint::AlertDescription;
use symbolon::config::{ClientAuth, ServerConfigBuilder};

/// Asks for a page of the server.
pub fn start(site: &Site, curl: &Path, listener: &Listener, path: &str, more: &[&str]) -> Peer {
    let url = format!("https://localhost:{}{path}", listener.port);
    let resolve = format!("localhost:{}:127.0.0.1", listener.port);
    let mut args = vec!["--silent", "--show-error", "--tlsv1.3", "--max-time", "30"];
    args.extend([
        "--noproxy",
        "*",
        "--resolve",
        &resolve,
        "--cacert",
        &site.ca,
    ]);
    args.extend(more);
    args.push(&url);
    Peer::start(&site.dir, curl, &args)
}

pub fn http(site: &Site) -> ServerConfigBuilder {
    site.our_server(KeyKind::EcdsaP256).alpn(["http/1.1"])
}

/// Reads a request: its first line.
pub fn request(stream: &mut OurServer) -> String {
    let head = String::from_utf8(read_until(stream, b"\r\n\r\n")).expect("a request in ASCII");
    head.lines().next().expect("a first line").to_owned()
}

pub const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";

#[test]
fn a_page_of_many_bytes() {
    let curl = need!("curl");
    let site = Site::new();
    let listener = Listener::new();
    let mut peer = start(&site, &curl, &listener, "/bytes", &[]);
    let mut stream = listener.accept(http(&site).build().unwrap());
    let summary = shake(&mut stream);
    assert_eq!(summary.alpn.as_deref(), Some(&b"http/1.1"[..]));
    assert_eq!(request(&mut stream), "GET /bytes HTTP/1.1");
    let data = noise(BULK);
    stream.write_all(HEAD).unwrap();
    stream.write_all(&data).unwrap();
    stream.close().unwrap();
    assert!(peer.exit().success());
    assert!(peer.output() == data, "what it received differs");
}

#[test]
fn an_upload() {
    let curl = need!("curl");
    let site = Site::new();
    let listener = Listener::new();
    let data = noise(1_000_000);
    let file = format!("@{}", site.dir.write("upload", &data));
    let more = ["--data-binary", &file, "-H", "Expect:"];
    let mut peer = start(&site, &curl, &listener, "/", &more);
    let mut stream = listener.accept(http(&site).build().unwrap());
    // One byte at a time, not to read into the body.
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let mut body = vec![0; data.len()];
    stream.read_exact(&mut body).unwrap();
    assert!(body == data, "what it sent differs");
    stream.write_all(HEAD).unwrap();
    stream.close().unwrap();
    assert!(peer.exit().success());
}

#[test]
fn an_unknown_root_is_refused() {
    let curl = need!("curl");
    let site = Site::new();
    let listener = Listener::new();
    let other = Ca::root("Other Root", KeyKind::EcdsaP256);
    let ca = site
        .dir
        .write("other.pem", pem("CERTIFICATE", &other.certificate));
    let mut peer = start(&site, &curl, &listener, "/", &["--cacert", &ca]);
    let error = listener
        .accept(http(&site).build().unwrap())
        .handshake()
        .unwrap_err();
    assert_eq!(alert_of(&error), AlertDescription::UNKNOWN_CA);
    // CURLE_PEER_FAILED_VERIFICATION.
    assert_eq!(peer.exit().code(), Some(60));
}

#[test]
fn a_client_certificate() {
    let curl = need!("curl");
    let site = Site::new();
    let listener = Listener::new();
    let own = site.client_files(KeyKind::EcdsaP384);
    let more = ["--cert", &own.cert, "--key", &own.key];
    let mut peer = start(&site, &curl, &listener, "/", &more);
    let config = http(&site).client_auth(ClientAuth::Required(site.verifier()));
    let mut stream = listener.accept(config.build().unwrap());
    assert!(shake(&mut stream).verified.is_some());
    request(&mut stream);
    stream.write_all(HEAD).unwrap();
    stream.write_all(b"welcome").unwrap();
    stream.close().unwrap();
    assert!(peer.exit().success());
    assert_eq!(peer.output(), b"welcome");
}
