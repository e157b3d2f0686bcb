//! What a seed stands for: two configs, what goes wrong, and what the applications do.

use crate::common::fake::FAKE;
use crate::dice::{Dice, trace};
use crate::hands::{self, Hands, Log, WORLD};
use crate::wire::{Fault, KINDS};
use std::sync::Arc;
use symbolon::codepoint::*;
use symbolon::config::*;
use symbolon::record::Padding;

/// What a run is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flavour {
    /// Nothing goes wrong.
    Clean,
    /// Something happens on the wire.
    Wire,
    /// The configs don't fit.
    Mismatch(Mismatch),
    /// An application answers as it should not.
    Answers,
    /// An application gives up, early or late.
    Leaves,
}

/// What doesn't fit: a handshake is impossible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mismatch {
    Versions,
    Suites,
    Groups,
    Alpn,
    NoClientCertificate,
    ClientRefuses,
    ServerRefuses,
    ServerSigner,
    ClientSigner,
    Psk,
    SmallLimits,
}

pub const MISMATCHES: [Mismatch; 11] = [
    Mismatch::Versions,
    Mismatch::Suites,
    Mismatch::Groups,
    Mismatch::Alpn,
    Mismatch::NoClientCertificate,
    Mismatch::ClientRefuses,
    Mismatch::ServerRefuses,
    Mismatch::ServerSigner,
    Mismatch::ClientSigner,
    Mismatch::Psk,
    Mismatch::SmallLimits,
];

/// An answer other than the right one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sabotage {
    /// With this alert.
    Refuse(AlertDescription),
    /// The negative answer of its kind: no certificate, not trusted, no key, a bad signature.
    No,
}

/// How bytes arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    All,
    /// So many at a time.
    Pieces(usize),
    /// Up to so many.
    Random(usize),
    /// Just as many as were asked for.
    AsAsked,
}

/// How large sinks are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sinks {
    Growing,
    /// Less than this, and now and then what was asked for.
    Below(usize),
    /// Nothing, until room is asked for; then exactly that.
    AsAsked,
}

/// How an end finishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finale {
    /// By close_notify, as soon as all is sent.
    Close,
    /// When the peer has closed.
    After,
    /// It is gone, without a word.
    Vanish,
}

/// What one end does and is done to.
#[derive(Clone, Debug)]
pub struct Acts {
    /// The sizes of what it sends.
    pub sends: Vec<usize>,
    pub key_updates: usize,
    pub splits: bool,
    pub finale: Finale,
    /// It closes at this step, or is gone if `vanishes`.
    pub leaves: Option<(usize, bool)>,
    /// How many steps an answer takes.
    pub delay: usize,
    /// Answers of the wrong kind are tried.
    pub wrong_kind: bool,
    /// The request of this number is answered so.
    pub sabotage: Option<(usize, Sabotage)>,
    pub arrival: Arrival,
    pub sinks: Sinks,
}

pub struct Plan {
    pub flavour: Flavour,
    pub client: Arc<ClientConfig>,
    pub server: Arc<ServerConfig>,
    /// The server learns its config from the ClientHello.
    pub undecided: bool,
    /// Client's and server's.
    pub hands: [Arc<Hands>; 2],
    pub logs: Option<[Arc<Log>; 2]>,
    pub resumes: bool,
    pub early_data: usize,
    pub faults: [Vec<Fault>; 2],
    pub acts: [Acts; 2],
    /// Keys wear out and can't be replaced (TLS 1.2).
    pub wears: bool,
}

const FLAVOURS: [usize; 5] = [25, 45, 10, 10, 10];

fn flavour(dice: &mut Dice) -> Flavour {
    let mut at = dice.below(100);
    let mut index = 0;
    while at >= FLAVOURS[index] {
        at -= FLAVOURS[index];
        index += 1;
    }
    match index {
        0 => Flavour::Clean,
        1 => Flavour::Wire,
        2 => Flavour::Mismatch(dice.pick(&MISMATCHES)),
        3 => Flavour::Answers,
        _ => Flavour::Leaves,
    }
}

const V13: ProtocolVersion = ProtocolVersion::TLS13;
const V12: ProtocolVersion = ProtocolVersion::TLS12;

/// The versions of client and server.
fn versions(dice: &mut Dice, flavour: Flavour) -> [&'static [ProtocolVersion]; 2] {
    if flavour == Flavour::Mismatch(Mismatch::Versions) {
        return dice.pick(&[[&[V13] as &[_], &[V12]], [&[V12], &[V13]]]);
    }
    dice.pick(&[
        [&[V13, V12] as &[_], &[V13, V12] as &[_]],
        [&[V13], &[V13]],
        [&[V13], &[V13, V12]],
        [&[V12], &[V12]],
        [&[V13, V12], &[V12]],
        [&[V12], &[V13, V12]],
    ])
}

