//! The traces of RFC 8448, step by step: keys, secrets, Finished, binder and records, each computed
//! with the crate's own functions from what stands before it, on each side for itself.
//!
//! That the handshake comes to the same by itself is tested in `src/conn/engine/replay.rs`.

mod common {
    pub mod vectors;
}

use common::vectors::{Section, Vectors};
use std::collections::HashMap;
use symbolon::codepoint::{CipherSuite, ContentType};
use symbolon::crypto::{CryptoProvider, Hash, HashOutput, HashSecret, SharedSecret, Tls13Suite};
use symbolon::keys::Transcript;
use symbolon::keys::tls13::{
    Early, Handshake, Main, derive_secret, finished, hkdf_expand_label, resumption_psk, traffic_key,
};
use symbolon::provider::default_provider;
use symbolon::record::{MAX_PLAINTEXT, Opener, Sealer, write_initial_hello, write_record};
use symbolon::wire::handshake::NewSessionTicket;
use symbolon::wire::hello::{ClientHello, ServerHello};

const ONE_RTT: &str = "rfc8448-1rtt.txt";
const FILES: [&str; 5] = [
    ONE_RTT,
    "rfc8448-resumed-0rtt.txt",
    "rfc8448-hrr.txt",
    "rfc8448-client-auth.txt",
    "rfc8448-compat.txt",
];

fn suite() -> &'static Tls13Suite {
    let CryptoProvider { tls13_suites, .. } = default_provider();
    let name = CipherSuite::TLS_AES_128_GCM_SHA256;
    tls13_suites.iter().find(|s| s.name == name).unwrap()
}

fn hash() -> &'static dyn Hash {
    suite().hash
}

/// A ticket of an earlier connection, and its PSK.
struct Ticket {
    identity: Vec<u8>,
    psk: Vec<u8>,
}

impl Ticket {
    fn of(trace: &Vectors) -> Self {
        let message = trace.value("server message NewSessionTicket", "message");
        let ticket = NewSessionTicket::parse(&message[4..]).unwrap();
        let psk = trace.value("server derive resumption", "expanded");
        Self {
            identity: ticket.ticket.to_vec(),
            psk: psk.to_vec(),
        }
    }
}

/// A record that went out, with what is in it.
struct Sealed {
    epoch: String,
    content_type: ContentType,
    payload: Vec<u8>,
    record: Vec<u8>,
}

/// What one side knows.
#[derive(Default)]
struct Side {
    private: HashMap<String, Vec<u8>>,
    early_secret: Option<HashSecret>,
    handshake_secret: Option<HashSecret>,
    main_secret: Option<HashSecret>,
    early: Option<Early>,
    handshake: Option<Handshake>,
    main: Option<Main>,
    /// By label.
    secrets: HashMap<String, HashSecret>,
    sealer: Option<Sealer>,
    epoch: String,
    openers: Vec<(String, Opener)>,
    /// Messages that haven't gone out.
    pending: Vec<u8>,
    records: Vec<Sealed>,
}

struct Walk<'a> {
    trace: &'a Vectors,
    ticket: Option<&'a Ticket>,
    client: Side,
    server: Side,
    transcript: Transcript,
    /// The transcript hash after each message, by its name; "before" it for a Finished.
    after: HashMap<String, HashOutput>,
    before: HashMap<String, HashOutput>,
    public: HashMap<String, Vec<u8>>,
    group: String,
    finished: HashMap<String, Vec<u8>>,
    nonce: Vec<u8>,
}

/// HkdfLabel (RFC 9846 7.1), written out by itself.
fn info(len: u8, label: &str, context: &[u8]) -> Vec<u8> {
    let label = format!("tls13 {label}");
    let mut info = vec![0, len, u8::try_from(label.len()).unwrap()];
    info.extend(label.as_bytes());
    info.push(u8::try_from(context.len()).unwrap());
    info.extend(context);
    info
}

fn expand(secret: &[u8], label: &str, len: usize) -> Vec<u8> {
    let mut out = vec![0; len];
    hkdf_expand_label(hash(), secret, label.as_bytes(), &[], &mut out).unwrap();
    out
}

/// The section of the other side that this one, without values, stands for.
fn mirrored(name: &str) -> String {
    let (side, rest) = name.split_once(' ').unwrap();
    let side = match side {
        "client" => "server",
        _ => "client",
    };
    let rest = match rest.rsplit_once(' ') {
        Some((front, "read")) => format!("{front} write"),
        Some((front, "write")) => format!("{front} read"),
        _ => rest.to_owned(),
    };
    format!("{side} {rest}")
}

