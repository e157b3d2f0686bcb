//! A peer that follows a script rather than the protocol: it is made of the crate's public pieces
//! and has each byte of each message under control. The other end is a real connection.

#![allow(dead_code, reason = "each test crate uses a part of it")]

use super::certs::{Identity, KeyKind, TestPki};
use super::pair::{End, now};
use rustls_pki_types::ServerName;
use std::sync::Arc;
use symbolon::codepoint::*;
use symbolon::config::{
    ClientConfig, ClientConfigBuilder, Credential, ServerConfig, ServerConfigBuilder,
};
use symbolon::conn::{ClientConnection, Connection, ServerConnection};
use symbolon::crypto::{
    HashSecret, KeyExchange, KeyExchangeGroup, MAX_SIGNATURE_LEN, Random, SharedSecret, Tls13Suite,
};
use symbolon::error::{DecodeFault, Error, ErrorKind};
use symbolon::keys::Transcript;
use symbolon::keys::tls13::{
    Early, Main, PskKind, certificate_verify_content, finished, next_traffic_secret,
};
use symbolon::provider::{RUSTCRYPTO, default_provider};
use symbolon::record::{MAX_CIPHERTEXT, Opener, Sealer, write_record};
use symbolon::wire::hello::{ClientHello, HELLO_RETRY_REQUEST_RANDOM};

pub type Extensions = Vec<(ExtensionType, Vec<u8>)>;

/// Certificates, and configs of the real end, which speaks TLS 1.3 alone.
pub struct World {
    pub pki: TestPki,
    pub server: Identity,
    pub client: Identity,
}

impl World {
    pub fn new() -> Self {
        let pki = TestPki::new();
        let server = pki.leaf(&["server.example"], KeyKind::EcdsaP256);
        let client = pki.client("client", KeyKind::EcdsaP256);
        Self {
            pki,
            server,
            client,
        }
    }

    /// A client that offers a share of X25519, and secp256r1 without one.
    pub fn client_config(&self) -> ClientConfigBuilder {
        ClientConfig::builder()
            .roots(self.pki.roots())
            .versions(&[ProtocolVersion::TLS13])
            .groups(&[NamedGroup::X25519, NamedGroup::SECP256R1])
    }

    pub fn server_config(&self) -> ServerConfigBuilder {
        ServerConfig::builder()
            .credential(credential(&self.server))
            .versions(&[ProtocolVersion::TLS13])
            .groups(&[NamedGroup::X25519, NamedGroup::SECP256R1])
    }
}

pub fn credential(identity: &Identity) -> Credential {
    Credential::new(identity.0.clone(), &identity.1, &default_provider()).unwrap()
}

pub fn vec8(bytes: &[u8]) -> Vec<u8> {
    [&[u8::try_from(bytes.len()).unwrap()], bytes].concat()
}

pub fn vec16(bytes: &[u8]) -> Vec<u8> {
    let len = u16::try_from(bytes.len()).unwrap();
    [&len.to_be_bytes(), bytes].concat()
}

pub fn vec24(bytes: &[u8]) -> Vec<u8> {
    let len = u32::try_from(bytes.len()).unwrap().to_be_bytes();
    [&len[1..], bytes].concat()
}

pub fn u16s(values: &[u16]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_be_bytes()).collect()
}

pub fn block(extensions: &[(ExtensionType, Vec<u8>)]) -> Vec<u8> {
    let all = extensions
        .iter()
        .flat_map(|(kind, data)| [&kind.0.to_be_bytes()[..], &vec16(data)].concat());
    vec16(&all.collect::<Vec<_>>())
}

/// A message with its header.
pub fn message(kind: HandshakeType, body: &[u8]) -> Vec<u8> {
    [&[kind.0][..], &vec24(body)].concat()
}

pub fn share(group: NamedGroup, key: &[u8]) -> Vec<u8> {
    [&group.0.to_be_bytes()[..], &vec16(key)].concat()
}

/// A ServerHello or ClientHello to be edited.
#[derive(Clone)]
pub struct Hello {
    pub version: u16,
    pub random: [u8; 32],
    pub session_id: Vec<u8>,
    /// One for a server.
    pub suites: Vec<u16>,
    pub compression: Vec<u8>,
    pub extensions: Extensions,
}

