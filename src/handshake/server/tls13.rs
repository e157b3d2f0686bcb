//! The server's TLS 1.3 handshake after its hello (RFC 9846 A.2).

use super::{Client, ServerCx, tickets};
use crate::codepoint::HandshakeType;
use crate::config::ClientAuth;
use crate::error::{Error, ErrorKind, Violation};
use crate::handshake::auth::{self, FinishedValid};
use crate::handshake::{Action, Answer, Input, Message, Out, Request};
use crate::keys::Epoch;
use crate::pki::{Role, VerifyRequest};
use crate::wire::extension::ExtensionSet;
use crate::wire::tls12::parse_empty;
use alloc::sync::Arc;

/// Where the server stands.
#[derive(Clone, Copy, Debug)]
pub(super) enum State {
    /// The application signs.
    WaitSignature,
    WaitCertificate,
    /// The application judges the client's chain.
    WaitVerdict,
    WaitCertificateVerify,
    /// The client's early data comes.
    WaitEndOfEarlyData,
    WaitFinished(Client),
    /// The application keeps a session.
    WaitStored((Client, FinishedValid)),
    Done(#[allow(dead_code, reason = "held as proof")] (Client, FinishedValid)),
}

impl State {
    pub(super) fn check_done(self) -> Result<(), Error> {
        match self {
            Self::Done(_) => Ok(()),
            _ => Err(ErrorKind::Internal("a summary before the end").into()),
        }
    }
}

/// One step.
pub(super) fn step(
    state: State,
    s: &mut ServerCx,
    input: Input<'_>,
    out: &mut Out,
) -> Result<State, Error> {
    use HandshakeType as T;
    use Input::{Answer as A, Message as M};
    match (state, input) {
        (State::WaitSignature, A(Answer::Signature(signature))) => finish(s, &signature, out),
        (State::WaitCertificate, M(m)) if m.kind == T::CERTIFICATE => certificate(s, m, out),
        (State::WaitVerdict, A(Answer::Chain(verdict))) => verdict
            .map(|chain| {
                s.cx.verified = Some(chain);
                State::WaitCertificateVerify
            })
            .map_err(Error::from),
        (State::WaitCertificateVerify, M(m)) if m.kind == T::CERTIFICATE_VERIFY => {
            let algorithms = s.config()?.common.provider.verify;
            let valid = auth::verify_signature(&mut s.cx, m, false, &algorithms);
            valid.map(|valid| State::WaitFinished(Client::Signed(valid)))
        }
        (State::WaitEndOfEarlyData, M(m)) if m.kind == T::END_OF_EARLY_DATA => {
            end_of_early_data(s, m, out)
        }
        (State::WaitStored(proof), A(Answer::Stored(stored))) => {
            tickets::stored(s, stored, proof, out)
        }
        (State::WaitFinished(client), M(m)) if m.kind == T::FINISHED => {
            client_finished(s, m, client, out)
        }
        (_, input) => Err(input.unexpected()),
    }
}

/// CertificateVerify, Finished and the application keys: the end of the first flight.
fn finish(s: &mut ServerCx, signature: &[u8], out: &mut Out) -> Result<State, Error> {
    auth::send_certificate_verify(&mut s.cx, out, signature)?;
    finish_flight(s, out)?;
    Ok(match s.config()?.client_auth {
        ClientAuth::None => State::WaitFinished(Client::Anonymous),
        ClientAuth::Optional(_) | ClientAuth::Required(_) => State::WaitCertificate,
    })
}

/// The end of a first flight by a PSK.
pub(super) fn finish_by_psk(s: &mut ServerCx, out: &mut Out) -> Result<State, Error> {
    finish_flight(s, out)?;
    Ok(match s.cx.traffic.client_early {
        Some(_) => State::WaitEndOfEarlyData,
        None => State::WaitFinished(Client::Anonymous),
    })
}

/// Finished and the application keys.
fn finish_flight(s: &mut ServerCx, out: &mut Out) -> Result<(), Error> {
    auth::send_finished(&mut s.cx, out, true)?;
    let main = s.main.as_ref().ok_or(MISSING)?;
    let transcript = s.cx.transcript.as_ref().ok_or(MISSING)?.current();
    let [client, server, exporter] = main.application_secrets(&transcript)?;
    s.cx.traffic.client_application = Some(client);
    s.cx.traffic.server_application = Some(server);
    s.cx.exporter = Some(exporter);
    out.push(Action::SetWrite(Epoch::Application))
}

/// EndOfEarlyData: the client goes over to the handshake keys (RFC 9846 4.6).
fn end_of_early_data(
    s: &mut ServerCx,
    message: Message<'_>,
    out: &mut Out,
) -> Result<State, Error> {
    parse_empty(message.body, "EndOfEarlyData")?;
    s.cx.transcript()?.add(message.raw);
    out.push(Action::SetRead(Epoch::Handshake))?;
    Ok(State::WaitFinished(Client::Anonymous))
}

const MISSING: ErrorKind = ErrorKind::Internal("a secret is missing");

fn certificate(s: &mut ServerCx, message: Message<'_>, out: &mut Out) -> Result<State, Error> {
    let chain = auth::read_chain(message.body, ExtensionSet::EMPTY, &s.limits)?;
    s.cx.transcript()?.add(message.raw);
    if chain.is_empty() {
        // RFC 9846 4.5.1: a server may go on without a certificate, or end the handshake with
        // certificate_required.
        return match s.config()?.client_auth {
            ClientAuth::Required(_) => Err(Violation::CertificateRequired.into()),
            _ => Ok(State::WaitFinished(Client::Anonymous)),
        };
    }
    s.cx.peer_chain = Some(Arc::clone(&chain));
    let request = VerifyRequest {
        chain,
        role: Role::Client,
        name: None,
        now: s.cx.now,
    };
    s.cx.ask(out, Request::VerifyChain(request))?;
    Ok(State::WaitVerdict)
}

fn client_finished(
    s: &mut ServerCx,
    message: Message<'_>,
    client: Client,
    out: &mut Out,
) -> Result<State, Error> {
    let valid = auth::verify_finished(&mut s.cx, message, false)?;
    let transcript = s.cx.transcript()?.current();
    let main = s.main.as_ref().ok_or(MISSING)?;
    s.cx.resumption = Some(main.resumption_secret(&transcript)?);
    s.main = None;
    out.push(Action::SetRead(Epoch::Application))?;
    tickets::give(s, (client, valid), out)
}
