//! From the command line to whom is trusted.

use super::args::{Args, Opt, Usage, option};
use super::failure::Failure;
use super::{note, setup};
use rustls_pki_types::ServerName;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use symbolon::pki::{
    Decision, FirstUseVerifier, KnownServers, PathVerifier, Pin, PinVerifier, RootStore, Stranger,
    Verifier,
};

pub const CA: Opt = option(
    "--ca",
    "FILE",
    "Trust the certificates in this PEM file: a private CA's, or the server's own.",
);
pub const ROOTS: Opt = option(
    "--roots",
    "WHOSE",
    "Whose roots are trusted: web (Mozilla's, built in) or platform (the operating system's; \
     SSL_CERT_FILE and SSL_CERT_DIR name others). Default: web.",
);
pub const PIN: Opt = option(
    "--pin",
    "LIST",
    "Trust the server that has one of these keys, whatever else its certificate says: SHA-256 of \
     the SubjectPublicKeyInfo in base64 or hexadecimal. With --ca or --roots: as well as a root.",
);
pub const FIRST_USE: Opt = option(
    "--first-use",
    "FILE",
    "Trust a server's key when it is first seen and remember it in FILE; from then on it must be \
     the same.",
);

/// The verifier that the options ask for.
pub fn verifier(args: &Args) -> Result<Arc<dyn Verifier>, Failure> {
    let pins = pins(args, "--pin")?;
    if let Some(file) = args.value("--first-use") {
        let others = ["--ca", "--roots", "--pin"];
        if let Some(other) = others.iter().find(|other| args.value(other).is_some()) {
            let text = format!("--first-use asks nobody else: it doesn't go with {other}");
            return Err(Failure::Usage(text));
        }
        return Ok(Arc::new(FirstUseVerifier::new(Arc::new(KnownFile::open(
            file,
        )?))));
    }
    let rooted = args.value("--ca").is_some() || args.value("--roots").is_some();
    Ok(match pins {
        Some(pins) if rooted => Arc::new(PinVerifier::new(pins).within(path(args)?)),
        Some(pins) => Arc::new(PinVerifier::new(pins)),
        None => Arc::new(path(args)?),
    })
}

/// The keys of an option.
pub fn pins(args: &Args, option: &str) -> Result<Option<Vec<Pin>>, Failure> {
    let Some(list) = args.list(option) else {
        return Ok(None);
    };
    let pins = list.iter().map(|text| {
        let wrong = |e| Failure::Usage(format!("{option} {text:?}: {e}"));
        Pin::key(text).map_err(wrong)
    });
    pins.collect::<Result<_, _>>().map(Some)
}

fn path(args: &Args) -> Result<PathVerifier, Failure> {
    let file = setup::roots(args, "--ca")?;
    let roots = match (file, args.value("--roots")) {
        (Some(_), Some(_)) => {
            let text = "--ca and --roots don't go together: give one of them";
            return Err(Failure::Usage(text.to_owned()));
        }
        (Some(roots), None) => roots,
        (None, None | Some("web")) => webpki_roots::TLS_SERVER_ROOTS.iter().collect(),
        (None, Some("platform")) => platform()?,
        (None, Some(other)) => {
            let text = format!("--roots must be web or platform, not {other:?}");
            return Err(Failure::Usage(text));
        }
    };
    Ok(PathVerifier::new(roots))
}

#[cfg(feature = "platform-roots")]
fn platform() -> Result<RootStore, Failure> {
    let found = symbolon::io::platform_roots();
    for skipped in &found.skipped {
        note(&format!("a root is missing: {}", skipped.reason));
    }
    match found.roots.is_empty() {
        true => Err(Failure::Usage(
            "--roots platform: no root certificate was found".to_owned(),
        )),
        false => Ok(found.roots),
    }
}

#[cfg(not(feature = "platform-roots"))]
fn platform() -> Result<RootStore, Failure> {
    let text = "--roots platform: this build lacks it (the feature platform-roots is off)";
    Err(Usage(text.to_owned()).into())
}

/// A file with a line for each server that was seen: its name, a space, its key's pin.
#[derive(Debug)]
struct KnownFile {
    path: PathBuf,
    lines: Vec<(String, Pin)>,
}

impl KnownFile {
    fn open(path: &str) -> Result<Self, Failure> {
        let failed = |e| Failure::Usage(format!("--first-use {path}: {e}"));
        // It is made now, so that a file that can't be written is told before anybody is trusted.
        let file = OpenOptions::new().append(true).create(true).open(path);
        file.map_err(failed)?;
        let text = fs::read_to_string(path).map_err(failed)?;
        let mut lines = Vec::new();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let parts = line.trim().split_once(' ');
            let known = parts.and_then(|(name, pin)| Some((name, Pin::key(pin).ok()?)));
            let (name, pin) = known.ok_or_else(|| {
                Usage(format!(
                    "--first-use {path}: {line:?} is not a NAME and a PIN"
                ))
            })?;
            lines.push((name.to_owned(), pin));
        }
        Ok(Self {
            path: path.into(),
            lines,
        })
    }
}

impl KnownServers for KnownFile {
    fn pins(&self, name: &ServerName<'_>) -> Vec<Pin> {
        let name = name.to_str();
        let same = |known: &str| known.eq_ignore_ascii_case(&name);
        let lines = self.lines.iter().filter(|(known, _)| same(known));
        lines.map(|(_, pin)| *pin).collect()
    }

    fn meet(&self, stranger: &Stranger) -> Decision<bool> {
        let (name, path) = (stranger.name.to_str(), self.path.display());
        let line = format!("{name} {}\n", stranger.key);
        let file = OpenOptions::new().append(true).open(&self.path);
        let written = file.and_then(|mut file| file.write_all(line.as_bytes()));
        match &written {
            Ok(()) => note(&format!(
                "first use: {name} is known from now on by its key, {}, in {path}\n  \
                 its certificate's SHA-256: {}",
                stranger.key, stranger.certificate
            )),
            Err(e) => note(&format!("{name} can't be remembered in {path}: {e}")),
        }
        Decision::Now(written.is_ok())
    }
}
