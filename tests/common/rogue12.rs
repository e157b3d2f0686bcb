//! A TLS 1.2 peer that follows a script rather than the protocol; the other end is a real
//! connection.

#![allow(dead_code, reason = "each test crate uses a part of it")]

use super::certs::Identity;
use super::pair::{End, now};
use super::rogue::{Hello, Kind, World, block, group, message, u16s, vec8, vec16, vec24};
use rustls_pki_types::ServerName;
use std::sync::Arc;
use symbolon::codepoint::*;
use symbolon::config::{ClientConfig, ClientConfigBuilder, ServerConfig, ServerConfigBuilder};
use symbolon::conn::{ClientConnection, Connection, Event, ServerConnection};
use symbolon::crypto::{KeyExchange, MAX_SIGNATURE_LEN, Random, SharedSecret, Tls12Suite};
use symbolon::error::{DecodeFault, Error, ErrorKind};
use symbolon::keys::Transcript;
use symbolon::keys::tls12::{
    KeyBlock, MasterSecret, Prf, Randoms, extended_master_secret, finished, master_secret,
};
use symbolon::provider::RUSTCRYPTO;
use symbolon::record::{MAX_CIPHERTEXT, Opener, Sealer, write_record};
use symbolon::wire::hello::{ClientHello, ServerHello};

/// OCSPResponse { responseStatus tryLater }: well-formed, and says nothing.
pub const STATUS: &[u8] = &[0x30, 0x03, 0x0a, 0x01, 0x03];

pub const TLS12: &[ProtocolVersion] = &[ProtocolVersion::TLS12];
pub const BOTH: &[ProtocolVersion] = &[ProtocolVersion::TLS13, ProtocolVersion::TLS12];

pub fn client_config(world: &World) -> ClientConfigBuilder {
    world.client_config().versions(TLS12)
}

pub fn server_config(world: &World) -> ServerConfigBuilder {
    world.server_config().versions(TLS12)
}

/// A client that speaks TLS 1.3 as well.
pub fn newer_client(world: &World) -> ClientConfigBuilder {
    world.client_config().versions(BOTH)
}

/// A server that speaks TLS 1.3 as well.
pub fn newer_server(world: &World) -> ServerConfigBuilder {
    world.server_config().versions(BOTH)
}

/// The scripted end, with the real one as `peer`.
pub struct Rogue<C> {
    pub peer: End<C>,
    /// All that was sent to it, to be played again.
    pub sent: Vec<u8>,
    pub suite: &'static Tls12Suite,
    pub sealer: Option<Sealer>,
    pub opener: Option<Opener>,
    /// All handshake messages so far.
    pub messages: Vec<u8>,
    pub client_random: [u8; 32],
    pub server_random: [u8; 32],
    /// Whether the master secret is the extended one.
    pub extended: bool,
    pub random: Random,
    /// ClientHello with its header.
    pub hello: Vec<u8>,
    pub exchange: Option<Box<dyn KeyExchange>>,
    pub master: Option<MasterSecret>,
    keys: Option<KeyBlock>,
    /// The server's public key, once it is known.
    share: Vec<u8>,
    is_server: bool,
    joined: Vec<u8>,
}

pub fn suite(name: CipherSuite) -> &'static Tls12Suite {
    let suites = RUSTCRYPTO.tls12_suites;
    suites.iter().copied().find(|s| s.name == name).unwrap()
}

/// Signs with the key of an identity.
pub fn sign(
    identity: &Identity,
    scheme: SignatureScheme,
    content: &[u8],
    random: &mut Random,
) -> Vec<u8> {
    let key = RUSTCRYPTO.keys.load(&identity.1).unwrap();
    let mut signature = vec![0; MAX_SIGNATURE_LEN];
    let len = key.sign(scheme, content, random, &mut signature).unwrap();
    signature.truncate(len);
    signature
}

