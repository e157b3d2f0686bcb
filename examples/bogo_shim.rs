//! The program that BoringSSL's protocol test runner drives: one connection over loopback, set
//! up by the runner's flags. See `tests/bogo/README.md`.
//!
//! Exit status: 0 if all went as the flags say, 1 with the error on stderr if not, 89 if a flag
//! asks for what isn't implemented.

use std::cell::RefCell;
use std::io::{self, BufRead, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use symbolon::codepoint::{AlertDescription, NamedGroup, ProtocolVersion, SignatureScheme};
use symbolon::config::{
    CertificateRequestInfo, ChooseClientCredential, ChooseServerCredential, ClientAuth,
    ClientConfig, ClientHelloInfo, Credential, Key, Limits, RetryPolicy, ServerConfig,
};
use symbolon::conn::{ClientConnection, Connection, ServerConnection};
use symbolon::crypto::{CryptoProvider, Random, SigningKey, VerifyAlgorithms};
use symbolon::error::{CertificateError, CryptoError, Error};
use symbolon::handshake::{Answer, Request, Summary};
use symbolon::io::{Stream, now, seed};
use symbolon::pki::{DangerousAcceptAnyCertificate, Decision, VerifiedChain};
use symbolon::pki::{Verifier, VerifyRequest};
use symbolon::provider::RUSTCRYPTO;

/// What the runner takes for "skip this test".
const UNIMPLEMENTED: u8 = 89;

/// Why the shim ends early.
#[derive(Debug)]
enum Stop {
    Unimplemented(String),
    Failed(String),
}

impl<E: std::fmt::Display> From<E> for Stop {
    fn from(e: E) -> Self {
        Self::Failed(e.to_string())
    }
}

fn unimplemented<T>(what: impl Into<String>) -> Result<T, Stop> {
    Err(Stop::Unimplemented(what.into()))
}

/// A certificate and key as the flags name them.
#[derive(Clone, Debug, Default)]
struct CredentialFlags {
    chain: String,
    key: String,
    signing_prefs: Vec<SignatureScheme>,
    ocsp: Vec<u8>,
}

/// The flags. Names are the runner's.
#[derive(Debug, Default)]
struct Flags {
    port: u16,
    ipv6: bool,
    shim_id: u64,
    server: bool,
    credentials: Vec<CredentialFlags>,
    /// What stood before the first of `credentials`: the last resort.
    default_credential: Option<CredentialFlags>,
    new_credentials: bool,
    curves: Vec<NamedGroup>,
    key_shares: Option<Vec<NamedGroup>>,
    verify_prefs: Vec<SignatureScheme>,
    min_version: u16,
    max_version: u16,
    no_tls12: bool,
    no_tls13: bool,
    host_name: Option<String>,
    alpn: Vec<Vec<u8>>,
    select_alpn: Option<String>,
    reject_alpn: bool,
    require_client_certificate: bool,
    verify_peer: bool,
    verify_fail: bool,
    custom_verify: bool,
    ocsp_stapling: bool,
    grease: bool,
    max_cert_list: Option<usize>,
    one_byte_reads: bool,
    implicit_handshake: bool,
    shim_writes_first: bool,
    initial_write: Option<String>,
    repeat_initial_write: Option<usize>,
    different_record_sizes: bool,
    shim_shuts_down: bool,
    check_close_notify: bool,
    key_update: bool,
    key_update_before_read: bool,
    peek: bool,
    exporter_between_reads: bool,
    read_size: Option<usize>,
    export_length: usize,
    export_label: String,
    export_context: String,
    use_export_context: bool,
    expect: Expect,
}

/// What the flags say that the handshake comes to.
#[derive(Debug, Default)]
struct Expect {
    version: Option<u16>,
    cipher: Option<u16>,
    curve: Option<u16>,
    peer_scheme: Option<u16>,
    peer_prefs: Vec<u16>,
    alpn: Option<String>,
    advertised_alpn: Option<String>,
    server_name: Option<String>,
    no_server_name: bool,
    ocsp: Option<Vec<u8>>,
    peer_cert: Option<String>,
    no_peer_cert: bool,
    hrr: Option<bool>,
    credential: Option<i64>,
}

fn parse(args: impl Iterator<Item = String>) -> Result<Flags, Stop> {
    let mut flags = Flags::default();
    let mut args = args;
    while let Some(arg) = args.next() {
        let name = ["-on-shim", "-on-initial"]
            .iter()
            .find_map(|p| arg.strip_prefix(p).filter(|rest| rest.starts_with('-')))
            .unwrap_or(&arg);
        set(&mut flags, name, &mut args)?;
    }
    Ok(flags)
}

fn set(flags: &mut Flags, name: &str, args: &mut dyn Iterator<Item = String>) -> Result<(), Stop> {
    let mut value = || {
        args.next()
            .ok_or_else(|| Stop::Failed(format!("{name} needs a value")))
    };
    match name {
        "-port" => flags.port = value()?.parse()?,
        "-shim-id" => flags.shim_id = value()?.parse()?,
        "-ipv6" => flags.ipv6 = true,
        "-server" => flags.server = true,
        "-new-x509-credential" => {
            if !flags.new_credentials {
                flags.default_credential = flags.credentials.pop();
            }
            flags.new_credentials = true;
            flags.credentials.push(CredentialFlags::default());
        }
        "-cert-file" => credential(flags).chain = value()?,
        "-key-file" => credential(flags).key = value()?,
        "-signing-prefs" => {
            let scheme = SignatureScheme(value()?.parse()?);
            credential(flags).signing_prefs.push(scheme);
        }
        "-ocsp-response" => credential(flags).ocsp = base64(&value()?)?,
        "-curves" => flags.curves.push(NamedGroup(value()?.parse()?)),
        "-key-shares" => {
            let group = NamedGroup(value()?.parse()?);
            flags.key_shares.get_or_insert_default().push(group);
        }
        "-no-key-shares" => flags.key_shares = Some(Vec::new()),
        "-verify-prefs" => flags.verify_prefs.push(SignatureScheme(value()?.parse()?)),
        "-min-version" => flags.min_version = value()?.parse()?,
        "-max-version" => flags.max_version = value()?.parse()?,
        "-no-tls13" => flags.no_tls13 = true,
        "-no-tls12" => flags.no_tls12 = true,
        "-no-tls11" | "-no-tls1" => {}
        "-host-name" => flags.host_name = Some(value()?),
        "-advertise-alpn" => flags.alpn = alpn_list(value()?.as_bytes())?,
        "-select-alpn" => flags.select_alpn = Some(value()?),
        "-decline-alpn" => {}
        "-reject-alpn" => flags.reject_alpn = true,
        "-require-any-client-certificate" => flags.require_client_certificate = true,
        "-verify-peer" => flags.verify_peer = true,
        "-verify-fail" => flags.verify_fail = true,
        "-use-custom-verify-callback" => flags.custom_verify = true,
        "-enable-ocsp-stapling" => flags.ocsp_stapling = true,
        "-enable-grease" => flags.grease = true,
        "-max-cert-list" => flags.max_cert_list = Some(value()?.parse()?),
        "-async" => flags.one_byte_reads = true,
        "-implicit-handshake" => flags.implicit_handshake = true,
        "-shim-writes-first" => flags.shim_writes_first = true,
        "-shim-initial-write" => flags.initial_write = Some(value()?),
        "-repeat-shim-initial-write" => flags.repeat_initial_write = Some(value()?.parse()?),
        "-write-different-record-sizes" => flags.different_record_sizes = true,
        "-shim-shuts-down" => flags.shim_shuts_down = true,
        "-check-close-notify" => flags.check_close_notify = true,
        "-key-update" => flags.key_update = true,
        "-key-update-before-read" => flags.key_update_before_read = true,
        "-peek-then-read" => flags.peek = true,
        "-use-exporter-between-reads" => flags.exporter_between_reads = true,
        "-read-size" => flags.read_size = Some(value()?.parse()?),
        "-export-keying-material" => flags.export_length = value()?.parse()?,
        "-export-label" => flags.export_label = value()?,
        "-export-context" => flags.export_context = value()?,
        "-use-export-context" => flags.use_export_context = true,
        "-resume-count" => return unimplemented("resumption"),
        // No ticket is sent, none is used: what asks for less is content.
        "-no-ticket" | "-expect-no-session" | "-expect-session-miss" => {}
        // Ways to ask BoringSSL's own API for what happens here in any case.
        "-use-old-client-cert-callback"
        | "-no-op-extra-handshake"
        | "-handshake-twice"
        | "-install-ddos-callback"
        | "-use-early-callback"
        | "-expect-verify-result"
        | "-forbid-renegotiation-after-handshake"
        | "-expect-secure-renegotiation"
        | "-expect-extended-master-secret" => {}
        "-handshaker-path" | "-trust-cert" => drop(value()?),
        other => return set_expectation(flags, other, args),
    }
    Ok(())
}

fn set_expectation(
    flags: &mut Flags,
    name: &str,
    args: &mut dyn Iterator<Item = String>,
) -> Result<(), Stop> {
    let expect = &mut flags.expect;
    let mut value = || {
        args.next()
            .ok_or_else(|| Stop::Failed(format!("{name} needs a value")))
    };
    match name {
        "-expect-version" => expect.version = Some(value()?.parse()?),
        "-expect-cipher" => expect.cipher = Some(value()?.parse()?),
        "-expect-curve-id" => expect.curve = Some(value()?.parse()?),
        "-expect-peer-signature-algorithm" => expect.peer_scheme = Some(value()?.parse()?),
        "-expect-peer-verify-pref" => expect.peer_prefs.push(value()?.parse()?),
        "-expect-alpn" => expect.alpn = Some(value()?),
        "-expect-advertised-alpn" => expect.advertised_alpn = Some(value()?),
        "-expect-server-name" => expect.server_name = Some(value()?),
        "-expect-no-server-name" => expect.no_server_name = true,
        "-expect-ocsp-response" => expect.ocsp = Some(base64(&value()?)?),
        "-expect-peer-cert-file" => expect.peer_cert = Some(value()?),
        "-expect-no-peer-cert" => expect.no_peer_cert = true,
        "-expect-hrr" => expect.hrr = Some(true),
        "-expect-no-hrr" => expect.hrr = Some(false),
        "-expect-selected-credential" => expect.credential = Some(value()?.parse()?),
        other => return unimplemented(other),
    }
    Ok(())
}

fn credential(flags: &mut Flags) -> &mut CredentialFlags {
    if flags.credentials.is_empty() {
        flags.credentials.push(CredentialFlags::default());
    }
    flags.credentials.last_mut().expect("one was pushed")
}

fn alpn_list(mut list: &[u8]) -> Result<Vec<Vec<u8>>, Stop> {
    let mut names = Vec::new();
    while let Some((len, rest)) = list.split_first() {
        let (name, rest) = rest
            .split_at_checked(usize::from(*len))
            .ok_or_else(|| Stop::Failed("a list of protocols is cut short".into()))?;
        names.push(name.to_vec());
        list = rest;
    }
    Ok(names)
}

fn base64(text: &str) -> Result<Vec<u8>, Stop> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bits, mut held, mut out) = (0u32, 0u32, Vec::new());
    for c in text.bytes().filter(|c| *c != b'=') {
        let digit = ALPHABET.iter().position(|a| *a == c);
        let digit = digit.ok_or_else(|| Stop::Failed("not base64".into()))?;
        bits = bits << 6 | u32::try_from(digit)?;
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push(u8::try_from(bits >> held & 0xff)?);
            bits &= (1 << held) - 1;
        }
    }
    Ok(out)
}