const AES_256: &[CipherSuite] = &[
    CipherSuite::TLS_AES_256_GCM_SHA384,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    CipherSuite::TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256,
];
const CHACHA: &[CipherSuite] = &[
    CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    CipherSuite::TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256,
];
const CCM_8: &[CipherSuite] = &[
    CipherSuite::TLS_AES_128_CCM_8_SHA256,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8,
];

/// What both configs have of the same setters.
macro_rules! common {
    ($builder:expr, $dice:expr, $tls13:expr) => {{
        let dice = &mut *$dice;
        let mut builder = $builder.provider(FAKE);
        if dice.one_in(8) {
            builder = builder.record_size_limit(dice.pick(&[64, 65, 100, 512, 1000, 16_385]));
        }
        builder = match dice.below(800) {
            0..80 => builder.padding(Padding::ToMultipleOf(dice.pick(&[2, 64, 255, 1024]))),
            80..88 => builder.padding(Padding::Full),
            _ => builder,
        };
        if $tls13 && dice.one_in(6) {
            builder = builder.key_limit(8 + dice.below(16) as u64);
        }
        builder
            .require_extended_master_secret(!dice.one_in(3))
            .psk_without_key_exchange(dice.one_in(3))
    }};
}

/// A hand's requests that surface.
fn later(dice: &mut Dice) -> u32 {
    match dice.below(3) {
        0 => 0,
        1 => u32::MAX,
        _ => dice.next() as u32,
    }
}

fn credential(dice: &mut Dice, later: u32, kind: usize) -> Arc<Credential> {
    match later != 0 && dice.one_in(2) {
        true => WORLD.external[kind].clone(),
        false => WORLD.local[kind].clone(),
    }
}