impl Hello {
    /// Replaces or adds an extension.
    pub fn set(&mut self, kind: ExtensionType, data: Vec<u8>) {
        match self.extensions.iter_mut().find(|e| e.0 == kind) {
            Some(extension) => extension.1 = data,
            None => self.extensions.push((kind, data)),
        }
    }

    pub fn remove(&mut self, kind: ExtensionType) {
        self.extensions.retain(|e| e.0 != kind);
    }

    pub fn client_body(&self) -> Vec<u8> {
        let mut body = self.version.to_be_bytes().to_vec();
        body.extend(self.random);
        body.extend(vec8(&self.session_id));
        body.extend(vec16(&u16s(&self.suites)));
        body.extend(vec8(&self.compression));
        body.extend(block(&self.extensions));
        body
    }

    pub fn server_body(&self) -> Vec<u8> {
        let mut body = self.version.to_be_bytes().to_vec();
        body.extend(self.random);
        body.extend(vec8(&self.session_id));
        body.extend(u16s(&self.suites));
        body.extend(&self.compression);
        body.extend(block(&self.extensions));
        body
    }
}

/// A PSK that a script offers.
#[derive(Clone, Debug)]
pub struct Psk {
    pub identity: Vec<u8>,
    pub key: Vec<u8>,
    pub kind: PskKind,
    /// `obfuscated_ticket_age`.
    pub age: u32,
}

impl Psk {
    /// An entry of `identities`.
    pub fn entry(&self) -> Vec<u8> {
        [&vec16(&self.identity)[..], &self.age.to_be_bytes()].concat()
    }
}

/// Bytes of a binder of the script's suite.
const BINDER: usize = 32;

/// Which secret.
#[derive(Default)]
pub struct Secrets {
    pub client_handshake: Option<HashSecret>,
    pub server_handshake: Option<HashSecret>,
    pub client_application: Option<HashSecret>,
    pub server_application: Option<HashSecret>,
}

/// The scripted end, with the real one as `peer`.
pub struct Rogue<C> {
    pub peer: End<C>,
    /// All that was sent to it, to be played again.
    pub sent: Vec<u8>,
    pub suite: &'static Tls13Suite,
    pub sealer: Option<Sealer>,
    pub opener: Option<Opener>,
    pub transcript: Transcript,
    pub secrets: Secrets,
    pub random: Random,
    /// ClientHello with its header, as it was last sent.
    pub hello: Vec<u8>,
    /// The PSK that the key schedule begins with.
    pub psk: Option<Vec<u8>>,
    /// What the transcript of a second ClientHello begins with.
    prefix: Vec<u8>,
    /// All records that came from the peer, as (outer type, body length).
    pub seen: Vec<(ContentType, usize)>,
    is_server: bool,
    main: Option<Main>,
    exchange: Option<Box<dyn KeyExchange>>,
    joined: Vec<u8>,
    /// Its write keys of the application epoch, as they go on.
    generation: Option<HashSecret>,
}

pub fn suite() -> &'static Tls13Suite {
    find_suite(CipherSuite::TLS_AES_128_GCM_SHA256)
}

fn find_suite(name: CipherSuite) -> &'static Tls13Suite {
    let suites = RUSTCRYPTO.tls13_suites;
    suites.iter().copied().find(|s| s.name == name).unwrap()
}

pub fn group(name: NamedGroup) -> &'static dyn KeyExchangeGroup {
    let groups = RUSTCRYPTO.groups;
    groups.iter().copied().find(|g| g.name() == name).unwrap()
}

impl<C: Connection> Rogue<C> {
    fn new(connection: C, is_server: bool) -> Self {
        let suite = suite();
        Self {
            peer: End::new(connection),
            sent: Vec::new(),
            suite,
            sealer: None,
            opener: None,
            transcript: Transcript::new(suite.hash),
            secrets: Secrets::default(),
            random: Random::new([9; 32]),
            hello: Vec::new(),
            psk: None,
            prefix: Vec::new(),
            seen: Vec::new(),
            is_server,
            main: None,
            exchange: None,
            joined: Vec::new(),
            generation: None,
        }
    }

