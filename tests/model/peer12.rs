//! A peer that speaks TLS 1.2, in either role.

use super::common::fake::{FAKE, FakeKey, SHA256};
use super::common::rogue::{Extensions, Hello, message, u16s, vec8, vec16, vec24};
use super::peer13::{SCHEME, group, old_message};
use super::player::{CCS, Player, Slot, Wire};
use super::table::{E, M};
use symbolon::codepoint::{ExtensionType as X, HandshakeType as T, *};
use symbolon::conn::Connection;
use symbolon::crypto::{KeyExchange, Random, Tls12Suite};
use symbolon::keys::Transcript;
use symbolon::keys::tls12::{
    KeyBlock, MasterSecret, Prf, Randoms, extended_master_secret, finished,
};
use symbolon::record::{Opener, Sealer};
use symbolon::wire::hello::{ClientHello, ServerHello};

/// A session that both ends know.
#[derive(Clone)]
pub struct Known {
    pub ticket: Vec<u8>,
    pub master: Vec<u8>,
}

pub struct Peer<C> {
    wire: Wire<C>,
    suite: &'static Tls12Suite,
    /// Whether the peer is the server.
    server: bool,
    key: FakeKey,
    chain: Vec<Vec<u8>>,
    known: Option<Known>,
    /// All messages so far.
    messages: Vec<u8>,
    random: Random,
    hello: Vec<u8>,
    session_id: Vec<u8>,
    client_random: [u8; 32],
    server_random: [u8; 32],
    exchange: Option<Box<dyn KeyExchange>>,
    /// The server's public key.
    share: Vec<u8>,
    master: Option<MasterSecret>,
    block: Option<KeyBlock>,
    sealer: Slot,
}

impl<C: Connection> Peer<C> {
    pub fn new(
        connection: C,
        server: bool,
        key: FakeKey,
        chain: Vec<Vec<u8>>,
        known: Option<Known>,
    ) -> Self {
        let mut suites = FAKE.tls12_suites.iter().copied();
        let name = CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;
        let mut wire = Wire::new(connection);
        wire.strict = true;
        let mut this = Self {
            wire,
            suite: suites.find(|s| s.name == name).unwrap(),
            server,
            key,
            chain,
            known,
            messages: Vec::new(),
            random: Random::new([9; 32]),
            hello: Vec::new(),
            session_id: Vec::new(),
            client_random: [5; 32],
            server_random: [7; 32],
            exchange: None,
            share: Vec::new(),
            master: None,
            block: None,
            sealer: None,
        };
        this.listen();
        this
    }

    fn transcript(&self) -> Transcript {
        let mut transcript = Transcript::new(SHA256);
        transcript.add(&self.messages);
        transcript
    }

    fn keys_of(&mut self, master: MasterSecret) {
        let randoms = Randoms {
            client: &self.client_random,
            server: &self.server_random,
        };
        let block = KeyBlock::new(
            self.suite,
            &Prf::new(self.suite.hash, master.expose()),
            randoms,
        );
        let sealer = Sealer::tls12(self.suite, block.write_key(!self.server), u64::MAX);
        self.sealer = Some(self.wire.slot(sealer.unwrap()));
        self.block = Some(block);
        self.master = Some(master);
    }

    /// The messages end with ClientKeyExchange.
    fn derive(&mut self, theirs: &[u8]) {
        let Some(exchange) = self.exchange.take() else {
            return;
        };
        let Ok(shared) = exchange.finish(theirs) else {
            return;
        };
        let hash = self.transcript().current();
        self.keys_of(extended_master_secret(SHA256, shared.expose(), &hash));
    }

    fn resume(&mut self) {
        let known = self.known.as_ref().expect("a session");
        self.keys_of(MasterSecret::copied_from(&known.master).unwrap());
    }

