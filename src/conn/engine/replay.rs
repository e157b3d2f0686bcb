//! Replays the traces of RFC 8448 through both machines and engines.
//!
//! Each side draws the private keys and randoms of the trace and signs with its signatures, which
//! are verified first. What NSS composed with options that aren't offered here (ClientHello,
//! EncryptedExtensions, CertificateRequest) takes the place of our own through
//! [`crate::handshake::Replay`], which exists in tests only; all else is composed here. Every
//! message and record that leaves a side must be the trace's, byte for byte; only then does it
//! reach the other side. `tests/rfc8448.rs` compares the steps that can't be seen from outside.

use super::Engine;
use crate::codepoint::{
    CipherSuite, ContentType, HandshakeType, NamedGroup, ProtocolVersion, SignatureScheme,
};
use crate::config::{
    ClientAuth, ClientConfig, Credential, Direction, Key, KeyLog, Observation, Observer,
    ServerConfig,
};
use crate::conn::event::{Eof, Event};
use crate::conn::receiver::Step;
use crate::crypto::{CryptoProvider, HashSecret, Random, SigningKey, VerifyAlgorithms};
use crate::error::{CertificateError, CryptoError};
use crate::handshake::client::ClientMachine;
use crate::handshake::server::ServerMachine;
use crate::handshake::{EarlyDataOutcome, Machine, Summary};
use crate::keys::tls13::resumption_psk;
use crate::pki::{Certificate, Decision, Role, VerifiedChain, Verifier, VerifyRequest};
use crate::provider::RUSTCRYPTO;
use crate::record::write_record;
use crate::wire::extension::OfferedPsks;
use crate::wire::handshake::{Certificate as CertificateMessage, CertificateVerify};
use crate::wire::hello::{ClientHello, ServerHello};
use rsa::pkcs1::DecodeRsaPublicKey;
use rsa::traits::PublicKeyParts;
use rustls_pki_types::{
    AlgorithmIdentifier, CertificateDer, InvalidSignature, ServerName,
    SignatureVerificationAlgorithm, UnixTime, alg_id,
};
use sha2::{Digest, Sha256};
use std::boxed::Box;
use std::sync::{Arc, Mutex};
use std::{format, vec, vec::Vec};
use vectors::{Section, Vectors};

#[path = "../../../tests/common/vectors.rs"]
#[allow(unreachable_pub, reason = "written for the integration tests")]
mod vectors;

const ONE_RTT: &str = "rfc8448-1rtt.txt";
const RETRY: &str = "rfc8448-hrr.txt";
const CLIENT_AUTH: &str = "rfc8448-client-auth.txt";
const COMPATIBILITY: &str = "rfc8448-compat.txt";
const RESUMED: &str = "rfc8448-resumed-0rtt.txt";

/// RSA-PSS with the traces' keys of 1024 bits, which the provider refuses.
#[derive(Debug)]
struct Pss1024;

impl SignatureVerificationAlgorithm for Pss1024 {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        let key = rsa::RsaPublicKey::from_pkcs1_der(public_key).map_err(|_| InvalidSignature)?;
        assert_eq!(key.n().bits_vartime(), 1024);
        key.verify(
            rsa::Pss::<Sha256>::new(),
            &Sha256::digest(message),
            signature,
        )
        .map_err(|_| InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::RSA_ENCRYPTION
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::RSA_PSS_SHA256
    }
}

/// The provider that draws as the traces did, but for the size of RSA keys.
fn provider() -> CryptoProvider {
    static PSS: &[&dyn SignatureVerificationAlgorithm] = &[&Pss1024];
    let base = RUSTCRYPTO;
    let schemes = base.verify.schemes.iter().map(|(scheme, algorithms)| {
        match *scheme == SignatureScheme::RSA_PSS_RSAE_SHA256 {
            true => (*scheme, PSS),
            false => (*scheme, *algorithms),
        }
    });
    let schemes = Box::leak(schemes.collect::<Vec<_>>().into_boxed_slice());
    CryptoProvider {
        verify: VerifyAlgorithms {
            schemes,
            ..base.verify
        },
        ..base
    }
}