    /// Bytes as they are.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.peer.input.extend_from_slice(bytes);
        self.sent.extend_from_slice(bytes);
    }

    /// A record in the clear.
    pub fn plain(&mut self, kind: ContentType, body: &[u8]) {
        let header = [&[kind.0, 3, 3][..], &vec16(body)].concat();
        self.raw(&header);
    }

    /// A record under the keys of now.
    pub fn record(&mut self, kind: ContentType, body: &[u8]) {
        self.padded(kind, body, 0);
    }

    pub fn padded(&mut self, kind: ContentType, body: &[u8], padding: usize) {
        let parts = std::iter::once(body);
        let mut sink = Vec::new();
        write_record(self.sealer.as_mut(), kind, parts, padding, &mut sink).unwrap();
        self.raw(&sink);
    }

    /// A protected record with these bytes as the whole inner plaintext, however long.
    pub fn inner(&mut self, plaintext: &[u8]) {
        let sealer = self.sealer.as_mut().unwrap();
        let len = plaintext.len() + sealer.tag_len();
        let [high, low] = u16::try_from(len).unwrap().to_be_bytes();
        let header = [23, 3, 3, high, low];
        let mut body = plaintext.to_vec();
        body.resize(len, 0);
        sealer.seal(&header, &mut body).unwrap();
        self.raw(&[&header[..], &body].concat());
    }

    /// A handshake message in a record of its own.
    pub fn message(&mut self, kind: HandshakeType, body: &[u8]) {
        let raw = message(kind, body);
        self.transcript.add(&raw);
        self.record(ContentType::HANDSHAKE, &raw);
    }

    pub fn alert(&mut self, description: AlertDescription) {
        self.record(ContentType::ALERT, &[2, description.0]);
    }

    pub fn ccs(&mut self) {
        self.plain(ContentType::CHANGE_CIPHER_SPEC, &[1]);
    }

    /// KeyUpdate, and new keys to write with.
    pub fn key_update(&mut self, request: u8) {
        self.record(
            ContentType::HANDSHAKE,
            &message(HandshakeType::KEY_UPDATE, &[request]),
        );
        self.next_write_keys();
    }

    pub fn next_write_keys(&mut self) {
        let own = match self.is_server {
            true => &self.secrets.server_application,
            false => &self.secrets.client_application,
        };
        let current = self.generation.as_ref().or(own.as_ref()).unwrap();
        let next = next_traffic_secret(self.suite.hash, current).unwrap();
        self.write_with(&next);
        self.generation = Some(next);
    }

    /// Writes with the keys of a secret from here on.
    pub fn write_with(&mut self, secret: &HashSecret) {
        let (hash, aead) = (self.suite.hash, self.suite.aead);
        self.sealer = Some(Sealer::new(hash, aead, secret, u64::MAX).unwrap());
    }

    /// The next record of the peer: its inner type and content.
    pub fn read_record(&mut self) -> Option<(ContentType, Vec<u8>)> {
        let output = &mut self.peer.output;
        if output.len() < 5 {
            assert!(output.is_empty(), "a header that is cut short");
            return None;
        }
        let len = 5 + usize::from(u16::from_be_bytes([output[3], output[4]]));
        let mut record: Vec<u8> = output.drain(..len).collect();
        let header: [u8; 5] = record[..5].try_into().unwrap();
        let kind = ContentType(header[0]);
        let body = &mut record[5..];
        self.seen.push((kind, body.len()));
        if kind != ContentType::APPLICATION_DATA {
            return Some((kind, body.to_vec()));
        }
        let opener = self.opener.as_mut().expect("no keys to read with");
        let plaintext = opener.open(&header, body, MAX_CIPHERTEXT).unwrap();
        Some((plaintext.content_type, body[..plaintext.len].to_vec()))
    }

    /// The peer's next handshake message, with its header; it goes into the transcript.
    pub fn read_message(&mut self) -> (HandshakeType, Vec<u8>) {
        loop {
            if let Some((header, rest)) = self.joined.split_first_chunk::<4>() {
                let len = usize::try_from(u32::from_be_bytes([0, header[1], header[2], header[3]]))
                    .unwrap();
                if rest.len() >= len {
                    let raw: Vec<u8> = self.joined.drain(..len + 4).collect();
                    self.transcript.add(&raw);
                    return (HandshakeType(raw[0]), raw);
                }
            }
            match self.read_record().expect("the peer says no more") {
                (ContentType::HANDSHAKE, bytes) => self.joined.extend(bytes),
                (ContentType::CHANGE_CIPHER_SPEC, body) => assert_eq!(body, [1]),
                (kind, body) => panic!("{kind} {body:?}"),
            }
        }
    }

    /// Everything else that the peer has written; the alert at its end, if there is one.
    pub fn read_alert(&mut self) -> Option<AlertDescription> {
        while let Some((kind, body)) = self.read_record() {
            match kind {
                ContentType::ALERT => {
                    assert_eq!(body.len(), 2);
                    assert!(self.peer.output.is_empty(), "more after an alert");
                    // RFC 9846 6: all but these two are fatal.
                    let closing = [
                        AlertDescription::CLOSE_NOTIFY,
                        AlertDescription::USER_CANCELED,
                    ];
                    let level = if closing.map(|a| a.0).contains(&body[1]) {
                        1
                    } else {
                        2
                    };
                    assert_eq!(body[0], level, "the level of an alert");
                    return Some(AlertDescription(body[1]));
                }
                // The end of a client's flight.
                ContentType::HANDSHAKE if self.is_server && body.first() == Some(&20) => {
                    let secret = self.secrets.client_application.as_ref();
                    let secret = secret.expect("a client's Finished without ours");
                    let (hash, aead) = (self.suite.hash, self.suite.aead);
                    self.opener = Some(Opener::new(hash, aead, secret).unwrap());
                }
                _ => {}
            }
        }
        None
    }

    /// The peer must end the handshake with this error, tell so by this alert on the wire, tell so
    /// again, and have accepted nothing.
    #[track_caller]
    pub fn refused(&mut self, kind: impl Into<Kind>, alert: AlertDescription) {
        self.dead(kind, alert);
        self.nothing_accepted();
    }

    #[track_caller]
    pub fn nothing_accepted(&self) {
        assert!(self.peer.done.is_none(), "the handshake was accepted");
        assert_eq!(self.peer.data, b"");
        assert!(self.peer.sessions.is_empty(), "a session was accepted");
    }

    /// The same for an ill-formed message.
    #[track_caller]
    pub fn refused_as(&mut self, fault: DecodeFault, alert: AlertDescription) {
        let error = self.failed(Some(alert));
        match error.kind() {
            ErrorKind::Decode(e) => assert_eq!(e.fault, fault, "{error}"),
            _ => panic!("{error}"),
        }
        self.nothing_accepted();
    }

    /// The peer must fail with this error after or in the handshake.
    #[track_caller]
    pub fn dead(&mut self, kind: impl Into<Kind>, alert: AlertDescription) {
        let error = self.failed(Some(alert));
        assert_eq!(*error.kind(), kind.into().0, "{error}");
    }

    /// The peer must fail, send this alert as its last record, and tell the same error at every
    /// later call.
    #[track_caller]
    pub fn failed(&mut self, alert: Option<AlertDescription>) -> Error {
        self.peer.run();
        let error = self.peer.failed.clone();
        let error = error.unwrap_or_else(|| panic!("no failure; done: {:?}", self.peer.done));
        assert_eq!(
            self.read_alert(),
            alert,
            "the alert on the wire for: {error}"
        );
        let mut again = Vec::new();
        match self.peer.connection.receive(&mut [], &mut again).event {
            symbolon::conn::Event::Failed(told) => assert_eq!(told, error),
            event => panic!("{event:?}"),
        }
        // More input isn't looked at, whatever it is.
        let more = &mut [22, 3, 3, 0, 1, 0][..];
        let received = self.peer.connection.receive(more, &mut again);
        assert_eq!(received.consumed, 0, "a dead connection goes on");
        assert!(matches!(received.event, symbolon::conn::Event::Failed(told) if told == error));
        let connection = &mut self.peer.connection;
        let sent = connection.send(b"x", &mut again);
        assert_eq!(sent, Err(error.clone()));
        assert_eq!(connection.update_keys(false), Err(error.clone()));
        assert_eq!(connection.flush(&mut again), 0);
        assert!(again.is_empty());
        error
    }

    /// client_early_traffic_secret of the ClientHello that was last sent.
    pub fn early_secret(&self) -> HashSecret {
        let early = Early::new(self.suite.hash, self.psk.as_deref());
        let transcript = self.suite.hash.hash(&[&self.hello]);
        early.client_traffic_secret(&transcript).unwrap()
    }

    fn handshake_keys(&mut self, shared: Option<&SharedSecret>) {
        let early = Early::new(self.suite.hash, self.psk.as_deref());
        let mut handshake = early.into_handshake(shared).unwrap();
        let transcript = self.transcript.current();
        let [client, server] = handshake.traffic_secrets(&transcript).unwrap();
        self.install(&client, &server);
        self.secrets.client_handshake = Some(client);
        self.secrets.server_handshake = Some(server);
        self.main = Some(handshake.into_main().unwrap());
    }

    fn install(&mut self, client: &HashSecret, server: &HashSecret) {
        let (write, read) = match self.is_server {
            true => (server, client),
            false => (client, server),
        };
        self.write_with(write);
        let (hash, aead) = (self.suite.hash, self.suite.aead);
        self.opener = Some(Opener::new(hash, aead, read).unwrap());
    }

    /// The application secrets; the transcript ends with the server's Finished.
    fn application_secrets(&mut self) {
        let transcript = self.transcript.current();
        let main = self.main.as_ref().unwrap();
        let [client, server, _] = main.application_secrets(&transcript).unwrap();
        self.secrets.client_application = Some(client);
        self.secrets.server_application = Some(server);
    }

    /// The verify_data of this end's Finished.
    pub fn verify_data(&self) -> Vec<u8> {
        let base = match self.is_server {
            true => self.secrets.server_handshake.as_ref(),
            false => self.secrets.client_handshake.as_ref(),
        };
        let data = finished(self.suite.hash, base.unwrap(), &self.transcript.current());
        data.unwrap().expose().to_vec()
    }

    pub fn certificate(&mut self, identity: &Identity) {
        self.certificate_with(&[], &identity.0, &[]);
    }

    /// Certificate with this context, chain and extensions of the first entry.
    pub fn certificate_with(
        &mut self,
        context: &[u8],
        chain: &[impl AsRef<[u8]>],
        extensions: &[(ExtensionType, Vec<u8>)],
    ) {
        let mut list = Vec::new();
        for (i, certificate) in chain.iter().enumerate() {
            list.extend(vec24(certificate.as_ref()));
            list.extend(block(if i == 0 { extensions } else { &[] }));
        }
        let body = [vec8(context), vec24(&list)].concat();
        self.message(HandshakeType::CERTIFICATE, &body);
    }

    /// A right CertificateVerify.
    pub fn certificate_verify(&mut self, identity: &Identity) {
        let role = self.is_server;
        self.certificate_verify_with(
            identity,
            SignatureScheme::ECDSA_SECP256R1_SHA256,
            None,
            role,
        );
    }

    /// Signs in a scheme, as this role, and names perhaps another scheme.
    pub fn certificate_verify_with(
        &mut self,
        identity: &Identity,
        scheme: SignatureScheme,
        named: Option<SignatureScheme>,
        as_server: bool,
    ) {
        let content = certificate_verify_content(as_server, &self.transcript.current());
        let key = RUSTCRYPTO.keys.load(&identity.1).unwrap();
        let mut signature = vec![0; MAX_SIGNATURE_LEN];
        let len = key
            .sign(scheme, content.as_bytes(), &mut self.random, &mut signature)
            .unwrap();
        signature.truncate(len);
        let named = named.unwrap_or(scheme);
        let body = [&named.0.to_be_bytes()[..], &vec16(&signature)].concat();
        self.message(HandshakeType::CERTIFICATE_VERIFY, &body);
    }
}