/// What a ServerKeyExchange is made of, to be edited.
pub struct KeyExchangeParts {
    /// ServerECDHParams as they are sent.
    pub params: Vec<u8>,
    /// The scheme that is signed with, and the one that is named.
    pub scheme: SignatureScheme,
    pub named: Option<SignatureScheme>,
    /// What goes before the parameters in what is signed.
    pub randoms: Vec<u8>,
    /// Changes the signature.
    pub spoil: bool,
}

impl<C: Connection> Rogue<C> {
    fn new(connection: C, is_server: bool) -> Self {
        Self {
            peer: End::new(connection),
            sent: Vec::new(),
            suite: suite(CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256),
            sealer: None,
            opener: None,
            messages: Vec::new(),
            client_random: [0; 32],
            server_random: [0; 32],
            extended: true,
            random: Random::new([9; 32]),
            hello: Vec::new(),
            exchange: None,
            master: None,
            keys: None,
            share: Vec::new(),
            is_server,
            joined: Vec::new(),
        }
    }

    /// Bytes as they are.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.peer.input.extend_from_slice(bytes);
        self.sent.extend_from_slice(bytes);
    }

    /// A record in the clear.
    pub fn plain(&mut self, kind: ContentType, body: &[u8]) {
        let record = [&[kind.0, 3, 3][..], &vec16(body)].concat();
        self.raw(&record);
    }

    /// A record under the keys of now.
    pub fn record(&mut self, kind: ContentType, body: &[u8]) {
        let parts = std::iter::once(body);
        let mut sink = Vec::new();
        write_record(self.sealer.as_mut(), kind, parts, 0, &mut sink).unwrap();
        self.raw(&sink);
    }

    /// A handshake message in a record of its own.
    pub fn message(&mut self, kind: HandshakeType, body: &[u8]) {
        let raw = message(kind, body);
        self.messages.extend_from_slice(&raw);
        self.record(ContentType::HANDSHAKE, &raw);
    }

    pub fn alert(&mut self, level: u8, description: AlertDescription) {
        self.record(ContentType::ALERT, &[level, description.0]);
    }

    /// ChangeCipherSpec, without new keys.
    pub fn bare_ccs(&mut self) {
        self.record(ContentType::CHANGE_CIPHER_SPEC, &[1]);
    }

    /// ChangeCipherSpec, and the new keys.
    pub fn ccs(&mut self) {
        self.bare_ccs();
        self.write_keys();
    }

    /// Writes with the keys of the key block from here on.
    pub fn write_keys(&mut self) {
        let key = self.keys.as_ref().unwrap().write_key(!self.is_server);
        self.sealer = Some(Sealer::tls12(self.suite, key, u64::MAX).unwrap());
    }

    pub fn transcript(&self) -> Transcript {
        let mut transcript = Transcript::new(self.suite.hash);
        transcript.add(&self.messages);
        transcript
    }

    /// The master secret and the keys; the messages end with ClientKeyExchange.
    pub fn derive(&mut self, shared: &SharedSecret) {
        self.derive_from(shared.expose());
    }

    /// The same from a premaster secret.
    pub fn derive_from(&mut self, premaster: &[u8]) {
        let hash = self.suite.hash;
        let randoms = Randoms {
            client: &self.client_random,
            server: &self.server_random,
        };
        let master = match self.extended {
            true => extended_master_secret(hash, premaster, &self.transcript().current()),
            false => master_secret(hash, premaster, randoms),
        };
        self.keys = Some(KeyBlock::new(
            self.suite,
            &Prf::new(self.suite.hash, master.expose()),
            randoms,
        ));
        self.master = Some(master);
    }

    /// The keys of a handshake that resumes a session; both randoms are known.
    pub fn resume(&mut self, master: &MasterSecret) {
        let randoms = Randoms {
            client: &self.client_random,
            server: &self.server_random,
        };
        self.keys = Some(KeyBlock::new(
            self.suite,
            &Prf::new(self.suite.hash, master.expose()),
            randoms,
        ));
        self.master = MasterSecret::copied_from(master.expose());
    }

    /// The verify_data of a Finished by the client, or the server.
    pub fn verify_data(&self, by_client: bool) -> Vec<u8> {
        let master = self.master.as_ref().unwrap();
        let current = self.transcript().current();
        finished(
            &Prf::new(self.suite.hash, master.expose()),
            by_client,
            &current,
        )
        .to_vec()
    }

    /// A right Finished.
    pub fn finished(&mut self) {
        let data = self.verify_data(!self.is_server);
        self.message(HandshakeType::FINISHED, &data);
    }

    /// The next record of the peer: its type and content.
    pub fn read_record(&mut self) -> Option<(ContentType, Vec<u8>)> {
        let output = &mut self.peer.output;
        if output.len() < 5 {
            assert!(output.is_empty(), "a header that is cut short");
            return None;
        }
        let len = 5 + usize::from(u16::from_be_bytes([output[3], output[4]]));
        let mut record: Vec<u8> = output.drain(..len).collect();
        let header: [u8; 5] = record[..5].try_into().unwrap();
        let (kind, body) = (ContentType(header[0]), &mut record[5..]);
        if let Some(opener) = &mut self.opener {
            let inside = opener.open(&header, body, MAX_CIPHERTEXT).unwrap();
            assert_eq!(inside.content_type, kind);
            let content = &body[inside.start..inside.start + inside.len];
            return Some((kind, content.to_vec()));
        }
        if kind == ContentType::CHANGE_CIPHER_SPEC {
            assert_eq!(body, [1]);
            // Without keys it is for middleboxes, as in TLS 1.3.
            if let Some(keys) = &self.keys {
                let key = keys.write_key(self.is_server);
                self.opener = Some(Opener::tls12(self.suite, key).unwrap());
            }
        }
        Some((kind, body.to_vec()))
    }

    /// The peer's next handshake message, with its header; it goes into the transcript.
    pub fn read_message(&mut self) -> (HandshakeType, Vec<u8>) {
        loop {
            if let Some((header, rest)) = self.joined.split_first_chunk::<4>() {
                let len = u32::from_be_bytes([0, header[1], header[2], header[3]]);
                let len = usize::try_from(len).unwrap();
                if rest.len() >= len {
                    let raw: Vec<u8> = self.joined.drain(..len + 4).collect();
                    self.messages.extend_from_slice(&raw);
                    return (HandshakeType(raw[0]), raw);
                }
            }
            match self.read_record().expect("the peer says no more") {
                (ContentType::HANDSHAKE, bytes) => self.joined.extend(bytes),
                (ContentType::CHANGE_CIPHER_SPEC, _) => {}
                (kind, body) => panic!("{kind} {body:?}"),
            }
        }
    }

    /// The peer's Finished, which must be right.
    pub fn read_finished(&mut self) {
        let expected = self.verify_data(self.is_server);
        let (kind, raw) = self.read_message();
        assert_eq!(kind, HandshakeType::FINISHED);
        assert_eq!(raw[4..], expected);
    }

    /// Everything else that the peer has written; the alert at its end, if there is one.
    pub fn read_alert(&mut self) -> Option<(u8, AlertDescription)> {
        while let Some((kind, body)) = self.read_record() {
            if kind == ContentType::ALERT {
                assert_eq!(body.len(), 2);
                assert!(self.peer.output.is_empty(), "more after an alert");
                return Some((body[0], AlertDescription(body[1])));
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

    #[track_caller]
    pub fn nothing_accepted(&self) {
        assert!(self.peer.done.is_none(), "the handshake was accepted");
        assert_eq!(self.peer.data, b"");
        assert!(self.peer.sessions.is_empty(), "a session was accepted");
    }

    /// The peer must fail with this error in or after the handshake.
    #[track_caller]
    pub fn dead(&mut self, kind: impl Into<Kind>, alert: AlertDescription) {
        let error = self.failed(Some(alert));
        assert_eq!(*error.kind(), kind.into().0, "{error}");
    }

    /// The peer must fail, send this fatal alert as its last record, and tell the same error at
    /// every later call.
    #[track_caller]
    pub fn failed(&mut self, alert: Option<AlertDescription>) -> Error {
        self.peer.run();
        let error = self.peer.failed.clone();
        let error = error.unwrap_or_else(|| panic!("no failure; done: {:?}", self.peer.done));
        let told = self.read_alert();
        assert_eq!(told, alert.map(|alert| (2, alert)), "for: {error}");
        let mut again = Vec::new();
        match self.peer.connection.receive(&mut [], &mut again).event {
            Event::Failed(told) => assert_eq!(told, error),
            event => panic!("{event:?}"),
        }
        // More input isn't looked at, whatever it is.
        let more = &mut [22, 3, 3, 0, 1, 0][..];
        let received = self.peer.connection.receive(more, &mut again);
        assert_eq!(received.consumed, 0, "a dead connection goes on");
        assert!(matches!(received.event, Event::Failed(told) if told == error));
        let connection = &mut self.peer.connection;
        let sent = connection.send(b"x", &mut again);
        assert_eq!(sent, Err(error.clone()));
        assert_eq!(connection.update_keys(false), Err(error.clone()));
        assert_eq!(connection.flush(&mut again), 0);
        assert!(again.is_empty());
        error
    }

    /// The peer goes on, and has said nothing.
    #[track_caller]
    pub fn silent(&mut self) {
        self.peer.run();
        assert_eq!(self.peer.failed, None);
        assert_eq!(self.read_alert(), None);
    }

    pub fn certificate(&mut self, identity: &Identity) {
        self.certificate_with(&identity.0);
    }

    pub fn certificate_with(&mut self, chain: &[impl AsRef<[u8]>]) {
        let list = chain.iter().flat_map(|c| vec24(c.as_ref()));
        let list: Vec<u8> = list.collect();
        self.message(HandshakeType::CERTIFICATE, &vec24(&list));
    }

    /// Data goes both ways.
    #[track_caller]
    pub fn works(&mut self) {
        assert_eq!(self.peer.failed, None);
        assert!(self.peer.done.is_some());
        self.record(ContentType::APPLICATION_DATA, b"to and");
        self.peer.run();
        assert_eq!(self.peer.data, b"to and");
        self.peer.send(b"fro");
        let record = self.read_record().unwrap();
        assert_eq!(record, (ContentType::APPLICATION_DATA, b"fro".to_vec()));
    }
}

fn hello_body(hello: &Hello, client: bool) -> Vec<u8> {
    let mut body = hello.version.to_be_bytes().to_vec();
    body.extend(hello.random);
    body.extend(vec8(&hello.session_id));
    let suites = u16s(&hello.suites);
    match client {
        true => {
            body.extend(vec16(&suites));
            body.extend(vec8(&hello.compression));
        }
        false => {
            body.extend(suites);
            body.extend(&hello.compression);
        }
    }
    body.extend(block(&hello.extensions));
    body
}

/// A scripted server against a real client.
impl Rogue<ClientConnection> {
    /// The client's ClientHello has come.
    pub fn server(config: Arc<ClientConfig>) -> Self {
        let name = ServerName::try_from("server.example").unwrap();
        Self::server_of(ClientConnection::new(config, name, [1; 32], now()).unwrap())
    }

    /// The same for a client that is there.
    pub fn server_of(client: ClientConnection) -> Self {
        let mut this = Self::new(client, true);
        this.peer.run();
        let (kind, raw) = this.read_message();
        assert_eq!(kind, HandshakeType::CLIENT_HELLO);
        this.client_random = *ClientHello::parse(&raw[4..]).unwrap().random;
        this.hello = raw;
        this
    }

    /// A right ServerHello, edited.
    pub fn server_hello(&mut self, edit: impl FnOnce(&mut Hello)) {
        let mut hello = Hello {
            version: 0x0303,
            random: [7; 32],
            session_id: vec![8; 32],
            suites: vec![self.suite.name.0],
            compression: vec![0],
            extensions: vec![
                (ExtensionType::RENEGOTIATION_INFO, vec8(&[])),
                (ExtensionType::EC_POINT_FORMATS, vec8(&[0])),
                (ExtensionType::EXTENDED_MASTER_SECRET, vec![]),
            ],
        };
        edit(&mut hello);
        self.server_random = hello.random;
        self.message(HandshakeType::SERVER_HELLO, &hello_body(&hello, false));
    }

    pub fn ticket(&mut self, lifetime_hint: u32, ticket: &[u8]) {
        let body = [&lifetime_hint.to_be_bytes()[..], &vec16(ticket)].concat();
        self.message(HandshakeType::NEW_SESSION_TICKET, &body);
    }

    pub fn certificate_status(&mut self) {
        let body = [&[1][..], &vec24(STATUS)].concat();
        self.message(HandshakeType::CERTIFICATE_STATUS, &body);
    }

    /// A right ServerKeyExchange for X25519.
    pub fn key_exchange(&mut self, identity: &Identity) {
        self.key_exchange_with(identity, NamedGroup::X25519, |_| ());
    }

    pub fn key_exchange_with(
        &mut self,
        identity: &Identity,
        name: NamedGroup,
        edit: impl FnOnce(&mut KeyExchangeParts),
    ) {
        let group = group(name);
        let exchange = group.start(&mut self.random).unwrap();
        let mut public = vec![0; group.client_share_len()];
        exchange.write_share(&mut public).unwrap();
        self.exchange = Some(exchange);
        let mut parts = KeyExchangeParts {
            params: [&[3][..], &name.0.to_be_bytes(), &vec8(&public)].concat(),
            scheme: SignatureScheme::ECDSA_SECP256R1_SHA256,
            named: None,
            randoms: [self.client_random, self.server_random].concat(),
            spoil: false,
        };
        edit(&mut parts);
        let content = [&parts.randoms[..], &parts.params].concat();
        let mut signature = sign(identity, parts.scheme, &content, &mut self.random);
        if parts.spoil {
            *signature.last_mut().unwrap() ^= 1;
        }
        let named = parts.named.unwrap_or(parts.scheme);
        let body = [
            &parts.params[..],
            &named.0.to_be_bytes(),
            &vec16(&signature),
        ];
        self.message(HandshakeType::SERVER_KEY_EXCHANGE, &body.concat());
    }

    pub fn certificate_request(&mut self) {
        let scheme = SignatureScheme::ECDSA_SECP256R1_SHA256.0;
        let body = [vec8(&[64]), vec16(&u16s(&[scheme])), vec16(&[])].concat();
        self.message(HandshakeType::CERTIFICATE_REQUEST, &body);
    }

    pub fn hello_done(&mut self) {
        self.message(HandshakeType::SERVER_HELLO_DONE, &[]);
    }

    /// From ServerHello to ServerHelloDone.
    pub fn flight(&mut self, world: &World) {
        self.server_hello(|_| ());
        self.certificate(&world.server);
        self.key_exchange(&world.server);
        self.hello_done();
    }

    /// Runs the client, and reads its flight up to Finished: the kinds of its messages.
    pub fn read_client_flight(&mut self) -> Vec<HandshakeType> {
        self.peer.run();
        assert_eq!(self.peer.failed, None);
        let mut kinds = Vec::new();
        loop {
            let expected = self.master.as_ref().map(|_| self.verify_data(true));
            let (kind, raw) = self.read_message();
            kinds.push(kind);
            if kind == HandshakeType::CLIENT_KEY_EXCHANGE {
                let exchange = self.exchange.take().unwrap();
                let shared = exchange.finish(&raw[5..]).unwrap();
                self.derive(&shared);
            }
            if kind == HandshakeType::FINISHED {
                assert_eq!(raw[4..], expected.unwrap());
                break;
            }
        }
        kinds
    }

    /// Everything up to and with the server's Finished.
    pub fn done(config: Arc<ClientConfig>, world: &World) -> Self {
        let mut this = Self::server(config);
        this.flight(world);
        this.read_client_flight();
        this.ccs();
        this.finished();
        this.peer.run();
        this
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

    /// A ClientHello that works, edited.
    pub fn client_hello(&mut self, edit: impl FnOnce(&mut Hello)) {
        let groups = u16s(&[NamedGroup::X25519.0, NamedGroup::SECP256R1.0]);
        let schemes = u16s(&[
            SignatureScheme::ECDSA_SECP256R1_SHA256.0,
            SignatureScheme::RSA_PSS_RSAE_SHA256.0,
        ]);
        let mut hello = Hello {
            version: 0x0303,
            random: [5; 32],
            session_id: vec![],
            suites: vec![self.suite.name.0],
            compression: vec![0],
            extensions: vec![
                (ExtensionType::SUPPORTED_GROUPS, vec16(&groups)),
                (ExtensionType::SIGNATURE_ALGORITHMS, vec16(&schemes)),
                (ExtensionType::EC_POINT_FORMATS, vec8(&[0])),
                (ExtensionType::EXTENDED_MASTER_SECRET, vec![]),
                (ExtensionType::RENEGOTIATION_INFO, vec8(&[])),
            ],
        };
        edit(&mut hello);
        self.client_random = hello.random;
        let body = hello_body(&hello, true);
        self.hello = message(HandshakeType::CLIENT_HELLO, &body);
        self.message(HandshakeType::CLIENT_HELLO, &body);
    }

    /// Reads the server's flight up to ServerHelloDone.
    pub fn read_flight(&mut self) -> Vec<(HandshakeType, Vec<u8>)> {
        self.peer.run();
        assert_eq!(self.peer.failed, None);
        let mut messages = Vec::new();
        while messages
            .last()
            .is_none_or(|(kind, _)| *kind != HandshakeType::SERVER_HELLO_DONE)
        {
            let (kind, raw) = self.read_message();
            if kind == HandshakeType::SERVER_HELLO {
                self.server_random = *ServerHello::parse(&raw[4..]).unwrap().random;
            }
            if kind == HandshakeType::SERVER_KEY_EXCHANGE {
                let exchange = symbolon::wire::tls12::ServerKeyExchange::parse(&raw[4..]);
                self.share = exchange.unwrap().public.to_vec();
            }
            messages.push((kind, raw));
        }
        messages
    }

    /// ClientKeyExchange for X25519, and the keys.
    pub fn key_exchange(&mut self) {
        let group = group(NamedGroup::X25519);
        let mut public = vec![0; group.server_share_len()];
        let shared = group
            .respond(&mut self.random, &self.share, &mut public)
            .unwrap();
        self.message(HandshakeType::CLIENT_KEY_EXCHANGE, &vec8(&public));
        self.derive(&shared);
    }

    pub fn certificate_verify(&mut self, identity: &Identity) {
        let scheme = SignatureScheme::ECDSA_SECP256R1_SHA256;
        self.certificate_verify_with(identity, scheme, scheme);
    }

    /// Signs in one scheme and names another.
    pub fn certificate_verify_with(
        &mut self,
        identity: &Identity,
        scheme: SignatureScheme,
        named: SignatureScheme,
    ) {
        let signature = sign(identity, scheme, &self.messages, &mut self.random);
        let body = [&named.0.to_be_bytes()[..], &vec16(&signature)].concat();
        self.message(HandshakeType::CERTIFICATE_VERIFY, &body);
    }

    /// Runs the server, and reads its Finished.
    pub fn read_end(&mut self) {
        self.peer.run();
        assert_eq!(self.peer.failed, None);
        self.read_finished();
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
        this.key_exchange();
        this.ccs();
        this.finished();
        this.read_end();
        this
    }
}
