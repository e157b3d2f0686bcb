//! What the tests of all peers share: programs that are ended with the test, a directory of
//! files for them, and our own side over TCP.

use crate::common::certs::{Identity, KeyKind, TestPki};
use rustls_pki_types::{CertificateDer, ServerName};
use std::fs::File;
use std::io::{ErrorKind as Io, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use symbolon::codepoint::{AlertDescription, HandshakeType};
use symbolon::config::{
    ClientConfig, ClientConfigBuilder, Credential, Direction, Observation, Observer, Parsed,
    ServerConfig, ServerConfigBuilder, Session,
};
use symbolon::conn::{ClientConnection, ServerConnection};
use symbolon::error::{Error, ErrorKind};
use symbolon::handshake::Summary;
use symbolon::io::{Stream, now, seed};
use symbolon::pki::{Certificate, PathVerifier};
use symbolon::provider::default_provider;

/// How long anything may take. Nothing is expected to come near it.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// The name that all servers have.
pub const NAME: &str = "localhost";
/// What the tests of bulk data carry each way.
pub const BULK: usize = 16 * 1024 * 1024;

/// The path of a program. `None`, with a line that says so, if it isn't installed; a failure
/// instead if `SYMBOLON_REQUIRE_PEERS` is `1`.
pub fn require(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Debian keeps servers out of the PATH of ordinary users.
    let more = ["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from);
    let found = std::env::split_paths(&path)
        .chain(more)
        .map(|directory| directory.join(program))
        .find(|file| file.is_file());
    if found.is_none() {
        let must = std::env::var_os("SYMBOLON_REQUIRE_PEERS").is_some_and(|value| value == "1");
        assert!(!must, "{program} not found, and SYMBOLON_REQUIRE_PEERS=1");
        println!("skipped: {program} not found");
    }
    found
}

/// Leaves the test if the program isn't installed.
macro_rules! need {
    ($program:literal) => {
        match $crate::support::require($program) {
            Some(path) => path,
            None => return,
        }
    };
}
pub(crate) use need;

/// A directory of this test's own, removed at its end.
#[derive(Debug)]
pub struct Dir(PathBuf);

impl Dir {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("symbolon-peers-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).expect("the directory can be made");
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn file(&self, name: &str) -> String {
        let path = self.0.join(name);
        path.to_str().expect("a temporary path in UTF-8").to_owned()
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.file(name);
        std::fs::write(&path, content).expect("the file can be written");
        path
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A CA and certificates of all kinds, in memory and as files for the peers.
pub struct Site {
    pub dir: Dir,
    pub pki: TestPki,
    /// The root, for peers that verify us.
    pub ca: String,
}

/// A chain and key as files.
pub struct Files {
    pub cert: String,
    pub key: String,
}

impl Site {
    pub fn new() -> Self {
        let dir = Dir::new();
        let pki = TestPki::new();
        let ca = dir.write("ca.pem", pem("CERTIFICATE", &pki.root()));
        Self { dir, pki, ca }
    }

    pub fn server(&self, kind: KeyKind) -> Identity {
        self.pki.leaf(&[NAME, "127.0.0.1"], kind)
    }

    /// A server's chain and key as files.
    pub fn server_files(&self, kind: KeyKind) -> Files {
        self.files(&format!("server-{kind:?}"), &self.server(kind))
    }

    /// A client's chain and key as files.
    pub fn client_files(&self, kind: KeyKind) -> Files {
        self.files(
            &format!("client-{kind:?}"),
            &self.pki.client("client", kind),
        )
    }

    pub fn files(&self, name: &str, identity: &Identity) -> Files {
        let chain: String = identity.0.iter().map(|c| pem("CERTIFICATE", c)).collect();
        Files {
            cert: self.dir.write(&format!("{name}.pem"), chain),
            key: self.dir.write(
                &format!("{name}.key"),
                pem("PRIVATE KEY", &with_public_key(identity)),
            ),
        }
    }

    /// A client config that trusts our root.
    pub fn client(&self) -> ClientConfigBuilder {
        ClientConfig::builder().roots(self.pki.roots())
    }

    /// A server config with a certificate for [`NAME`].
    pub fn our_server(&self, kind: KeyKind) -> ServerConfigBuilder {
        ServerConfig::builder().credential(credential(self.server(kind)))
    }

    /// Verifies clients by our root.
    pub fn verifier(&self) -> Arc<PathVerifier> {
        Arc::new(PathVerifier::new(self.pki.roots()))
    }
}

pub fn credential(identity: Identity) -> Credential {
    Credential::new(identity.0, &identity.1, &default_provider()).expect("a sound credential")
}

/// The key's PKCS#8. GnuTLS wants the public key in the private key of an elliptic curve, which
/// those of the tests don't have.
fn with_public_key(identity: &Identity) -> Vec<u8> {
    let pkcs8 = identity.1.secret_der();
    // Of PrivateKeyInfo: where its algorithm ends and how long keys are.
    let (algorithm, private, public) = match pkcs8.len() {
        67 => (5..26, 32, 65),
        80 => (5..23, 48, 97),
        _ => return pkcs8.to_vec(),
    };
    let leaf = Certificate::parse(&identity.0[0]).expect("a certificate");
    let info = leaf.subject_public_key_info();
    let secret = der(0x04, &[&pkcs8[pkcs8.len() - private..]]);
    let bits = der(0x03, &[&[0], &info[info.len() - public..]]);
    let key = der(0x30, &[&[0x02, 1, 1], &secret, &der(0xa1, &[&bits])]);
    let parts = [&[0x02, 1, 0], &pkcs8[algorithm], &der(0x04, &[&key])];
    der(0x30, &parts)
}

/// DER of less than 256 bytes.
fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = u8::try_from(content.len()).expect("it is short");
    let header = match length {
        0..=127 => vec![tag, length],
        128.. => vec![tag, 0x81, length],
    };
    [header, content].concat()
}

/// The leaf that a peer showed.
pub fn leaf(summary: &Summary) -> CertificateDer<'static> {
    let chain = summary.peer_chain.as_ref().expect("the peer shows a chain");
    CertificateDer::from(chain.end_entity().expect("a leaf").to_vec())
}

/// PEM around DER.
pub fn pem(label: &str, der: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in der.chunks(3) {
        let bits = (0..3).fold(0, |bits, i| {
            bits << 8 | u32::from(group.get(i).copied().unwrap_or(0))
        });
        for i in 0..4 {
            let digit = ALPHABET[(bits >> (18 - 6 * i) & 63) as usize];
            text.push(if i > group.len() { '=' } else { digit.into() });
        }
    }
    let lines: Vec<&str> = (0..text.len())
        .step_by(64)
        .map(|at| &text[at..text.len().min(at + 64)])
        .collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}

/// In lower case.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Bytes that look random and are the same each time.
pub fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// A port that was free a moment ago, and that no other test of this process gets. It lies below
/// those that systems give to outgoing connections, so that none of them takes it meanwhile.
pub fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let start = std::process::id().wrapping_mul(61);
    loop {
        let next = start.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        let port = 20_000 + (next % 12_000) as u16;
        if TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).is_ok() {
            return port;
        }
    }
}

/// Calls until there is an answer, for a bounded time.
pub fn wait<T>(what: &str, mut poll: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(value) = poll() {
            return value;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A program that runs beside the test and ends with it. What it prints goes to files.
pub struct Peer {
    child: Child,
    stdin: Option<ChildStdin>,
    out: PathBuf,
    err: PathBuf,
}

impl Peer {
    /// Starts a program in the directory.
    pub fn start(dir: &Dir, program: &Path, args: &[&str]) -> Self {
        Self::start_with_stdin(dir, program, args, Stdio::piped())
    }

    /// Starts a program that reads a file.
    pub fn start_with_stdin(dir: &Dir, program: &Path, args: &[&str], stdin: Stdio) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let out = dir.path().join(format!("{number}.out"));
        let err = dir.path().join(format!("{number}.err"));
        let mut child = Command::new(program)
            .args(args)
            .current_dir(dir.path())
            .env("LC_ALL", "C")
            .stdin(stdin)
            .stdout(File::create(&out).expect("a file for its output"))
            .stderr(File::create(&err).expect("a file for its errors"))
            .spawn()
            .expect("the program starts");
        let stdin = child.stdin.take();
        Self {
            child,
            stdin,
            out,
            err,
        }
    }

    /// All that it has printed.
    pub fn output(&self) -> Vec<u8> {
        std::fs::read(&self.out).expect("its output can be read")
    }

    /// All that it has printed, errors last.
    pub fn text(&self) -> String {
        let errors = std::fs::read(&self.err).expect("its errors can be read");
        let all = [self.output(), errors].concat();
        String::from_utf8_lossy(&all).into_owned()
    }

    /// Waits until it has printed this; the rest of that line.
    pub fn wait_for(&mut self, text: &str) -> String {
        wait(text, || {
            let ended = self.child.try_wait().expect("its state is known");
            let printed = self.text();
            if let Some((_, after)) = printed.split_once(text)
                && let Some((line, _)) = after.split_once('\n')
            {
                return Some(line.to_owned());
            }
            assert!(ended.is_none(), "it ended without {:?}", tail(text));
            None
        })
    }

    /// Types this.
    pub fn type_in(&mut self, text: &str) {
        let stdin = self.stdin.as_mut().expect("its input is a pipe");
        stdin
            .write_all(text.as_bytes())
            .expect("it reads its input");
        stdin.flush().expect("it reads its input");
    }

    /// Ends its input.
    pub fn end_input(&mut self) {
        self.stdin = None;
    }

    /// Waits for its end.
    pub fn exit(&mut self) -> ExitStatus {
        wait("the end of a program", || {
            self.child.try_wait().expect("its state is known")
        })
    }

    /// Ends it without warning.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("--- the peer printed:\n{}\n---", tail(&self.text()));
        }
    }
}