/// An [`ErrorKind`], from what tests name.
pub struct Kind(pub ErrorKind);

impl From<symbolon::error::Violation> for Kind {
    fn from(violation: symbolon::error::Violation) -> Self {
        Self(ErrorKind::Protocol(violation))
    }
}

impl From<symbolon::error::CryptoError> for Kind {
    fn from(e: symbolon::error::CryptoError) -> Self {
        Self(ErrorKind::Crypto(e))
    }
}

impl From<symbolon::error::Limit> for Kind {
    fn from(limit: symbolon::error::Limit) -> Self {
        Self(ErrorKind::Limit(limit))
    }
}

impl From<ErrorKind> for Kind {
    fn from(kind: ErrorKind) -> Self {
        Self(kind)
    }
}

/// A scripted server against a real client.
impl Rogue<ClientConnection> {
    /// The client's first ClientHello has come.
    pub fn server(config: Arc<ClientConfig>) -> Self {
        let name = ServerName::try_from("server.example").unwrap();
        Self::serving(ClientConnection::new(config, name, [1; 32], now()).unwrap())
    }

    /// The same for a connection that was made before.
    pub fn serving(client: ClientConnection) -> Self {
        let mut this = Self::new(client, true);
        this.read_hello();
        this
    }

    /// Reads the client's early data.
    pub fn read_early(&mut self) -> Vec<u8> {
        let secret = self.early_secret();
        self.opener = Some(Opener::new(self.suite.hash, self.suite.aead, &secret).unwrap());
        let mut data = Vec::new();
        while let Some((kind, content)) = self.read_record() {
            match kind {
                ContentType::CHANGE_CIPHER_SPEC => assert_eq!(content, [1]),
                kind => {
                    assert_eq!(kind, ContentType::APPLICATION_DATA);
                    data.extend(content);
                }
            }
        }
        data
    }

