//! The program that BoringSSL's protocol test runner drives: connections over loopback, one
//! after the other, set up by the runner's flags. See `tests/bogo/README.md`.
//!
//! Exit status: 0 if all went as the flags say, 1 with the error on stderr if not, 89 if a flag
//! asks for what isn't implemented.

mod flags;
mod link;
mod setup;

use flags::{AllFlags, Flags};
use link::{Link, Peer};
use setup::{First, Shared};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::Write;
use std::net::TcpStream;
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use symbolon::codepoint::{AlertDescription, ProtocolVersion};
use symbolon::conn::Eof;
use symbolon::handshake::{
    Answer, Authentication, EarlyDataOutcome, EarlyDataRefusal, Request, Summary,
};

/// What the runner takes for "skip this test".
const UNIMPLEMENTED: u8 = 89;

/// Why the shim ends early.
#[derive(Debug)]
enum Stop {
    Unimplemented(String),
    Failed(String),
}

impl<E: std::fmt::Display> From<E> for Stop {
    fn from(e: E) -> Self {
        Self::Failed(e.to_string())
    }
}

fn unimplemented<T>(what: impl Into<String>) -> Result<T, Stop> {
    Err(Stop::Unimplemented(what.into()))
}

fn run(all: &AllFlags) -> Result<(), Stop> {
    let mut shared = Shared::new()?;
    for number in 0..=all.initial.resume_count {
        if number > 0 {
            shared.ahead += Duration::from_secs(all.resume.resumption_delay);
        }
        connect(all, number > 0, &shared)?;
    }
    Ok(())
}

/// One connection.
fn connect(all: &AllFlags, resume: bool, shared: &Shared) -> Result<(), Stop> {
    let flags = if resume { &all.resume } else { &all.initial };
    if flags.export_length > 0 && flags.export_label.is_empty() {
        return unimplemented("an exporter's empty label, which HkdfLabel can't hold");
    }
    let taken = Arc::new(Mutex::new(None));
    let own = First::of(flags, &taken)?;
    // The connection is set up first: what isn't implemented is told before anything is sent.
    let tcp = || -> Result<_, Stop> {
        let host = if flags.ipv6 { "::1" } else { "127.0.0.1" };
        let mut tcp = TcpStream::connect((host, flags.port))?;
        tcp.set_nodelay(true)?;
        tcp.write_all(&flags.shim_id.to_le_bytes())?;
        Ok(Rc::new(RefCell::new(tcp)))
    };
    let run = Run {
        flags,
        retry: &all.retry,
        resume,
        taken,
    };
    if flags.server {
        let connection = setup::server(flags, own, shared)?;
        let tcp = tcp()?;
        let result = run.exchange(Link::new(connection, &tcp, flags, shared.now()));
        link::drain(&tcp);
        result
    } else {
        let connection = setup::client(flags, own, shared)?;
        let tcp = tcp()?;
        let result = run.exchange(Link::new(connection, &tcp, flags, shared.now()));
        link::drain(&tcp);
        result
    }
}

/// What the one request that the config leaves open is answered with: the verifier refuses, with
/// the alert that the runner knows of each of BoringSSL's ways to do it.
fn answer(request: Request, flags: &Flags) -> Option<Answer> {
    let alert = match (flags.fail_ocsp, flags.custom_verify) {
        (true, _) => AlertDescription::BAD_CERTIFICATE_STATUS_RESPONSE,
        (_, true) => AlertDescription::CERTIFICATE_UNKNOWN,
        (_, false) => AlertDescription::HANDSHAKE_FAILURE,
    };
    matches!(request, Request::VerifyChain(_)).then_some(Answer::Refuse(alert))
}

/// One connection, as the flags want it.
struct Run<'a> {
    flags: &'a Flags,
    /// The flags in force once early data was rejected.
    retry: &'a Flags,
    resume: bool,
    /// The index of the credential that was chosen.
    taken: Arc<Mutex<Option<usize>>>,
}

/// What there is to write without being asked.
fn initial_writes(flags: &Flags) -> VecDeque<Vec<u8>> {
    let data = flags.initial_write.as_deref().unwrap_or("hello");
    let times = flags.repeat_initial_write.unwrap_or(1);
    let times = if flags.shim_writes_first { times } else { 0 };
    (0..times).map(|_| data.into()).collect()
}

