//! The system's OpenSSL, through the crate `openssl`: its `SslStream` over two buffers in memory.

use super::{Ends, Facts, Library, Scenario, Side, Version, names};
use crate::chain::{Chain, NAME};
use ::openssl::pkey::PKey;
use ::openssl::ssl::{
    ErrorCode, ShutdownState, Ssl, SslContext, SslContextBuilder, SslMethod, SslOptions,
    SslSession, SslSessionCacheMode, SslStream, SslVerifyMode, SslVersion,
};
use ::openssl::x509::X509;
use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex};

pub struct OpenSsl;

impl Library for OpenSsl {
    fn name(&self) -> &'static str {
        names::OPENSSL
    }

    fn version(&self) -> String {
        let own = super::locked_version("openssl");
        format!("{}, crate {own}", ::openssl::version::version())
    }

    fn ends(&self, scenario: &Scenario, chain: &Chain) -> Option<Box<dyn Ends>> {
        // OpenSSL 3.5 has ML-KEM, and 3.0 doesn't.
        if scenario.hybrid && context(scenario).is_none() {
            return None;
        }
        let sessions = Arc::new(Mutex::new(Vec::new()));
        Some(Box::new(Contexts {
            client: client(scenario, chain, &sessions),
            server: server(scenario, chain),
            reused: scenario.version == Version::Tls12,
            resumed: scenario.resumed,
            sessions,
        }))
    }
}

/// What both ends have; `None` if it lacks the group.
fn context(scenario: &Scenario) -> Option<SslContextBuilder> {
    let mut context = SslContext::builder(SslMethod::tls()).expect("it begins");
    let version = Some(match scenario.version {
        Version::Tls12 => SslVersion::TLS1_2,
        Version::Tls13 => SslVersion::TLS1_3,
    });
    context.set_min_proto_version(version).expect("it has it");
    context.set_max_proto_version(version).expect("it has it");
    let suites = match scenario.chacha {
        true => "TLS_CHACHA20_POLY1305_SHA256",
        false => "TLS_AES_128_GCM_SHA256",
    };
    context.set_ciphersuites(suites).expect("it has it");
    let suites = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256";
    context.set_cipher_list(suites).expect("it has it");
    context.set_groups_list(groups(scenario)).ok()?;
    Some(context)
}

fn groups(scenario: &Scenario) -> &'static str {
    match (scenario.version, scenario.hybrid) {
        (Version::Tls12, _) => "X25519:P-256",
        (Version::Tls13, false) => "X25519",
        (Version::Tls13, true) => "X25519MLKEM768",
    }
}

type Sessions = Arc<Mutex<Vec<SslSession>>>;

fn client(scenario: &Scenario, chain: &Chain, sessions: &Sessions) -> SslContext {
    let mut context = context(scenario).expect("it has the group");
    let root = X509::from_der(&chain.root).expect("it is a certificate");
    context
        .cert_store_mut()
        .add_cert(root)
        .expect("it is a root");
    context.set_verify(SslVerifyMode::PEER);
    context.set_session_cache_mode(SslSessionCacheMode::OFF);
    if scenario.resumed {
        let sessions = Arc::clone(sessions);
        context
            .set_session_cache_mode(SslSessionCacheMode::CLIENT | SslSessionCacheMode::NO_INTERNAL);
        context.set_new_session_callback(move |_, session| {
            sessions.lock().expect("nobody has panicked").push(session);
        });
    }
    context.build()
}

fn server(scenario: &Scenario, chain: &Chain) -> SslContext {
    let mut context = context(scenario).expect("it has the group");
    let mut certificates = chain
        .certificates
        .iter()
        .map(|der| X509::from_der(der).expect("it is a certificate"));
    let leaf = certificates.next().expect("there is a leaf");
    context.set_certificate(&leaf).expect("it is taken");
    for above in certificates {
        context.add_extra_chain_cert(above).expect("it is taken");
    }
    let key = PKey::private_key_from_der(&chain.key).expect("it is a key");
    context.set_private_key(&key).expect("it is taken");
    context.check_private_key().expect("they belong together");
    context.set_session_cache_mode(SslSessionCacheMode::OFF);
    match scenario.resumed {
        true => {
            context.set_num_tickets(1).expect("it can be set");
            context
                .set_session_id_context(b"bench")
                .expect("it is short");
        }
        false => {
            context.set_num_tickets(0).expect("it can be set");
            context.set_options(SslOptions::NO_TICKET);
        }
    }
    context.build()
}