/// Accepts the trace's own certificate and no other.
#[derive(Debug)]
struct Only(Vec<u8>, Role);

impl Verifier for Only {
    fn identity(&self) -> Option<[u8; 32]> {
        Some([1; 32])
    }

    fn verify(
        &self,
        request: &VerifyRequest,
        _: &VerifyAlgorithms,
    ) -> Decision<Result<VerifiedChain, CertificateError>> {
        assert_eq!(request.chain.certificates().collect::<Vec<_>>(), [&self.0]);
        assert_eq!(request.role, self.1);
        Decision::Now(Ok(VerifiedChain::by_application("it is the trace's")))
    }

    fn wants_ocsp(&self) -> bool {
        false
    }
}

/// Signs with the trace's signature, if it is one of what is to be signed.
#[derive(Debug)]
struct TraceKey {
    certificate: Vec<u8>,
    public_key_info: Vec<u8>,
    scheme: [SignatureScheme; 1],
    signature: Vec<u8>,
}

impl SigningKey for TraceKey {
    fn schemes(&self) -> &[SignatureScheme] {
        &self.scheme
    }

    fn sign(
        &self,
        scheme: SignatureScheme,
        message: &[u8],
        _: &mut Random,
        out: &mut [u8],
    ) -> Result<usize, CryptoError> {
        assert_eq!(scheme, self.scheme[0]);
        let table = provider().verify.schemes;
        let (_, algorithms) = table.iter().find(|(name, _)| *name == scheme).unwrap();
        let leaf = Certificate::parse(&self.certificate).unwrap();
        leaf.verify_signature(algorithms[0], message, &self.signature)
            .expect("the trace's signature is of something else");
        out[..self.signature.len()].copy_from_slice(&self.signature);
        Ok(self.signature.len())
    }

    fn public_key_info(&self) -> &[u8] {
        &self.public_key_info
    }
}

