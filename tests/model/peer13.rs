//! A peer that speaks TLS 1.3, in either role.

use super::common::fake::{FAKE, FakeKey, SHA256};
use super::common::rogue::{
    Extensions, Hello, Psk, block, message, share, u16s, vec8, vec16, vec24,
};
use super::player::{CCS, Player, Slot, Wire};
use super::table::{E, M};
use symbolon::codepoint::{ExtensionType as X, HandshakeType as T, *};
use symbolon::conn::Connection;
use symbolon::crypto::{
    HashSecret, KeyExchange, KeyExchangeGroup, Random, SharedSecret, Tls13Suite,
};
use symbolon::keys::Transcript;
use symbolon::keys::tls13::{
    Early, Main, certificate_verify_content, finished, next_traffic_secret,
};
use symbolon::record::{Opener, Sealer};
use symbolon::wire::hello::{ClientHello, HELLO_RETRY_REQUEST_RANDOM, ServerHello};

pub const SCHEME: SignatureScheme = SignatureScheme::ED25519;

pub struct Peer<C> {
    wire: Wire<C>,
    suite: &'static Tls13Suite,
    /// Whether the peer is the server.
    server: bool,
    key: FakeKey,
    chain: Vec<Vec<u8>>,
    transcript: Transcript,
    random: Random,
    /// The last ClientHello.
    hello: Vec<u8>,
    /// The PSK that is offered, or that was.
    psk: Option<Psk>,
    /// What the transcript of the second ClientHello begins with.
    prefix: Vec<u8>,
    exchange: Option<Box<dyn KeyExchange>>,
    group: NamedGroup,
    shared: Option<SharedSecret>,
    early: Slot,
    handshake: Slot,
    /// One after another.
    application: Vec<usize>,
    secrets: Option<(HashSecret, HashSecret)>,
    main: Option<Main>,
    /// Of the client and of the server, as they stand.
    traffic: Option<(HashSecret, HashSecret)>,
}

pub fn group(name: NamedGroup) -> &'static dyn KeyExchangeGroup {
    let mut groups = FAKE.groups.iter().copied();
    groups.find(|g| g.name() == name).unwrap()
}

impl<C: Connection> Peer<C> {
    pub fn new(
        connection: C,
        server: bool,
        key: FakeKey,
        chain: Vec<Vec<u8>>,
        psk: Option<Psk>,
    ) -> Self {
        let mut suites = FAKE.tls13_suites.iter().copied();
        let suite = suites.find(|s| s.name == CipherSuite::TLS_AES_128_GCM_SHA256);
        let mut this = Self {
            wire: Wire::new(connection),
            suite: suite.unwrap(),
            server,
            key,
            chain,
            transcript: Transcript::new(SHA256),
            random: Random::new([9; 32]),
            hello: Vec::new(),
            psk,
            prefix: Vec::new(),
            exchange: None,
            group: NamedGroup::X25519,
            shared: None,
            early: None,
            handshake: None,
            application: Vec::new(),
            secrets: None,
            main: None,
            traffic: None,
        };
        this.listen();
        this
    }

    fn sealer(&mut self, secret: &HashSecret) -> usize {
        let sealer = Sealer::new(self.suite.hash, self.suite.aead, secret, u64::MAX).unwrap();
        self.wire.slot(sealer)
    }

    fn opens_with(&mut self, secret: &HashSecret) {
        let opener = Opener::new(self.suite.hash, self.suite.aead, secret).unwrap();
        self.wire.openers.push(opener);
    }

    /// The keys of early data: a client writes with them, a server reads.
    fn early_keys(&mut self) {
        let psk = self.psk.as_ref().expect("a PSK");
        let early = Early::new(SHA256, Some(&psk.key));
        let secret = early.client_traffic_secret(&SHA256.hash(&[&self.hello]));
        let secret = secret.unwrap();
        match self.server {
            true => self.opens_with(&secret),
            false => self.early = Some(self.sealer(&secret)),
        }
    }

    fn handshake_keys(&mut self, psk: bool) {
        let key = self.psk.as_ref().filter(|_| psk).map(|psk| &psk.key[..]);
        let early = Early::new(SHA256, key);
        let mut handshake = early.into_handshake(self.shared.as_ref()).unwrap();
        let transcript = self.transcript.current();
        let [client, server] = handshake.traffic_secrets(&transcript).unwrap();
        let (write, read) = match self.server {
            true => (&server, &client),
            false => (&client, &server),
        };
        self.handshake = Some(self.sealer(write));
        self.opens_with(read);
        self.secrets = Some((client, server));
        self.main = Some(handshake.into_main().unwrap());
    }