fn inverted(mut data: Vec<u8>) -> Vec<u8> {
    data.iter_mut().for_each(|b| *b ^= 0xff);
    data
}

impl<'a> Run<'a> {
    fn exchange<C: Peer>(&self, mut link: Link<C>) -> Result<(), Stop> {
        let (summary, first) = self.handshake(&mut link)?;
        let rejected = matches!(summary.early_data, EarlyDataOutcome::Rejected { .. });
        let flags = match rejected && !self.flags.server {
            true => self.retry,
            false => self.flags,
        };
        self.check(&summary, flags)?;
        if flags.export_length > 0 {
            let mut out = vec![0; flags.export_length];
            let context = flags
                .use_export_context
                .then_some(flags.export_context.as_bytes());
            let label = flags.export_label.as_bytes();
            link.connection.export(label, context, &mut out)?;
            link.write(&out)?;
        }
        for data in &first {
            link.write(data)?;
        }
        let clean = talk(&mut link, flags)?;
        self.check_session(&link, &summary, flags)?;
        link.close()?;
        if flags.check_close_notify {
            let clean = match clean {
                Some(clean) => clean,
                None => end(&mut link)?,
            };
            if !clean {
                return Err("the peer sent no close_notify".into());
            }
        }
        Ok(())
    }

    /// The handshake, and what can be said before its end; what remains to be said first.
    fn handshake<C: Peer>(&self, link: &mut Link<C>) -> Result<(Summary, VecDeque<Vec<u8>>), Stop> {
        let mut first = initial_writes(self.flags);
        if link.connection.early_data_room() > 0 {
            if self.flags.expect.no_offer_early_data {
                return Err("early data is offered".into());
            }
            if self.flags.export_length > 0 {
                let mut out = vec![0; self.flags.export_length];
                link.connection.export(b"too early", None, &mut out)?;
            }
            while link.connection.early_data_room() > 0
                && let Some(data) = first.pop_front()
            {
                let rest = link.write_early(&data)?;
                if !rest.is_empty() {
                    first.push_front(rest.to_vec());
                    break;
                }
            }
        }
        let half_rtt = |link: &mut Link<C>, data| {
            let first = std::mem::take(&mut first).into_iter().flatten();
            let reply: Vec<u8> = first.chain(inverted(data)).collect();
            match link.write_early(&reply)? {
                [] => Ok(()),
                _ => Err("half-RTT data didn't go out".into()),
            }
        };
        let summary = link.handshake(|request| answer(request, self.flags), half_rtt)?;
        if matches!(summary.early_data, EarlyDataOutcome::Rejected { .. }) && !self.flags.server {
            first = initial_writes(self.retry);
        }
        Ok((summary, first))
    }