/// A key that signs only in some schemes, in an order of the flags' choosing.
#[derive(Debug)]
struct PreferringKey {
    key: Arc<dyn SigningKey>,
    schemes: Vec<SignatureScheme>,
}

impl SigningKey for PreferringKey {
    fn schemes(&self) -> &[SignatureScheme] {
        &self.schemes
    }

    fn sign(
        &self,
        scheme: SignatureScheme,
        message: &[u8],
        random: &mut Random,
        out: &mut [u8],
    ) -> Result<usize, CryptoError> {
        self.key.sign(scheme, message, random, out)
    }

    fn public_key_info(&self) -> &[u8] {
        self.key.public_key_info()
    }
}

fn load(flags: &CredentialFlags) -> Result<Arc<Credential>, Stop> {
    let (chain, key) = (std::fs::read(&flags.chain)?, std::fs::read(&flags.key)?);
    let loaded = match Credential::from_pem(&chain, &key, &RUSTCRYPTO) {
        // A key of a kind or size that the provider leaves out.
        Err(e) => return unimplemented(format!("the credential {}: {e}", flags.chain)),
        Ok(loaded) => loaded,
    };
    let loaded = match (loaded.key(), flags.signing_prefs.is_empty()) {
        (Key::Local(key), false) => {
            let able = |s: &&SignatureScheme| key.schemes().contains(s);
            let schemes: Vec<_> = flags.signing_prefs.iter().filter(able).copied().collect();
            if schemes.len() != flags.signing_prefs.len() {
                return unimplemented("a signature scheme that the key can't sign with");
            }
            let key = Arc::clone(key);
            let key = Key::Local(Arc::new(PreferringKey { key, schemes }));
            Credential::with_key(loaded.chain().to_vec(), key)?
        }
        _ => loaded,
    };
    Ok(Arc::new(match flags.ocsp.as_slice() {
        [] => loaded,
        ocsp => loaded.ocsp_response(ocsp)?,
    }))
}