fn public_key(group: &str, private: &[u8]) -> Vec<u8> {
    use p256::elliptic_curve::sec1::ToSec1Point;

    match group {
        "x25519" => {
            let secret = x25519_dalek::StaticSecret::from(<[u8; 32]>::try_from(private).unwrap());
            x25519_dalek::PublicKey::from(&secret).to_bytes().to_vec()
        }
        "secp256r1" => {
            let secret = p256::SecretKey::from_slice(private).unwrap();
            secret.public_key().to_sec1_point(false).as_bytes().to_vec()
        }
        other => panic!("{other}"),
    }
}

fn shared_secret(group: &str, private: &[u8], public: &[u8]) -> Vec<u8> {
    match group {
        "x25519" => {
            let secret = x25519_dalek::StaticSecret::from(<[u8; 32]>::try_from(private).unwrap());
            let public = <[u8; 32]>::try_from(public).unwrap().into();
            secret.diffie_hellman(&public).to_bytes().to_vec()
        }
        "secp256r1" => {
            let secret = p256::SecretKey::from_slice(private).unwrap();
            let public = p256::PublicKey::from_sec1_bytes(public).unwrap();
            secret.diffie_hellman(&public).raw_secret_bytes().to_vec()
        }
        other => panic!("{other}"),
    }
}

impl<'a> Walk<'a> {
    fn new(trace: &'a Vectors, ticket: Option<&'a Ticket>) -> Self {
        Self {
            trace,
            ticket,
            client: Side::default(),
            server: Side::default(),
            transcript: Transcript::new(hash()),
            after: HashMap::new(),
            before: HashMap::new(),
            public: HashMap::new(),
            group: String::new(),
            finished: HashMap::new(),
            nonce: Vec::new(),
        }
    }

    fn side(&mut self, side: &str) -> &mut Side {
        match side {
            "client" => &mut self.client,
            "server" => &mut self.server,
            other => panic!("{other}"),
        }
    }

    fn run(mut self) {
        for (at, section) in self.trace.sections.iter().enumerate() {
            // What the other side had must stand before this.
            let values = if section.same_as_peer() {
                let name = mirrored(&section.name);
                let before = &self.trace.sections[..at];
                let found = before.iter().rfind(|s| s.name == name && !s.same_as_peer());
                found.unwrap_or_else(|| panic!("[{}]: no [{name}] before it", section.name))
            } else {
                section
            };
            self.step(section, values);
        }
        self.end();
    }

    fn step(&mut self, section: &Section, values: &Section) {
        let mut words = section.name.splitn(3, ' ');
        let side = words.next().unwrap();
        let (action, rest) = (words.next().unwrap(), words.next().unwrap_or(""));
        match action {
            "key-pair" => self.key_pair(side, rest, values),
            "message" => self.message(side, rest, values),
            "record" => self.record(side, rest, values),
            "extract" => self.extract(side, rest, values),
            "derive" => self.derive(side, rest, values),
            "keys" => self.keys(side, rest, values),
            "finished" => self.check_finished(side, rest, values),
            "binder" => self.binder(side, values),
            other => panic!("{other}"),
        }
    }

    fn key_pair(&mut self, side: &str, group: &str, values: &Section) {
        let (private, public) = (values.get("private"), values.get("public"));
        assert_eq!(public_key(group, private), public);
        self.public
            .insert(format!("{side} {group}"), public.to_vec());
        let private = private.to_vec();
        self.side(side).private.insert(group.to_owned(), private);
    }

    fn message(&mut self, side: &str, name: &str, values: &Section) {
        if values.values[0].0 == "truncated" {
            // Goes on with the binder.
            let next = self.trace.value("client binder", "truncated");
            assert_eq!(values.get("truncated"), next);
            return;
        }
        let message = values.get("message").to_vec();
        match name {
            "Finished" => {
                let mut whole = vec![20, 0, 0, 32];
                whole.extend(&self.finished[side]);
                assert_eq!(message, whole);
            }
            "ClientHello" => self.check_share(side, &message),
            "HelloRetryRequest" => drop(self.transcript.replace_by_message_hash()),
            "ServerHello" => {
                let hello = ServerHello::parse(&message[4..]).unwrap();
                assert_eq!(hello.cipher_suite, suite().name);
                let share = hello.extensions.key_share.unwrap();
                self.group = share.group.to_string();
                assert_eq!(share.key_exchange, self.public[&self.key_of("server")]);
            }
            "NewSessionTicket" => {
                let ticket = NewSessionTicket::parse(&message[4..]).unwrap();
                assert_eq!(ticket.nonce, self.nonce);
            }
            _ => {}
        }
        self.add(side, name, &message);
    }