    /// Compares what the handshake came to with what the flags say.
    fn check(&self, summary: &Summary, flags: &Flags) -> Result<(), Stop> {
        let expect = &flags.expect;
        let same = |what: &str, wanted: Option<u16>, got: Option<u16>| match wanted {
            Some(wanted) if Some(wanted) != got => {
                Err(Stop::Failed(format!("{what} is {got:x?}, not {wanted:x}")))
            }
            _ => Ok(()),
        };
        same("the version", expect.version, Some(summary.version.0))?;
        same("the suite", expect.cipher, Some(summary.cipher_suite.0))?;
        // BoringSSL tells them from the session.
        let again = |found: Option<u16>, wanted: Option<u16>| match found {
            None if summary.resumed() => wanted,
            found => found,
        };
        let group = again(summary.group.map(|g| g.0), expect.curve);
        same("the group", expect.curve, group)?;
        let scheme = summary.peer_signature_scheme.map(|s| s.0);
        let scheme = again(scheme, expect.peer_scheme);
        same("the peer's scheme", expect.peer_scheme, scheme)?;
        if !expect.peer_prefs.is_empty() || expect.advertised_alpn.is_some() {
            return unimplemented("expectations of what the peer offers");
        }
        if expect
            .alpn
            .as_ref()
            .is_some_and(|name| summary.alpn.as_deref().unwrap_or(&[]) != name.as_bytes())
        {
            return Err(format!("the protocol is {:?}", summary.alpn).into());
        }
        let name = summary.server_name.as_deref();
        if expect
            .server_name
            .as_ref()
            .is_some_and(|n| name != Some(n.as_bytes()))
            || (expect.no_server_name && name.is_some())
        {
            return Err(format!("the server's name is {name:?}").into());
        }
        let chain = summary
            .peer_chain
            .as_ref()
            .filter(|chain| !chain.is_empty());
        if expect.no_peer_cert && chain.is_some() {
            return Err("the peer sent a certificate".into());
        }
        if !expect.no_peer_cert
            && chain.is_none()
            && (!flags.server || flags.require_client_certificate)
            && !matches!(summary.authentication, Authentication::Psk { .. })
        {
            return Err("the peer sent no certificate".into());
        }
        if let Some(path) = &expect.peer_cert {
            let pem = std::fs::read(path)?;
            let wanted = certificates_of(&pem)?;
            let got: Vec<Vec<u8>> = chain
                .map(|c| c.certificates().map(<[u8]>::to_vec).collect())
                .unwrap_or_default();
            if wanted != got {
                return Err("the peer's certificates are others".into());
            }
        }
        let ocsp = chain.and_then(|chain| chain.ocsp_response());
        if expect.ocsp.is_some() && expect.ocsp.as_deref() != ocsp {
            return Err("the stapled response is another".into());
        }
        if expect
            .hrr
            .is_some_and(|hrr| hrr != summary.hello_retry_request)
        {
            return Err(format!("HelloRetryRequest: {}", summary.hello_retry_request).into());
        }
        let taken = self.credential(summary, flags)?.unwrap_or(-1);
        if expect.credential.is_some_and(|wanted| wanted != taken) {
            return Err(format!("the credential is {taken}").into());
        }
        self.check_resumption(summary, flags)
    }

    /// The place among the flags of the PSK or certificate that was chosen.
    fn credential(&self, summary: &Summary, flags: &Flags) -> Result<Option<i64>, Stop> {
        if let Authentication::Psk { identity: chosen } = &summary.authentication {
            for psk in &flags.psks {
                let imported = setup::imported(psk)?;
                if imported.iter().any(|psk| psk.identity() == chosen) {
                    return Ok(Some(psk.place));
                }
            }
        }
        let taken = self.taken.lock().ok().and_then(|taken| *taken);
        let taken = taken.and_then(|index| flags.credentials.get(index));
        Ok(taken.filter(|_| flags.new_credentials).map(|c| c.place))
    }

    fn check_resumption(&self, summary: &Summary, flags: &Flags) -> Result<(), Stop> {
        let expect = &flags.expect;
        if summary.resumed() != (self.resume && !expect.session_miss) {
            return Err(format!("resumed: {}", summary.resumed()).into());
        }
        if self.resume {
            let accepted = summary.early_data == EarlyDataOutcome::Accepted;
            if expect.accept_early_data && !accepted || expect.reject_early_data && accepted {
                return Err(format!("early data: {:?}", summary.early_data).into());
            }
        }
        match &expect.early_data_reason {
            Some(reason) if !fits(&summary.early_data, reason) => {
                Err(format!("early data: {:?}, not {reason}", summary.early_data).into())
            }
            _ => Ok(()),
        }
    }

    /// Whether a client got a session if and only if it should.
    fn check_session<C>(
        &self,
        link: &Link<C>,
        summary: &Summary,
        flags: &Flags,
    ) -> Result<(), Stop> {
        if flags.server || flags.implicit_handshake {
            return Ok(());
        }
        let expect = &flags.expect;
        let tls13 = summary.version == ProtocolVersion::TLS13;
        let wanted = match tls13 {
            true => !expect.no_session && !flags.shim_shuts_down,
            false => !expect.no_session && (!summary.resumed() || expect.ticket_renewal),
        };
        match link.ticket {
            // External PSKs make none, nor does TLS 1.2 without extended_master_secret.
            None if wanted && (tls13 || flags.resume_count > 0) => match &summary.authentication {
                Authentication::Psk { .. } => Ok(()),
                _ => Err("no session came".into()),
            },
            Some(_) if !wanted && expect.no_session => Err("a session came".into()),
            Some(ticket)
                if tls13 && wanted && ticket.early_data != expect.ticket_supports_early_data =>
            {
                Err(format!("{ticket:?}").into())
            }
            _ => Ok(()),
        }
    }
}

