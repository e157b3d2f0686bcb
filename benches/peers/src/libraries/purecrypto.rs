//! purecrypto, another library that is Rust throughout.
//!
//! The server's name, and the session to resume, are parts of its config: a client's config is made
//! before the time begins.

use super::{Ends, Facts, Library, Scenario, Side, Version, keep, names};
use crate::chain::{Chain, Keys, NAME};
use ::purecrypto::ec::BoxedEcdsaPrivateKey;
use ::purecrypto::rng::OsRng;
use ::purecrypto::rsa::BoxedRsaPrivateKey;
use ::purecrypto::tls::{
    Config, ConfigBuilder, Connection, NamedGroup, ProtocolVersion, ResumptionSession,
    RootCertStore, SigningKey,
};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

pub struct PureCrypto;

impl Library for PureCrypto {
    fn name(&self) -> &'static str {
        names::PURECRYPTO
    }

    fn version(&self) -> String {
        super::locked_version("purecrypto")
    }

    fn ends(&self, scenario: &Scenario, chain: &Chain) -> Option<Box<dyn Ends>> {
        let key = match chain.keys {
            Keys::EcdsaP256 => SigningKey::Ecdsa(
                BoxedEcdsaPrivateKey::from_pkcs8_der(&chain.key).expect("it is a key"),
            ),
            Keys::Rsa2048 => SigningKey::Rsa(
                BoxedRsaPrivateKey::from_pkcs8_der(&chain.key).expect("it is a key"),
            ),
        };
        let certificates = chain.certificates.iter().map(|der| der.to_vec()).collect();
        let mut server = builder(scenario).identity(certificates, key);
        if scenario.resumed {
            server = server.ticket_key([7; 32]);
        }
        Some(Box::new(Configs {
            scenario: *scenario,
            root: chain.root.to_vec(),
            clients: VecDeque::new(),
            kept: VecDeque::new(),
            server: server.build(),
            sessions: Rc::default(),
        }))
    }
}

fn builder(scenario: &Scenario) -> ConfigBuilder {
    let version = match scenario.version {
        Version::Tls12 => ProtocolVersion::TLSv1_2,
        Version::Tls13 => ProtocolVersion::TLSv1_3,
    };
    let groups: &[NamedGroup] = match (scenario.version, scenario.hybrid) {
        (Version::Tls12, _) => &[NamedGroup::X25519, NamedGroup::Secp256r1],
        (Version::Tls13, false) => &[NamedGroup::X25519],
        (Version::Tls13, true) => &[NamedGroup::X25519MlKem768],
    };
    Config::builder()
        .rng(Arc::new(OsRng))
        .tls_only()
        .versions(version, version)
        .cipher_suites(&[scenario.suite()])
        .key_exchange_groups(groups)
        .key_shares(&groups[..1])
}

type Sessions = Rc<RefCell<Vec<ResumptionSession>>>;

struct Configs {
    scenario: Scenario,
    root: Vec<u8>,
    clients: VecDeque<Rc<Config>>,
    /// The newest, so that none is freed while its client is measured.
    kept: VecDeque<Rc<Config>>,
    server: Config,
    sessions: Sessions,
}

impl Ends for Configs {
    fn prepare(&mut self) {
        let mut roots = RootCertStore::new();
        roots.add_der(self.root.clone()).expect("it is a root");
        let mut config = builder(&self.scenario).roots(roots).server_name(NAME);
        let mut sessions = self.sessions.borrow_mut();
        let session = match self.scenario.version {
            // Used again: no new one comes.
            Version::Tls12 => sessions.last().cloned(),
            Version::Tls13 => sessions.pop(),
        };
        if let Some(session) = session {
            config = config.resumption_session(session);
        }
        let config = Rc::new(config.build());
        keep(&mut self.kept, Rc::clone(&config));
        self.clients.push_back(config);
    }

    fn client(&mut self) -> Box<dyn Side> {
        let config = self.clients.pop_front().expect("it was prepared");
        Box::new(End {
            connection: Connection::client(&config).expect("it begins"),
            sessions: self.scenario.resumed.then(|| Rc::clone(&self.sessions)),
        })
    }

    fn server(&mut self) -> Box<dyn Side> {
        Box::new(End {
            connection: Connection::server(&self.server).expect("it begins"),
            sessions: None,
        })
    }
}

struct End {
    connection: Connection,
    sessions: Option<Sessions>,
}

impl Side for End {
    fn turn(&mut self, input: &mut Vec<u8>, output: &mut Vec<u8>) {
        if !input.is_empty()
            && let Err(error) = self.connection.feed(input)
        {
            panic!("purecrypto: {error:?}");
        }
        input.clear();
        while self.connection.pop_into(output).expect("it works") > 0 {}
        if let Some(sessions) = &self.sessions
            && self.connection.is_handshake_complete()
            && let Some(session) = self.connection.take_session()
        {
            sessions.borrow_mut().push(session);
        }
    }

    fn facts(&self) -> Facts {
        let done = self.connection.is_handshake_complete();
        assert!(done, "purecrypto isn't done");
        Facts {
            version: match self.connection.negotiated_version() {
                Some(ProtocolVersion::TLSv1_3) => 0x0304,
                Some(ProtocolVersion::TLSv1_2) => 0x0303,
                _ => 0,
            },
            suite: self.connection.negotiated_cipher_suite().unwrap_or(0),
            resumed: self.connection.resumed(),
        }
    }

    fn send(&mut self, data: &[u8], output: &mut Vec<u8>) {
        self.connection.send(data).expect("it sends");
        while self.connection.pop_into(output).expect("it works") > 0 {}
    }

    fn receive(&mut self, input: &mut Vec<u8>) -> usize {
        if let Err(error) = self.connection.feed(input) {
            panic!("purecrypto: {error:?}");
        }
        input.clear();
        self.connection.recv().expect("it works").len()
    }
}