/// A line of a key log.
type Logged = (&'static str, [u8; 32], Vec<u8>);

/// All that one side tells of itself.
#[derive(Debug, Default)]
struct Watch {
    secrets: Mutex<Vec<Logged>>,
    sent: Mutex<Vec<Vec<u8>>>,
    received: Mutex<Vec<Vec<u8>>>,
}

impl KeyLog for Watch {
    fn log(&self, label: &'static str, client_random: &[u8; 32], secret: &[u8]) {
        let entry = (label, *client_random, secret.to_vec());
        self.secrets.lock().unwrap().push(entry);
    }
}

impl Observer for Watch {
    fn observe(&self, observation: &Observation<'_>) {
        if let Observation::Message {
            direction, bytes, ..
        } = observation
        {
            let list = match direction {
                Direction::Sent => &self.sent,
                Direction::Received => &self.received,
            };
            list.lock().unwrap().push(bytes.to_vec());
        }
    }
}

/// One side.
struct Side<M> {
    engine: Engine<M>,
    watch: Arc<Watch>,
    output: Vec<u8>,
    /// The messages of the trace that this side has to have sent.
    sent: Vec<Vec<u8>>,
    /// Those that haven't gone out in a record.
    pending: Vec<u8>,
    /// What would have been sent but for the trace's.
    replaced: Vec<Vec<u8>>,
    resumption: Option<HashSecret>,
    summary: Option<Box<Summary>>,
    data: Vec<u8>,
    psk: Option<Vec<u8>>,
    closed: Option<Eof>,
}

impl<M: Machine> Side<M> {
    fn new(mut machine: M, script: Script, watch: Arc<Watch>) -> Self {
        let limits = machine.common().unwrap().limits;
        let cx = machine.cx_mut();
        cx.random.replay = script.draws.into();
        cx.replay.messages = script.messages.into();
        cx.replay.cookie = script.cookie;
        let mut side = Self {
            engine: Engine::new(machine, limits).unwrap(),
            watch,
            output: Vec::new(),
            sent: Vec::new(),
            pending: Vec::new(),
            replaced: Vec::new(),
            resumption: None,
            summary: None,
            data: Vec::new(),
            psk: None,
            closed: None,
        };
        side.receive(&mut []);
        side
    }

    /// Takes one record.
    fn feed(&mut self, record: &[u8]) {
        let mut record = record.to_vec();
        let mut consumed = 0;
        if self.engine.handshaking.is_some() {
            // As `receive` does, but with a look at what is gone once the handshake is done.
            let step = self.engine.handshake_record(&mut record, &mut consumed);
            if let Some(Step::EarlyData(range)) = step.unwrap() {
                self.data = record[range].to_vec();
            }
            while self.engine.joined_message().unwrap() {}
            let cx = self.engine.handshaking.as_ref().unwrap().machine.cx();
            if let Some(secret) = &cx.resumption {
                self.resumption = Some(secret.duplicate());
                self.replaced.clone_from(&cx.replay.replaced);
                assert!(cx.random.replay.is_empty(), "a key or random is left");
                assert!(cx.replay.messages.is_empty(), "a message is left");
            }
        }
        self.receive(&mut record[consumed..]);
    }

    fn receive(&mut self, mut input: &mut [u8]) {
        loop {
            let received = self.engine.receive(input, &mut self.output);
            let consumed = received.consumed;
            match received.event {
                Event::NeedInput { .. } => {
                    assert_eq!(consumed, input.len());
                    return;
                }
                Event::HandshakeDone(summary) => self.summary = Some(summary),
                Event::Data(data) => self.data = data.to_vec(),
                Event::Session(session) => {
                    use crate::config::Resume::{Tls12, Tls13};
                    let (Tls13 { psk: secret, .. } | Tls12 { master: secret, .. }) =
                        &session.resume;
                    self.psk = Some(secret.expose().to_vec());
                }
                Event::Closed(eof) => {
                    self.closed = Some(eof);
                    assert_eq!(consumed, input.len());
                    return;
                }
                other => panic!("{other:?}"),
            }
            input = &mut input[consumed..];
        }
    }

    /// `[SIDE message NAME]`: was sent, in this order.
    fn message(&mut self, section: &Section) {
        let message = section.get("message");
        if section.name.ends_with(" NewSessionTicket") {
            // Not the machine's yet: goes out under the same keys and numbers.
            let sealer = self.engine.sender.sealer.as_mut();
            let kind = ContentType::HANDSHAKE;
            write_record(sealer, kind, [message].into_iter(), 0, &mut self.output).unwrap();
            self.watch.sent.lock().unwrap().push(message.to_vec());
        }
        let at = self.sent.len();
        let sent = self.watch.sent.lock().unwrap();
        assert_eq!(
            sent.get(at).map(Vec::as_slice),
            Some(message),
            "{}",
            section.name
        );
        self.sent.push(message.to_vec());
        self.pending.extend_from_slice(message);
    }

    /// `[SIDE record TYPE]`: goes out next. The record, for the other side.
    fn record(&mut self, section: &Section) -> Vec<u8> {
        let payload = section.get("payload");
        match section.name.rsplit(' ').next().unwrap() {
            "handshake" => assert_eq!(std::mem::take(&mut self.pending), payload),
            "change_cipher_spec" => assert_eq!(payload, [1]),
            "application_data" => {
                let (engine, output) = (&mut self.engine, &mut self.output);
                let sent = match engine.is_handshaking() {
                    true => engine.send_early_data(payload, output),
                    false => engine.send_vectored(&[payload], output),
                };
                assert_eq!(sent.unwrap().taken, payload.len());
            }
            "alert" => {
                assert_eq!(payload, [1, 0], "close_notify is a warning");
                self.engine.close();
                assert_eq!(self.engine.flush(&mut self.output), 0);
            }
            other => panic!("{other}"),
        }
        let record = section.get("record");
        assert!(self.output.len() >= record.len(), "{}", section.name);
        let rest = self.output.split_off(record.len());
        assert_eq!(self.output, record, "{}", section.name);
        std::mem::replace(&mut self.output, rest)
    }

    fn secret(&self, label: &str) -> Vec<u8> {
        let secrets = self.watch.secrets.lock().unwrap();
        let mut found = secrets.iter().filter(|(name, ..)| *name == label);
        let (_, _, secret) = found.next().unwrap_or_else(|| panic!("no {label}"));
        assert!(found.next().is_none(), "{label} twice");
        secret.clone()
    }

    /// `[SIDE derive LABEL]`, at the end of the trace.
    fn derived(&self, label: &str, section: &Section) {
        let ours = match label {
            "c e traffic" => self.secret("CLIENT_EARLY_TRAFFIC_SECRET"),
            // There is no exporter before the handshake is done.
            "e exp master" => return,
            "c hs traffic" => self.secret("CLIENT_HANDSHAKE_TRAFFIC_SECRET"),
            "s hs traffic" => self.secret("SERVER_HANDSHAKE_TRAFFIC_SECRET"),
            "c ap traffic" => self.secret("CLIENT_TRAFFIC_SECRET_0"),
            "s ap traffic" => self.secret("SERVER_TRAFFIC_SECRET_0"),
            "exp master" => self.secret("EXPORTER_SECRET"),
            "res master" => self.resumption.as_ref().unwrap().expose().to_vec(),
            "resumption" => match &self.psk {
                Some(psk) => psk.clone(),
                None => {
                    assert!(!M::CLIENT);
                    let secret = self.resumption.as_ref().unwrap();
                    let hash = RUSTCRYPTO.sha256;
                    let psk = resumption_psk(hash, secret, section.get("hash")).unwrap();
                    psk.expose().to_vec()
                }
            },
            // Seen in what follows from it.
            "derived for handshake" | "derived for main" => return,
            other => panic!("{other}"),
        };
        assert_eq!(ours, section.get("expanded"), "{label}");
    }

    /// At the end of the trace.
    fn check_end(&self, peer_sent: &[Vec<u8>], client_random: &[u8], logged: usize) {
        assert_eq!(*self.watch.sent.lock().unwrap(), self.sent);
        assert_eq!(*self.watch.received.lock().unwrap(), peer_sent);
        let secrets = self.watch.secrets.lock().unwrap();
        assert_eq!(secrets.len(), logged);
        assert!(secrets.iter().all(|(_, random, _)| random == client_random));
        assert_eq!((&self.output, self.closed), (&Vec::new(), Some(Eof::Clean)));
        assert!(self.pending.is_empty());
        let summary = self.summary.as_ref().unwrap();
        assert_eq!(summary.cipher_suite, CipherSuite::TLS_AES_128_GCM_SHA256);
        assert_eq!(summary.server_name.as_deref(), Some(&b"server"[..]));
    }
}

/// What a side takes from its trace.
#[derive(Default)]
struct Script {
    draws: Vec<Vec<u8>>,
    messages: Vec<Vec<u8>>,
    cookie: Option<Vec<u8>>,
}

fn bodies<'a>(trace: &'a Vectors, name: &str) -> Vec<&'a [u8]> {
    trace
        .named(name)
        .map(|section| &section.get("message")[4..])
        .collect()
}

