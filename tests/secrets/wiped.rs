//! No block that is freed, and no connection that is dropped, holds a secret.

use crate::common::certs::KeyKind;
use crate::common::pair::{Pair, now};
use crate::common::rogue::World;
use crate::spy::{Code, Needles, Scanner, keeping, noting, scanning};
use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;
use symbolon::codepoint::{CipherSuite as S, NamedGroup as G, ProtocolVersion as P};
use symbolon::config::*;
use symbolon::conn::{ClientConnection, ServerConnection};
use symbolon::pki::PathVerifier;
use symbolon::secret::SecretBytes;

/// How a connection comes to its end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum End {
    Finished,
    /// A byte of the server's flight, or of the client's, is changed.
    Failed(bool),
    /// Dropped after so many turns.
    Abandoned(usize),
    /// Two handshakes, the second resumed; with early data.
    Resumed(bool),
}

#[derive(Clone, Copy, Debug)]
pub struct Case {
    pub version: P,
    pub suite: S,
    pub group: G,
    pub end: End,
    pub psk: bool,
    /// The server takes the classical half of the client's hybrid alone.
    pub half: bool,
    pub code: Code,
}

pub const KEY: &[u8; 32] = b"an external key of thirty-two by";
pub const TICKETS: &[u8; 32] = b"the secret that tickets are made";

/// Configs whose secrets are noted; all that is made here is dropped within the case.
pub fn configs(world: &World, case: Case) -> (Arc<ClientConfig>, Arc<ServerConfig>) {
    let (base, provider) = (case.code.base(), case.code.provider());
    let group = match case.group {
        G::X25519MLKEM768 if case.half => G::X25519,
        G::SECP384R1MLKEM1024 if case.half => G::SECP384R1,
        group => group,
    };
    let client_credential =
        Credential::new(world.client.0.clone(), &world.client.1, &base).unwrap();
    let server_credential =
        Credential::new(world.server.0.clone(), &world.server.1, &base).unwrap();
    let mut client = ClientConfig::builder()
        .provider(provider)
        .roots(world.pki.roots())
        .credential(client_credential)
        .versions(&[case.version])
        .cipher_suites(&[case.suite])
        .groups(&[case.group, group, G::SECP256R1])
        .session_scope("secrets")
        .sessions(Arc::new(MemoryClientSessions::new(8, 1 << 20)))
        .early_data(true);
    let tickets = RotatingTicketer::new(&provider, TICKETS, 3600).unwrap();
    let replays = ReplayFilter::new(&provider, &[4; 32], 100, 100, now(), 20);
    let sessions = StatelessSessions::new(Arc::new(tickets));
    let auth = ClientAuth::Optional(Arc::new(PathVerifier::new(world.pki.roots())));
    let mut server = ServerConfig::builder()
        .provider(provider)
        .credential(server_credential)
        .versions(&[case.version])
        .cipher_suites(&[case.suite])
        .groups(&[group, G::SECP256R1])
        .session_scope("secrets")
        .client_auth(auth)
        .sessions(sessions.early_data(1000, Arc::new(replays)));
    if case.psk {
        let psk = || {
            let key = SecretBytes::new(KEY.to_vec());
            ExternalPsk::new(b"somebody", key, PskHash::Sha256).unwrap()
        };
        client = client.psk(Arc::new(psk()));
        server = server.psks(Arc::new(PskTable::from_iter([psk()])));
    }
    (client.build().unwrap(), server.build().unwrap())
}

/// A whole case, from configs to the last drop.
fn run(world: &World, case: Case) {
    let (client, server) = configs(world, case);
    let mut pair = boxed(&client, &server, 1);
    match case.end {
        End::Finished => {
            handshake(&mut pair);
            pair.client.send(b"ping");
            pair.server.send(b"pong");
            if case.version == P::TLS13 {
                pair.client.connection.update_keys(true).unwrap();
                pair.client.send(b"ping");
            }
            turns(&mut pair, 6);
            assert_eq!(pair.server.data.len() % 4, 0);
            let exporter = pair.client.connection.exporter().unwrap();
            exporter
                .export(b"EXPERIMENTAL", None, &mut [0; 32])
                .unwrap();
        }
        End::Failed(servers) => {
            pair.client.run();
            pair.server.input.append(&mut pair.client.output);
            pair.server.run();
            if servers {
                // A tag, or in TLS 1.2 the random that is signed later.
                let at = match case.version {
                    P::TLS12 => 20,
                    _ => pair.server.output.len() - 1,
                };
                pair.server.output[at] ^= 1;
            }
            pair.client.input.append(&mut pair.server.output);
            pair.client.run();
            if !servers {
                pair.server.input.append(&mut pair.client.output);
                *pair.server.input.last_mut().unwrap() ^= 1;
            }
            pair.server.run();
            assert!(pair.client.failed.is_some() || pair.server.failed.is_some());
        }
        End::Abandoned(turns) => {
            self::turns(&mut pair, turns);
        }
        End::Resumed(early) => {
            handshake(&mut pair);
            for session in pair.client.sessions.drain(..) {
                client_store(&client).put(session);
            }
            drop(pair);
            let mut pair = boxed(&client, &server, 2);
            if early && case.version == P::TLS13 {
                pair.client.send_early(b"early");
            }
            handshake(&mut pair);
            assert!(pair.client.done.as_ref().unwrap().resumed());
            drop(pair);
        }
    }
}

