//! The client's handshake: the hello, and which version goes on.

mod hello;
mod psk;
#[cfg_attr(not(feature = "tls12"), path = "no_tls12.rs")]
mod tls12;
mod tls13;

use super::{Answer, Authentication, Cx, Input, Machine, Out, Request, Summary};
use crate::codepoint::{HandshakeType, SignatureScheme};
use crate::config::{
    CertificateRequestInfo, ClientConfig, ClientSessionStore, Common, Scope, Session, SessionTerms,
};
use crate::crypto::KeyExchange;
use crate::error::{Error, ErrorKind};
use crate::keys::tls13 as schedule;
use crate::pki::Decision;
use crate::wire::extension::ExtensionSet;
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use rustls_pki_types::{ServerName, UnixTime};

/// What a client keeps through the handshake besides [`Cx`].
#[derive(Debug)]
pub(crate) struct ClientCx {
    pub(crate) cx: Cx,
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
    /// The terms of its sessions; none if they can't be told.
    scope: Option<Scope>,
    /// The session to be resumed, until it is offered.
    session: Option<Session>,
    /// The terms of the session that is resumed.
    resumed: Option<Arc<SessionTerms>>,
    /// The PSKs that are offered.
    offers: Vec<psk::Offer>,
    /// What the transcript of a second ClientHello begins with.
    prefix: Vec<u8>,
    session_id: ([u8; 32], usize),
    grease: Option<[u8; 8]>,
    exchanges: Vec<Box<dyn KeyExchange>>,
    offered: ExtensionSet,
    /// The verifier's wishes, asked for once: both ClientHellos say the same.
    wants_ocsp: bool,
    wants_timestamps: bool,
    /// ClientHello until its hash function is known.
    hello: Vec<u8>,
    /// What a HelloRetryRequest gave to be sent back.
    cookie: Option<Vec<u8>>,
    /// A HelloRetryRequest asked for a share, which is then the only one.
    asked_share: bool,
    main: Option<schedule::Main>,
    certificate_request: Option<CertificateRequestInfo>,
    server: tls12::Server,
    /// The schemes that the server verifies, while our certificate is chosen.
    peer_schemes: Vec<SignatureScheme>,
}

/// Where the client stands (RFC 9846 A.1).
#[derive(Debug)]
enum State {
    Start,
    WaitServerHello,
    Tls13(tls13::State),
    Tls12(tls12::State),
    Failed,
}

const _: () = assert!(size_of::<State>() <= 64);

/// The client's machine.
#[derive(Debug)]
pub(crate) struct ClientMachine {
    state: State,
    /// In a box from the beginning: it is large to move, and what is moved leaves copies.
    inner: Box<ClientCx>,
}

impl ClientMachine {
    pub(crate) fn new(
        config: Arc<ClientConfig>,
        name: ServerName<'static>,
        session: Option<Session>,
        seed: [u8; 32],
        now: UnixTime,
    ) -> Self {
        let scope = config.scope();
        let session = session.or_else(|| {
            let store = config.sessions.as_ref()?;
            store.take(&name, scope?, now)
        });
        // Made for this server, under these terms, and not too old: otherwise it is left alone.
        let session = session.filter(|session| {
            *session.server() == name && Some(session.scope()) == scope && session.is_fresh(now)
        });
        let inner = Box::new(ClientCx {
            cx: Cx::new(seed, now),
            wants_ocsp: config.verifier.wants_ocsp(),
            wants_timestamps: config.verifier.wants_timestamps(),
            config,
            name,
            scope,
            session,
            resumed: None,
            offers: Vec::new(),
            prefix: Vec::new(),
            session_id: ([0; 32], 0),
            grease: None,
            exchanges: Vec::new(),
            offered: ExtensionSet::EMPTY,
            hello: Vec::new(),
            cookie: None,
            asked_share: false,
            main: None,
            certificate_request: None,
            server: tls12::Server::default(),
            peer_schemes: Vec::new(),
        });
        Self {
            state: State::Start,
            inner,
        }
    }
}