struct Contexts {
    client: SslContext,
    server: SslContext,
    /// Sessions of TLS 1.2 are used again: no new one comes.
    reused: bool,
    resumed: bool,
    sessions: Sessions,
}

impl Ends for Contexts {
    fn client(&mut self) -> Box<dyn Side> {
        let mut ssl = Ssl::new(&self.client).expect("it begins");
        ssl.set_connect_state();
        ssl.set_hostname(NAME).expect("it is a name");
        ssl.param_mut().set_host(NAME).expect("it is a name");
        if self.resumed {
            let mut sessions = self.sessions.lock().expect("nobody has panicked");
            let session = match self.reused {
                true => sessions.last().cloned(),
                false => sessions.pop(),
            };
            if let Some(session) = session {
                // SAFETY: the session was made by connections of the same context.
                unsafe { ssl.set_session(&session) }.expect("it is taken");
            }
        }
        Box::new(End::new(ssl))
    }

    fn server(&mut self) -> Box<dyn Side> {
        let mut ssl = Ssl::new(&self.server).expect("it begins");
        ssl.set_accept_state();
        Box::new(End::new(ssl))
    }
}

/// What the library reads from and writes to. The buffers are lent to it for a call.
#[derive(Default)]
struct Wire {
    input: Vec<u8>,
    at: usize,
    output: Vec<u8>,
}

impl Read for Wire {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let len = (&self.input[self.at..]).read(to)?;
        self.at += len;
        match len {
            0 => Err(io::ErrorKind::WouldBlock.into()),
            _ => Ok(len),
        }
    }
}

impl Write for Wire {
    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        self.output.write(from)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct End(SslStream<Wire>);

impl Drop for End {
    /// Its session can't be resumed otherwise.
    fn drop(&mut self) {
        let both = ShutdownState::SENT | ShutdownState::RECEIVED;
        self.0.set_shutdown(both);
    }
}

impl End {
    fn new(ssl: Ssl) -> Self {
        Self(SslStream::new(ssl, Wire::default()).expect("it begins"))
    }

    /// Lends the buffers.
    fn with<T>(
        &mut self,
        input: &mut Vec<u8>,
        output: &mut Vec<u8>,
        call: impl FnOnce(&mut SslStream<Wire>) -> T,
    ) -> T {
        let wire = self.0.get_mut();
        (wire.input, wire.output) = (std::mem::take(input), std::mem::take(output));
        let result = call(&mut self.0);
        let wire = self.0.get_mut();
        assert_eq!(wire.at, wire.input.len(), "there is a part of a record");
        wire.at = 0;
        wire.input.clear();
        (*input, *output) = (
            std::mem::take(&mut wire.input),
            std::mem::take(&mut wire.output),
        );
        result
    }
}

/// Reads until there is no more input; how many bytes of data were in it.
fn read(stream: &mut SslStream<Wire>) -> usize {
    let (mut data, mut total) = ([0; 16384], 0);
    loop {
        match stream.ssl_read(&mut data) {
            Ok(len) => total += len,
            Err(error) if error.code() == ErrorCode::WANT_READ => return total,
            Err(error) => panic!("OpenSSL: {error}"),
        }
    }
}

impl Side for End {
    fn turn(&mut self, input: &mut Vec<u8>, output: &mut Vec<u8>) {
        self.with(input, output, |stream| {
            if !stream.ssl().is_init_finished() {
                match stream.do_handshake() {
                    Ok(()) => {}
                    Err(error) if error.code() == ErrorCode::WANT_READ => return,
                    Err(error) => panic!("OpenSSL: {error}"),
                }
            }
            // Tickets.
            if stream.get_ref().at < stream.get_ref().input.len() {
                read(stream);
            }
        });
    }

    fn facts(&self) -> Facts {
        let ssl = self.0.ssl();
        assert!(ssl.is_init_finished(), "OpenSSL isn't done");
        let cipher = ssl.current_cipher().expect("it is done");
        Facts {
            version: match ssl.version2() {
                Some(SslVersion::TLS1_3) => 0x0304,
                Some(SslVersion::TLS1_2) => 0x0303,
                _ => 0,
            },
            suite: u16::from_be_bytes(cipher.protocol_id()),
            resumed: ssl.session_reused(),
        }
    }

    fn send(&mut self, data: &[u8], output: &mut Vec<u8>) {
        self.with(&mut Vec::new(), output, |stream| {
            stream.write_all(data).expect("memory takes it");
        });
    }

    fn receive(&mut self, input: &mut Vec<u8>) -> usize {
        self.with(input, &mut Vec::new(), read)
    }
}
