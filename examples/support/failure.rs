//! How the programs end: what went wrong, in words, and the exit status that goes with it.

use super::args::{Program, Usage};
use std::borrow::Cow;
use std::io;
use std::process::ExitCode;
use symbolon::codepoint::{AlertDescription, ProtocolVersion};
use symbolon::error::{Error, ErrorKind};

/// Why a program ends.
#[derive(Debug)]
pub enum Failure {
    /// TLS or a certificate: exit status 1.
    Tls(Cow<'static, str>, Box<Error>),
    /// The command line, or a file that it names: exit status 2.
    Usage(String),
    /// The connection or other I/O: exit status 3.
    Io(String, io::Error),
}

impl From<Usage> for Failure {
    fn from(usage: Usage) -> Self {
        Self::Usage(usage.0)
    }
}

impl Failure {
    /// An error of TLS while doing `what`.
    pub fn tls(what: &'static str, error: Error) -> Self {
        Self::Tls(what.into(), Box::new(error))
    }

    /// The same; if the peer speaks none of these versions, it says that they were offered.
    pub fn with_offer(self, versions: &[ProtocolVersion]) -> Self {
        const NO_VERSION: ErrorKind = ErrorKind::AlertReceived(AlertDescription::PROTOCOL_VERSION);
        match self {
            Self::Tls(what, error) if *error.kind() == NO_VERSION => {
                let offer = super::setup::names(versions);
                Self::Tls(format!("{what}: we offered {offer}").into(), error)
            }
            other => other,
        }
    }

    /// An error of a stream, which may be one of TLS, while doing `what`.
    pub fn of_stream(what: &'static str, error: io::Error) -> Self {
        match error.downcast::<Error>() {
            Ok(tls) => Self::tls(what, tls),
            Err(other) => Self::Io(what.to_owned(), other),
        }
    }

    /// One that lies in the config, and so in the command line.
    pub fn of_config(error: Error) -> Self {
        Self::Usage(error.to_string())
    }

    fn status(&self) -> u8 {
        match self {
            Self::Tls(..) => 1,
            Self::Usage(_) => 2,
            Self::Io(..) => 3,
        }
    }

    /// What happened, on one line.
    pub fn line(&self) -> String {
        match self {
            Self::Tls(what, error) => format!("{what}: {error}"),
            Self::Usage(text) => text.clone(),
            Self::Io(what, error) => format!("{what}: {}", io_text(error)),
        }
    }

    /// What happened: cause, rule and remedy on lines of their own.
    fn explain(&self, program: &str) -> String {
        match self {
            Self::Tls(what, error) => explain_tls(program, what, error),
            Self::Usage(text) => {
                format!("{program}: {text}\n  remedy: see cargo run --example {program} -- --help")
            }
            Self::Io(what, error) => {
                let mut text = format!("{program}: {what}\n  cause:  {}", io_text(error));
                if let Some(remedy) = io_remedy(error) {
                    text.push_str("\n  remedy: ");
                    text.push_str(remedy);
                }
                text
            }
        }
    }
}

/// The parts of an error, each on a line.
fn explain_tls(program: &str, what: &str, error: &Error) -> String {
    let mut cause = error.to_string();
    let mut rest = String::new();
    if let Some(remedy) = error.remedy() {
        if let Some(at) = cause.rfind(&format!("; {remedy}")) {
            cause.truncate(at);
        }
        rest.push_str("\n  remedy: ");
        rest.push_str(&remedy);
    }
    if let ErrorKind::Certificate(certificate) = error.kind()
        && let (paths @ [_, _, ..], more) = certificate.tried()
    {
        for tried in paths {
            cause.push_str(&format!("\n  tried:  {tried}"));
        }
        if more > 0 {
            cause.push_str(&format!("\n  tried:  {more} more"));
        }
    }
    let told = match error.alert() {
        Some(alert) => format!("\n  sent:   the alert {alert}"),
        None => String::new(),
    };
    format!("{program}: {what}\n  cause:  {cause}{told}{rest}")
}

fn io_text(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => "nothing came in time".to_owned(),
        io::ErrorKind::UnexpectedEof => {
            "the stream ended without close_notify: what came may have been cut short".to_owned()
        }
        _ => error.to_string(),
    }
}

fn io_remedy(error: &io::Error) -> Option<&'static str> {
    Some(match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
            "is something else than TLS listening there? --timeout waits longer"
        }
        io::ErrorKind::ConnectionRefused => "check host and port: nothing listens there",
        io::ErrorKind::ConnectionReset => {
            "the peer or something on the way ended the connection without saying why"
        }
        io::ErrorKind::UnexpectedEof => "ask the peer why it ended the connection",
        _ => return None,
    })
}

/// Runs a program with the arguments of the process.
pub fn run(
    program: &Program,
    main: impl FnOnce(super::args::Args) -> Result<(), Failure>,
) -> ExitCode {
    let arguments = std::env::args_os().skip(1);
    let arguments = arguments.map(|arg| arg.to_string_lossy().into_owned());
    let result = match program.parse(arguments) {
        Ok(None) => {
            super::print(&program.help());
            return ExitCode::SUCCESS;
        }
        Ok(Some(args)) => main(args),
        Err(usage) => Err(usage.into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            super::note(&failure.explain(program.name));
            ExitCode::from(failure.status())
        }
    }
}