impl Plan {
    pub fn new(dice: &mut Dice) -> Self {
        let flavour = flavour(dice);
        let mismatch = match flavour {
            Flavour::Mismatch(mismatch) => Some(mismatch),
            _ => None,
        };
        let [client_versions, server_versions] = versions(dice, flavour);
        let shared =
            |version| client_versions.contains(&version) && server_versions.contains(&version);
        let tls13 = shared(V13);
        let only12 = !tls13;

        // Whose signature, and by whom.
        let suites = dice.pick(&[None, None, Some(AES_256), Some(CHACHA), Some(CCM_8)]);
        // By default those with a PSK are preferred.
        let suites = suites.filter(|_| mismatch != Some(Mismatch::Psk));
        let kind = if suites == Some(CCM_8) {
            0
        } else {
            dice.below(3)
        };
        let laters = [later(dice), later(dice)];
        let mut client_credential = None;
        let auth = dice.below(3);
        if dice.one_in(2) || auth == 2 {
            let kind = dice.below(3);
            client_credential = Some(credential(dice, laters[0], kind));
        }
        let mut server_credential = credential(dice, laters[1], kind);
        let auth = match mismatch {
            Some(Mismatch::NoClientCertificate) => {
                client_credential = None;
                2
            }
            Some(Mismatch::ServerRefuses) => {
                client_credential = Some(credential(dice, laters[0], 0));
                2
            }
            Some(Mismatch::ClientSigner) => {
                client_credential = Some(WORLD.failing[dice.below(3)].clone());
                2
            }
            Some(Mismatch::ServerSigner) => {
                server_credential = WORLD.failing[kind].clone();
                auth
            }
            _ => auth,
        };
        let psk = match mismatch {
            None => dice.one_in(6),
            Some(mismatch) => mismatch == Mismatch::Psk,
        };
        let sessions = mismatch.is_none() && !psk && dice.one_in(3);
        let mut server_psks = Vec::new();
        if psk {
            server_psks = match mismatch {
                None => WORLD.psks.clone(),
                Some(_) => WORLD.wrong_psks.clone(),
            };
        }
        let hands = [
            Arc::new(Hands {
                later: laters[0],
                credential: client_credential.clone(),
                refuses: mismatch == Some(Mismatch::ClientRefuses),
                ..Hands::default()
            }),
            Arc::new(Hands {
                later: laters[1],
                credential: Some(server_credential),
                refuses: mismatch == Some(Mismatch::ServerRefuses),
                psks: server_psks,
                ..Hands::default()
            }),
        ];

        let wears = only12 && dice.one_in(6);
        let mut client = common!(ClientConfig::builder(), dice, tls13 && !shared(V12))
            .versions(client_versions)
            .verifier(hands[0].clone())
            .credentials(hands[0].clone())
            .grease(dice.one_in(2))
            .middlebox_compatibility(!dice.one_in(3))
            .server_name(!dice.one_in(4))
            .early_data(sessions && !dice.one_in(4));
        let mut server = common!(ServerConfig::builder(), dice, tls13 && !shared(V12))
            .versions(server_versions)
            .credentials(hands[1].clone())
            .prefer_client_suites(dice.one_in(2))
            .retry(dice.pick(&[
                RetryPolicy::WhenNoShareFits,
                RetryPolicy::ForHybrid,
                RetryPolicy::ForPreferred,
            ]))
            .client_auth(match auth {
                0 => ClientAuth::None,
                1 => ClientAuth::Optional(hands[1].clone()),
                _ => ClientAuth::Required(hands[1].clone()),
            });
        if wears {
            server = server.key_limit(8);
        }
        if let Some(suites) = suites.filter(|_| mismatch != Some(Mismatch::Suites)) {
            client = client.cipher_suites(suites);
            server = server.cipher_suites(suites);
            // No version may be lost.
            client = client.versions(client_versions);
            server = server.versions(server_versions);
        }
        if mismatch == Some(Mismatch::Suites) {
            client = client.cipher_suites(CHACHA);
            server = server.cipher_suites(AES_256);
        }
        (client, server) = groups(dice, client, server, mismatch);
        (client, server) = alpn(dice, client, server, mismatch);
        if psk {
            client = client.psk(WORLD.psks[0].clone()).psk(WORLD.psks[1].clone());
            server = server.psks(hands[1].clone());
        }
        if sessions {
            server = match dice.one_in(2) {
                true => server.sessions(
                    StatelessSessions::new(hands[1].clone()).early_data(4096, hands[1].clone()),
                ),
                false => server.sessions(StatefulSessions::new(hands[1].clone()).early_data(4096)),
            };
        }
        if dice.one_in(8) {
            client = client.ticket_request(dice.below(4) as u8, dice.below(4) as u8);
        }
        if mismatch == Some(Mismatch::SmallLimits) {
            let mut limits = Limits::default();
            match dice.below(3) {
                0 => limits.flight_records = 1,
                1 => limits.client_hello = 64,
                _ => limits.other_message = 16,
            }
            server = server.limits(limits);
        }
        let undecided = dice.one_in(6);
        let mut logs = None;
        // An undecided server has no observer for the ClientHello.
        if dice.one_in(2) && !undecided {
            let both = [Arc::new(Log::default()), Arc::new(Log::default())];
            client = client.observer(both[0].clone());
            server = server.observer(both[1].clone());
            logs = Some(both);
        }
        let acts = [
            Acts::new(dice, flavour, tls13),
            Acts::new(dice, flavour, tls13),
        ];
        let this = Self {
            flavour,
            client: client.build().expect("a client's config"),
            server: server.build().expect("a server's config"),
            undecided,
            hands,
            logs,
            resumes: sessions,
            early_data: dice.pick(&[0, 1, 100, 3000]),
            faults: faults(dice, flavour),
            acts,
            wears,
        };
        trace!(
            "{flavour:?}; client {client_versions:?}, server {server_versions:?}, key {:?}, suites {suites:?}, \
             client auth {auth}, client certificate {}, psk {psk}, sessions {sessions}, later {laters:x?}",
            hands::KINDS[kind],
            client_credential.is_some(),
        );
        trace!(
            "faults to the server {:?}, to the client {:?}",
            this.faults[0], this.faults[1]
        );
        trace!("client {:?}", this.acts[0]);
        trace!("server {:?}", this.acts[1]);
        this
    }

    /// The same without what goes wrong, for the connection that a session comes from.
    pub fn quiet(&self) -> Self {
        let acts = || Acts {
            sends: vec![],
            key_updates: 0,
            splits: false,
            finale: Finale::Close,
            leaves: None,
            delay: 0,
            wrong_kind: false,
            sabotage: None,
            arrival: Arrival::All,
            sinks: Sinks::Growing,
        };
        Self {
            flavour: Flavour::Clean,
            client: self.client.clone(),
            server: self.server.clone(),
            undecided: false,
            hands: self.hands.clone(),
            logs: None,
            resumes: false,
            early_data: 0,
            faults: [vec![], vec![]],
            acts: [acts(), acts()],
            wears: self.wears,
        }
    }

    /// Whether the handshake must succeed, and all data arrive.
    pub fn must_succeed(&self) -> bool {
        self.flavour == Flavour::Clean
    }

    /// Whether it can't.
    pub fn must_fail(&self) -> bool {
        matches!(self.flavour, Flavour::Mismatch(mismatch) if mismatch != Mismatch::SmallLimits)
    }
}

