//! The runner's flags.

use super::{Stop, unimplemented};
use symbolon::codepoint::{NamedGroup, SignatureScheme};
use symbolon::config::PskHash;

/// A certificate and key as the flags name them.
#[derive(Clone, Debug, Default)]
pub struct CredentialFlags {
    /// Its place among all that are given with flags of their own.
    pub place: i64,
    pub chain: String,
    pub key: String,
    pub signing_prefs: Vec<SignatureScheme>,
    pub ocsp: Vec<u8>,
}

/// A key to import.
#[derive(Clone, Debug, Default)]
pub struct PskFlags {
    /// Its place among all that are given with flags of their own.
    pub place: i64,
    pub key: Vec<u8>,
    pub identity: Vec<u8>,
    pub context: Vec<u8>,
    pub hash: Option<PskHash>,
}

/// The flags. Names are the runner's.
#[derive(Debug, Default)]
pub struct Flags {
    pub port: u16,
    pub ipv6: bool,
    pub shim_id: u64,
    pub server: bool,
    pub credentials: Vec<CredentialFlags>,
    /// What stood before the first of `credentials`: the last resort.
    pub default_credential: Option<CredentialFlags>,
    pub new_credentials: bool,
    pub curves: Vec<NamedGroup>,
    pub key_shares: Option<Vec<NamedGroup>>,
    pub verify_prefs: Vec<SignatureScheme>,
    pub min_version: u16,
    pub max_version: u16,
    pub no_tls12: bool,
    pub no_tls13: bool,
    pub host_name: Option<String>,
    pub alpn: Vec<Vec<u8>>,
    pub select_alpn: Option<String>,
    pub reject_alpn: bool,
    pub require_client_certificate: bool,
    pub verify_peer: bool,
    pub verify_fail: bool,
    pub custom_verify: bool,
    pub ocsp_stapling: bool,
    pub fail_ocsp: bool,
    pub decline_ocsp: bool,
    pub grease: bool,
    pub max_cert_list: Option<usize>,
    pub one_byte_reads: bool,
    pub implicit_handshake: bool,
    pub shim_writes_first: bool,
    pub initial_write: Option<String>,
    pub repeat_initial_write: Option<usize>,
    pub different_record_sizes: bool,
    pub shim_shuts_down: bool,
    pub check_close_notify: bool,
    pub key_update: bool,
    pub key_update_before_read: bool,
    pub peek: bool,
    pub exporter_between_reads: bool,
    pub read_size: Option<usize>,
    pub export_length: usize,
    pub export_label: String,
    pub export_context: String,
    pub use_export_context: bool,
    pub resume_count: usize,
    /// Seconds.
    pub resumption_delay: u64,
    pub no_ticket: bool,
    pub early_data: bool,
    /// Of TLS 1.2.
    pub psk: Option<String>,
    pub psk_identity: String,
    pub psks: Vec<PskFlags>,
    pub expect: Expect,
}

/// What the flags say that the handshake comes to.
#[derive(Debug, Default)]
pub struct Expect {
    pub version: Option<u16>,
    pub cipher: Option<u16>,
    pub curve: Option<u16>,
    pub peer_scheme: Option<u16>,
    pub peer_prefs: Vec<u16>,
    pub alpn: Option<String>,
    pub advertised_alpn: Option<String>,
    pub server_name: Option<String>,
    pub no_server_name: bool,
    pub ocsp: Option<Vec<u8>>,
    pub peer_cert: Option<String>,
    pub no_peer_cert: bool,
    pub hrr: Option<bool>,
    pub credential: Option<i64>,
    pub session_miss: bool,
    pub no_session: bool,
    pub no_session_id: bool,
    pub ticket_renewal: bool,
    pub ticket_supports_early_data: bool,
    pub accept_early_data: bool,
    pub reject_early_data: bool,
    pub no_offer_early_data: bool,
    pub early_data_reason: Option<String>,
}

/// The flags of the first connection, of those that resume it, and of such a one after its early
/// data was rejected.
#[derive(Debug, Default)]
pub struct AllFlags {
    pub initial: Flags,
    pub resume: Flags,
    pub retry: Flags,
}

pub fn parse(args: impl Iterator<Item = String>) -> Result<AllFlags, Stop> {
    let mut all = AllFlags::default();
    let args: Vec<String> = args.collect();
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let after = |arg: &'_ str, prefix| {
            let rest = arg.strip_prefix(prefix);
            rest.filter(|rest| rest.starts_with('-')).map(str::to_owned)
        };
        let arg = after(arg, "-on-shim").unwrap_or_else(|| arg.clone());
        let AllFlags {
            initial,
            resume,
            retry,
        } = &mut all;
        let (name, targets) = if let Some(name) = after(&arg, "-on-initial") {
            (name, vec![initial])
        } else if let Some(name) = after(&arg, "-on-resume") {
            (name, vec![resume])
        } else if let Some(name) = after(&arg, "-on-retry") {
            (name, vec![retry])
        } else {
            (arg, vec![initial, resume, retry])
        };
        // Each reads the same value.
        let from = args.clone();
        for target in targets {
            args = from.clone();
            set(target, &name, &mut args)?;
        }
    }
    Ok(all)
}

