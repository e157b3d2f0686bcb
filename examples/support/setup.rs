//! From the command line to the parts of a config.

use super::args::{Args, Opt, Usage, flag, option};
use super::failure::Failure;
use std::fs;
use std::sync::Arc;
use symbolon::codepoint::{CipherSuite, NamedGroup, ProtocolVersion};
use symbolon::config::{Credential, KeyLogFile};
use symbolon::pki::RootStore;
use symbolon::provider::default_provider;

pub const SUITES: Opt = option(
    "--suites",
    "LIST",
    "Cipher suites of either version, best first. Default: AES-128-GCM, AES-256-GCM, \
     ChaCha20-Poly1305; the CCM suites are used only if named here.",
);
pub const GROUPS: Opt = option(
    "--groups",
    "LIST",
    "Key-exchange groups, best first. Default: X25519MLKEM768, SecP256r1MLKEM768, \
     SecP384r1MLKEM1024, x25519, secp256r1, secp384r1; TLS 1.2 uses the last three.",
);
pub const ALPN: Opt = option(
    "--alpn",
    "LIST",
    "Application protocols, best first, e.g. http/1.1. Default: none.",
);
pub const KEYLOG: Opt = option(
    "--keylog",
    "FILE",
    "Append the connection's secrets to FILE, for Wireshark. Default: the file that \
     SSLKEYLOGFILE names, if it is set.",
);
pub const RECORD_SIZE_LIMIT: Opt = option(
    "--record-size-limit",
    "N",
    "Ask the peer for records of at most N bytes, 64 to 16385. Default: not asked.",
);
pub const PADDING: Opt = option(
    "--padding",
    "N",
    "Pad records to a multiple of N bytes (TLS 1.3). Default: no padding.",
);

pub const TLS12: Opt = flag(
    "--tls1.2",
    "Speak TLS 1.2 only. With --tls1.3 as well: both, as by default.",
);
pub const TLS13: Opt = flag(
    "--tls1.3",
    "Speak TLS 1.3 only. With --tls1.2 as well: both, as by default.",
);

/// The versions that were asked for, by their options and by what other options need of them;
/// newest first.
pub fn versions(args: &Args) -> Result<Vec<ProtocolVersion>, Usage> {
    let (old, new) = (args.flag("--tls1.2"), args.flag("--tls1.3"));
    if old && !cfg!(feature = "tls12") {
        let text = "--tls1.2: this build has no TLS 1.2 (the feature tls12 is off)";
        return Err(Usage(text.to_owned()));
    }
    let mut versions = Vec::new();
    for (version, on, named) in [
        (ProtocolVersion::TLS13, new || !old, new),
        (ProtocolVersion::TLS12, old || !new, old),
    ] {
        let built_in = version == ProtocolVersion::TLS13 || cfg!(feature = "tls12");
        let usable = built_in && has_suite(args, version)?;
        if named && !usable {
            return Err(Usage(format!(
                "--suites names none of {version}, which its option asks for"
            )));
        }
        if on && usable {
            versions.push(version);
        }
    }
    if versions.is_empty() {
        return Err(Usage(
            "--suites names none of a version that is spoken".to_owned(),
        ));
    }
    if !versions.contains(&ProtocolVersion::TLS13) {
        for (option, what) in [
            ("--update-keys", "KeyUpdate"),
            ("--hrr", "HelloRetryRequest"),
        ] {
            if args.flag(option) {
                return Err(Usage(format!(
                    "{option} needs TLS 1.3: TLS 1.2 has no {what}"
                )));
            }
        }
    }
    Ok(versions)
}

/// Whether `--suites` leaves a suite of the version.
fn has_suite(args: &Args, version: ProtocolVersion) -> Result<bool, Usage> {
    let Some(named) = suites(args)? else {
        return Ok(true);
    };
    let new = default_provider().tls13_suites;
    let is_new = |name: &CipherSuite| new.iter().any(|suite| suite.name == *name);
    let wants_new = version == ProtocolVersion::TLS13;
    Ok(named.iter().any(|name| is_new(name) == wants_new))
}

/// Versions in words.
pub fn names(versions: &[ProtocolVersion]) -> String {
    let names: Vec<String> = versions.iter().map(ToString::to_string).collect();
    names.join(" and ")
}