    fn key_of(&self, side: &str) -> String {
        format!("{side} {}", self.group)
    }

    fn check_share(&self, side: &str, message: &[u8]) {
        let hello = ClientHello::parse(&message[4..]).unwrap();
        let share = hello.extensions.key_shares.unwrap().iter().next().unwrap();
        let key = format!("{side} {}", share.group);
        assert_eq!(share.key_exchange, self.public[&key]);
    }

    fn add(&mut self, side: &str, name: &str, message: &[u8]) {
        let name = format!("{side} {name}");
        self.before.insert(name.clone(), self.transcript.current());
        if !name.ends_with("NewSessionTicket") {
            self.transcript.add(message);
        }
        self.after.insert(name, self.transcript.current());
        self.side(side).pending.extend(message);
    }

    fn binder(&mut self, side: &str, values: &Section) {
        let truncated = values.get("truncated");
        let early = self.side(side).early_secret.as_ref().unwrap().expose();
        let key = derive_secret(hash(), early, b"res binder", &hash().hash(&[])).unwrap();
        let mut transcript = Transcript::new(hash());
        transcript.add(truncated);
        let binder_hash = transcript.current();
        assert_eq!(values.get("binder_hash"), binder_hash.as_bytes());
        assert_eq!(values.get("prk"), key.expose());
        assert_eq!(values.get("hash"), []);
        assert_eq!(values.get("info"), info(32, "finished", &[]));
        assert_eq!(values.get("expanded"), expand(key.expose(), "finished", 32));
        let binder = finished(hash(), &key, &binder_hash).unwrap();
        assert_eq!(values.get("finished"), binder.expose());
        if side == "server" {
            return;
        }
        let mut message = truncated.to_vec();
        message.extend([0, 33, 32]);
        message.extend(binder.expose());
        let hello = ClientHello::parse(&message[4..]).unwrap();
        assert_eq!(hello.binders_offset(message.len()), Some(truncated.len()));
        let psks = hello.extensions.pre_shared_key.unwrap();
        let identity = psks.identities.iter().next().unwrap().identity;
        assert_eq!(identity, self.ticket.unwrap().identity);
        self.check_share(side, &message);
        self.add(side, "ClientHello", &message);
    }

    fn extract(&mut self, side: &str, name: &str, values: &Section) {
        let zeros = [0; 32];
        let empty = hash().hash(&[]);
        let psk = self.ticket.map(|ticket| ticket.psk.clone());
        let peer = mirrored(&self.key_of(side));
        let (group, public) = (self.group.clone(), self.public.get(&peer).cloned());
        let side = self.side(side);
        let derived = |secret: &Option<HashSecret>| {
            let secret = secret.as_ref().unwrap().expose();
            derive_secret(hash(), secret, b"derived", &empty).unwrap()
        };
        let (salt, ikm) = match name {
            "early" => {
                side.early = Some(Early::new(hash(), psk.as_deref()));
                (Vec::new(), psk.unwrap_or(zeros.to_vec()))
            }
            "handshake" => {
                let shared = shared_secret(&group, &side.private[&group], &public.unwrap());
                let secret = SharedSecret::copied_from(&shared).unwrap();
                let early = side.early.take().unwrap();
                side.handshake = Some(early.into_handshake(Some(&secret)).unwrap());
                (derived(&side.early_secret).expose().to_vec(), shared)
            }
            "main" => {
                let salt = derived(&side.handshake_secret).expose().to_vec();
                let handshake = side.handshake.take().unwrap();
                side.main = Some(handshake.into_main().unwrap());
                (salt, zeros.to_vec())
            }
            other => panic!("{other}"),
        };
        let secret = hash().hkdf_extract(&salt, &ikm);
        assert_eq!(values.get("salt"), salt);
        assert_eq!(values.get("ikm"), ikm);
        assert_eq!(values.get("secret"), secret.expose());
        *match name {
            "early" => &mut side.early_secret,
            "handshake" => &mut side.handshake_secret,
            _ => &mut side.main_secret,
        } = Some(secret);
    }