    /// The application secrets of the transcript as it stands.
    fn application_secrets(&self) -> Option<(HashSecret, HashSecret)> {
        let transcript = self.transcript.current();
        let main = self.main.as_ref()?;
        let [client, server, _] = main.application_secrets(&transcript).unwrap();
        Some((client, server))
    }

    fn application_keys(&mut self) {
        let Some((client, server)) = self.application_secrets() else {
            return;
        };
        let (write, read) = match self.server {
            true => (&server, &client),
            false => (&client, &server),
        };
        let slot = self.sealer(write);
        self.application.push(slot);
        self.opens_with(read);
        self.traffic = Some((client, server));
    }

    /// What the machine writes, or this peer, goes on to its next keys.
    fn update(&mut self, of_client: bool) {
        let Some((client, server)) = self.traffic.take() else {
            return;
        };
        let (old, other) = match of_client {
            true => (client, server),
            false => (server, client),
        };
        let next = next_traffic_secret(SHA256, &old).unwrap();
        if of_client == self.server {
            self.opens_with(&next);
        } else {
            let slot = self.sealer(&next);
            self.application.push(slot);
        }
        self.traffic = Some(match of_client {
            true => (next, other),
            false => (other, next),
        });
    }

    fn server_hello(&mut self, psk: bool) -> Vec<u8> {
        let hello = self.hello.get(4..).map(ClientHello::parse);
        let (mut session_id, mut offered) = (vec![6; 32], None);
        if let Some(Ok(hello)) = &hello {
            session_id = hello.session_id.to_vec();
            let shares = hello.extensions.key_shares;
            offered = [NamedGroup::X25519, NamedGroup::SECP256R1]
                .into_iter()
                .find_map(|name| Some((name, shares?.get(name)?.to_vec())));
        }
        let (name, theirs) = offered.unwrap_or_else(|| {
            let mut public = vec![0; 32];
            let exchange = group(NamedGroup::X25519).start(&mut self.random).unwrap();
            exchange.write_share(&mut public).unwrap();
            (NamedGroup::X25519, public)
        });
        let mut ours = vec![0; group(name).server_share_len()];
        let shared = group(name).respond(&mut self.random, &theirs, &mut ours);
        self.shared = Some(shared.unwrap());
        let mut extensions: Extensions = vec![
            (X::SUPPORTED_VERSIONS, vec![3, 4]),
            (X::KEY_SHARE, share(name, &ours)),
        ];
        if psk {
            extensions.push((X::PRE_SHARED_KEY, vec![0, 0]));
        }
        self.answer([7; 32], session_id, extensions)
    }

    fn retry(&mut self) -> Vec<u8> {
        let hello = self.hello.get(4..).map(ClientHello::parse);
        let session_id = match &hello {
            Some(Ok(hello)) => hello.session_id.to_vec(),
            _ => vec![6; 32],
        };
        let extensions = vec![
            (X::SUPPORTED_VERSIONS, vec![3, 4]),
            (X::KEY_SHARE, u16s(&[NamedGroup::SECP256R1.0])),
        ];
        self.answer(HELLO_RETRY_REQUEST_RANDOM, session_id, extensions)
    }

    fn answer(&self, random: [u8; 32], session_id: Vec<u8>, extensions: Extensions) -> Vec<u8> {
        let hello = Hello {
            version: 0x0303,
            random,
            session_id,
            suites: vec![self.suite.name.0],
            compression: vec![0],
            extensions,
        };
        message(T::SERVER_HELLO, &hello.server_body())
    }

    fn client_hello(&mut self, share_it: bool, psk: bool, early: bool) -> Vec<u8> {
        if self.server {
            return self.hello.clone();
        }
        let mut shares = Vec::new();
        if share_it {
            let group = group(self.group);
            let exchange = group.start(&mut self.random).unwrap();
            let mut ours = vec![0; group.client_share_len()];
            exchange.write_share(&mut ours).unwrap();
            shares = share(self.group, &ours);
            self.exchange = Some(exchange);
        }
        let groups = u16s(&[NamedGroup::X25519.0, NamedGroup::SECP256R1.0]);
        let mut extensions: Extensions = vec![
            (X::SUPPORTED_VERSIONS, vec8(&[3, 4])),
            (X::SUPPORTED_GROUPS, vec16(&groups)),
            (X::SIGNATURE_ALGORITHMS, vec16(&u16s(&[SCHEME.0]))),
            (X::KEY_SHARE, vec16(&shares)),
        ];
        if early {
            extensions.push((X::EARLY_DATA, Vec::new()));
        }
        let psk = self.psk.clone().filter(|_| psk);
        if let Some(psk) = &psk {
            extensions.push((X::PSK_KEY_EXCHANGE_MODES, vec8(&[1])));
            let blank = vec16(&vec8(&[0; 32]));
            let offer = [vec16(&psk.entry()), blank].concat();
            extensions.push((X::PRE_SHARED_KEY, offer));
        }
        let hello = Hello {
            version: 0x0303,
            random: [5; 32],
            session_id: vec![6; 32],
            suites: vec![self.suite.name.0],
            compression: vec![0],
            extensions,
        };
        let mut raw = message(T::CLIENT_HELLO, &hello.client_body());
        if let Some(psk) = &psk {
            let at = raw.len() - 32;
            let partial = SHA256.hash(&[&self.prefix, &raw[..at - 3]]);
            let mut early = Early::new(SHA256, Some(&psk.key));
            let binder = early.binder(psk.kind, &partial).unwrap();
            raw[at..].copy_from_slice(binder.expose());
        }
        raw
    }