/// The last lines, without bulk data.
fn tail(text: &str) -> String {
    let plain = |line: &&str| line.len() < 200 && line.chars().all(|c| c.is_ascii() && c != '\0');
    let lines: Vec<&str> = text.lines().filter(plain).collect();
    lines[lines.len().saturating_sub(40)..].join("\n")
}

/// Our client on a connection to a peer.
pub type OurClient = Stream<ClientConnection, TcpStream>;
/// Our server on a connection from a peer.
pub type OurServer = Stream<ServerConnection, TcpStream>;

/// Connects, with retries while the peer is starting. No handshake yet.
pub fn connect(port: u16, config: Arc<ClientConfig>) -> OurClient {
    connect_to(NAME, port, config)
}

/// Connects, asking for this name.
pub fn connect_to(name: &str, port: u16, config: Arc<ClientConfig>) -> OurClient {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let tcp = wait("a listening peer", || TcpStream::connect(address).ok());
    let name = ServerName::try_from(name.to_owned()).expect("a name");
    let seed = seed().expect("randomness");
    let connection = ClientConnection::new(config, name, seed, now()).expect("a fit config");
    Stream::new(connection, bounded(tcp))
}

/// Connects to resume this session. No handshake yet.
pub fn connect_again(port: u16, config: Arc<ClientConfig>, session: Session) -> OurClient {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let tcp = wait("a listening peer", || TcpStream::connect(address).ok());
    let name = ServerName::try_from(NAME).expect("a name");
    let seed = seed().expect("randomness");
    let connection = ClientConnection::resume(config, name, session, seed, now());
    Stream::new(connection.expect("a fit config"), bounded(tcp))
}