    fn client_hello(&self, ticket: Option<&[u8]>) -> Vec<u8> {
        if self.server {
            return self.hello.clone();
        }
        let groups = u16s(&[NamedGroup::X25519.0]);
        let mut extensions: Extensions = vec![
            (X::SUPPORTED_GROUPS, vec16(&groups)),
            (X::SIGNATURE_ALGORITHMS, vec16(&u16s(&[SCHEME.0]))),
            (X::EC_POINT_FORMATS, vec8(&[0])),
            (X::EXTENDED_MASTER_SECRET, vec![]),
            (X::RENEGOTIATION_INFO, vec8(&[])),
        ];
        if let Some(ticket) = ticket {
            extensions.push((X::SESSION_TICKET, ticket.to_vec()));
        }
        let hello = Hello {
            version: 0x0303,
            random: self.client_random,
            session_id: vec![6; 32],
            suites: vec![self.suite.name.0],
            compression: vec![0],
            extensions,
        };
        message(T::CLIENT_HELLO, &hello.client_body())
    }

    fn server_hello(&self, session_id: &[u8], extension: Option<X>) -> Vec<u8> {
        let mut extensions: Extensions = vec![
            (X::RENEGOTIATION_INFO, vec8(&[])),
            (X::EC_POINT_FORMATS, vec8(&[0])),
            (X::EXTENDED_MASTER_SECRET, vec![]),
        ];
        extensions.extend(extension.map(|kind| (kind, vec![])));
        let hello = Hello {
            version: 0x0303,
            random: self.server_random,
            session_id: session_id.to_vec(),
            suites: vec![self.suite.name.0],
            compression: vec![0],
            extensions,
        };
        message(T::SERVER_HELLO, &hello.server_body())
    }

    fn certificate(&self, chain: &[Vec<u8>]) -> Vec<u8> {
        let list: Vec<u8> = chain.iter().flat_map(|c| vec24(c)).collect();
        message(T::CERTIFICATE, &vec24(&list))
    }

    fn public(&mut self) -> Vec<u8> {
        let group = group(NamedGroup::X25519);
        let exchange = group.start(&mut self.random).unwrap();
        let mut public = vec![0; group.client_share_len()];
        exchange.write_share(&mut public).unwrap();
        self.exchange = Some(exchange);
        public
    }

    fn server_key_exchange(&mut self, right: bool) -> Vec<u8> {
        let public = self.public();
        let params = [
            &[3][..],
            &NamedGroup::X25519.0.to_be_bytes(),
            &vec8(&public),
        ]
        .concat();
        let content = [&self.client_random[..], &self.server_random, &params].concat();
        let mut signature = self.key.sign(SCHEME, &content).unwrap();
        signature[0] ^= u8::from(!right);
        let body = [&params[..], &SCHEME.0.to_be_bytes(), &vec16(&signature)].concat();
        message(T::SERVER_KEY_EXCHANGE, &body)
    }

    fn certificate_verify(&self, right: bool) -> Vec<u8> {
        let mut signature = self.key.sign(SCHEME, &self.messages).unwrap();
        signature[0] ^= u8::from(!right);
        let body = [&SCHEME.0.to_be_bytes()[..], &vec16(&signature)].concat();
        message(T::CERTIFICATE_VERIFY, &body)
    }

    fn finished(&self, right: bool) -> Vec<u8> {
        let zeros = MasterSecret::zeroed(48);
        let master = self.master.as_ref().unwrap_or(&zeros);
        let hash = self.transcript().current();
        let mut data = finished(&Prf::new(SHA256, master.expose()), !self.server, &hash).to_vec();
        data[0] ^= u8::from(!right);
        message(T::FINISHED, &data)
    }
}

impl<C: Connection> Player for Peer<C> {
    type Machine = C;

    fn wire(&mut self) -> &mut Wire<C> {
        &mut self.wire
    }

    fn learns_by_saying(&self) -> bool {
        false
    }