    /// Reads a ClientHello.
    pub fn read_hello(&mut self) {
        self.peer.run();
        assert_eq!(self.peer.failed, None);
        let (kind, raw) = self.read_message();
        assert_eq!(kind, HandshakeType::CLIENT_HELLO);
        self.hello = raw;
    }

    pub fn client_hello(&self) -> ClientHello<'_> {
        ClientHello::parse(&self.hello[4..]).unwrap()
    }

    /// A right ServerHello, edited, and the handshake keys.
    pub fn server_hello(&mut self, edit: impl FnOnce(&mut Hello)) {
        let hello = self.client_hello();
        let shares = hello.extensions.key_shares.unwrap();
        let (name, theirs) = [NamedGroup::X25519, NamedGroup::SECP256R1]
            .into_iter()
            .find_map(|name| Some((name, shares.get(name)?.to_vec())))
            .expect("a share that the script can use");
        let group = group(name);
        let session_id = hello.session_id.to_vec();
        let mut ours = vec![0; group.server_share_len()];
        let shared = group.respond(&mut self.random, &theirs, &mut ours).unwrap();
        let mut hello = Hello {
            version: 0x0303,
            random: [7; 32],
            session_id,
            suites: vec![self.suite.name.0],
            compression: vec![0],
            extensions: vec![
                (ExtensionType::SUPPORTED_VERSIONS, vec![3, 4]),
                (ExtensionType::KEY_SHARE, share(name, &ours)),
            ],
        };
        edit(&mut hello);
        self.message(HandshakeType::SERVER_HELLO, &hello.server_body());
        let exchanged = hello.extensions.iter();
        let exchanged = exchanged.clone().any(|e| e.0 == ExtensionType::KEY_SHARE);
        self.handshake_keys(Some(&shared).filter(|_| exchanged));
    }

    /// A HelloRetryRequest for secp256r1, edited.
    pub fn retry(&mut self, edit: impl FnOnce(&mut Hello)) {
        let mut hello = Hello {
            version: 0x0303,
            random: HELLO_RETRY_REQUEST_RANDOM,
            session_id: self.client_hello().session_id.to_vec(),
            suites: vec![self.suite.name.0],
            compression: vec![0],
            extensions: vec![
                (ExtensionType::SUPPORTED_VERSIONS, vec![3, 4]),
                (ExtensionType::KEY_SHARE, u16s(&[NamedGroup::SECP256R1.0])),
            ],
        };
        edit(&mut hello);
        self.transcript.replace_by_message_hash();
        self.message(HandshakeType::SERVER_HELLO, &hello.server_body());
    }

    pub fn encrypted_extensions(&mut self, extensions: &[(ExtensionType, Vec<u8>)]) {
        self.message(HandshakeType::ENCRYPTED_EXTENSIONS, &block(extensions));
    }

    /// CertificateRequest with this context and what must be in it.
    pub fn certificate_request(&mut self, context: &[u8], extensions: &[(ExtensionType, Vec<u8>)]) {
        let body = [vec8(context), block(extensions)].concat();
        self.message(HandshakeType::CERTIFICATE_REQUEST, &body);
    }

    /// A right Finished, and the application keys to write with.
    pub fn finished(&mut self) {
        let data = self.verify_data();
        self.message(HandshakeType::FINISHED, &data);
        self.after_finished();
    }

    /// Goes on as if Finished had been sent.
    pub fn after_finished(&mut self) {
        self.application_secrets();
        let own = self.secrets.server_application.take().unwrap();
        self.write_with(&own);
        self.secrets.server_application = Some(own);
    }

    /// From ServerHello up to Finished.
    pub fn flight(&mut self, world: &World) {
        self.server_hello(|_| ());
        self.encrypted_extensions(&[]);
        self.certificate(&world.server);
        self.certificate_verify(&world.server);
        self.finished();
    }

    /// A handshake that is done on both sides.
    pub fn done(config: Arc<ClientConfig>, world: &World) -> Self {
        let mut this = Self::server(config);
        this.flight(world);
        this.read_client_flight();
        this
    }

    /// Runs the client, and reads its flight up to Finished.
    pub fn read_client_flight(&mut self) {
        self.peer.run();
        assert_eq!(self.peer.failed, None);
        while self.read_message().0 != HandshakeType::FINISHED {}
        let secret = self.secrets.client_application.as_ref().unwrap();
        let (hash, aead) = (self.suite.hash, self.suite.aead);
        self.opener = Some(Opener::new(hash, aead, secret).unwrap());
        assert!(self.peer.done.is_some());
    }
}

