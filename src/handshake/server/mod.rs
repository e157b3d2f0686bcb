//! The server's handshake: ClientHello, and which version goes on.

mod hello;
mod psk;
mod tickets;
#[cfg_attr(not(feature = "tls12"), path = "no_tls12.rs")]
mod tls12;
#[cfg(feature = "tls12")]
mod tls12_sessions;
mod tls13;

use super::auth::SignatureValid;
use super::{Answer, Cx, Input, Machine, Out, Request, Summary};
use crate::codepoint::{HandshakeType, NamedGroup};
use crate::config::{ClientHelloInfo, Common, Limits, ServerConfig};
use crate::crypto::{HashOutput, KeyExchange, STACK, Tls13Suite};
use crate::error::{Error, ErrorKind};
use crate::keys::tls13 as schedule;
use crate::pki::Decision;
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use rustls_pki_types::UnixTime;

/// What a server keeps through the handshake besides [`Cx`].
#[derive(Debug)]
pub(crate) struct ServerCx {
    pub(crate) cx: Cx,
    config: Option<Arc<ServerConfig>>,
    limits: Limits,
    /// The ClientHello to be answered.
    hello: Option<ClientHelloInfo>,
    hello_raw: Arc<[u8]>,
    /// After a HelloRetryRequest: the group asked for, and what must not have changed.
    retry: Option<(NamedGroup, HashOutput)>,
    /// What the transcript of a second ClientHello begins with.
    prefix: Vec<u8>,
    lookup: psk::Lookup,
    /// Tickets of TLS 1.3 that the client may be given.
    tickets: tickets::Owed,
    main: Option<schedule::Main>,
    /// TLS 1.2: the key exchange under way, and its parameters until they are signed.
    exchange: Option<Box<dyn KeyExchange>>,
    params: Vec<u8>,
    kept: tls12::Kept,
}

