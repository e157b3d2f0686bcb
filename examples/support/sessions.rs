//! Sessions: kept in a file by the client, given in tickets by the server.

use super::args::{Args, Opt, Usage, flag, option};
use super::failure::Failure;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use symbolon::config::{
    ReplayFilter, RotatingTicketer, ServerSessions, Session, StatelessSessions,
};
use symbolon::handshake::{EarlyDataOutcome, Summary};
use symbolon::io::{now, seed};
use symbolon::provider::default_provider;

pub const SESSION: Opt = option(
    "--session",
    "FILE",
    "Resume the session that is saved in FILE, if there is one, and save the next one there. It is a \
     secret.",
);
pub const EARLY_DATA: Opt = option(
    "--early-data",
    "FILE",
    "Send what is in FILE first: as early data (0-RTT) if the session allows it, and else, or if the \
     server refuses it, after the handshake. Early data can be replayed by others.",
);
pub const NO_TICKETS: Opt = flag("--no-tickets", "Resume no sessions.");
pub const TICKET_SECRET: Opt = option(
    "--ticket-secret",
    "HEX",
    "The secret that tickets are sealed under, 32 bytes: servers with the same one take each \
     other's, also after a restart. Not together with --early-data: servers that share tickets have \
     to share what they have seen, too. Default: random.",
);
pub const ACCEPT_EARLY_DATA: Opt = option(
    "--early-data",
    "N",
    "Accept up to N bytes of early data (TLS 1.3), each ClientHello once. Default: none.",
);

/// How long a key for tickets is in use.
const PERIOD: u32 = 12 * 3600;
/// Seconds for which a ClientHello must be remembered: twice those by which the age of a ticket may
/// be off.
const SPAN: u32 = 20;

/// A session in a file.
pub struct Saved(PathBuf);

impl Saved {
    /// The file that was named.
    pub fn of(args: &Args) -> Option<Self> {
        args.value("--session").map(|file| Self(file.into()))
    }

    /// The session in it. It is used once: it is taken out of the file.
    pub fn take(&self) -> Result<Option<Session>, Failure> {
        let Self(path) = self;
        let bytes = match fs::read(path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other.map_err(|e| self.failed(e))?,
        };
        if bytes.is_empty() {
            return Ok(None);
        }
        let session = Session::from_bytes(&bytes)
            .map_err(|e| Usage(format!("--session {}: {e}", path.display())))?;
        fs::write(path, b"").map_err(|e| self.failed(e))?;
        Ok(Some(session))
    }

    /// Saves a session in the place of the one before, for this user's eyes only.
    pub fn put(&self, session: &Session) -> Result<(), Failure> {
        write_private(&self.0, session.to_bytes().expose()).map_err(|e| self.failed(e))
    }

    fn failed(&self, error: io::Error) -> Failure {
        Failure::Io(format!("--session {}", self.0.display()), error)
    }
}

fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let _ = fs::remove_file(&new);
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(&new)?.write_all(bytes)?;
    fs::rename(&new, path)
}

/// `resumed: yes · early data: accepted`.
pub fn report(summary: &Summary) -> String {
    let resumed = if summary.resumed() { "yes" } else { "no" };
    let early_data = match &summary.early_data {
        EarlyDataOutcome::Accepted => "accepted".to_owned(),
        EarlyDataOutcome::Rejected { reason, .. } => format!("rejected ({reason:?})"),
        _ => "not sent".to_owned(),
    };
    format!("resumed: {resumed} · early data: {early_data}")
}

/// How a server resumes sessions.
pub fn of_server(args: &Args) -> Result<Option<ServerSessions>, Failure> {
    let most = args.number("--early-data", 0..=u32::MAX)?.unwrap_or(0);
    if args.flag("--no-tickets") {
        return Ok(None);
    }
    if most > 0 && args.value("--ticket-secret").is_some() {
        let text = "--ticket-secret and --early-data can't go together";
        return Err(Usage(text.into()).into());
    }
    let tls = |e| Failure::tls("no seed", e);
    let secret = match args.value("--ticket-secret") {
        Some(text) => secret(text)?,
        None => seed().map_err(tls)?,
    };
    let provider = default_provider();
    let ticketer = RotatingTicketer::new(&provider, &secret, PERIOD).map_err(Failure::of_config)?;
    let sessions = StatelessSessions::new(Arc::new(ticketer));
    if most == 0 {
        return Ok(Some(sessions.into()));
    }
    // 100,000 ClientHellos with early data in 20 seconds, one in a million of which may be
    // refused for nothing.
    let filter = ReplayFilter::new(
        &provider,
        &seed().map_err(tls)?,
        100_000,
        1_000_000,
        now(),
        SPAN,
    );
    Ok(Some(sessions.early_data(most, Arc::new(filter)).into()))
}

fn secret(text: &str) -> Result<[u8; 32], Usage> {
    let wrong = || Usage("--ticket-secret needs 64 hexadecimal digits".to_owned());
    let digits = Some(text).filter(|text| text.len() == 64 && text.is_ascii());
    let digits = digits.ok_or_else(wrong)?;
    let mut secret = [0; 32];
    for (i, byte) in secret.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&digits[2 * i..2 * i + 2], 16).map_err(|_| wrong())?;
    }
    Ok(secret)
}