/// A scripted client against a real server.
impl Rogue<ServerConnection> {
    /// Nothing is sent yet.
    pub fn client(config: Arc<ServerConfig>) -> Self {
        Self::client_of(ServerConnection::new(config, [2; 32], now()).unwrap())
    }

    /// The same for a server that is there.
    pub fn client_of(server: ServerConnection) -> Self {
        Self::new(server, false)
    }

    /// A ClientHello that works, with a share of this group.
    pub fn hello_for(&mut self, name: NamedGroup) -> Hello {
        let group = group(name);
        let exchange = group.start(&mut self.random).unwrap();
        let mut ours = vec![0; group.client_share_len()];
        exchange.write_share(&mut ours).unwrap();
        self.exchange = Some(exchange);
        let groups = u16s(&[NamedGroup::X25519.0, NamedGroup::SECP256R1.0]);
        let schemes = u16s(&[
            SignatureScheme::ECDSA_SECP256R1_SHA256.0,
            SignatureScheme::RSA_PSS_RSAE_SHA256.0,
        ]);
        Hello {
            version: 0x0303,
            random: [5; 32],
            session_id: vec![6; 32],
            suites: vec![self.suite.name.0],
            compression: vec![0],
            extensions: vec![
                (ExtensionType::SUPPORTED_VERSIONS, vec8(&[3, 4])),
                (ExtensionType::SUPPORTED_GROUPS, vec16(&groups)),
                (ExtensionType::SIGNATURE_ALGORITHMS, vec16(&schemes)),
                (ExtensionType::KEY_SHARE, vec16(&share(name, &ours))),
            ],
        }
    }