/// Takes the first credential that fits, and remembers which.
#[derive(Debug)]
struct First {
    list: Vec<Arc<Credential>>,
    taken: Arc<Mutex<Option<usize>>>,
}

impl First {
    fn take(&self, fits: impl Fn(&Credential) -> bool) -> Option<Arc<Credential>> {
        let index = self.list.iter().position(|c| fits(c))?;
        *self.taken.lock().ok()? = Some(index);
        self.list.get(index).cloned()
    }
}

impl ChooseServerCredential for First {
    fn choose(&self, hello: &ClientHelloInfo) -> Decision<Option<Arc<Credential>>> {
        let fitting = self.take(|c| hello.scheme_for(c).is_some());
        // Without a scheme in common the library itself tells what is missing.
        Decision::Now(fitting.or_else(|| self.list.first().cloned()))
    }
}

impl ChooseClientCredential for First {
    fn choose(&self, request: &CertificateRequestInfo) -> Decision<Option<Arc<Credential>>> {
        Decision::Now(self.take(|c| c.scheme_for(|s| request.schemes.contains(&s)).is_some()))
    }
}

/// Accepts or refuses everything.
#[derive(Debug)]
struct Judge {
    refuse: bool,
    ocsp: bool,
}

impl Verifier for Judge {
    fn verify(
        &self,
        request: &VerifyRequest,
        algorithms: &VerifyAlgorithms,
    ) -> Decision<Result<VerifiedChain, CertificateError>> {
        match self.refuse {
            true => Decision::Later,
            false => DangerousAcceptAnyCertificate.verify(request, algorithms),
        }
    }