/// What the provider has to draw to come to the private keys of the trace.
fn private_keys(trace: &Vectors, side: &str) -> Vec<Vec<u8>> {
    let mut draws = Vec::new();
    for section in &trace.sections {
        let mut draw = match section.name.strip_prefix(side) {
            Some(" key-pair x25519" | " key-pair secp256r1") => section.get("private").to_vec(),
            _ => continue,
        };
        if section.name.ends_with(" secp256r1") {
            // The crate draws the number with its low byte first.
            draw.reverse();
        }
        draws.push(draw);
    }
    draws
}

fn certificate(trace: &Vectors, side: &str) -> Option<Vec<u8>> {
    let [body] = bodies(trace, &format!("{side} message Certificate"))[..] else {
        return None;
    };
    let message = CertificateMessage::parse(body).unwrap();
    Some(message.entries.iter().next().unwrap().certificate.to_vec())
}

fn credential(trace: &Vectors, side: &str) -> Option<Credential> {
    let certificate = certificate(trace, side)?;
    let body = bodies(trace, &format!("{side} message CertificateVerify"))[0];
    let verify = CertificateVerify::parse(body).unwrap();
    let leaf = Certificate::parse(&certificate).unwrap();
    let key = TraceKey {
        certificate: certificate.clone(),
        public_key_info: leaf.subject_public_key_info().to_vec(),
        scheme: [verify.scheme],
        signature: verify.signature.to_vec(),
    };
    let chain = vec![CertificateDer::from(certificate)];
    Some(Credential::with_key(chain, Key::Local(Arc::new(key))).unwrap())
}