    /// Sends a ClientHello with a share of X25519, edited.
    pub fn client_hello(&mut self, edit: impl FnOnce(&mut Hello)) {
        let mut hello = self.hello_for(NamedGroup::X25519);
        edit(&mut hello);
        self.send_hello(&hello);
    }

    /// Sends a ClientHello that offers PSKs, with their binders.
    pub fn psk_hello(&mut self, psks: &[Psk], edit: impl FnOnce(&mut Hello)) {
        let mut hello = self.hello_for(NamedGroup::X25519);
        hello.set(ExtensionType::PSK_KEY_EXCHANGE_MODES, vec8(&[1]));
        edit(&mut hello);
        self.send_psk_hello(hello, psks);
    }

    pub fn send_psk_hello(&mut self, mut hello: Hello, psks: &[Psk]) {
        let identities: Vec<u8> = psks.iter().flat_map(Psk::entry).collect();
        let blank = vec8(&[0; BINDER]).repeat(psks.len());
        hello.remove(ExtensionType::PRE_SHARED_KEY);
        hello.set(
            ExtensionType::PRE_SHARED_KEY,
            [vec16(&identities), vec16(&blank)].concat(),
        );
        let mut body = hello.client_body();
        let start = body.len() - blank.len();
        let raw = message(HandshakeType::CLIENT_HELLO, &body);
        let partial = &raw[..raw.len() - blank.len() - 2];
        let hash = self.suite.hash;
        let transcript = hash.hash(&[&self.prefix, partial]);
        let binders = psks.iter().flat_map(|psk| {
            let mut early = Early::new(hash, Some(&psk.key));
            vec8(early.binder(psk.kind, &transcript).unwrap().expose())
        });
        body.splice(start.., binders);
        self.send_body(&body);
    }