fn set(flags: &mut Flags, name: &str, args: &mut std::slice::Iter<'_, String>) -> Result<(), Stop> {
    let mut value = || {
        args.next()
            .cloned()
            .ok_or_else(|| Stop::Failed(format!("{name} needs a value")))
    };
    match name {
        "-port" => flags.port = value()?.parse()?,
        "-shim-id" => flags.shim_id = value()?.parse()?,
        "-ipv6" => flags.ipv6 = true,
        "-server" => flags.server = true,
        "-new-x509-credential" => {
            if !flags.new_credentials {
                flags.default_credential = flags.credentials.pop();
            }
            flags.new_credentials = true;
            let place = next_place(flags)?;
            flags.credentials.push(CredentialFlags {
                place,
                ..CredentialFlags::default()
            });
        }
        "-cert-file" => credential(flags).chain = value()?,
        "-key-file" => credential(flags).key = value()?,
        "-signing-prefs" => {
            let scheme = SignatureScheme(value()?.parse()?);
            credential(flags).signing_prefs.push(scheme);
        }
        "-ocsp-response" => credential(flags).ocsp = base64(&value()?)?,
        "-curves" => flags.curves.push(NamedGroup(value()?.parse()?)),
        "-key-shares" => {
            let group = NamedGroup(value()?.parse()?);
            flags.key_shares.get_or_insert_default().push(group);
        }
        "-no-key-shares" => flags.key_shares = Some(Vec::new()),
        "-verify-prefs" => flags.verify_prefs.push(SignatureScheme(value()?.parse()?)),
        "-min-version" => flags.min_version = value()?.parse()?,
        "-max-version" => flags.max_version = value()?.parse()?,
        "-no-tls13" => flags.no_tls13 = true,
        "-no-tls12" => flags.no_tls12 = true,
        "-no-tls11" | "-no-tls1" => {}
        "-host-name" => flags.host_name = Some(value()?),
        "-advertise-alpn" => flags.alpn = alpn_list(value()?.as_bytes())?,
        "-select-alpn" => flags.select_alpn = Some(value()?),
        "-decline-alpn" => {}
        "-reject-alpn" => flags.reject_alpn = true,
        "-require-any-client-certificate" => flags.require_client_certificate = true,
        "-verify-peer" => flags.verify_peer = true,
        "-verify-fail" => flags.verify_fail = true,
        "-use-custom-verify-callback" => flags.custom_verify = true,
        "-enable-ocsp-stapling" => flags.ocsp_stapling = true,
        "-fail-ocsp-callback" if flags.server => return unimplemented("a callback that fails"),
        "-fail-ocsp-callback" => flags.fail_ocsp = true,
        "-decline-ocsp-callback" => flags.decline_ocsp = true,
        "-enable-grease" => flags.grease = true,
        "-max-cert-list" => flags.max_cert_list = Some(value()?.parse()?),
        "-async" => flags.one_byte_reads = true,
        "-implicit-handshake" => flags.implicit_handshake = true,
        "-shim-writes-first" => flags.shim_writes_first = true,
        "-shim-initial-write" => flags.initial_write = Some(value()?),
        "-repeat-shim-initial-write" => flags.repeat_initial_write = Some(value()?.parse()?),
        "-write-different-record-sizes" => flags.different_record_sizes = true,
        "-shim-shuts-down" => flags.shim_shuts_down = true,
        "-check-close-notify" => flags.check_close_notify = true,
        "-key-update" => flags.key_update = true,
        "-key-update-before-read" => flags.key_update_before_read = true,
        "-peek-then-read" => flags.peek = true,
        "-use-exporter-between-reads" => flags.exporter_between_reads = true,
        "-read-size" => flags.read_size = Some(value()?.parse()?),
        "-export-keying-material" => flags.export_length = value()?.parse()?,
        "-export-label" => flags.export_label = value()?,
        "-export-context" => flags.export_context = value()?,
        "-use-export-context" => flags.use_export_context = true,
        "-resume-count" => flags.resume_count = value()?.parse()?,
        "-resumption-delay" => flags.resumption_delay = value()?.parse()?,
        "-no-ticket" => flags.no_ticket = true,
        "-enable-early-data" => flags.early_data = true,
        "-psk" => flags.psk = Some(value()?),
        "-psk-identity" => flags.psk_identity = value()?,
        "-new-psk-credential" => {
            let place = next_place(flags)?;
            flags.psks.push(PskFlags {
                place,
                ..PskFlags::default()
            });
        }
        "-psk-importer-key" => psk(flags)?.key = base64(&value()?)?,
        "-psk-importer-identity" => psk(flags)?.identity = base64(&value()?)?,
        "-psk-importer-context" => psk(flags)?.context = base64(&value()?)?,
        "-psk-importer-sha256" => psk(flags)?.hash = Some(PskHash::Sha256),
        "-psk-importer-sha384" => psk(flags)?.hash = Some(PskHash::Sha384),
        // Ways to ask BoringSSL's own API for what happens here in any case.
        "-use-old-client-cert-callback"
        | "-no-op-extra-handshake"
        | "-handshake-twice"
        | "-install-ddos-callback"
        | "-use-ocsp-callback"
        | "-set-ocsp-in-callback"
        | "-use-early-callback"
        | "-expect-verify-result"
        | "-forbid-renegotiation-after-handshake"
        | "-expect-secure-renegotiation"
        | "-expect-extended-master-secret" => {}
        // There is no renegotiation to allow; what the callback would see isn't compared.
        "-renegotiate-freely" => {}
        "-handshaker-path" | "-trust-cert" | "-expect-msg-callback" => drop(value()?),
        other => return set_expectation(flags, other, args),
    }
    Ok(())
}