    fn wants_ocsp(&self) -> bool {
        self.ocsp
    }
}

/// The provider, verifying only the schemes that the flags name.
fn provider(flags: &Flags) -> Result<CryptoProvider, Stop> {
    let mut provider = RUSTCRYPTO;
    if !flags.verify_prefs.is_empty() {
        let mut schemes = Vec::new();
        for scheme in &flags.verify_prefs {
            match provider.verify.schemes.iter().find(|(s, _)| s == scheme) {
                Some(known) => schemes.push(*known),
                None => return unimplemented(format!("verifying {scheme}")),
            }
        }
        provider.verify.schemes = schemes.leak();
    }
    let has = |group: &NamedGroup| provider.groups.iter().any(|g| g.name() == *group);
    if let Some(group) = flags.curves.iter().find(|g| !has(g)) {
        return unimplemented(format!("the group {group}"));
    }
    Ok(provider)
}

fn versions(flags: &Flags) -> Result<Vec<ProtocolVersion>, Stop> {
    let mut versions = vec![ProtocolVersion::TLS13, ProtocolVersion::TLS12];
    versions.retain(|v| {
        let off = match *v {
            ProtocolVersion::TLS13 => flags.no_tls13,
            _ => flags.no_tls12,
        };
        let above = flags.max_version != 0 && v.0 > flags.max_version;
        !off && !above && v.0 >= flags.min_version
    });
    match versions.is_empty() {
        true => unimplemented("versions before TLS 1.2"),
        false => Ok(versions),
    }
}

fn limits(flags: &Flags) -> Limits {
    let mut limits = Limits::default();
    // The runner likes to send a record for each byte.
    limits.flight_records = 1 << 20;
    if let Some(max) = flags.max_cert_list {
        limits.client_chain = max;
        limits.server_chain = max;
    }
    limits
}

fn verifier(flags: &Flags) -> Arc<dyn Verifier> {
    let (refuse, ocsp) = (flags.verify_fail, flags.ocsp_stapling);
    Arc::new(Judge { refuse, ocsp })
}

