//! The libraries that are compared, behind one interface.

mod openssl;
mod ours;
mod purecrypto;
mod rustls;

pub use ours::{Provider, check_choice};

use crate::chain::{Chain, Keys};
use crate::pairs::PAIRS;
use std::collections::VecDeque;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    Tls12,
    Tls13,
}

/// What kind of connection is made.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// For the command line and for machines.
    pub id: &'static str,
    pub title: &'static str,
    pub version: Version,
    /// X25519MLKEM768 rather than X25519.
    pub hybrid: bool,
    pub keys: Keys,
    /// By a ticket, which is replaced by a new one where the protocol does so: one at a time.
    pub resumed: bool,
    /// ChaCha20-Poly1305 rather than AES-128-GCM.
    pub chacha: bool,
}

const ECDSA_13: Scenario = Scenario {
    id: "1.3-ecdsa",
    title: "1.3 full, ECDSA P-256, X25519",
    version: Version::Tls13,
    hybrid: false,
    keys: Keys::EcdsaP256,
    resumed: false,
    chacha: false,
};

/// The full handshake that most servers of today make.
pub const FULL: Scenario = ECDSA_13;

/// The same with ChaCha20-Poly1305.
pub const CHACHA: Scenario = Scenario {
    id: "1.3-chacha",
    title: "1.3 full, ChaCha20-Poly1305",
    chacha: true,
    ..ECDSA_13
};

pub const SCENARIOS: [Scenario; 6] = [
    ECDSA_13,
    Scenario {
        id: "1.3-hybrid",
        title: "1.3 full, ECDSA P-256, X25519MLKEM768",
        hybrid: true,
        ..ECDSA_13
    },
    Scenario {
        id: "1.3-rsa",
        title: "1.3 full, RSA-2048, X25519",
        keys: Keys::Rsa2048,
        ..ECDSA_13
    },
    Scenario {
        id: "1.3-resumed",
        title: "1.3 resumed, X25519",
        resumed: true,
        ..ECDSA_13
    },
    Scenario {
        id: "1.2-ecdsa",
        title: "1.2 full, ECDSA P-256, X25519",
        version: Version::Tls12,
        ..ECDSA_13
    },
    Scenario {
        id: "1.2-resumed",
        title: "1.2 resumed",
        version: Version::Tls12,
        resumed: true,
        ..ECDSA_13
    },
];

impl Scenario {
    /// What a connection of this kind must come to.
    fn suite(&self) -> u16 {
        match (self.version, self.keys, self.chacha) {
            (Version::Tls13, _, false) => 0x1301,
            (Version::Tls13, _, true) => 0x1303,
            (Version::Tls12, Keys::EcdsaP256, _) => 0xc02b,
            (Version::Tls12, Keys::Rsa2048, _) => 0xc02f,
        }
    }

    /// Fails if something else was negotiated.
    pub fn check(&self, library: &str, facts: Facts) {
        let expected = Facts {
            version: match self.version {
                Version::Tls12 => 0x0303,
                Version::Tls13 => 0x0304,
            },
            suite: self.suite(),
            resumed: self.resumed,
        };
        assert_eq!(facts, expected, "{library}: {}", self.title);
    }
}

/// What was negotiated, by code points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    pub version: u16,
    pub suite: u16,
    pub resumed: bool,
}

/// A library, and how it is set up for all its connections.
pub trait Library {
    fn name(&self) -> &'static str;

    /// For the command line.
    fn id(&self) -> String {
        self.name()
            .to_lowercase()
            .replace(", ", "-")
            .replace(' ', "-")
    }

    /// Of whose code this is.
    fn version(&self) -> String;

    /// Both ends' configs; `None` if the library lacks something that the scenario asks for.
    fn ends(&self, scenario: &Scenario, chain: &Chain) -> Option<Box<dyn Ends>>;

    /// Whether it is there to be compared with.
    fn is_peer(&self) -> bool {
        true
    }
}

/// What connections of one kind are made from.
pub trait Ends {
    /// Makes ready for one more client what the library wants as part of a config, and what is to be
    /// new for each. Its time isn't counted.
    fn prepare(&mut self) {}

    /// The next client: a session is taken out where the scenario resumes one.
    fn client(&mut self) -> Box<dyn Side>;

    fn server(&mut self) -> Box<dyn Side>;
}

/// One end of a connection.
pub trait Side {
    /// Takes all of `input`, leaves it empty, and adds to `output`.
    fn turn(&mut self, input: &mut Vec<u8>, output: &mut Vec<u8>);

    /// What was negotiated; fails if the handshake isn't done.
    fn facts(&self) -> Facts;

    /// Sends data as users of the library do by default.
    fn send(&mut self, data: &[u8], output: &mut Vec<u8>);

    /// Takes all of `input`, leaves it empty; how many bytes of data were in it.
    fn receive(&mut self, input: &mut Vec<u8>) -> usize;

    /// Makes records of pieces of this many bytes where they lie in `buffer`, each with room for
    /// what a record adds, until its end; `false` if the library can't. The records have no gaps.
    fn seal_in_place(&mut self, _buffer: &mut [u8], _piece: usize) -> bool {
        false
    }
}

/// What TLS 1.3 adds to a record: header, type, tag.
pub const RECORD_OVERHEAD: usize = 5 + 1 + 16;

/// All of them. The first is the one that the marks are about.
pub fn all() -> Vec<Box<dyn Library>> {
    vec![
        Box::new(ours::Symbolon::new(Provider::Fast, ours::Memo::Cold)),
        Box::new(ours::Symbolon::new(Provider::Fast, ours::Memo::Warm)),
        Box::new(ours::Symbolon::new(Provider::RustCrypto, ours::Memo::Cold)),
        Box::new(rustls::Rustls::AwsLcRs),
        Box::new(rustls::Rustls::Ring),
        Box::new(openssl::OpenSsl),
        Box::new(purecrypto::PureCrypto),
    ]
}

/// The names of [`all`].
pub mod names {
    pub const FAST: &str = "symbolon";
    pub const WARM: &str = "symbolon, warm memo";
    pub const PORTABLE: &str = "symbolon, RustCrypto";
    pub const AWS_LC_RS: &str = "rustls, aws-lc-rs";
    pub const RING: &str = "rustls, ring";
    pub const OPENSSL: &str = "OpenSSL";
    pub const PURECRYPTO: &str = "purecrypto";
}

/// Keeps this, and as many of those before it as may be in use.
fn keep<T>(kept: &mut VecDeque<T>, new: T) {
    kept.push_back(new);
    if kept.len() > 4 * PAIRS {
        kept.pop_front();
    }
}

/// The version of a crate among this package's dependencies.
fn locked_version(name: &str) -> String {
    const LOCK: &str = include_str!("../../Cargo.lock");
    let after = LOCK
        .split(&format!("name = \"{name}\"\nversion = \""))
        .nth(1);
    let version = after.and_then(|text| text.split('"').next());
    format!("{name} {}", version.unwrap_or("of an unknown version"))
}