fn now() -> UnixTime {
    UnixTime::since_unix_epoch(core::time::Duration::from_secs(1_500_000_000))
}

fn client(trace: &Vectors, earlier: Option<&Vectors>) -> Side<ClientMachine> {
    let body = bodies(trace, "client message ClientHello")[0];
    let hello = ClientHello::parse(body).unwrap();
    let mut script = Script::default();
    script.draws.push(hello.random.to_vec());
    let compatibility = !hello.session_id.is_empty();
    if compatibility {
        script.draws.push(hello.session_id.to_vec());
    }
    script.draws.extend(private_keys(trace, "client"));
    for section in trace.named("client message ClientHello") {
        let message = resumed::unbound(trace, section.get("message"));
        script.messages.push(message);
    }
    let watch = Arc::new(Watch::default());
    let certificate = certificate(earlier.unwrap_or(trace), "server");
    let verifier = Only(certificate.unwrap(), Role::Server);
    let mut config = ClientConfig::builder()
        .provider(provider())
        .versions(&[ProtocolVersion::TLS13])
        .groups(&[NamedGroup::X25519, NamedGroup::SECP256R1])
        .verifier(Arc::new(verifier))
        .record_size_limit(0x4001)
        .middlebox_compatibility(compatibility)
        .early_data(earlier.is_some())
        .key_log(watch.clone())
        .observer(watch.clone());
    if let Some(credential) = credential(trace, "client") {
        config = config.credential(credential);
    }
    let name = ServerName::try_from("server").unwrap();
    let config = config.build().unwrap();
    let session = earlier.map(|earlier| resumed::session(earlier, &config));
    let machine = ClientMachine::new(config, name, session, [0; 32], now());
    Side::new(machine, script, watch)
}

fn server(trace: &Vectors, earlier: Option<&Vectors>) -> Side<ServerMachine> {
    let body = bodies(trace, "server message ServerHello")[0];
    let hello = ServerHello::parse(body).unwrap();
    let mut script = Script {
        draws: private_keys(trace, "server"),
        ..Script::default()
    };
    script.draws.push(hello.random.to_vec());
    for name in ["EncryptedExtensions", "CertificateRequest"] {
        for section in trace.named(&format!("server message {name}")) {
            script.messages.push(section.get("message").to_vec());
        }
    }
    if let [body] = bodies(trace, "server message HelloRetryRequest")[..] {
        let retry = ServerHello::parse(body).unwrap();
        script.cookie = Some(retry.extensions.cookie.unwrap().to_vec());
    }
    let watch = Arc::new(Watch::default());
    let mut config = ServerConfig::builder()
        .provider(provider())
        .groups(&[hello.extensions.key_share.unwrap().group])
        .credential(credential(earlier.unwrap_or(trace), "server").unwrap())
        .record_size_limit(0x4001)
        .key_log(watch.clone())
        .observer(watch.clone());
    if let Some(certificate) = certificate(trace, "client") {
        let verifier = Only(certificate, Role::Client);
        config = config.client_auth(ClientAuth::Required(Arc::new(verifier)));
    }
    if let Some(earlier) = earlier {
        let scope = config.clone().build().unwrap().scope().unwrap();
        config = config.sessions(resumed::sessions(earlier, scope));
    }
    let config = config.build().unwrap();
    let limits = config.common.limits;
    let machine = ServerMachine::new(Some(config), limits, [0; 32], now());
    Side::new(machine, script, watch)
}