/// What is set up in one way for both roles.
macro_rules! common {
    ($builder:expr, $flags:expr) => {{
        let mut builder = $builder
            .provider(provider($flags)?)
            .versions(&versions($flags)?)
            .limits(limits($flags));
        if !$flags.curves.is_empty() {
            builder = builder.groups(&$flags.curves);
        }
        builder
    }};
}

fn client(flags: &Flags, own: First) -> Result<ClientConnection, Stop> {
    let mut builder = common!(ClientConfig::builder(), flags)
        .verifier(verifier(flags))
        .alpn(flags.alpn.iter().cloned())
        .grease(flags.grease)
        .require_extended_master_secret(false)
        .server_name(flags.host_name.is_some());
    if !own.list.is_empty() {
        builder = builder.credentials(Arc::new(own));
    }
    if let Some(shares) = &flags.key_shares {
        builder = builder.key_shares(shares);
    }
    let name = flags.host_name.clone().unwrap_or_else(|| "test".into());
    let name = name.try_into()?;
    Ok(ClientConnection::new(
        builder.build()?,
        name,
        seed()?,
        now(),
    )?)
}

fn server(flags: &Flags, own: First) -> Result<ServerConnection, Stop> {
    let auth = match (flags.require_client_certificate, flags.verify_peer) {
        (true, _) => ClientAuth::Required(verifier(flags)),
        (false, true) => ClientAuth::Optional(verifier(flags)),
        (false, false) => ClientAuth::None,
    };
    let alpn = match (&flags.select_alpn, flags.reject_alpn) {
        (_, true) => vec![b"none of those".to_vec()],
        (Some(name), false) => vec![name.clone().into_bytes()],
        (None, false) => Vec::new(),
    };
    let config = common!(ServerConfig::builder(), flags)
        .credentials(Arc::new(own))
        .client_auth(auth)
        .retry(RetryPolicy::ForPreferred)
        .require_extended_master_secret(false)
        .alpn(alpn)
        .build()?;
    Ok(ServerConnection::new(config, seed()?, now())?)
}

/// Loopback, read a byte at a time if the flags say so. Shared, so that the stream can own it.
#[derive(Clone)]
struct Transport {
    tcp: Rc<RefCell<TcpStream>>,
    one_byte: bool,
}

impl Read for Transport {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let most = if self.one_byte { 1 } else { out.len() };
        let result = self
            .tcp
            .borrow_mut()
            .read(out.get_mut(..most).unwrap_or(&mut []));
        match result {
            // A peer that drops the connection ended it without close_notify.
            Err(e) if e.kind() == io::ErrorKind::ConnectionReset => Ok(0),
            other => other,
        }
    }
}

impl Write for Transport {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.tcp.borrow_mut().write(data)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.tcp.borrow_mut().flush()
    }
}

/// Lets the peer read everything before the socket goes.
fn drain(tcp: &Rc<RefCell<TcpStream>>) {
    let mut tcp = tcp.borrow_mut();
    let _ = tcp.shutdown(Shutdown::Write);
    let _ = tcp.set_read_timeout(Some(Duration::from_secs(5)));
    let mut buffer = [0; 4096];
    while matches!(tcp.read(&mut buffer), Ok(n) if n > 0) {}
}

fn run(flags: &Flags) -> Result<(), Stop> {
    let taken = Arc::new(Mutex::new(None));
    let own = First {
        list: flags
            .credentials
            .iter()
            .chain(&flags.default_credential)
            .map(load)
            .collect::<Result<_, _>>()?,
        taken: Arc::clone(&taken),
    };
    // The connection is set up first: what isn't implemented is told before anything is sent.
    let tcp = || -> Result<_, Stop> {
        let host = if flags.ipv6 { "::1" } else { "127.0.0.1" };
        let mut tcp = TcpStream::connect((host, flags.port))?;
        tcp.set_nodelay(true)?;
        tcp.write_all(&flags.shim_id.to_le_bytes())?;
        Ok(Rc::new(RefCell::new(tcp)))
    };
    if flags.server {
        let connection = server(flags, own)?;
        let tcp = tcp()?;
        let result = exchange(connection, &tcp, flags, &taken);
        drain(&tcp);
        result
    } else {
        let connection = client(flags, own)?;
        let tcp = tcp()?;
        let result = exchange(connection, &tcp, flags, &taken);
        drain(&tcp);
        result
    }
}

/// What the shim needs beyond what every connection has.
trait Exports {
    fn export(&self, label: &[u8], context: Option<&[u8]>, out: &mut [u8]) -> Result<(), Error>;
}