    fn certificate(&self, chain: &[Vec<u8>]) -> Vec<u8> {
        let list = chain.iter().flat_map(|c| [vec24(c), vec![0, 0]].concat());
        let list: Vec<u8> = list.collect();
        message(T::CERTIFICATE, &[vec8(&[]), vec24(&list)].concat())
    }

    fn certificate_verify(&self, right: bool) -> Vec<u8> {
        let content = certificate_verify_content(self.server, &self.transcript.current());
        let mut signature = self.key.sign(SCHEME, content.as_bytes()).unwrap();
        signature[0] ^= u8::from(!right);
        let body = [&SCHEME.0.to_be_bytes()[..], &vec16(&signature)].concat();
        message(T::CERTIFICATE_VERIFY, &body)
    }

    fn finished(&self, right: bool) -> Vec<u8> {
        let zeros = HashSecret::zeroed(32);
        let base = self.secrets.as_ref().map_or(&zeros, |s| match self.server {
            true => &s.1,
            false => &s.0,
        });
        let data = finished(SHA256, base, &self.transcript.current()).unwrap();
        let mut data = data.expose().to_vec();
        data[0] ^= u8::from(!right);
        message(T::FINISHED, &data)
    }

    fn heard_server_hello(&mut self, raw: &[u8]) {
        let hello = ServerHello::parse(&raw[4..]).unwrap();
        if hello.is_hello_retry_request() {
            self.prefix = self.transcript.replace_by_message_hash();
            self.prefix.extend(raw);
            self.transcript.add(raw);
            return;
        }
        self.transcript.add(raw);
        let share = hello.extensions.key_share.unwrap();
        let exchange = self.exchange.take().unwrap();
        self.shared = exchange.finish(share.key_exchange).ok();
        self.handshake_keys(hello.extensions.pre_shared_key.is_some());
    }
}

impl<C: Connection> Player for Peer<C> {
    type Machine = C;

    fn wire(&mut self) -> &mut Wire<C> {
        &mut self.wire
    }

    fn learns_by_saying(&self) -> bool {
        self.server
    }

    fn build(&mut self, m: M) -> Vec<u8> {
        match m {
            M::ClientHello | M::ClientHelloTicket | M::ClientHelloResume => {
                self.client_hello(true, false, false)
            }
            M::ClientHelloNoShare => self.client_hello(false, false, false),
            M::ClientHelloPsk => self.client_hello(true, true, false),
            M::ClientHelloEarly => self.client_hello(true, true, true),
            M::ClientHelloEarlyNoShare => self.client_hello(false, true, true),
            M::HelloRetryRequest => self.retry(),
            M::ServerHelloPsk => self.server_hello(true),
            M::ServerHello
            | M::ServerHelloStatus
            | M::ServerHelloTicket
            | M::ServerHelloResume
            | M::ServerHelloResumeTicket => self.server_hello(false),
            M::EncryptedExtensions => message(T::ENCRYPTED_EXTENSIONS, &[0, 0]),
            M::EncryptedExtensionsEarly => {
                let early = block(&[(X::EARLY_DATA, Vec::new())]);
                message(T::ENCRYPTED_EXTENSIONS, &early)
            }
            M::CertificateRequest => {
                let schemes = vec16(&u16s(&[SCHEME.0]));
                let body = [vec8(&[]), block(&[(X::SIGNATURE_ALGORITHMS, schemes)])];
                message(T::CERTIFICATE_REQUEST, &body.concat())
            }
            M::Certificate => self.certificate(&self.chain),
            M::CertificateEmpty => self.certificate(&[]),
            M::CertificateVerify => self.certificate_verify(true),
            M::CertificateVerifyWrong => self.certificate_verify(false),
            M::Finished => self.finished(true),
            M::FinishedWrong => self.finished(false),
            M::EndOfEarlyData => message(T::END_OF_EARLY_DATA, &[]),
            M::NewSessionTicket => {
                let ticket = [
                    &[0, 0, 1, 0, 0, 0, 0, 0][..],
                    &vec8(&[1]),
                    &vec16(b"ticket"),
                ];
                message(
                    T::NEW_SESSION_TICKET,
                    &[&ticket.concat()[..], &[0, 0]].concat(),
                )
            }
            M::KeyUpdate => message(T::KEY_UPDATE, &[0]),
            M::KeyUpdateAsked => message(T::KEY_UPDATE, &[1]),
            other => old_message(other),
        }
    }