/// Where the server stands (RFC 9846 A.2).
#[derive(Debug)]
enum State {
    /// START.
    WaitClientHello,
    /// The application chooses the config.
    WaitConfig,
    /// The application looks a PSK up.
    WaitPsk,
    /// The application looks a session up.
    WaitSession,
    /// The application says whether early data is new.
    WaitReplay(&'static Tls13Suite),
    /// The application chooses the certificate.
    WaitCredential(&'static Tls13Suite),
    Tls13(tls13::State),
    Tls12(tls12::State),
    Failed,
}

/// What is known of the client before its Finished.
#[derive(Clone, Copy, Debug)]
enum Client {
    /// It wasn't asked, or showed no certificate and needn't.
    Anonymous,
    /// It signed the handshake, or its transcript.
    Signed(#[allow(dead_code, reason = "held as proof")] SignatureValid),
    /// It has the secret of a session, and with it what was known of it then.
    Resumed,
    /// It has a pre-shared key.
    Psk,
}

const _: () = assert!(size_of::<State>() <= 64);

/// The server's machine.
#[derive(Debug)]
pub(crate) struct ServerMachine {
    state: State,
    /// In a box from the beginning: it is large to move, and what is moved leaves copies.
    inner: Box<ServerCx>,
}

impl ServerMachine {
    /// Without a config, the application is asked for one when ClientHello has come.
    pub(crate) fn new(
        config: Option<Arc<ServerConfig>>,
        limits: Limits,
        seed: [u8; 32],
        now: UnixTime,
    ) -> Self {
        let inner = Box::new(ServerCx {
            cx: Cx::new(seed, now),
            config,
            limits,
            hello: None,
            hello_raw: Arc::default(),
            retry: None,
            prefix: Vec::new(),
            lookup: psk::Lookup::default(),
            tickets: tickets::Owed::default(),
            main: None,
            exchange: None,
            params: Vec::new(),
            kept: tls12::Kept::default(),
        });
        Self {
            state: State::WaitClientHello,
            inner,
        }
    }
}

impl ServerCx {
    fn config(&self) -> Result<Arc<ServerConfig>, Error> {
        self.config
            .clone()
            .ok_or_else(|| ErrorKind::Internal("no config yet").into())
    }
}

impl ServerMachine {
    fn advance(&mut self, input: Input<'_>, out: &mut Out) -> Result<(), Error> {
        let s = &mut self.inner;
        self.state = match (core::mem::replace(&mut self.state, State::Failed), input) {
            (State::WaitClientHello, Input::Start) => State::WaitClientHello,
            (State::WaitClientHello, Input::Message(m))
                if m.kind == HandshakeType::CLIENT_HELLO =>
            {
                hello::client_hello(s, m, out)?
            }
            (State::WaitConfig, Input::Answer(Answer::Config(config))) => {
                s.limits = config.common.limits;
                s.config = Some(config);
                hello::resume(s, |s, offer| hello::parameters(s, offer, out))?
            }
            (State::WaitPsk, Input::Answer(Answer::Psk(psk))) => psk::external(s, psk, out)?,
            (State::WaitSession, Input::Answer(Answer::Session(session))) => {
                psk::session(s, session, out)?
            }
            (State::WaitReplay(suite), Input::Answer(Answer::Replay(freshness))) => {
                psk::replay(s, suite, freshness, out)?
            }
            (State::WaitCredential(suite), Input::Answer(Answer::Credential(credential))) => {
                let state = hello::resume(s, |s, offer| {
                    hello::accept(s, offer, suite, credential, out)
                });
                State::Tls13(state?)
            }
            (State::Tls12(state), input) => State::Tls12(tls12::step(state, s, input, out)?),
            (State::Tls13(state), input) => State::Tls13(tls13::step(state, s, input, out)?),
            (_, input) => return Err(input.unexpected()),
        };
        Ok(())
    }
}

/// The config's answer, if it has one at once.
fn now<T>(decision: Decision<T>, answer: fn(T) -> Answer) -> Option<Result<Answer, Error>> {
    match decision {
        Decision::Now(value) => Some(Ok(answer(value))),
        Decision::Later => None,
    }
}

impl Machine for ServerMachine {
    const CLIENT: bool = false;

    fn step(&mut self, input: Input<'_>, out: &mut Out) -> Result<(), Error> {
        let kind = input.message_kind();
        self.advance(input, out).map_err(|e| match kind {
            Some(kind) => e.in_message(kind),
            None => e,
        })
    }

    fn cx(&self) -> &Cx {
        &self.inner.cx
    }

    fn cx_mut(&mut self) -> &mut Cx {
        &mut self.inner.cx
    }

    fn common(&self) -> Option<&Common> {
        self.inner.config.as_ref().map(|config| &config.common)
    }

    fn stack(&self) -> usize {
        let config = self.inner.config.as_ref();
        config.map_or(STACK, |config| config.common.stack)
    }

    fn answer_now(&mut self) -> Option<Result<Answer, Error>> {
        let ServerCx { cx, config, .. } = &mut *self.inner;
        let config = config.as_ref()?;
        match cx.request.as_ref()? {
            Request::VerifyChain(request) => {
                let verifier = config.client_auth.verifier()?;
                match verifier.verify(request, &config.common.provider.verify) {
                    Decision::Now(result) => Some(Ok(Answer::Chain(result))),
                    Decision::Later => None,
                }
            }
            Request::Sign(request) => {
                cx.depth.reach(request.stack());
                request.sign_now(&mut cx.random)
            }
            Request::Psk(query) => now(config.psks.as_ref()?.find(query), Answer::Psk),
            Request::StoreSession(session) => {
                now(config.sessions.as_ref()?.store(session), Answer::Stored)
            }
            Request::Replay(query) => now(config.sessions.as_ref()?.record(query), Answer::Replay),
            // Of sessions and certificates the config was asked where ClientHello was at hand.
            _ => None,
        }
    }

    fn message_limit(&self, kind: HandshakeType) -> usize {
        match kind {
            HandshakeType::CLIENT_HELLO => self.inner.limits.client_hello,
            HandshakeType::CERTIFICATE => self.inner.limits.client_chain,
            _ => self.inner.limits.other_message,
        }
    }

    fn summary(&mut self) -> Result<Summary, Error> {
        match &self.state {
            State::Tls13(state) => state.check_done()?,
            State::Tls12(state) => state.check_done()?,
            _ => return Err(ErrorKind::Internal("a summary before the end").into()),
        }
        let provider = self.inner.config()?.common.provider;
        let cx = &mut self.inner.cx;
        Ok(Summary {
            version: cx.version(),
            cipher_suite: cx.suite_name()?,
            group: cx.group,
            alpn: cx.alpn.take(),
            peer_signature_scheme: cx.peer_scheme,
            signature_scheme: cx.scheme,
            peer_chain: cx.peer_chain.take(),
            verified: cx.verified.take(),
            server_name: cx.server_name.take(),
            authentication: cx.authentication.clone(),
            early_data: cx.early_data.clone(),
            hello_retry_request: cx.retried,
            client_random: cx.client_random,
            provider,
            own: cx.credential.take(),
            client: false,
        })
    }
}