/// Learns a case's secrets, on a stack of its own: what lies on this one came from elsewhere.
pub fn known(world: &World, case: Case) -> Needles {
    let learn = || noting(case.version == P::TLS12, || run(world, case));
    on_clean_stack(learn)
}

/// Overwrites the stack below.
#[inline(never)]
pub fn clean() {
    black_box([0_u8; 1 << 18]);
}

/// Carries bytes to and fro. What a call left on the stack must not get into the next one's
/// structures (the bytes of fields that aren't in use): that is told apart, by `stack.rs`.
pub fn turns(pair: &mut Pair, count: usize) {
    for turn in 0..count {
        clean();
        match turn % 2 {
            0 => {
                pair.client.run();
                pair.server.input.append(&mut pair.client.output);
            }
            _ => {
                pair.server.run();
                pair.client.input.append(&mut pair.server.output);
            }
        }
    }
}

fn handshake(pair: &mut Pair) {
    turns(pair, 10);
    assert_eq!((&pair.client.failed, &pair.server.failed), (&None, &None));
    assert!(pair.client.done.is_some() && pair.server.done.is_some());
}

/// Runs on a stack where nothing lies: one of a thread before may be used again.
pub fn on_clean_stack<T: Send>(run: impl FnOnce() -> T + Send) -> T {
    let run = || {
        clean();
        run()
    };
    std::thread::scope(|scope| scope.spawn(run).join().unwrap())
}

fn client_store(config: &Arc<ClientConfig>) -> Arc<dyn ClientSessionStore> {
    let name = "server.example".try_into().unwrap();
    let client = ClientConnection::new(Arc::clone(config), name, [0; 32], now()).unwrap();
    symbolon::conn::Connection::session_store(&client).unwrap()
}

pub fn boxed(client: &Arc<ClientConfig>, server: &Arc<ServerConfig>, seed: u8) -> Box<Pair> {
    let name = "server.example".try_into().unwrap();
    clean();
    let client = ClientConnection::new(Arc::clone(client), name, [seed; 32], now()).unwrap();
    let server = ServerConnection::new(Arc::clone(server), [seed + 8; 32], now()).unwrap();
    Box::new(Pair::of(client, server))
}

pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let ends = [
        End::Finished,
        End::Failed(true),
        End::Failed(false),
        End::Abandoned(1),
        End::Abandoned(2),
        End::Abandoned(3),
        End::Abandoned(4),
        End::Resumed(false),
        End::Resumed(true),
    ];
    for end in ends {
        let case = Case {
            version: P::TLS13,
            suite: S::TLS_AES_128_GCM_SHA256,
            group: G::X25519,
            end,
            psk: false,
            half: false,
            code: Code::RustCrypto,
        };
        let suite = S::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;
        cases.push(case);
        cases.push(Case {
            group: G::X25519MLKEM768,
            suite: S::TLS_AES_256_GCM_SHA384,
            ..case
        });
        cases.push(Case {
            group: G::SECP256R1,
            suite: S::TLS_CHACHA20_POLY1305_SHA256,
            ..case
        });
        cases.push(Case {
            version: P::TLS12,
            suite,
            ..case
        });
        cases.push(Case {
            version: P::TLS12,
            suite: S::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
            group: G::SECP384R1,
            ..case
        });
        if !matches!(end, End::Resumed(_)) {
            cases.push(Case { psk: true, ..case });
        }
    }
    cases
}

