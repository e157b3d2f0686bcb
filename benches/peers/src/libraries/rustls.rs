//! rustls, with each of its providers. The buffered API, as `Stream` uses it.

use super::{Ends, Facts, Library, Scenario, Side, Version, names};
use crate::chain::{Chain, NAME};
use ::rustls::client::Resumption;
use ::rustls::crypto::{CryptoProvider, aws_lc_rs, ring};
use ::rustls::{
    ClientConfig, ClientConnection, ConnectionCommon, HandshakeKind, RootCertStore, ServerConfig,
    ServerConnection, SideData, SupportedProtocolVersion,
};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use std::io::{BufRead, Write};
use std::ops::DerefMut;
use std::sync::Arc;

#[derive(Clone, Copy)]
pub enum Rustls {
    AwsLcRs,
    Ring,
}

impl Library for Rustls {
    fn name(&self) -> &'static str {
        match self {
            Self::AwsLcRs => names::AWS_LC_RS,
            Self::Ring => names::RING,
        }
    }

    fn version(&self) -> String {
        let provider = match self {
            Self::AwsLcRs => "aws-lc-rs",
            Self::Ring => "ring",
        };
        let (rustls, provider) = (
            super::locked_version("rustls"),
            super::locked_version(provider),
        );
        format!("{rustls}, {provider}")
    }

    fn ends(&self, scenario: &Scenario, chain: &Chain) -> Option<Box<dyn Ends>> {
        let mut provider = match self {
            Self::AwsLcRs => aws_lc_rs::default_provider(),
            Self::Ring => ring::default_provider(),
        };
        provider.kx_groups = match (self, scenario.hybrid) {
            (Self::AwsLcRs, true) => vec![aws_lc_rs::kx_group::X25519MLKEM768],
            (Self::AwsLcRs, false) => vec![aws_lc_rs::kx_group::X25519],
            // It has no ML-KEM.
            (Self::Ring, true) => return None,
            (Self::Ring, false) => vec![ring::kx_group::X25519],
        };
        if scenario.version == Version::Tls12 {
            provider.kx_groups.push(match self {
                Self::AwsLcRs => aws_lc_rs::kx_group::SECP256R1,
                Self::Ring => ring::kx_group::SECP256R1,
            });
        }
        let suite = scenario.suite();
        provider
            .cipher_suites
            .retain(|candidate| u16::from(candidate.suite()) == suite);
        let provider = Arc::new(provider);
        let versions: &[&SupportedProtocolVersion] = match scenario.version {
            Version::Tls12 => &[&::rustls::version::TLS12],
            Version::Tls13 => &[&::rustls::version::TLS13],
        };
        Some(Box::new(Configs {
            client: client(&provider, versions, scenario, chain),
            server: self.server(&provider, versions, scenario, chain),
            name: NAME.try_into().expect("it is a name"),
        }))
    }
}

fn client(
    provider: &Arc<CryptoProvider>,
    versions: &[&'static SupportedProtocolVersion],
    scenario: &Scenario,
    chain: &Chain,
) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(chain.root.clone()).expect("it is a root");
    let mut config = ClientConfig::builder_with_provider(Arc::clone(provider))
        .with_protocol_versions(versions)
        .expect("it has the version")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.resumption = match scenario.resumed {
        true => Resumption::in_memory_sessions(100),
        false => Resumption::disabled(),
    };
    Arc::new(config)
}

impl Rustls {
    fn server(
        self,
        provider: &Arc<CryptoProvider>,
        versions: &[&'static SupportedProtocolVersion],
        scenario: &Scenario,
        chain: &Chain,
    ) -> Arc<ServerConfig> {
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(chain.key.clone()));
        let mut config = ServerConfig::builder_with_provider(Arc::clone(provider))
            .with_protocol_versions(versions)
            .expect("it has the version")
            .with_no_client_auth()
            .with_single_cert(chain.certificates.clone(), key)
            .expect("they belong together");
        config.session_storage = Arc::new(::rustls::server::NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        if scenario.resumed {
            config.send_tls13_tickets = 1;
            config.ticketer = match self {
                Self::AwsLcRs => aws_lc_rs::Ticketer::new(),
                Self::Ring => ring::Ticketer::new(),
            }
            .expect("there is randomness");
        }
        Arc::new(config)
    }
}

struct Configs {
    client: Arc<ClientConfig>,
    server: Arc<ServerConfig>,
    name: ServerName<'static>,
}

impl Ends for Configs {
    fn client(&mut self) -> Box<dyn Side> {
        let (config, name) = (Arc::clone(&self.client), self.name.clone());
        Box::new(End(ClientConnection::new(config, name).expect("it begins")))
    }

    fn server(&mut self) -> Box<dyn Side> {
        let config = Arc::clone(&self.server);
        Box::new(End(ServerConnection::new(config).expect("it begins")))
    }
}

struct End<C>(C);

impl<C, D: SideData> End<C>
where
    C: DerefMut<Target = ConnectionCommon<D>>,
{
    fn write(&mut self, output: &mut Vec<u8>) {
        while self.0.wants_write() {
            self.0.write_tls(output).expect("memory takes it");
        }
    }

    /// Takes all of the input; how many bytes of data were in it.
    fn read(&mut self, input: &mut Vec<u8>) -> usize {
        let (mut left, mut total) = (input.as_slice(), 0);
        while !left.is_empty() {
            self.0.read_tls(&mut left).expect("there is input");
            if let Err(error) = self.0.process_new_packets() {
                panic!("rustls: {error}");
            }
            let mut reader = self.0.reader();
            while let Ok(data) = reader.fill_buf() {
                let len = data.len();
                total += len;
                if len == 0 {
                    break;
                }
                reader.consume(len);
            }
        }
        input.clear();
        total
    }
}

impl<C, D: SideData> Side for End<C>
where
    C: DerefMut<Target = ConnectionCommon<D>>,
{
    fn turn(&mut self, input: &mut Vec<u8>, output: &mut Vec<u8>) {
        self.read(input);
        self.write(output);
    }

    fn facts(&self) -> Facts {
        assert!(!self.0.is_handshaking(), "rustls isn't done");
        let suite = self.0.negotiated_cipher_suite().expect("it is done");
        Facts {
            version: self.0.protocol_version().expect("it is done").into(),
            suite: suite.suite().into(),
            resumed: self.0.handshake_kind() == Some(HandshakeKind::Resumed),
        }
    }

    fn send(&mut self, data: &[u8], output: &mut Vec<u8>) {
        let mut left = data;
        while !left.is_empty() {
            let taken = self.0.writer().write(left).expect("it takes some");
            left = &left[taken..];
            self.write(output);
        }
    }

    fn receive(&mut self, input: &mut Vec<u8>) -> usize {
        self.read(input)
    }
}