impl Acts {
    fn new(dice: &mut Dice, flavour: Flavour, tls13: bool) -> Self {
        let sends = (0..dice.below(4)).map(|_| match dice.below(400) {
            0 => 20_000,
            1..60 => 1 + dice.below(2000),
            _ => 1 + dice.below(100),
        });
        let sends = sends.collect();
        let sabotage = dice.pick(&[
            Sabotage::No,
            Sabotage::No,
            Sabotage::Refuse(AlertDescription::ACCESS_DENIED),
            Sabotage::Refuse(AlertDescription::INTERNAL_ERROR),
        ]);
        let leaves = (flavour == Flavour::Leaves && dice.one_in(2))
            .then(|| (dice.below(25), dice.one_in(2)));
        Self {
            sends,
            key_updates: if tls13 && dice.one_in(3) {
                1 + dice.below(4)
            } else {
                0
            },
            splits: dice.one_in(4),
            finale: match dice.below(8) {
                0 if flavour != Flavour::Clean => Finale::Vanish,
                1..3 => Finale::After,
                _ => Finale::Close,
            },
            leaves,
            delay: dice.pick(&[0, 0, 1, 5]),
            wrong_kind: dice.one_in(4),
            sabotage: (flavour == Flavour::Answers).then(|| (dice.below(3), sabotage)),
            arrival: match dice.below(64) {
                // This takes as long as all others together.
                0 => Arrival::Pieces(1),
                1..5 => Arrival::Pieces(2 + dice.below(200)),
                5..10 => Arrival::Random(dice.pick(&[6, 100, 700])),
                10..20 => Arrival::AsAsked,
                _ => Arrival::All,
            },
            sinks: match dice.below(6) {
                0 => Sinks::Below(dice.pick(&[2, 10, 40, 100, 300, 600])),
                1 => Sinks::AsAsked,
                _ => Sinks::Growing,
            },
        }
    }
}

fn groups(
    dice: &mut Dice,
    client: ClientConfigBuilder,
    server: ServerConfigBuilder,
    mismatch: Option<Mismatch>,
) -> (ClientConfigBuilder, ServerConfigBuilder) {
    use NamedGroup as G;
    if mismatch == Some(Mismatch::Groups) {
        let client = client.groups(&[G::SECP384R1, G::SECP256R1]);
        return (client, server.groups(&[G::X25519, G::X25519MLKEM768]));
    }
    // The curve of the certificates is among them (RFC 8422 5.1).
    let (offered, shares): (&[_], &[Option<&[_]>]) = dice.pick(&[
        (
            &[G::X25519MLKEM768, G::X25519, G::SECP256R1, G::SECP384R1],
            &[
                None,
                Some(&[]),
                Some(&[G::X25519]),
                Some(&[G::X25519MLKEM768, G::SECP384R1]),
            ],
        ),
        (
            &[G::X25519, G::SECP256R1],
            &[None, Some(&[G::SECP256R1, G::X25519]), Some(&[])],
        ),
        (&[G::SECP256R1, G::X25519], &[None]),
    ]);
    let mut client = client.groups(offered);
    if let Some(shares) = dice.pick(shares) {
        client = client.key_shares(shares);
    }
    let has: &[_] = dice.pick(&[
        &[G::X25519MLKEM768, G::X25519, G::SECP256R1, G::SECP384R1] as &[_],
        &[G::X25519, G::SECP256R1],
        &[G::SECP256R1],
        &[G::SECP384R1, G::X25519],
    ]);
    (client, server.groups(has))
}

fn alpn(
    dice: &mut Dice,
    client: ClientConfigBuilder,
    server: ServerConfigBuilder,
    mismatch: Option<Mismatch>,
) -> (ClientConfigBuilder, ServerConfigBuilder) {
    if mismatch == Some(Mismatch::Alpn) {
        return (client.alpn(["h2"]), server.alpn(["http/1.1"]));
    }
    match dice.below(5) {
        0 => (client.alpn(["h2", "http/1.1"]), server.alpn(["http/1.1"])),
        1 => (
            client.alpn(["h2", "http/1.1"]),
            server.alpn(["http/1.1", "h2"]),
        ),
        2 => (client.alpn(["h2"]), server),
        3 => (client, server.alpn(["h2"])),
        _ => (client, server),
    }
}

fn faults(dice: &mut Dice, flavour: Flavour) -> [Vec<Fault>; 2] {
    let mut found = [vec![], vec![]];
    if flavour != Flavour::Wire {
        return found;
    }
    for _ in 0..dice.pick(&[1, 1, 1, 2, 4]) {
        let record = match dice.one_in(4) {
            true => dice.below(20),
            false => dice.below(6),
        };
        found[dice.below(2)].push(Fault {
            kind: dice.pick(KINDS),
            record,
            random: dice.next(),
        });
    }
    found
}