/// The private keys of the certificates, as numbers.
pub fn signing_keys(world: &World, needles: &mut Needles) {
    for key in [&world.client.1, &world.server.1] {
        for (name, number) in numbers(key.secret_der()) {
            for window in [&number[..12], &number[number.len() - 12..]] {
                let backwards: Vec<u8> = window.iter().rev().copied().collect();
                needles.insert(window.to_vec(), name.into());
                needles.insert(backwards, format!("{name}, backwards"));
            }
        }
    }
}

/// The secret numbers of a private key, with their names.
fn numbers(der: &[u8]) -> Vec<(&'static str, &[u8])> {
    // An ECPrivateKey: INTEGER 1, then an OCTET STRING of 32 bytes.
    if let Some(at) = der.windows(5).position(|w| w == [2, 1, 1, 4, 32]) {
        return vec![("signing key", &der[at + 5..at + 37])];
    }
    // An RSAPrivateKey: a SEQUENCE of more than 255 bytes with INTEGER 0 at its front.
    let version = der
        .windows(7)
        .position(|w| w[..2] == [0x30, 0x82] && w[4..] == [2, 1, 0]);
    // The second of them is in the PKCS#8 structure.
    let first = version.unwrap() + 7;
    let second = der[first..]
        .windows(7)
        .position(|w| w[..2] == [0x30, 0x82] && w[4..] == [2, 1, 0]);
    let mut rest = &der[first + second.unwrap() + 7..];
    let mut integers = vec![];
    while let [2, tail @ ..] = rest {
        let (len, tail) = match tail {
            [0x82, high, low, tail @ ..] => (usize::from(*high) << 8 | usize::from(*low), tail),
            [0x81, len, tail @ ..] | [len, tail @ ..] => (usize::from(*len), tail),
            [] => break,
        };
        let (integer, tail) = tail.split_at(len);
        integers.push(integer.strip_prefix(&[0]).unwrap_or(integer));
        rest = tail;
    }
    let names = [
        "n", "e", "RSA d", "RSA p", "RSA q", "RSA dp", "RSA dq", "RSA qinv",
    ];
    assert_eq!(integers.len(), names.len());
    names.into_iter().zip(integers).skip(2).collect()
}