    fn derive(&mut self, side: &str, label: &str, values: &Section) {
        let at = |name: &str| self.after[name];
        let context = match label {
            "derived for handshake" | "derived for main" => hash().hash(&[]),
            "c e traffic" | "e exp master" => at("client ClientHello"),
            "c hs traffic" | "s hs traffic" => at("server ServerHello"),
            "c ap traffic" | "s ap traffic" | "exp master" => at("server Finished"),
            "res master" => at("client Finished"),
            // The nonce, which is told here first.
            "resumption" => HashOutput::new(values.get("hash")),
            other => panic!("{other}"),
        };
        if label == "resumption" {
            self.nonce = values.get("hash").to_vec();
        }
        let side = self.side(side);
        let base = match label {
            "derived for handshake" | "c e traffic" | "e exp master" => &side.early_secret,
            "derived for main" | "c hs traffic" | "s hs traffic" => &side.handshake_secret,
            "resumption" => &side
                .secrets
                .get("res master")
                .map(|secret| HashSecret::copied_from(secret.expose()).unwrap()),
            _ => &side.main_secret,
        };
        let base = base.as_ref().unwrap();
        // As the key schedule comes to it by its stages, where it does.
        let staged = match (label, &mut side.handshake, &side.main) {
            ("c hs traffic", Some(stage), _) => stage.traffic_secrets(&context).map(|[s, _]| s),
            ("s hs traffic", Some(stage), _) => stage.traffic_secrets(&context).map(|[_, s]| s),
            ("c ap traffic", _, Some(stage)) => {
                stage.application_secrets(&context).map(|[s, ..]| s)
            }
            ("s ap traffic", _, Some(stage)) => {
                stage.application_secrets(&context).map(|[_, s, _]| s)
            }
            ("exp master", _, Some(stage)) => stage.application_secrets(&context).map(|[.., s]| s),
            ("res master", _, Some(stage)) => stage.resumption_secret(&context),
            ("resumption", ..) => resumption_psk(hash(), base, context.as_bytes()),
            ("c e traffic" | "e exp master", ..) => {
                derive_secret(hash(), base.expose(), label.as_bytes(), &context)
            }
            ("derived for handshake" | "derived for main", ..) => {
                derive_secret(hash(), base.expose(), b"derived", &context)
            }
            _ => panic!("{label} out of its turn"),
        };
        let secret = staged.unwrap();
        let spoken = match label.starts_with("derived") {
            true => "derived",
            false => label,
        };
        assert_eq!(values.get("prk"), base.expose());
        assert_eq!(values.get("hash"), context.as_bytes());
        assert_eq!(values.get("info"), info(32, spoken, context.as_bytes()));
        assert_eq!(values.get("expanded"), secret.expose());
        side.secrets.insert(label.to_owned(), secret);
    }

    fn keys(&mut self, side: &str, name: &str, values: &Section) {
        let (epoch, direction) = name.split_once(' ').unwrap();
        let of_client = (side == "client") == (direction == "write");
        let label = match (epoch, of_client) {
            ("early", true) => "c e traffic",
            ("handshake", true) => "c hs traffic",
            ("handshake", false) => "s hs traffic",
            ("application", true) => "c ap traffic",
            ("application", false) => "s ap traffic",
            other => panic!("{other:?}"),
        };
        let side = self.side(side);
        let secret = &side.secrets[label];
        assert_eq!(values.get("prk"), secret.expose());
        assert_eq!(values.get("key_info"), info(16, "key", &[]));
        assert_eq!(values.get("key"), expand(secret.expose(), "key", 16));
        assert_eq!(values.get("iv_info"), info(12, "iv", &[]));
        let (_, iv) = traffic_key(hash(), suite().aead, secret).unwrap();
        assert_eq!(values.get("iv"), iv.expose());
        if direction == "write" {
            let sealer = Sealer::new(hash(), suite().aead, secret, u64::MAX).unwrap();
            side.sealer = Some(sealer);
            side.epoch = epoch.to_owned();
        } else {
            let opener = Opener::new(hash(), suite().aead, secret).unwrap();
            side.openers.push((epoch.to_owned(), opener));
        }
    }