impl ClientCx {
    /// What the sessions of this connection have in common, if they can be resumed.
    pub(super) fn session_terms(&self) -> Option<Arc<SessionTerms>> {
        // A session would no longer tell whose key it was, and a config that trusts certificates
        // alone would take it for one of theirs.
        if let Authentication::Psk { .. } = self.cx.authentication {
            return None;
        }
        // What was verified under terms that hold no longer makes no session.
        if self.config.scope() != self.scope {
            return None;
        }
        let alpn = self.cx.alpn.as_deref();
        // Those of the session that was resumed, but for what is negotiated anew.
        if let Some(terms) = self.resumed.as_ref()
            && terms.alpn.as_deref() == alpn
        {
            return Some(Arc::clone(terms));
        }
        Some(Arc::new(SessionTerms::new(
            self.name.clone(),
            self.scope?,
            alpn.map(Box::from),
            self.cx.authenticated,
            self.cx.peer_chain.clone(),
        )))
    }
}

impl ClientMachine {
    fn advance(&mut self, input: Input<'_>, out: &mut Out) -> Result<(), Error> {
        let cx = &mut self.inner;
        self.state = match (core::mem::replace(&mut self.state, State::Failed), input) {
            (State::Start, Input::Start) => {
                hello::start(cx, out)?;
                State::WaitServerHello
            }
            (State::WaitServerHello, Input::Message(m))
                if m.kind == HandshakeType::SERVER_HELLO =>
            {
                hello::server_hello(cx, m, out)?
            }
            (State::Tls12(state), input) => State::Tls12(tls12::step(state, cx, input, out)?),
            (State::Tls13(state), input) => State::Tls13(tls13::step(state, cx, input, out)?),
            (_, input) => return Err(input.unexpected()),
        };
        Ok(())
    }
}

impl Machine for ClientMachine {
    const CLIENT: bool = true;

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
        Some(&self.inner.config.common)
    }

    fn stack(&self) -> usize {
        self.inner.config.common.stack
    }

    fn answer_now(&mut self) -> Option<Result<Answer, Error>> {
        let ClientCx { cx, config, .. } = &mut *self.inner;
        match cx.request.as_ref()? {
            Request::VerifyChain(request) => {
                match config
                    .verifier
                    .verify(request, &config.common.provider.verify)
                {
                    Decision::Now(result) => Some(Ok(Answer::Chain(result))),
                    Decision::Later => None,
                }
            }
            Request::ClientCredential(info) => {
                let choice = config
                    .credentials
                    .as_ref()
                    .map(|choose| choose.choose(info));
                match choice.unwrap_or(Decision::Now(None)) {
                    Decision::Now(credential) => Some(Ok(Answer::Credential(credential))),
                    Decision::Later => None,
                }
            }
            Request::Sign(request) => {
                cx.depth.reach(request.stack());
                request.sign_now(&mut cx.random)
            }
            _ => None,
        }
    }

    fn message_limit(&self, kind: HandshakeType) -> usize {
        let limits = &self.inner.config.common.limits;
        // TLS 1.3 has the request first, TLS 1.2 the chain: together they are bounded as one.
        let asked = self.inner.certificate_request.as_ref();
        let asked = asked.map_or(0, CertificateRequestInfo::size);
        let shown = self.inner.cx.peer_chain.as_ref();
        let shown = shown.map_or(0, |chain| chain.size());
        match kind {
            HandshakeType::CERTIFICATE => limits.server_chain.saturating_sub(asked),
            HandshakeType::CERTIFICATE_REQUEST => limits
                .certificate_request
                .min(limits.server_chain.saturating_sub(shown)),
            HandshakeType::NEW_SESSION_TICKET => limits.ticket,
            _ => limits.other_message,
        }
    }

    fn early_data_alpn(&self) -> Option<&[u8]> {
        let (session, ..) = psk::early_data(&self.inner)?;
        session.alpn()
    }

    fn session_store(&self) -> Option<Arc<dyn ClientSessionStore>> {
        self.inner.config.sessions.clone()
    }

    fn session_terms(&self) -> Option<Arc<SessionTerms>> {
        self.inner.session_terms()
    }

    fn summary(&mut self) -> Result<Summary, Error> {
        match &self.state {
            State::Tls13(state) => state.check_done()?,
            State::Tls12(state) => state.check_done()?,
            _ => return Err(ErrorKind::Internal("a summary before the end").into()),
        }
        let ClientCx { cx, config, .. } = &mut *self.inner;
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
            provider: config.common.provider,
            own: None,
            client: true,
        })
    }
}