/// The section with the values of this one, which may be the other side's.
fn values<'a>(trace: &'a Vectors, section: &'a Section) -> &'a Section {
    if !section.same_as_peer() {
        return section;
    }
    let (side, rest) = section.name.split_once(' ').unwrap();
    let peer = match side {
        "client" => "server",
        _ => "client",
    };
    trace.find(&format!("{peer} {rest}"))
}

/// Replays a trace; panics at the first difference.
fn replay(trace: &Vectors) {
    let (trace, earlier) = (&resumed::whole(trace), resumed::earlier(trace));
    let mut client = client(trace, earlier.as_ref());
    let mut server = server(trace, earlier.as_ref());
    for section in &trace.sections {
        if section.name.ends_with(" binder") {
            // Part of the ClientHello.
            continue;
        }
        let mut words = section.name.splitn(3, ' ');
        let (Some(side), Some(action), Some(_)) = (words.next(), words.next(), words.next()) else {
            panic!("[{}]", section.name);
        };
        match (side, action) {
            ("client", "message") => client.message(section),
            ("server", "message") => server.message(section),
            ("client", "record") => {
                let record = client.record(section);
                server.feed(&record);
                if section.name.ends_with(" application_data") {
                    assert_eq!(server.data, section.get("payload"));
                }
            }
            ("server", "record") => {
                let record = server.record(section);
                client.feed(&record);
                if section.name.ends_with(" application_data") {
                    assert_eq!(client.data, section.get("payload"));
                }
            }
            // After the loop: a side logs a secret when it puts it to use.
            (_, "derive" | "finished") => {}
            // Drawn, or seen in what follows from them.
            (_, "key-pair" | "extract" | "keys") => {}
            _ => panic!("[{}]", section.name),
        }
    }
    for section in &trace.sections {
        let (side, rest) = section.name.split_once(' ').unwrap();
        if let Some(label) = rest.strip_prefix("derive ") {
            match side {
                "client" => client.derived(label, values(trace, section)),
                _ => server.derived(label, values(trace, section)),
            }
        } else if let Some(whose) = rest.strip_prefix("finished ") {
            let mut message = vec![HandshakeType::FINISHED.0, 0, 0, 32];
            message.extend(values(trace, section).get("finished"));
            let sender = match whose {
                "client" => &client.sent,
                _ => &server.sent,
            };
            assert!(sender.contains(&message), "[{}]", section.name);
        }
    }
    check_hellos(trace, &client.replaced);
    let random = &bodies(trace, "client message ClientHello")[0][2..34];
    let logged = resumed::logged(trace);
    client.check_end(&server.sent, random, logged);
    server.check_end(&client.sent, random, logged);
    for summary in [client.summary.unwrap(), server.summary.unwrap()] {
        let early_data = match summary.resumed() {
            true => EarlyDataOutcome::Accepted,
            false => EarlyDataOutcome::NotOffered,
        };
        assert_eq!(summary.early_data, early_data);
        assert_eq!(summary.resumed(), earlier.is_some());
    }
}