#[test]
fn freed_blocks_hold_no_secret() {
    let world = World::new();
    let mut wrong = Vec::new();
    for case in cases() {
        let mut needles = known(&world, case);
        assert!(
            needles.len() > 10 || matches!(case.end, End::Abandoned(1)),
            "{case:?}"
        );
        signing_keys(&world, &mut needles);
        let scanner = Scanner::new(&needles);
        let mut found = on_clean_stack(|| scanning(scanner, || run(&world, case)));
        found.sort();
        found.dedup();
        println!("{case:?}: {} needles", scanner.count);
        for found in found {
            wrong.push(format!("{case:?}: {found}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What would be found if something weren't wiped.
#[test]
fn the_scanner_sees_what_is_not_wiped() {
    let world = World::new();
    let case = cases()[0];
    let needles = known(&world, case);
    let scanner = Scanner::new(&needles);
    for (needle, name) in &needles {
        let copy = [&[1, 2, 3][..], needle].concat();
        let found = scanning(scanner, || drop(black_box(copy)));
        assert!(
            found.iter().any(|found| found.starts_with(name.as_str())),
            "{name}"
        );
        // A vector that grows leaves its old block.
        let mut grows = needle.clone();
        grows.shrink_to_fit();
        let found = scanning(scanner, || black_box(&mut grows).reserve(1 << 12));
        assert!(!found.is_empty());
    }
}

/// Scans a connection where it has always been, before and after its drop: how many different secrets.
///
/// # Safety
/// It isn't used any more.
unsafe fn storage<C>(connection: *mut C, scanner: &'static Scanner) -> (usize, Vec<String>) {
    let scan = || {
        // SAFETY: it lies in a block that was zeroed before, so that all of its bytes, padding too, have
        // been written to.
        let bytes = unsafe { std::slice::from_raw_parts(connection.cast::<u8>(), size_of::<C>()) };
        let mut found: Vec<_> = scanner
            .scan(black_box(bytes))
            .map(|(_, name)| name.to_owned())
            .collect();
        found.sort();
        found.dedup();
        found
    };
    let before = scan().len();
    // SAFETY: the caller's promise.
    unsafe { std::ptr::drop_in_place(connection) };
    (before, scan())
}

/// The same for both connections of a case; how much was seen before.
fn in_place(world: &World, case: Case, scanner: &'static Scanner) -> usize {
    let (client, server) = configs(world, case);
    let mut pair = boxed(&client, &server, 1);
    match case.end {
        End::Abandoned(turns) => {
            self::turns(&mut pair, turns);
        }
        _ => {
            handshake(&mut pair);
        }
    }
    // Moved, they would leave copies behind.
    let pair = Box::leak(pair);
    let mut seen = 0;
    // SAFETY: nobody has the pair.
    let found = unsafe {
        [
            storage(&raw mut pair.client.connection, scanner),
            storage(&raw mut pair.server.connection, scanner),
        ]
    };
    for (before, after) in found {
        seen += before;
        assert_eq!(after, Vec::<String>::new(), "{case:?}");
    }
    seen
}

#[test]
fn connections_leave_nothing_where_they_were() {
    let world = World::new();
    let mut seen = 0;
    for case in cases() {
        let needles = known(&world, case);
        let scanner = Scanner::new(&needles);
        let scan = || in_place(&world, case, scanner);
        seen += on_clean_stack(scan);
    }
    // The control: what was found as long as the connections lived.
    assert!(seen > 50, "{seen}");
}

/// A world whose keys are RSA's.
pub fn rsa_world() -> World {
    let World { pki, .. } = World::new();
    let server = pki.leaf(&["server.example"], KeyKind::Rsa2048);
    let client = pki.client("client", KeyKind::Rsa2048);
    World {
        pki,
        server,
        client,
    }
}

/// What the list of [`freed_blocks_hold_no_secret`] leaves out: RSA, and the fast provider.
pub fn other_cases(code: Code, rsa: bool) -> Vec<Case> {
    let suite = match rsa {
        true => S::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        false => S::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    };
    let mut cases = Vec::new();
    for end in [
        End::Finished,
        End::Failed(true),
        End::Failed(false),
        End::Abandoned(2),
        End::Abandoned(3),
        End::Resumed(false),
    ] {
        let case = Case {
            version: P::TLS13,
            suite: S::TLS_AES_128_GCM_SHA256,
            group: G::X25519,
            end,
            psk: false,
            half: false,
            code,
        };
        cases.push(case);
        cases.push(Case {
            group: G::X25519MLKEM768,
            suite: S::TLS_AES_256_GCM_SHA384,
            ..case
        });
        cases.push(Case {
            version: P::TLS12,
            suite,
            group: G::SECP256R1,
            ..case
        });
    }
    cases
}

/// How often each secret was found in a block of what size that was freed.
fn left_in_blocks(world: &World, cases: Vec<Case>) -> BTreeMap<String, usize> {
    let mut left = BTreeMap::new();
    for case in cases {
        let keep = || keeping(case.version == P::TLS12, || run(world, case));
        let (mut needles, blocks) = on_clean_stack(keep);
        signing_keys(world, &mut needles);
        let scanner = Scanner::new(&needles);
        assert!(blocks.len() > 100 && scanner.count > 10, "{case:?}");
        for block in blocks {
            for (_, name) in scanner.scan(&block) {
                let what = format!("{name}, in {} bytes", block.len());
                *left.entry(what).or_default() += 1;
            }
        }
    }
    left
}

/// RSA, and the fast provider: what is found stands in the README.
#[test]
fn what_others_leave_in_freed_blocks() {
    let (ecdsa, rsa) = (World::new(), rsa_world());
    let kinds = [
        (&rsa, Code::RustCrypto, true),
        #[cfg(feature = "fast")]
        (&ecdsa, Code::Fast, false),
        #[cfg(feature = "fast")]
        (&rsa, Code::Fast, true),
    ];
    for (world, code, is_rsa) in kinds {
        let left = left_in_blocks(world, other_cases(code, is_rsa));
        println!("{code:?}, RSA {is_rsa}:");
        for (what, count) in &left {
            println!("  {what}: {count} times");
        }
        // Both providers read RSA keys with the crate `rsa`: the moduli of its Montgomery forms, which are the
        // primes, aren't wiped.
        let prime = |what: &str| what.starts_with("RSA p,") || what.starts_with("RSA q,");
        // Counter blocks of RustCrypto's AES-GCM, copied from the stack with unused bytes of the
        // handshake's context.
        let counter = |what: &str| code == Code::RustCrypto && what.starts_with("iv, ");
        let others = left.keys().filter(|what| !prime(what) && !counter(what));
        assert_eq!(others.collect::<Vec<_>>(), Vec::<&String>::new());
        assert_eq!(left.keys().any(|what| prime(what)), is_rsa);
    }
    // This way of looking finds nothing more than the other.
    let own = left_in_blocks(&ecdsa, other_cases(Code::RustCrypto, false));
    assert_eq!(own, BTreeMap::new());
}