fn bounded(tcp: TcpStream) -> TcpStream {
    tcp.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    tcp.set_write_timeout(Some(PATIENCE)).expect("a timeout");
    tcp.set_nodelay(true).expect("an option");
    tcp
}

/// Where our server waits.
pub struct Listener {
    tcp: TcpListener,
    pub port: u16,
}

impl Listener {
    pub fn new() -> Self {
        let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        tcp.set_nonblocking(true).expect("an option");
        let port = tcp.local_addr().expect("an address").port();
        Self { tcp, port }
    }

    /// `127.0.0.1:port`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The next connection. No handshake yet.
    pub fn accept(&self, config: Arc<ServerConfig>) -> OurServer {
        let tcp = wait("a peer that connects", || self.tcp.accept().ok()).0;
        tcp.set_nonblocking(false).expect("an option");
        let seed = seed().expect("randomness");
        let connection = ServerConnection::new(config, seed, now()).expect("a fit config");
        Stream::new(connection, bounded(tcp))
    }
}

/// Does a handshake that must succeed.
pub fn shake<C, T>(stream: &mut Stream<C, T>) -> Summary
where
    C: symbolon::conn::Connection,
    T: Read + Write,
{
    stream
        .handshake()
        .unwrap_or_else(|e| panic!("the handshake failed: {e}"))
        .expect("it is the first")
}