/// The key shares, and what else doesn't depend on which options a stack has.
fn check_hellos(trace: &Vectors, ours: &[Vec<u8>]) {
    let public_keys = |side: &str| {
        let start = format!("{side} key-pair ");
        let sections = trace.sections.iter();
        let pairs = sections.filter(move |section| section.name.starts_with(&start));
        pairs.map(|section| section.get("public"))
    };
    let theirs = bodies(trace, "client message ClientHello");
    let ours: Vec<&[u8]> = ours.iter().map(|message| &message[4..]).collect();
    assert_eq!(ours.len(), theirs.len());
    for ((ours, theirs), public) in ours.iter().zip(theirs).zip(public_keys("client")) {
        let ours = ClientHello::parse(ours).unwrap();
        let theirs = ClientHello::parse(theirs).unwrap();
        assert_eq!(ours.legacy_version, theirs.legacy_version);
        assert_eq!(ours.random, theirs.random);
        assert_eq!(ours.session_id, theirs.session_id);
        assert_eq!(ours.compression_methods, theirs.compression_methods);
        let (ours, theirs) = (ours.extensions, theirs.extensions);
        assert_eq!(ours.key_shares, theirs.key_shares);
        assert_eq!(ours.cookie, theirs.cookie);
        assert_eq!(ours.server_name, theirs.server_name);
        assert_eq!(ours.supported_versions, theirs.supported_versions);
        assert_eq!(ours.psk_key_exchange_modes, theirs.psk_key_exchange_modes);
        assert_eq!(ours.record_size_limit, theirs.record_size_limit);
        assert_eq!(ours.early_data, theirs.early_data);
        let identities = |psks: Option<OfferedPsks<'_>>| {
            let identities = psks.iter().flat_map(|psks| psks.identities.iter());
            let identities = identities.map(|offer| offer.identity.to_vec());
            identities.collect::<Vec<_>>()
        };
        assert_eq!(
            identities(ours.pre_shared_key),
            identities(theirs.pre_shared_key)
        );
        let share = theirs.key_shares.unwrap().iter().next().unwrap();
        assert_eq!(share.key_exchange, public);
    }
    let hello = ServerHello::parse(bodies(trace, "server message ServerHello")[0]).unwrap();
    let share = hello.extensions.key_share.unwrap().key_exchange;
    assert_eq!(public_keys("server").collect::<Vec<_>>(), [share]);
}

#[test]
fn one_round_trip() {
    replay(&Vectors::load(ONE_RTT));
}

#[test]
fn hello_retry_request() {
    replay(&Vectors::load(RETRY));
}

#[test]
fn client_authentication() {
    replay(&Vectors::load(CLIENT_AUTH));
}

#[test]
fn middlebox_compatibility() {
    replay(&Vectors::load(COMPATIBILITY));
}

#[test]
fn resumed_with_early_data() {
    replay(&Vectors::load(RESUMED));
}

/// Whether a replay compares this value itself, and not only what follows from it.
fn compared(section: &Section, key: &str) -> bool {
    let derived = section.name.contains(" derive ")
        && !section.name.contains(" derive derived")
        && !section.name.ends_with(" e exp master");
    match key {
        "private" | "public" | "message" | "truncated" | "payload" | "record" | "finished" => true,
        "expanded" => derived,
        _ => false,
    }
}

#[test]
fn a_changed_bit_is_noticed_wherever_it_is() {
    for (file, values) in [
        (ONE_RTT, 39),
        (RETRY, 39),
        (CLIENT_AUTH, 34),
        (COMPATIBILITY, 35),
        (RESUMED, 41),
    ] {
        let trace = Vectors::load(file);
        let mut changes = 0;
        for (i, section) in trace.sections.iter().enumerate() {
            for (j, (key, _)) in section.values.iter().enumerate() {
                if !compared(section, key) {
                    continue;
                }
                let mut changed = trace.clone();
                *changed.sections[i].values[j].1.last_mut().unwrap() ^= 1;
                let result = std::panic::catch_unwind(|| replay(&changed));
                assert!(result.is_err(), "{file} [{}] {key}", section.name);
                changes += 1;
            }
        }
        assert_eq!(changes, values, "{file}");
    }
}

mod resumed;
#[cfg(feature = "tls12")]
mod tls12;
