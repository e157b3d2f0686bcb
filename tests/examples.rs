//! The example programs, run as a person runs them.
//!
//! `cargo test` builds them first; `cargo test --test examples` alone does not: after a change
//! to an example, `cargo build --examples` goes before it.
#![cfg(all(feature = "std", feature = "tls12"))]

mod common {
    pub mod certs;
}

use common::certs::{KeyKind, TestPki, chain_pem, pem};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use symbolon::pki::Pin;
use symbolon::provider::RUSTCRYPTO;

/// The path of an example, which cargo builds along with the tests.
fn example(name: &str) -> PathBuf {
    let exe = std::env::current_exe().expect("the test knows where it is");
    let target = exe.ancestors().nth(2).expect("it lies in deps/");
    let path = target.join("examples").join(name);
    let path = path.with_extension(std::env::consts::EXE_EXTENSION);
    assert!(
        path.exists(),
        "{} is missing: cargo build --examples",
        path.display()
    );
    path
}

fn command(name: &str, args: &[&str]) -> Command {
    let mut command = Command::new(example(name));
    command.args(args).env_remove("SSLKEYLOGFILE");
    command.stdin(Stdio::null());
    command
}

fn output(name: &str, args: &[&str]) -> Output {
    command(name, args).output().expect("the example runs")
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn assert_status(output: &Output, status: i32) {
    let code = output.status.code();
    assert_eq!(code, Some(status), "stderr: {}", stderr(output));
}

/// A directory of this test, removed when dropped.
struct Dir(PathBuf);

impl Dir {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("symbolon-examples-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).expect("a directory for files");
        Self(path)
    }

    fn file(&self, name: &str, content: &str) -> String {
        let path = self.0.join(name);
        fs::write(&path, content).expect("the file is written");
        path.to_str().expect("the path is text").to_owned()
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The PEM files of a PKI: a root, a server's chain for localhost, a client's.
struct Files {
    dir: Dir,
    ca: String,
    cert: String,
    key: String,
    client_cert: String,
    client_key: String,
    /// The pins of the server's key and the client's.
    pin: String,
    client_pin: String,
}

fn key_pem(key: &PrivateKeyDer<'_>) -> String {
    pem("PRIVATE KEY", key.secret_der())
}

impl Files {
    fn new() -> Self {
        let dir = Dir::new();
        let pki = TestPki::new();
        let (chain, key) = pki.leaf(&["localhost", "127.0.0.1"], KeyKind::EcdsaP256);
        let (client_chain, client_key) = pki.client("Alice", KeyKind::Ed25519);
        let pin = |chain: &[CertificateDer<'_>]| {
            let pin = Pin::of_key(&chain[0], &RUSTCRYPTO.verify);
            pin.expect("it is a certificate").to_string()
        };
        Self {
            pin: pin(&chain),
            client_pin: pin(&client_chain),
            ca: dir.file("ca.pem", &chain_pem(&[pki.root()])),
            cert: dir.file("cert.pem", &chain_pem(&chain)),
            key: dir.file("key.pem", &key_pem(&key)),
            client_cert: dir.file("client.pem", &chain_pem(&client_chain)),
            client_key: dir.file("client-key.pem", &key_pem(&client_key)),
            dir,
        }
    }
}

/// A server that runs until it is dropped.
struct Server {
    child: Child,
    port: String,
}

impl Server {
    fn new(files: &Files, more: &[&str]) -> Self {
        let args = ["--port", "0", "--cert", &files.cert, "--key", &files.key];
        let mut command = command("server", &[&args, more].concat());
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the server starts");
        let mut line = String::new();
        let out = child.stdout.take().expect("its stdout is ours");
        BufReader::new(out)
            .read_line(&mut line)
            .expect("it says where it listens");
        let address = line.trim().strip_prefix("listening on 127.0.0.1:");
        let port = address.expect("the line has its form").to_owned();
        Self { child, port }
    }

    fn host(&self, name: &str) -> String {
        format!("{name}:{}", self.port)
    }

    /// Runs the client against this server; it trusts the test's root.
    fn client(&self, files: &Files, more: &[&str]) -> Output {
        let host = self.host("localhost");
        output(
            "client",
            &[&[host.as_str(), "--ca", &files.ca], more].concat(),
        )
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_handshake_ends_with_what_was_negotiated() {
    for (args, retried, authenticated) in [
        (&[][..], false, false),
        (&["--hrr", "--client-auth"][..], true, true),
    ] {
        let output = output("handshake", args);
        assert_status(&output, 0);
        let text = stdout(&output);
        let has = |line: &str| text.lines().any(|l| l == line);
        assert!(has("TLS 1.3 · TLS_AES_128_GCM_SHA256 · X25519MLKEM768"));
        assert!(has(
            "TLS 1.2 · TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 · x25519"
        ));
        // Both counts beside each other at the end.
        let rows: Vec<Vec<&str>> = text
            .lines()
            .rev()
            .take(2)
            .map(|line| line.split_whitespace().collect())
            .collect();
        assert_eq!(rows[0][..3], ["TLS", "1.2", "2"]);
        assert_eq!(
            rows[1][..3],
            ["TLS", "1.3", if retried { "2" } else { "1" }]
        );
        assert!(!text.contains('\x1b'), "no colours into a pipe");
        let names = [
            "ClientHello",
            "ServerHello",
            "EncryptedExtensions",
            "CertificateVerify",
            "Finished",
            "application data",
            "alert close_notify",
        ];
        let mut rest = text.as_str();
        for name in names {
            let at = rest.find(name);
            let at = at.unwrap_or_else(|| panic!("{name} in its place in {text}"));
            rest = &rest[at..];
        }
        assert_eq!(text.contains("HelloRetryRequest"), retried);
        assert_eq!(
            text.matches("2 round trips").count(),
            1 + usize::from(retried)
        );
        assert_eq!(text.contains("CertificateRequest"), authenticated);
        assert_eq!(text.contains("CN=Alice"), authenticated);
    }
}

/// Asserts that a text has all these parts, one after the other.
fn assert_in_order(text: &str, parts: &[&str]) {
    let mut rest = text;
    for part in parts {
        let at = rest.find(part);
        let at = at.unwrap_or_else(|| panic!("{part:?} in its place in {text}"));
        rest = &rest[at + part.len()..];
    }
}

#[test]
fn the_handshake_of_tls12_has_its_own_messages() {
    let output = output("handshake", &["--tls1.2", "--client-auth"]);
    assert_status(&output, 0);
    let text = stdout(&output);
    assert_in_order(
        &text,
        &[
            "client ──▶ server   ClientHello ",
            "client ◀── server   ServerHello ",
            "master secret  bound to the whole handshake",
            "client ◀── server   Certificate ",
            "subject        CN=server.example",
            "client ◀── server   ServerKeyExchange ",
            "key share      x25519 (32 bytes)",
            "client ◀── server   CertificateRequest ",
            "types          ecdsa_sign",
            "client ◀── server   ServerHelloDone ",
            "client ──▶ server   Certificate ",
            "CN=Alice",
            "client ──▶ server   ClientKeyExchange ",
            "client ──▶ server   CertificateVerify ",
            "client ──▶ server   change_cipher_spec ",
            "from here on the client encrypts",
            "client ──▶ server   Finished ",
            "client ◀── server   change_cipher_spec ",
            "from here on the server encrypts",
            "client ◀── server   Finished ",
            "handshake done: 2 round trips",
        ],
    );
    assert!(!text.contains("EncryptedExtensions"), "{text}");
    assert!(!text.contains("TLS 1.3"), "{text}");
    let last = text.lines().last();
    assert_eq!(
        last,
        Some("TLS 1.2 · TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 · x25519")
    );
}

#[test]
fn the_handshake_of_tls13_stands_alone_when_asked() {
    let output = output("handshake", &["--tls1.3"]);
    assert_status(&output, 0);
    let text = stdout(&output);
    assert!(!text.contains("ServerKeyExchange"), "{text}");
    let last = text.lines().last();
    assert_eq!(
        last,
        Some("TLS 1.3 · TLS_AES_128_GCM_SHA256 · X25519MLKEM768")
    );
}

#[test]
fn help_tells_every_option() {
    let client = [
        "--connect",
        "--ca",
        "--roots",
        "--pin",
        "--first-use",
        "--session",
        "--early-data",
        "--alpn",
        "--get",
        "--cert",
        "--key",
        "--suites",
        "--groups",
        "--shares",
        "--servername",
        "--no-sni",
        "--insecure",
        "--keylog",
        "--grease",
        "--record-size-limit",
        "--padding",
        "--update-keys",
        "--trace",
        "--quiet",
        "--timeout",
        "--help",
        "--tls1.2",
        "--tls1.3",
    ];
    let server = [
        "--cert",
        "--key",
        "--port",
        "--listen",
        "--alpn",
        "--client-ca",
        "--client-pin",
        "--no-tickets",
        "--ticket-secret",
        "--early-data",
        "--require-client-cert",
        "--suites",
        "--groups",
        "--retry",
        "--keylog",
        "--echo",
        "--once",
        "--trace",
        "--update-keys",
        "--ocsp",
        "--record-size-limit",
        "--padding",
        "--timeout",
        "--tls1.2",
        "--tls1.3",
        "--help",
    ];
    let handshake = ["--hrr", "--client-auth", "--tls1.2", "--tls1.3", "--help"];
    for (name, options) in [
        ("client", &client[..]),
        ("server", &server),
        ("handshake", &handshake),
    ] {
        let output = output(name, &["--help"]);
        assert_status(&output, 0);
        let text = stdout(&output);
        let told: Vec<&str> = text
            .lines()
            .filter_map(|line| line.strip_prefix("  --"))
            .map(|line| line.split(' ').next().unwrap_or(line))
            .collect();
        let mut wanted: Vec<&str> = options.iter().map(|o| &o[2..]).collect();
        let mut told = told;
        wanted.sort_unstable();
        told.sort_unstable();
        assert_eq!(told, wanted, "{name}");
        assert!(text.lines().all(|line| line.chars().count() <= 100));
    }
}

const TLS13_SUITE: &str = "TLS_AES_256_GCM_SHA384";
const TLS12_SUITE: &str = "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256";

#[test]
fn usage_errors_name_the_mistake() {
    for (name, args, told) in [
        ("client", &["localhost", "--bogus"][..], "--bogus"),
        ("client", &[], "HOST"),
        ("client", &["a", "b"], "\"b\""),
        ("client", &["localhost:no"], "localhost:no"),
        ("client", &["localhost", "--ca"], "--ca"),
        ("client", &["localhost", "--ca", "/nowhere/x"], "/nowhere/x"),
        ("client", &["localhost", "--suites", "RC4"], "RC4"),
        ("client", &["localhost", "--groups", "x25519,x9"], "x9"),
        ("client", &["localhost", "--padding", "0"], "--padding"),
        ("client", &["localhost", "--grease=1"], "--grease"),
        ("client", &["localhost", "--cert", "Cargo.toml"], "--key"),
        ("server", &["--port", "70000"], "70000"),
        ("server", &["--retry", "twice"], "twice"),
        ("server", &["--require-client-cert"], "--client-ca"),
        ("handshake", &["--once"], "--once"),
        ("handshake", &["--tls1.2", "--hrr"], "HelloRetryRequest"),
        (
            "client",
            &["localhost", "--tls1.2", "--update-keys"],
            "KeyUpdate",
        ),
        ("server", &["--tls1.2", "--update-keys"], "KeyUpdate"),
        (
            "client",
            &["localhost", "--tls1.2", "--suites", TLS13_SUITE],
            "none of TLS 1.2",
        ),
        (
            "server",
            &["--tls1.3", "--suites", TLS12_SUITE],
            "none of TLS 1.3",
        ),
        (
            "server",
            &["--tls1.3", "--tls1.2", "--suites", TLS12_SUITE],
            "none of TLS 1.3",
        ),
    ] {
        let output = output(name, args);
        assert_status(&output, 2);
        assert!(output.stdout.is_empty());
        let text = stderr(&output);
        assert!(text.contains(told), "{text}");
        assert!(text.contains("--help"), "{text}");
    }
}

#[test]
fn the_client_gets_the_page() {
    let files = Files::new();
    let server = Server::new(&files, &["--alpn", "http/1.1"]);
    let output = server.client(&files, &["--get", "/", "--alpn", "h2,http/1.1"]);
    assert_status(&output, 0);
    let page = stdout(&output);
    let first = page.lines().next();
    assert_eq!(
        first,
        Some(
            "TLS 1.3 · TLS_AES_128_GCM_SHA256 · X25519MLKEM768 · resumed: no · early data: not sent"
        )
    );
    assert!(page.contains("ALPN:         http/1.1"), "{page}");
    assert!(page.contains("server name:  localhost"), "{page}");
    let told = stderr(&output);
    assert!(told.contains("ALPN        http/1.1"), "{told}");
    assert!(told.contains("under the root CN=Test Root"), "{told}");
    assert!(told.contains("retried     no"), "{told}");

    let output = server.client(&files, &["--get", "/", "--quiet", "--no-sni"]);
    assert_status(&output, 0);
    assert!(output.stderr.is_empty());
    assert!(stdout(&output).contains("server name:  none"));
}

#[test]
fn the_client_takes_all_its_options() {
    let files = Files::new();
    let server = Server::new(&files, &["--update-keys", "--padding", "256"]);
    let log = format!("{}.log", files.ca);
    let host = server.host("127.0.0.1");
    let output = output(
        "client",
        &[
            "localhost",
            "--connect",
            &host,
            "--ca",
            &files.ca,
            "--suites",
            "tls_chacha20_poly1305_sha256",
            "--groups",
            "secp256r1,secp384r1",
            "--shares",
            "none",
            "--record-size-limit",
            "1000",
            "--padding",
            "512",
            "--keylog",
            &log,
            "--grease",
            "--update-keys",
            "--trace",
            "--timeout",
            "20",
            "--get",
            "/bytes/100000",
        ],
    );
    assert_status(&output, 0);
    assert_pattern(&output.stdout, 100_000);
    let told = stderr(&output);
    let summary = "TLS 1.3 · TLS_CHACHA20_POLY1305_SHA256 · secp256r1";
    for part in [
        summary,
        "-> ClientHello",
        "<- HelloRetryRequest",
        "-> KeyUpdate",
        "<- KeyUpdate",
        "GREASE",
    ] {
        assert!(told.contains(part), "{part} in {told}");
    }
    let log = fs::read_to_string(log).expect("the log is there");
    assert_eq!(log.matches("CLIENT_TRAFFIC_SECRET_0 ").count(), 1);
    assert_eq!(log.matches("SERVER_HANDSHAKE_TRAFFIC_SECRET ").count(), 1);
}

#[test]
fn versions_are_negotiated_or_told_apart() {
    let files = Files::new();
    let old = Server::new(&files, &["--tls1.2"]);
    for args in [&["--get", "/"][..], &["--get", "/", "--tls1.2"]] {
        let output = old.client(&files, args);
        assert_status(&output, 0);
        let page = stdout(&output);
        assert!(page.starts_with("TLS 1.2 · TLS_ECDHE_"), "{page}");
    }
    let both = Server::new(&files, &["--tls1.2", "--tls1.3"]);
    let output = both.client(&files, &["--get", "/", "--suites", TLS12_SUITE]);
    assert_status(&output, 0);
    assert!(stdout(&output).starts_with(&format!("TLS 1.2 · {TLS12_SUITE} · x25519")));
    let told = stderr(&output);
    assert!(told.contains("protocol    TLS 1.2"), "{told}");
    let output = both.client(&files, &["--get", "/"]);
    assert_status(&output, 0);
    assert!(stdout(&output).starts_with("TLS 1.3 · "));
}

/// One connection: what the client said, and what the server did.
fn once(files: &Files, server: &[&str], client: &[&str]) -> (Output, Output) {
    let args = ["--port", "0", "--once"];
    let identity = ["--cert", &files.cert, "--key", &files.key];
    let mut command = command("server", &[&args, &identity[..], server].concat());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the server starts");
    let mut line = String::new();
    let out = child.stdout.as_mut().expect("its stdout is ours");
    BufReader::new(out)
        .read_line(&mut line)
        .expect("it says where it listens");
    let port = line.trim().rsplit(':').next().expect("there is a port");
    let host = format!("localhost:{port}");
    let said = output(
        "client",
        &[&[host.as_str(), "--ca", &files.ca], client].concat(),
    );
    (said, child.wait_with_output().expect("it ends"))
}

#[test]
fn both_ends_name_the_versions_that_do_not_fit() {
    let files = Files::new();
    for (server, client, ours, theirs) in [
        ("--tls1.3", "--tls1.2", "TLS 1.3", "TLS 1.2"),
        ("--tls1.2", "--tls1.3", "TLS 1.2", "TLS 1.3"),
    ] {
        let (refused, served) = once(&files, &[server], &["--get", "/", client]);
        assert_status(&refused, 1);
        let told = stderr(&refused);
        assert!(told.contains("the alert protocol_version"), "{told}");
        assert!(told.contains(&format!("we offered {theirs}")), "{told}");
        assert_status(&served, 1);
        let told = stderr(&served);
        let both = format!("we have {ours}; the peer has {theirs}");
        assert!(told.contains(&both), "{told}");
    }
}

#[test]
fn keys_that_cannot_be_changed_are_told_of() {
    let files = Files::new();
    let client = ["--get", "/", "--update-keys"];
    let (asked, _) = once(&files, &["--tls1.2"], &client);
    assert_status(&asked, 1);
    assert!(asked.stdout.is_empty());
    let told = stderr(&asked);
    assert!(told.contains("TLS 1.2 has no KeyUpdate"), "{told}");

    // A server serves all the same.
    let client = ["--get", "/", "--tls1.2"];
    let (got, served) = once(&files, &["--update-keys"], &client);
    assert_status(&got, 0);
    assert!(stdout(&got).starts_with("TLS 1.2 · "));
    assert_status(&served, 0);
    let told = stderr(&served);
    assert!(told.contains("TLS 1.2 has no KeyUpdate"), "{told}");
}

#[test]
fn tls12_takes_client_certificates() {
    let files = Files::new();
    let server = Server::new(
        &files,
        &[
            "--tls1.2",
            "--client-ca",
            &files.ca,
            "--require-client-cert",
        ],
    );
    let without = server.client(&files, &["--get", "/"]);
    assert_status(&without, 1);
    let told = stderr(&without);
    assert!(told.contains("handshake_failure"), "{told}");

    let identity = ["--cert", &files.client_cert, "--key", &files.client_key];
    let more = ["--get", "/bytes/100000", "--trace", "--grease"];
    let with = server.client(&files, &[&more, &identity[..]].concat());
    assert_status(&with, 0);
    assert_pattern(&with.stdout, 100_000);
    let told = stderr(&with);
    assert_in_order(
        &told,
        &[
            "<- ServerKeyExchange",
            "<- CertificateRequest",
            "<- ServerHelloDone",
            "-> ClientKeyExchange",
            "-> CertificateVerify",
            "-> change_cipher_spec",
            "<- change_cipher_spec",
            "<- Finished",
            "we signed   ed25519",
        ],
    );
}

fn assert_pattern(bytes: &[u8], length: usize) {
    assert_eq!(bytes.len(), length);
    let wrong = (0..length).find(|i| bytes[*i] != (i % 251) as u8);
    assert_eq!(wrong, None);
}

#[test]
fn a_long_body_comes_whole() {
    let files = Files::new();
    let server = Server::new(&files, &[]);
    let output = server.client(&files, &["--get", "/bytes/1000000"]);
    assert_status(&output, 0);
    assert_pattern(&output.stdout, 1_000_000);
}

#[test]
fn certificates_that_are_not_trusted_are_refused() {
    let files = Files::new();
    let server = Server::new(&files, &[]);
    let host = server.host("localhost");

    // Mozilla's roots don't know the test's.
    let mozilla = output("client", &[&host, "--get", "/"]);
    assert_status(&mozilla, 1);
    let told = stderr(&mozilla);
    assert!(told.contains("unknown_ca"), "{told}");
    assert!(told.contains("remedy:"), "{told}");
    assert!(mozilla.stdout.is_empty());

    let named = server.client(&files, &["--servername", "other.example", "--get", "/"]);
    assert_status(&named, 1);
    let told = stderr(&named);
    assert!(told.contains("not for other.example"), "{told}");
    assert!(told.contains("localhost"), "{told}");

    let insecure = output("client", &[&host, "--insecure", "--get", "/"]);
    assert_status(&insecure, 0);
    let told = stderr(&insecure);
    assert!(told.contains("WARNING"), "{told}");
    assert!(told.contains("NOT VERIFIED"), "{told}");
}

#[test]
fn servers_can_ask_for_certificates() {
    let files = Files::new();
    let server = Server::new(&files, &["--client-ca", &files.ca, "--require-client-cert"]);
    let without = server.client(&files, &["--get", "/"]);
    assert_status(&without, 1);
    let told = stderr(&without);
    assert!(told.contains("certificate_required"), "{told}");

    let identity = ["--cert", &files.client_cert, "--key", &files.client_key];
    let with = server.client(&files, &[&["--get", "/"], &identity[..]].concat());
    assert_status(&with, 0);
    assert!(stdout(&with).contains("CN=Alice"), "{}", stdout(&with));
    assert!(stderr(&with).contains("we signed   ed25519"));

    let optional = Server::new(&files, &["--client-ca", &files.ca]);
    assert_status(&optional.client(&files, &["--get", "/"]), 0);
}

#[test]
fn stdin_goes_out_and_comes_back() {
    let files = Files::new();
    let server = Server::new(&files, &["--echo"]);
    let host = server.host("127.0.0.1");
    let mut command = command("client", &[&host, "--ca", &files.ca]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::piped()).spawn().expect("runs");
    let sent: Vec<u8> = (0..300_000_u32).map(|i| ((i * 7) >> 3) as u8).collect();
    let mut stdin = child.stdin.take().expect("its stdin is ours");
    let to_send = sent.clone();
    let writer = std::thread::spawn(move || stdin.write_all(&to_send));
    let output = child.wait_with_output().expect("it ends");
    writer.join().expect("no panic").expect("it took all");
    assert_status(&output, 0);
    assert!(output.stdout == sent, "{} bytes", output.stdout.len());
    assert!(stderr(&output).contains("with close_notify"));
}

#[test]
fn the_server_outlives_bad_clients() {
    let files = Files::new();
    let server = Server::new(&files, &[]);
    for garbage in [
        &b"GET / HTTP/1.0\r\n\r\n"[..],
        &[22, 3, 1, 0, 5, 1, 0, 0, 1, 0],
        b"",
    ] {
        let mut socket =
            std::net::TcpStream::connect(server.host("127.0.0.1")).expect("it listens");
        // The server may have hung up already.
        let _ = socket.write_all(garbage);
    }
    let output = server.client(&files, &["--get", "/nowhere"]);
    assert_status(&output, 0);
    assert!(stderr(&output).contains("404"));
}

#[test]
fn a_server_without_a_certificate_makes_one() {
    let mut command = command("server", &["--port", "0", "--once"]);
    let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
    let mut out = BufReader::new(child.stdout.take().expect("its stdout is ours"));
    let mut text = String::new();
    while !text.contains("-----END CERTIFICATE-----") {
        let read = out.read_line(&mut text).expect("it prints");
        assert!(read > 0, "{text}");
    }
    let port = text.lines().next().and_then(|line| line.rsplit(':').next());
    let port = port.expect("the first line has the port").to_owned();
    let dir = Dir::new();
    let begin = text.find("-----BEGIN").expect("a certificate");
    let ca = dir.file("ca.pem", &text[begin..]);
    let output = output(
        "client",
        &[&format!("localhost:{port}"), "--ca", &ca, "--get", "/"],
    );
    assert_status(&output, 0);
    let status = child.wait().expect("it ends");
    assert!(status.success());
}

#[test]
fn connections_that_fail_are_told_apart() {
    // A port that was free a moment ago.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    drop(listener);
    let output = output("client", &[&address]);
    assert_status(&output, 3);
    assert!(stderr(&output).contains("cause:"));
}

/// The client, with its own options for whom it trusts.
fn trusting(server: &Server, options: &[&str]) -> Output {
    let host = server.host("localhost");
    output(
        "client",
        &[&[host.as_str(), "--get", "/"], options].concat(),
    )
}

#[test]
fn a_client_trusts_a_pin() {
    let files = Files::new();
    let server = Server::new(&files, &[]);
    let pinned = trusting(&server, &["--pin", &files.pin]);
    assert_status(&pinned, 0);
    let told = stderr(&pinned);
    assert!(
        told.contains(&format!("its key's pin is {}", files.pin)),
        "{told}"
    );
    assert!(
        told.contains(&format!("trusted: its key is known, {}", files.pin)),
        "{told}"
    );

    let other = trusting(&server, &["--pin", &files.client_pin]);
    assert_status(&other, 1);
    let told = stderr(&other);
    assert!(
        told.contains(&format!("its pin is {}", files.pin)),
        "{told}"
    );
    assert!(told.contains("compare the pin"), "{told}");

    // A pin and a root: both are needed.
    assert_status(
        &trusting(&server, &["--pin", &files.pin, "--ca", &files.ca]),
        0,
    );
    assert_status(
        &trusting(&server, &["--pin", &files.pin, "--roots", "web"]),
        1,
    );
    assert_status(
        &trusting(&server, &["--pin", &files.client_pin, "--ca", &files.ca]),
        1,
    );
}

#[test]
fn a_client_trusts_on_first_use() {
    let files = Files::new();
    let server = Server::new(&files, &[]);
    let known = files.dir.file("known.txt", "");
    let options = ["--first-use", known.as_str()];
    let first = trusting(&server, &options);
    assert_status(&first, 0);
    assert!(stderr(&first).contains("first use: localhost is known from now on"));
    let line = format!("localhost {}\n", files.pin);
    assert_eq!(fs::read_to_string(&known).unwrap(), line);
    let again = trusting(&server, &options);
    assert_status(&again, 0);
    assert!(!stderr(&again).contains("first use:"));
    assert_eq!(fs::read_to_string(&known).unwrap(), line);

    // Somebody else under the same name.
    let changed = format!("localhost {}\n", files.client_pin);
    fs::write(&known, &changed).unwrap();
    let refused = trusting(&server, &options);
    assert_status(&refused, 1);
    let told = stderr(&refused);
    for part in ["has another key than before", &files.pin, &files.client_pin] {
        assert!(told.contains(part), "{part} in {told}");
    }
    assert_eq!(fs::read_to_string(&known).unwrap(), changed);
}

#[cfg(feature = "platform-roots")]
#[test]
fn a_client_trusts_the_platforms_roots() {
    let files = Files::new();
    let server = Server::new(&files, &[]);
    let host = server.host("localhost");
    let run = |file: &str| {
        let mut command = command("client", &[&host, "--roots", "platform", "--get", "/"]);
        command
            .env("SSL_CERT_FILE", file)
            .env_remove("SSL_CERT_DIR");
        command.output().expect("the example runs")
    };
    let trusted = run(&files.ca);
    assert_status(&trusted, 0);
    assert!(stderr(&trusted).contains("trusted: issued under the root"));
    // What can't be used is told, and the rest is.
    let broken = pem("CERTIFICATE", b"no certificate");
    let some = fs::read_to_string(&files.ca).unwrap() + &broken;
    let some = run(&files.dir.file("some.pem", &some));
    assert_status(&some, 0);
    let told = stderr(&some);
    assert!(
        told.contains("a root is missing: a root certificate is malformed"),
        "{told}"
    );
    let missing = run("/nowhere/roots.pem");
    assert_status(&missing, 2);
    let told = stderr(&missing);
    assert!(told.contains("/nowhere/roots.pem"), "{told}");
    assert!(told.contains("no root certificate was found"), "{told}");
}

#[test]
fn options_for_trust_that_make_no_sense() {
    let files = Files::new();
    let known = files.dir.file("known.txt", "localhost nonsense\n");
    for (options, told) in [
        (&["--pin", "abc"][..], "a pin is a SHA-256 hash"),
        (&["--roots", "mine"], "--roots must be web or platform"),
        (&["--roots", "web", "--ca", &files.ca], "don't go together"),
        (&["--first-use", &known], "is not a NAME and a PIN"),
        (
            &["--first-use", &known, "--pin", &files.pin],
            "doesn't go with --pin",
        ),
        (&["--first-use", "/nowhere/known.txt"], "/nowhere/known.txt"),
        (&["--ca", &files.key], "the PEM holds no certificate"),
    ] {
        let output = output("client", &[&["localhost:1"], options].concat());
        assert_status(&output, 2);
        assert!(
            stderr(&output).contains(told),
            "{told} in {}",
            stderr(&output)
        );
    }
}

#[test]
fn a_server_knows_clients_by_their_keys() {
    let files = Files::new();
    let server = Server::new(
        &files,
        &["--client-pin", &files.client_pin, "--require-client-cert"],
    );
    let show = [
        "--cert",
        &files.client_cert,
        "--key",
        &files.client_key,
        "--get",
        "/",
    ];
    let known = server.client(&files, &show);
    assert_status(&known, 0);
    assert!(
        stdout(&known).contains(&files.client_pin),
        "{}",
        stdout(&known)
    );
    let other = ["--cert", &files.cert, "--key", &files.key, "--get", "/"];
    assert_ne!(server.client(&files, &other).status.code(), Some(0));
    assert_ne!(
        server.client(&files, &["--get", "/"]).status.code(),
        Some(0)
    );
}
