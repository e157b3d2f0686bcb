//! Our client against nginx.

use crate::common::certs::KeyKind;
use crate::support::{
    BULK, OurClient, Peer, Site, connect, credential, free_port, need, noise, shake,
};
use std::io::{Read, Write};
use std::path::Path;
use symbolon::codepoint::{CipherSuite, NamedGroup};

/// Starts a server of the directory's files that tells at `/state` what it made of the handshake.
fn start(site: &Site, nginx: &Path, more: &str) -> (Peer, u16) {
    start_any(site, nginx, KeyKind::EcdsaP256, "TLSv1.3", more)
}

/// The same with these versions and a certificate of this kind.
pub fn start_any(
    site: &Site,
    nginx: &Path,
    kind: KeyKind,
    versions: &str,
    more: &str,
) -> (Peer, u16) {
    let port = free_port();
    let files = site.server_files(kind);
    let (dir, ca) = (site.dir.path().display(), &site.ca);
    let conf = format!(
        "daemon off; master_process off; pid {dir}/pid; error_log stderr;
        events {{ }}
        http {{
            access_log off; default_type text/plain;
            client_body_temp_path {dir}/t1; proxy_temp_path {dir}/t2;
            fastcgi_temp_path {dir}/t3; uwsgi_temp_path {dir}/t4; scgi_temp_path {dir}/t5;
            server {{
                listen 127.0.0.1:{port} ssl; root {dir};
                ssl_protocols {versions}; ssl_certificate {cert}; ssl_certificate_key {key};
                ssl_verify_client optional; ssl_verify_depth 3; ssl_client_certificate {ca};
                {more}
                location = /state {{
                    return 200 '$ssl_protocol $ssl_cipher $ssl_curve $ssl_server_name $ssl_client_verify';
                }}
            }}
        }}",
        cert = files.cert,
        key = files.key,
    );
    let conf = site.dir.write("nginx.conf", conf);
    let dir = dir.to_string();
    let args = ["-p", &dir, "-c", &conf, "-e", "stderr"];
    (Peer::start(&site.dir, nginx, &args), port)
}

/// The body of a page; the server closes after it.
pub fn get(stream: &mut OurClient, path: &str) -> Vec<u8> {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut all = Vec::new();
    stream
        .read_to_end(&mut all)
        .expect("a page and close_notify");
    let head = all
        .windows(4)
        .position(|w| w == b"\r\n\r\n")
        .expect("a head")
        + 4;
    assert!(all.starts_with(b"HTTP/1.1 200 "));
    all.split_off(head)
}

#[test]
fn a_page_with_each_suite_and_each_group() {
    let nginx = need!("nginx");
    let site = Site::new();
    let (_peer, port) = start(&site, &nginx, "ssl_ecdh_curve X25519:prime256v1:secp384r1;");
    for (suite, group, curve) in [
        (
            CipherSuite::TLS_AES_128_GCM_SHA256,
            NamedGroup::X25519,
            "X25519",
        ),
        (
            CipherSuite::TLS_AES_256_GCM_SHA384,
            NamedGroup::SECP256R1,
            "prime256v1",
        ),
        (
            CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
            NamedGroup::SECP384R1,
            "secp384r1",
        ),
    ] {
        let config = site.client().cipher_suites(&[suite]).groups(&[group]);
        let mut stream = connect(port, config.alpn(["http/1.1"]).build().unwrap());
        let summary = shake(&mut stream);
        assert_eq!(summary.alpn.as_deref(), Some(&b"http/1.1"[..]));
        assert_eq!((summary.cipher_suite, summary.group), (suite, Some(group)));
        let expected = format!("TLSv1.3 {suite} {curve} localhost NONE");
        assert_eq!(
            String::from_utf8_lossy(&get(&mut stream, "/state")),
            expected
        );
        assert!(stream.take_session().is_some());
    }
}

#[test]
fn a_large_file_after_a_retry() {
    let nginx = need!("nginx");
    let site = Site::new();
    let data = noise(BULK);
    site.dir.write("bulk", &data);
    let (_peer, port) = start(&site, &nginx, "ssl_ecdh_curve secp384r1;");
    let mut stream = connect(port, site.client().build().unwrap());
    let summary = shake(&mut stream);
    assert!(summary.hello_retry_request);
    assert_eq!(summary.group, Some(NamedGroup::SECP384R1));
    assert!(get(&mut stream, "/bulk") == data, "the file differs");
}

#[test]
fn a_client_certificate() {
    let nginx = need!("nginx");
    let site = Site::new();
    let (_peer, port) = start(&site, &nginx, "");
    let own = credential(site.pki.client("client", KeyKind::Ed25519));
    let mut stream = connect(port, site.client().credential(own).build().unwrap());
    shake(&mut stream);
    let page = get(&mut stream, "/state");
    assert!(
        page.ends_with(b" SUCCESS"),
        "{}",
        String::from_utf8_lossy(&page)
    );
}