    fn check_finished(&mut self, side: &str, whose: &str, values: &Section) {
        let before = self.before.get(&format!("{whose} Finished")).copied();
        let transcript = before.unwrap_or_else(|| self.transcript.current());
        let label = match whose {
            "client" => "c hs traffic",
            _ => "s hs traffic",
        };
        let base = &self.side(side).secrets[label];
        assert_eq!(values.get("prk"), base.expose());
        assert_eq!(values.get("hash"), []);
        assert_eq!(values.get("info"), info(32, "finished", &[]));
        let key = expand(base.expose(), "finished", 32);
        assert_eq!(values.get("expanded"), key);
        let data = finished(hash(), base, &transcript).unwrap();
        assert_eq!(values.get("finished"), data.expose());
        self.finished
            .insert(whose.to_owned(), data.expose().to_vec());
    }

    fn record(&mut self, side: &str, kind: &str, values: &Section) {
        let first_hello = side == "client" && self.client.records.is_empty();
        let side = self.side(side);
        let payload = values.get("payload").to_vec();
        let content_type = match kind {
            "handshake" => {
                assert_eq!(std::mem::take(&mut side.pending), payload);
                ContentType::HANDSHAKE
            }
            "application_data" => ContentType::APPLICATION_DATA,
            "alert" => {
                assert_eq!(payload, [1, 0]);
                ContentType::ALERT
            }
            "change_cipher_spec" => {
                assert_eq!(payload, [1]);
                ContentType::CHANGE_CIPHER_SPEC
            }
            other => panic!("{other}"),
        };
        let protected = content_type != ContentType::CHANGE_CIPHER_SPEC;
        let sealer = side.sealer.as_mut().filter(|_| protected);
        let epoch = match sealer {
            Some(_) => side.epoch.clone(),
            None => String::new(),
        };
        let mut record = Vec::new();
        let parts = [&payload[..]].into_iter();
        match first_hello {
            true => write_initial_hello(parts, &mut record),
            false => write_record(sealer, content_type, parts, 0, &mut record),
        }
        .unwrap();
        assert_eq!(values.get("record"), record);
        side.records.push(Sealed {
            epoch,
            content_type,
            payload,
            record,
        });
    }

    /// Opens all records with the keys of the other side.
    fn end(&mut self) {
        let Self { client, server, .. } = self;
        for (from, to) in [
            (&client.records, &mut server.openers),
            (&server.records, &mut client.openers),
        ] {
            for sealed in from.iter().filter(|sealed| !sealed.epoch.is_empty()) {
                let mut found = to.iter_mut().filter(|(epoch, _)| *epoch == sealed.epoch);
                let (_, opener) = found.next().expect("no keys to read with");
                assert!(found.next().is_none());
                let (header, body) = sealed.record.split_first_chunk().unwrap();
                let mut body = body.to_vec();
                let opened = opener.open(header, &mut body, MAX_PLAINTEXT + 1).unwrap();
                assert_eq!(opened.content_type, sealed.content_type);
                assert_eq!(body[..opened.len], sealed.payload);
            }
            // Every key that there is was used.
            assert!(to.iter().all(|(_, opener)| opener.count() > 0));
        }
        assert!(client.pending.is_empty() && server.pending.is_empty());
    }
}

/// Walks through a trace; panics at the first difference.
fn walk(trace: &Vectors, ticket: Option<&Ticket>) {
    Walk::new(trace, ticket).run();
}

/// The ticket that a trace resumes with.
fn ticket_for(file: &str) -> Option<Ticket> {
    file.contains("resumed")
        .then(|| Ticket::of(&Vectors::load(ONE_RTT)))
}

#[test]
fn every_step_of_every_trace() {
    for file in FILES {
        walk(&Vectors::load(file), ticket_for(file).as_ref());
    }
}

#[test]
fn a_changed_bit_is_noticed_wherever_it_is() {
    for file in FILES {
        let (trace, ticket) = (Vectors::load(file), ticket_for(file));
        let mut changes = 0;
        for (i, section) in trace.sections.iter().enumerate() {
            for (j, (key, value)) in section.values.iter().enumerate() {
                let mut changed = trace.clone();
                let bytes = &mut changed.sections[i].values[j].1;
                match value.last() {
                    Some(last) => *bytes.last_mut().unwrap() = last ^ 1,
                    None => bytes.push(0),
                }
                let result = std::panic::catch_unwind(|| walk(&changed, ticket.as_ref()));
                assert!(result.is_err(), "{file} [{}] {key}", section.name);
                changes += 1;
            }
        }
        assert!(changes > 100, "{file}: {changes}");
    }
}