impl Exports for ClientConnection {
    fn export(&self, label: &[u8], context: Option<&[u8]>, out: &mut [u8]) -> Result<(), Error> {
        self.export_keying_material(label, context, out)
    }
}

impl Exports for ServerConnection {
    fn export(&self, label: &[u8], context: Option<&[u8]>, out: &mut [u8]) -> Result<(), Error> {
        self.export_keying_material(label, context, out)
    }
}

/// What the one request that the config leaves open is answered with: the verifier refuses, with
/// the alert that the runner knows of each of BoringSSL's two ways to do it.
fn answer(request: Request, flags: &Flags) -> Option<Answer> {
    let alert = match flags.custom_verify {
        true => AlertDescription::CERTIFICATE_UNKNOWN,
        false => AlertDescription::HANDSHAKE_FAILURE,
    };
    matches!(request, Request::VerifyChain(_)).then_some(Answer::Refuse(alert))
}

fn exchange<C: Connection + Exports>(
    connection: C,
    tcp: &Rc<RefCell<TcpStream>>,
    flags: &Flags,
    taken: &Mutex<Option<usize>>,
) -> Result<(), Stop> {
    let transport = Transport {
        tcp: Rc::clone(tcp),
        one_byte: flags.one_byte_reads,
    };
    let mut stream = Stream::new(connection, transport);
    if !flags.implicit_handshake || flags.verify_fail {
        let summary = stream.handshake_with(|request| answer(request, flags))?;
        let summary = summary.ok_or("the handshake told nothing")?;
        check(&summary, flags, taken)?;
    }
    if flags.export_length > 0 {
        if flags.implicit_handshake {
            stream.handshake()?;
        }
        let mut out = vec![0; flags.export_length];
        let context = flags
            .use_export_context
            .then_some(flags.export_context.as_bytes());
        let label = flags.export_label.as_bytes();
        stream.connection().export(label, context, &mut out)?;
        stream.write_all(&out)?;
        stream.flush()?;
    }
    let mut clean = None;
    if flags.different_record_sizes {
        let data = [0x42; 32769];
        for len in [
            0, 1, 255, 256, 257, 16383, 16384, 16385, 32767, 32768, 32769,
        ] {
            stream.write_all(data.get(..len).unwrap_or(&data))?;
            stream.flush()?;
        }
    } else {
        if flags.shim_writes_first {
            let data = flags.initial_write.as_deref().unwrap_or("hello");
            for _ in 0..flags.repeat_initial_write.unwrap_or(1) {
                stream.write_all(data.as_bytes())?;
                stream.flush()?;
            }
        }
        if !flags.shim_shuts_down {
            clean = Some(echo(&mut stream, flags)?);
        }
    }
    stream.close()?;
    if flags.check_close_notify {
        let clean = match clean {
            Some(clean) => clean,
            None => end(&mut stream)?,
        };
        if !clean {
            return Err("the peer sent no close_notify".into());
        }
    }
    Ok(())
}

/// Sends back what comes, each byte inverted; whether the end was a clean one.
fn echo<C: Connection + Exports>(
    stream: &mut Stream<C, Transport>,
    flags: &Flags,
) -> Result<bool, Stop> {
    let mut buffer = vec![0; flags.read_size.unwrap_or(512)];
    loop {
        if flags.key_update_before_read {
            stream.connection().update_keys(false)?;
            stream.flush()?;
        }
        if flags.peek && peek(stream)?.is_none() {
            return Ok(false);
        }
        let len = match stream.read(&mut buffer) {
            Ok(0) => return Ok(true),
            Ok(len) => len,
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
            Err(e) => return Err(e.into()),
        };
        if flags.exporter_between_reads {
            let mut out = [0; 32];
            stream.connection().export(b"some label", None, &mut out)?;
        }
        if flags.key_update {
            stream.connection().update_keys(false)?;
        }
        let data = buffer.get_mut(..len).unwrap_or(&mut []);
        data.iter_mut().for_each(|b| *b ^= 0xff);
        stream.write_all(data)?;
        stream.flush()?;
    }
}

/// How much can be read, `None` at an unclean end.
fn peek<C: Connection>(stream: &mut Stream<C, Transport>) -> Result<Option<usize>, Stop> {
    match stream.fill_buf() {
        Ok(data) => Ok(Some(data.len())),
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(e) => Err(e.into()),
    }
}