/// Sets what clients and servers have in common on a builder of either.
#[allow(unused_macros, reason = "not every example has a config to set")]
macro_rules! common {
    ($builder:ident, $args:ident) => {
        $builder = $builder.versions(&$crate::support::setup::versions($args)?);
        if let Some(suites) = $crate::support::setup::suites($args)? {
            $builder = $builder.cipher_suites(&suites);
        }
        if let Some(groups) = $crate::support::setup::groups($args, "--groups")? {
            $builder = $builder.groups(&groups);
        }
        if let Some(protocols) = $args.list("--alpn") {
            $builder = $builder.alpn(protocols);
        }
        if let Some(log) = $crate::support::setup::key_log($args)? {
            $builder = $builder.key_log(log);
        }
        if let Some(limit) = $args.number("--record-size-limit", 64..=16_385)? {
            $builder = $builder.record_size_limit(limit);
        }
        if let Some(multiple) = $args.number("--padding", 1..=16_384)? {
            $builder = $builder.padding(symbolon::record::Padding::ToMultipleOf(multiple));
        }
    };
}
#[allow(unused_imports, reason = "as above")]
pub(crate) use common;

fn named<T: Copy + std::fmt::Display>(
    option: &str,
    text: &str,
    known: impl Iterator<Item = T> + Clone,
) -> Result<T, Usage> {
    let fits = |value: &T| value.to_string().eq_ignore_ascii_case(text);
    known.clone().find(fits).ok_or_else(|| {
        let known: Vec<String> = known.map(|value| value.to_string()).collect();
        Usage(format!(
            "{option} does not know {text:?}; it knows {}",
            known.join(", ")
        ))
    })
}

/// The suites of `--suites`.
pub fn suites(args: &Args) -> Result<Option<Vec<CipherSuite>>, Usage> {
    let provider = default_provider();
    let old = provider.tls12_suites.iter().map(|suite| suite.name);
    let known = provider
        .tls13_suites
        .iter()
        .map(|suite| suite.name)
        .chain(old);
    let Some(names) = args.list("--suites") else {
        return Ok(None);
    };
    let suites = names.iter().map(|n| named("--suites", n, known.clone()));
    suites.collect::<Result<_, _>>().map(Some)
}

/// The groups of an option; `none` is the empty list.
pub fn groups(args: &Args, option: &str) -> Result<Option<Vec<NamedGroup>>, Usage> {
    let provider = default_provider();
    let known = provider.groups.iter().map(|group| group.name());
    match args.list(option) {
        None => Ok(None),
        Some(names) if names == ["none"] => Ok(Some(Vec::new())),
        Some(names) => {
            let groups = names.iter().map(|n| named(option, n, known.clone()));
            groups.collect::<Result<_, _>>().map(Some)
        }
    }
}

/// The key log of `--keylog` or `SSLKEYLOGFILE`.
pub fn key_log(args: &Args) -> Result<Option<Arc<KeyLogFile>>, Failure> {
    let log = match args.value("--keylog") {
        Some(path) => KeyLogFile::open(path)
            .map(Some)
            .map_err(|e| Failure::Usage(format!("--keylog {path}: {e}")))?,
        None => KeyLogFile::from_env()
            .map_err(|e| Failure::Usage(format!("SSLKEYLOGFILE can't be opened: {e}")))?,
    };
    if log.is_some() {
        super::note("NOTE: secrets are logged; whoever reads the log can read the connection");
    }
    Ok(log.map(Arc::new))
}

/// The bytes of the file that an option names.
pub fn read_file(args: &Args, option: &str) -> Result<Option<Vec<u8>>, Failure> {
    let Some(path) = args.value(option) else {
        return Ok(None);
    };
    fs::read(path)
        .map(Some)
        .map_err(|e| Failure::Usage(format!("{option} {path}: {e}")))
}

/// The certificate and key of `--cert` and `--key`.
pub fn credential(args: &Args) -> Result<Option<Credential>, Failure> {
    match (read_file(args, "--cert")?, read_file(args, "--key")?) {
        (None, None) => Ok(None),
        (Some(chain), Some(key)) => Credential::from_pem(&chain, &key, &default_provider())
            .map(Some)
            .map_err(|e| Failure::Usage(format!("--cert and --key: {e}"))),
        _ => Err(Failure::Usage(
            "--cert and --key go together: give both or none".to_owned(),
        )),
    }
}

/// The roots in the PEM file that an option names.
pub fn roots(args: &Args, option: &str) -> Result<Option<RootStore>, Failure> {
    let Some(pem) = read_file(args, option)? else {
        return Ok(None);
    };
    let roots = RootStore::from_pem(&pem);
    roots
        .map(Some)
        .map_err(|e| Failure::Usage(format!("{option}: {e}")))
}