    fn build(&mut self, m: M) -> Vec<u8> {
        match m {
            M::ClientHello => self.client_hello(None),
            M::ClientHelloTicket => self.client_hello(Some(&[])),
            M::ClientHelloResume => {
                let ticket = self.known.as_ref().map(|known| known.ticket.clone());
                self.client_hello(Some(&ticket.unwrap_or_default()))
            }
            M::ServerHello => self.server_hello(&[8; 32], None),
            M::ServerHelloStatus => self.server_hello(&[8; 32], Some(X::STATUS_REQUEST)),
            M::ServerHelloTicket => self.server_hello(&[8; 32], Some(X::SESSION_TICKET)),
            M::ServerHelloResume => self.server_hello(&self.session_id, None),
            M::ServerHelloResumeTicket => {
                self.server_hello(&self.session_id, Some(X::SESSION_TICKET))
            }
            M::EncryptedExtensions => message(T::ENCRYPTED_EXTENSIONS, &[0, 0]),
            M::CertificateRequest => {
                let schemes = vec16(&u16s(&[SCHEME.0]));
                let body = [vec8(&[64]), schemes, vec16(&[])].concat();
                message(T::CERTIFICATE_REQUEST, &body)
            }
            M::Certificate => self.certificate(&self.chain),
            M::CertificateEmpty => self.certificate(&[]),
            M::ServerKeyExchange => self.server_key_exchange(true),
            M::ServerKeyExchangeWrong => self.server_key_exchange(false),
            M::ClientKeyExchange if self.server => old_message(m),
            M::ClientKeyExchange => {
                let public = self.public();
                message(T::CLIENT_KEY_EXCHANGE, &vec8(&public))
            }
            M::CertificateVerify => self.certificate_verify(true),
            M::CertificateVerifyWrong => self.certificate_verify(false),
            M::Finished => self.finished(true),
            M::FinishedWrong => self.finished(false),
            M::EndOfEarlyData => message(T::END_OF_EARLY_DATA, &[]),
            M::NewSessionTicket => {
                let body = [&[0, 0, 1, 0][..], &vec16(b"a ticket")].concat();
                message(T::NEW_SESSION_TICKET, &body)
            }
            M::KeyUpdate => message(T::KEY_UPDATE, &[0]),
            other => old_message(other),
        }
    }

    fn said(&mut self, m: M, raw: &[u8]) {
        // RFC 5246 7.4.1.1: HelloRequest is in no hash.
        if m == M::HelloRequest {
            return;
        }
        self.messages.extend_from_slice(raw);
        match m {
            M::ServerHelloResume | M::ServerHelloResumeTicket if self.server => self.resume(),
            M::ClientKeyExchange if !self.server => {
                let share = self.share.clone();
                self.derive(&share);
            }
            _ => {}
        }
    }

    fn heard(&mut self, raw: &[u8]) {
        if raw[0] == CCS {
            if let Some(block) = &self.block {
                let key = block.write_key(self.server);
                let opener = Opener::tls12(self.suite, key).unwrap();
                self.wire.openers.push(opener);
            }
            return;
        }
        self.messages.extend_from_slice(raw);
        match T(raw[0]) {
            T::CLIENT_HELLO => {
                let hello = ClientHello::parse(&raw[4..]).unwrap();
                self.client_random = *hello.random;
                self.session_id = hello.session_id.to_vec();
                self.hello = raw.to_vec();
            }
            T::SERVER_HELLO => {
                let hello = ServerHello::parse(&raw[4..]).unwrap();
                self.server_random = *hello.random;
                if self.known.is_some() && hello.session_id == [6; 32] {
                    self.resume();
                }
            }
            T::SERVER_KEY_EXCHANGE => {
                let exchange = symbolon::wire::tls12::ServerKeyExchange::parse(&raw[4..]);
                self.share = exchange.unwrap().public.to_vec();
            }
            T::CLIENT_KEY_EXCHANGE => self.derive(&raw[5..]),
            _ => {}
        }
    }

    fn keys(&mut self, e: E, _: bool) -> Option<Slot> {
        match e {
            E::Plain => Some(None),
            E::App => self.sealer.map(Some),
            _ => None,
        }
    }
}