/// Whether the peer's close_notify is what comes next.
fn end<C: Connection>(stream: &mut Stream<C, Transport>) -> Result<bool, Stop> {
    match stream.fill_buf() {
        Ok([]) => Ok(true),
        Ok(_) => Err("data where the end was expected".into()),
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(e) => Err(e.into()),
    }
}

/// Compares what the handshake came to with what the flags say.
fn check(summary: &Summary, flags: &Flags, taken: &Mutex<Option<usize>>) -> Result<(), Stop> {
    let expect = &flags.expect;
    let same = |what: &str, wanted: Option<u16>, got: Option<u16>| match wanted {
        Some(wanted) if Some(wanted) != got => {
            Err(Stop::Failed(format!("{what} is {got:x?}, not {wanted:x}")))
        }
        _ => Ok(()),
    };
    same("the version", expect.version, Some(summary.version.0))?;
    same("the suite", expect.cipher, Some(summary.cipher_suite.0))?;
    same("the group", expect.curve, summary.group.map(|g| g.0))?;
    let scheme = summary.peer_signature_scheme.map(|s| s.0);
    same("the peer's scheme", expect.peer_scheme, scheme)?;
    if !expect.peer_prefs.is_empty() || expect.advertised_alpn.is_some() {
        return unimplemented("expectations of what the peer offers");
    }
    if expect
        .alpn
        .as_ref()
        .is_some_and(|name| summary.alpn.as_deref().unwrap_or(&[]) != name.as_bytes())
    {
        return Err(format!("the protocol is {:?}", summary.alpn).into());
    }
    let name = summary.server_name.as_deref();
    if expect
        .server_name
        .as_ref()
        .is_some_and(|n| name != Some(n.as_bytes()))
        || (expect.no_server_name && name.is_some())
    {
        return Err(format!("the server's name is {name:?}").into());
    }
    let chain = summary
        .peer_chain
        .as_ref()
        .filter(|chain| !chain.is_empty());
    if expect.no_peer_cert && chain.is_some() {
        return Err("the peer sent a certificate".into());
    }
    if !expect.no_peer_cert
        && chain.is_none()
        && (!flags.server || flags.require_client_certificate)
    {
        return Err("the peer sent no certificate".into());
    }
    if let Some(path) = &expect.peer_cert {
        let pem = std::fs::read(path)?;
        let wanted = rustls_pem(&pem)?;
        let got: Vec<Vec<u8>> = chain
            .map(|c| c.certificates().map(<[u8]>::to_vec).collect())
            .unwrap_or_default();
        if wanted != got {
            return Err("the peer's certificates are others".into());
        }
    }
    let ocsp = chain.and_then(|chain| chain.ocsp_response());
    if expect.ocsp.is_some() && expect.ocsp.as_deref() != ocsp {
        return Err("the stapled response is another".into());
    }
    if expect
        .hrr
        .is_some_and(|hrr| hrr != summary.hello_retry_request)
    {
        return Err(format!("HelloRetryRequest: {}", summary.hello_retry_request).into());
    }
    let taken = taken.lock().ok().and_then(|t| *t);
    let taken = taken.filter(|index| flags.new_credentials && *index < flags.credentials.len());
    let taken = taken.map_or(-1, |index| i64::try_from(index).unwrap_or(-1));
    if expect.credential.is_some_and(|wanted| wanted != taken) {
        return Err(format!("the credential is {taken}").into());
    }
    Ok(())
}

/// The DER of the certificates in a PEM file.
fn rustls_pem(pem: &[u8]) -> Result<Vec<Vec<u8>>, Stop> {
    use rustls_pki_types::{CertificateDer, pem::PemObject};
    let mut out = Vec::new();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        match certificate {
            Ok(certificate) => out.push(certificate.to_vec()),
            Err(e) => return Err(Stop::Failed(format!("{e:?}"))),
        }
    }
    Ok(out)
}

fn main() -> ExitCode {
    if std::env::args().any(|arg| arg == "-is-handshaker-supported") {
        println!("No");
        return ExitCode::SUCCESS;
    }
    let result = parse(std::env::args().skip(1)).and_then(|flags| run(&flags));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(Stop::Unimplemented(what)) => {
            eprintln!("unimplemented: {what}");
            ExitCode::from(UNIMPLEMENTED)
        }
        Err(Stop::Failed(error)) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