/// The TLS error inside an I/O error.
pub fn tls_error(error: &std::io::Error) -> &Error {
    error
        .get_ref()
        .and_then(|inner| inner.downcast_ref())
        .unwrap_or_else(|| panic!("not an error of TLS: {error:?}"))
}

/// The alert that a peer sent.
pub fn alert_of(error: &std::io::Error) -> AlertDescription {
    match tls_error(error).kind() {
        ErrorKind::AlertReceived(description) => *description,
        other => panic!("not an alert of the peer: {other:?}"),
    }
}

/// Reads until the data ends with this.
pub fn read_until(stream: &mut impl Read, end: &[u8]) -> Vec<u8> {
    let mut data = Vec::new();
    let mut buffer = [0; 4096];
    while !data.ends_with(end) {
        let n = stream.read(&mut buffer).expect("data comes");
        assert_ne!(
            n,
            0,
            "the data ended early: {:?}",
            String::from_utf8_lossy(&data)
        );
        data.extend_from_slice(&buffer[..n]);
    }
    data
}

/// Lets the stream receive, while no data comes, until the condition holds.
pub fn receive_until<C>(stream: &mut Stream<C, TcpStream>, done: impl Fn() -> bool)
where
    C: symbolon::conn::Connection,
{
    stream_timeout(stream.transport(), Duration::from_millis(10));
    wait("a message", || {
        let error = stream.read(&mut [0; 1]).expect_err("no data comes");
        assert!(
            matches!(error.kind(), Io::WouldBlock | Io::TimedOut),
            "{error}"
        );
        done().then_some(())
    });
    stream_timeout(stream.transport(), PATIENCE);
}

fn stream_timeout(tcp: &TcpStream, limit: Duration) {
    tcp.set_read_timeout(Some(limit)).expect("a timeout");
}

/// Remembers what an observer is told.
#[derive(Debug, Default)]
pub struct Watch {
    messages: Mutex<Vec<(Direction, HandshakeType)>>,
    alerts: Mutex<Vec<(Direction, AlertDescription)>>,
    cookies: Mutex<Vec<(Direction, Vec<u8>)>>,
    limits: Mutex<Vec<(Direction, u16)>>,
}

impl Watch {
    pub fn new() -> Arc<Self> {
        Arc::new(Self::default())
    }

    /// How many messages of a kind went which way.
    pub fn count(&self, direction: Direction, kind: HandshakeType) -> usize {
        let messages = self.messages.lock().unwrap();
        messages.iter().filter(|m| **m == (direction, kind)).count()
    }

    /// The alerts that went which way.
    pub fn alerts(&self, direction: Direction) -> Vec<AlertDescription> {
        let alerts = self.alerts.lock().unwrap();
        let this_way = alerts.iter().filter(|a| a.0 == direction);
        this_way.map(|a| a.1).collect()
    }

    /// The cookies that went which way.
    pub fn cookies(&self, direction: Direction) -> Vec<Vec<u8>> {
        let cookies = self.cookies.lock().unwrap();
        let this_way = cookies.iter().filter(|c| c.0 == direction);
        this_way.map(|c| c.1.clone()).collect()
    }

    /// The record_size_limit that went which way.
    pub fn limit(&self, direction: Direction) -> Option<u16> {
        let limits = self.limits.lock().unwrap();
        limits.iter().find(|l| l.0 == direction).map(|l| l.1)
    }
}

impl Observer for Watch {
    fn observe(&self, observation: &Observation<'_>) {
        match observation {
            Observation::Message {
                direction,
                kind,
                parsed,
                ..
            } => {
                self.messages.lock().unwrap().push((*direction, *kind));
                let (cookie, limit) = match parsed {
                    Some(Parsed::ClientHello(hello)) => {
                        (hello.extensions.cookie, hello.extensions.record_size_limit)
                    }
                    Some(Parsed::ServerHello(hello)) => (hello.extensions.cookie, None),
                    Some(Parsed::EncryptedExtensions(parsed)) => (None, parsed.record_size_limit),
                    _ => (None, None),
                };
                if let Some(cookie) = cookie {
                    let seen = (*direction, cookie.to_vec());
                    self.cookies.lock().unwrap().push(seen);
                }
                if let Some(limit) = limit {
                    self.limits.lock().unwrap().push((*direction, limit));
                }
            }
            Observation::Alert {
                direction,
                description,
                ..
            } => {
                self.alerts.lock().unwrap().push((*direction, *description));
            }
            _ => {}
        }
    }
}