/// Whether BoringSSL's word for it says the same.
fn fits(outcome: &EarlyDataOutcome, reason: &str) -> bool {
    let EarlyDataOutcome::Rejected { reason: ours, .. } = outcome else {
        return match outcome {
            EarlyDataOutcome::Accepted => reason == "accept",
            // Why none was offered isn't told.
            _ => !matches!(reason, "accept" | "peer_declined" | "ticket_age_skew"),
        };
    };
    match ours {
        // Which of several reasons counts is a matter of order.
        EarlyDataRefusal::Retry => {
            let other = matches!(reason, "disabled" | "session_not_resumed");
            other || reason == "hello_retry_request"
        }
        EarlyDataRefusal::OtherPsk => reason == "session_not_resumed",
        EarlyDataRefusal::Declined => reason == "peer_declined",
        EarlyDataRefusal::Disabled => matches!(reason, "disabled" | "unsupported_for_session"),
        EarlyDataRefusal::Alpn => reason == "alpn_mismatch",
        EarlyDataRefusal::Stale => reason == "ticket_age_skew",
        _ => false,
    }
}

/// Application data as the flags say; whether the end was a clean one, if it came.
fn talk<C: Peer>(link: &mut Link<C>, flags: &Flags) -> Result<Option<bool>, Stop> {
    if flags.different_record_sizes {
        let data = [0x42; 32769];
        for len in [
            0, 1, 255, 256, 257, 16383, 16384, 16385, 32767, 32768, 32769,
        ] {
            link.write(data.get(..len).unwrap_or(&data))?;
        }
        return Ok(None);
    }
    match flags.shim_shuts_down {
        true => Ok(None),
        false => echo(link, flags).map(Some),
    }
}

/// Sends back what comes, each byte inverted; whether the end was a clean one.
fn echo<C: Peer>(link: &mut Link<C>, flags: &Flags) -> Result<bool, Stop> {
    loop {
        if flags.key_update_before_read {
            link.connection.update_keys(false)?;
            link.flush()?;
        }
        if flags.peek {
            link.wait()?;
        }
        if let Some(eof) = link.wait()? {
            return Ok(eof == Eof::Clean);
        }
        let data = link.take(flags.read_size.unwrap_or(512));
        if flags.exporter_between_reads {
            let mut out = [0; 32];
            link.connection.export(b"some label", None, &mut out)?;
        }
        if flags.key_update {
            link.connection.update_keys(false)?;
        }
        link.write(&inverted(data))?;
    }
}

/// Whether the peer's close_notify is what comes next.
fn end<C: Peer>(link: &mut Link<C>) -> Result<bool, Stop> {
    match link.wait()? {
        Some(eof) => Ok(eof == Eof::Clean),
        None => Err("data where the end was expected".into()),
    }
}

/// The DER of the certificates in a PEM file.
fn certificates_of(pem: &[u8]) -> Result<Vec<Vec<u8>>, Stop> {
    use rustls_pki_types::{CertificateDer, pem::PemObject};
    let mut out = Vec::new();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        match certificate {
            Ok(certificate) => out.push(certificate.to_vec()),
            Err(e) => return Err(Stop::Failed(format!("{e:?}"))),
        }
    }
    Ok(out)
}

fn main() -> ExitCode {
    if std::env::args().any(|arg| arg == "-is-handshaker-supported") {
        println!("No");
        return ExitCode::SUCCESS;
    }
    let result = flags::parse(std::env::args().skip(1)).and_then(|all| run(&all));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(Stop::Unimplemented(what)) => {
            eprintln!("unimplemented: {what}");
            ExitCode::from(UNIMPLEMENTED)
        }
        Err(Stop::Failed(error)) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