    /// Makes binders as if there had been no HelloRetryRequest.
    pub fn forget_retry(&mut self) {
        self.prefix.clear();
    }

    pub fn send_hello(&mut self, hello: &Hello) {
        self.send_body(&hello.client_body());
    }

    fn send_body(&mut self, body: &[u8]) {
        self.hello = message(HandshakeType::CLIENT_HELLO, body);
        self.message(HandshakeType::CLIENT_HELLO, body);
    }

    /// Reads a HelloRetryRequest.
    pub fn read_retry(&mut self) {
        self.peer.run();
        assert_eq!(self.peer.failed, None);
        self.prefix = self.transcript.replace_by_message_hash();
        let (_, raw) = self.read_message();
        self.prefix.extend(&raw);
        let retry = symbolon::wire::hello::ServerHello::parse(&raw[4..]).unwrap();
        assert!(retry.is_hello_retry_request());
    }

    /// Reads the server's flight from ServerHello to Finished, and installs its application keys to
    /// read with and our handshake keys to write with. The messages, for who wants them.
    pub fn read_flight(&mut self) -> Vec<(HandshakeType, Vec<u8>)> {
        self.peer.run();
        assert_eq!(self.peer.failed, None);
        let (_, raw) = self.read_message();
        let hello = symbolon::wire::hello::ServerHello::parse(&raw[4..]).unwrap();
        let exchange = self.exchange.take().unwrap();
        let shared = hello.extensions.key_share.map(|share| {
            let shared = exchange.finish(share.key_exchange);
            shared.unwrap()
        });
        if hello.extensions.pre_shared_key.is_none() {
            self.psk = None;
        }
        self.handshake_keys(shared.as_ref());
        let mut messages = Vec::new();
        while messages
            .last()
            .is_none_or(|(kind, _)| *kind != HandshakeType::FINISHED)
        {
            messages.push(self.read_message());
        }
        self.application_secrets();
        let secret = self.secrets.server_application.as_ref().unwrap();
        let (hash, aead) = (self.suite.hash, self.suite.aead);
        self.opener = Some(Opener::new(hash, aead, secret).unwrap());
        messages
    }

    /// A right Finished, and the application keys to write with.
    pub fn finished(&mut self) {
        let data = self.verify_data();
        self.message(HandshakeType::FINISHED, &data);
        let own = self.secrets.client_application.take().unwrap();
        self.write_with(&own);
        self.secrets.client_application = Some(own);
    }

    /// Writes with the early keys.
    pub fn write_early(&mut self) {
        let secret = self.early_secret();
        self.write_with(&secret);
    }

    /// Writes with the handshake keys.
    pub fn write_handshake(&mut self) {
        let own = self.secrets.client_handshake.take().unwrap();
        self.write_with(&own);
        self.secrets.client_handshake = Some(own);
    }

    /// ClientHello sent, the server's flight read.
    pub fn after_flight(config: Arc<ServerConfig>) -> Self {
        let mut this = Self::client(config);
        this.client_hello(|_| ());
        this.read_flight();
        this
    }

    /// A handshake that is done on both sides.
    pub fn done(config: Arc<ServerConfig>) -> Self {
        let mut this = Self::after_flight(config);
        this.finished();
        this.peer.run();
        assert_eq!(this.peer.failed, None);
        assert!(this.peer.done.is_some());
        this
    }
}