fn set_expectation(
    flags: &mut Flags,
    name: &str,
    args: &mut std::slice::Iter<'_, String>,
) -> Result<(), Stop> {
    let expect = &mut flags.expect;
    let mut value = || {
        args.next()
            .cloned()
            .ok_or_else(|| Stop::Failed(format!("{name} needs a value")))
    };
    match name {
        "-expect-version" => expect.version = Some(value()?.parse()?),
        "-expect-cipher" => expect.cipher = Some(value()?.parse()?),
        "-expect-curve-id" => expect.curve = Some(value()?.parse()?),
        "-expect-peer-signature-algorithm" => expect.peer_scheme = Some(value()?.parse()?),
        "-expect-peer-verify-pref" => expect.peer_prefs.push(value()?.parse()?),
        "-expect-alpn" => expect.alpn = Some(value()?),
        "-expect-advertised-alpn" => expect.advertised_alpn = Some(value()?),
        "-expect-server-name" => expect.server_name = Some(value()?),
        "-expect-no-server-name" => expect.no_server_name = true,
        "-expect-ocsp-response" => expect.ocsp = Some(base64(&value()?)?),
        "-expect-peer-cert-file" => expect.peer_cert = Some(value()?),
        "-expect-no-peer-cert" => expect.no_peer_cert = true,
        "-expect-hrr" => expect.hrr = Some(true),
        "-expect-no-hrr" => expect.hrr = Some(false),
        "-expect-selected-credential" => expect.credential = Some(value()?.parse()?),
        "-expect-session-miss" => expect.session_miss = true,
        "-expect-no-session" => expect.no_session = true,
        "-expect-no-session-id" => expect.no_session_id = true,
        "-expect-ticket-renewal" => expect.ticket_renewal = true,
        "-expect-ticket-supports-early-data" => expect.ticket_supports_early_data = true,
        "-expect-accept-early-data" => expect.accept_early_data = true,
        "-expect-reject-early-data" => expect.reject_early_data = true,
        "-expect-no-offer-early-data" => expect.no_offer_early_data = true,
        "-expect-early-data-reason" => expect.early_data_reason = Some(value()?),
        other => return unimplemented(other),
    }
    Ok(())
}

fn psk(flags: &mut Flags) -> Result<&mut PskFlags, Stop> {
    let last = flags.psks.last_mut();
    last.ok_or_else(|| Stop::Failed("no PSK to describe".into()))
}

fn next_place(flags: &Flags) -> Result<i64, Stop> {
    let certificates = if flags.new_credentials {
        flags.credentials.len()
    } else {
        0
    };
    Ok((certificates + flags.psks.len()).try_into()?)
}

fn credential(flags: &mut Flags) -> &mut CredentialFlags {
    if flags.credentials.is_empty() {
        flags.credentials.push(CredentialFlags::default());
    }
    flags.credentials.last_mut().expect("one was pushed")
}

fn alpn_list(mut list: &[u8]) -> Result<Vec<Vec<u8>>, Stop> {
    let mut names = Vec::new();
    while let Some((len, rest)) = list.split_first() {
        let (name, rest) = rest
            .split_at_checked(usize::from(*len))
            .ok_or_else(|| Stop::Failed("a list of protocols is cut short".into()))?;
        names.push(name.to_vec());
        list = rest;
    }
    Ok(names)
}

fn base64(text: &str) -> Result<Vec<u8>, Stop> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bits, mut held, mut out) = (0u32, 0u32, Vec::new());
    for c in text.bytes().filter(|c| *c != b'=') {
        let digit = ALPHABET.iter().position(|a| *a == c);
        let digit = digit.ok_or_else(|| Stop::Failed("not base64".into()))?;
        bits = bits << 6 | u32::try_from(digit)?;
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push(u8::try_from(bits >> held & 0xff)?);
            bits &= (1 << held) - 1;
        }
    }
    Ok(out)
}