    fn said(&mut self, m: M, raw: &[u8]) {
        if matches!(m, M::KeyUpdate | M::KeyUpdateAsked) {
            return self.update(!self.server);
        }
        if self.server && m == M::HelloRetryRequest {
            self.transcript.replace_by_message_hash();
        }
        if !matches!(m, M::NewSessionTicket) {
            self.transcript.add(raw);
        }
        match m {
            M::ServerHello if self.server => self.handshake_keys(false),
            M::ServerHelloPsk if self.server => self.handshake_keys(true),
            M::Finished if self.server => self.application_keys(),
            _ if raw[0] == T::CLIENT_HELLO.0 && !self.server => {
                self.hello = raw.to_vec();
                if matches!(m, M::ClientHelloEarly | M::ClientHelloEarlyNoShare) {
                    self.early_keys();
                }
            }
            _ => {}
        }
    }

    fn heard(&mut self, raw: &[u8]) {
        match T(raw[0]) {
            T(CCS) | T::NEW_SESSION_TICKET => {}
            T::KEY_UPDATE => self.update(self.server),
            T::SERVER_HELLO => self.heard_server_hello(raw),
            kind => {
                self.transcript.add(raw);
                if kind == T::CLIENT_HELLO {
                    let first = self.hello.is_empty();
                    self.hello = raw.to_vec();
                    if first && self.psk.is_some() {
                        self.early_keys();
                    }
                }
                if kind == T::FINISHED && !self.server {
                    self.application_keys();
                }
            }
        }
    }

    fn keys(&mut self, e: E, ahead: bool) -> Option<Slot> {
        let last = self.application.len().checked_sub(1);
        let slot = match e {
            E::Plain => return Some(None),
            E::Early => self.early?,
            E::Handshake => self.handshake?,
            E::App | E::After if last.is_none() => {
                // Not the real ones: Finished has not been said.
                let (client, server) = self.application_secrets()?;
                let own = if self.server { server } else { client };
                match e {
                    E::App => self.sealer(&own),
                    _ => self.sealer(&next_traffic_secret(SHA256, &own).unwrap()),
                }
            }
            E::App if ahead => {
                let (client, server) = self.traffic.take()?;
                let slot = self.sealer(if self.server { &server } else { &client });
                self.traffic = Some((client, server));
                slot
            }
            E::App => self.application[last?],
            E::Before => self.application[last?.checked_sub(1)?],
            E::After => {
                let (client, server) = self.traffic.as_ref()?;
                let own = if self.server { server } else { client };
                self.sealer(&next_traffic_secret(SHA256, own).unwrap())
            }
        };
        Some(Some(slot))
    }
}

/// What only TLS 1.2 has, or nobody.
pub fn old_message(m: M) -> Vec<u8> {
    match m {
        M::HelloRequest => message(T::HELLO_REQUEST, &[]),
        M::CertificateStatus => {
            let status = [0x30, 0x03, 0x0a, 0x01, 0x03];
            let body = [&[1][..], &vec24(&status)].concat();
            message(T::CERTIFICATE_STATUS, &body)
        }
        M::ServerKeyExchange => {
            let body = [
                &[3, 0, 0x1d][..],
                &vec8(&[9; 32]),
                &SCHEME.0.to_be_bytes(),
                &vec16(&[1; 64]),
            ];
            message(T::SERVER_KEY_EXCHANGE, &body.concat())
        }
        M::ServerHelloDone => message(T::SERVER_HELLO_DONE, &[]),
        M::ClientKeyExchange => message(T::CLIENT_KEY_EXCHANGE, &vec8(&[9; 32])),
        M::MessageHash => message(T::MESSAGE_HASH, &[7; 32]),
        M::Unknown => message(T(99), &[0; 4]),
        other => panic!("{other:?} is of the other version"),
    }
}
