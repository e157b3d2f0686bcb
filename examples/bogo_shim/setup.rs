//! Configs from the flags.

use super::flags::{CredentialFlags, Flags, PskFlags};
use super::{Stop, unimplemented};
use rustls_pki_types::UnixTime;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use symbolon::codepoint::{NamedGroup, ProtocolVersion, SignatureScheme};
use symbolon::config::{
    CertificateRequestInfo, ChooseClientCredential, ChooseServerCredential, ClientAuth,
    ClientConfig, ClientHelloInfo, Credential, ExternalPsk, Freshness, Key, Limits,
    MemoryClientSessions, MemorySessions, PskHash, PskImporter, PskTable, ReplayQuery,
    ReplayRecorder, RetryPolicy, RotatingTicketer, ServerConfig, ServerSessions, StatefulSessions,
    StatelessSessions, TicketPolicy,
};
use symbolon::conn::{ClientConnection, ServerConnection};
use symbolon::crypto::{CryptoProvider, Random, SigningKey, VerifyAlgorithms};
use symbolon::error::{CertificateError, CryptoError};
use symbolon::io::{now, seed};
use symbolon::pki::{DangerousAcceptAnyCertificate, Decision, VerifiedChain};
use symbolon::pki::{Verifier, VerifyRequest};
use symbolon::provider::RUSTCRYPTO;
use symbolon::secret::SecretBytes;

/// A key that signs only in some schemes, in an order of the flags' choosing.
#[derive(Debug)]
struct PreferringKey {
    key: Arc<dyn SigningKey>,
    schemes: Vec<SignatureScheme>,
}

impl SigningKey for PreferringKey {
    fn schemes(&self) -> &[SignatureScheme] {
        &self.schemes
    }

    fn sign(
        &self,
        scheme: SignatureScheme,
        message: &[u8],
        random: &mut Random,
        out: &mut [u8],
    ) -> Result<usize, CryptoError> {
        self.key.sign(scheme, message, random, out)
    }

    fn public_key_info(&self) -> &[u8] {
        self.key.public_key_info()
    }
}

fn load(flags: &CredentialFlags, staple: bool) -> Result<Arc<Credential>, Stop> {
    let (chain, key) = (std::fs::read(&flags.chain)?, std::fs::read(&flags.key)?);
    let loaded = match Credential::from_pem(&chain, &key, &RUSTCRYPTO) {
        // A key of a kind or size that the provider leaves out.
        Err(e) => return unimplemented(format!("the credential {}: {e}", flags.chain)),
        Ok(loaded) => loaded,
    };
    let loaded = match (loaded.key(), flags.signing_prefs.is_empty()) {
        (Key::Local(key), false) => {
            let able = |s: &&SignatureScheme| key.schemes().contains(s);
            let schemes: Vec<_> = flags.signing_prefs.iter().filter(able).copied().collect();
            if schemes.len() != flags.signing_prefs.len() {
                return unimplemented("a signature scheme that the key can't sign with");
            }
            let key = Arc::clone(key);
            let key = Key::Local(Arc::new(PreferringKey { key, schemes }));
            Credential::with_key(loaded.chain().to_vec(), key)?
        }
        _ => loaded,
    };
    Ok(Arc::new(match flags.ocsp.as_slice() {
        ocsp if staple && !ocsp.is_empty() => loaded.ocsp_response(ocsp)?,
        _ => loaded,
    }))
}

/// Takes the first credential that fits, and remembers which.
#[derive(Debug)]
pub struct First {
    list: Vec<Arc<Credential>>,
    taken: Arc<Mutex<Option<usize>>>,
}

impl First {
    /// Of these; the index of what is taken goes to `taken`.
    pub fn of(flags: &Flags, taken: &Arc<Mutex<Option<usize>>>) -> Result<Self, Stop> {
        let all = flags.credentials.iter().chain(&flags.default_credential);
        Ok(Self {
            list: all
                .map(|c| load(c, !flags.decline_ocsp))
                .collect::<Result<_, _>>()?,
            taken: Arc::clone(taken),
        })
    }

    fn take(&self, fits: impl Fn(&Credential) -> bool) -> Option<Arc<Credential>> {
        let index = self.list.iter().position(|c| fits(c))?;
        *self.taken.lock().ok()? = Some(index);
        self.list.get(index).cloned()
    }
}

impl ChooseServerCredential for First {
    fn choose(&self, hello: &ClientHelloInfo) -> Decision<Option<Arc<Credential>>> {
        let fitting = self.take(|c| hello.scheme_for(c).is_some());
        // Without a scheme in common the library itself tells what is missing.
        Decision::Now(fitting.or_else(|| self.list.first().cloned()))
    }
}

impl ChooseClientCredential for First {
    fn choose(&self, request: &CertificateRequestInfo) -> Decision<Option<Arc<Credential>>> {
        let verifies = |scheme: &SignatureScheme| request.schemes.contains(scheme);
        Decision::Now(self.take(|c| c.key().schemes().iter().any(verifies)))
    }
}

/// Accepts or refuses everything.
#[derive(Debug)]
struct Judge {
    refuse: bool,
    ocsp: bool,
}

impl Verifier for Judge {
    fn verify(
        &self,
        request: &VerifyRequest,
        algorithms: &VerifyAlgorithms,
    ) -> Decision<Result<VerifiedChain, CertificateError>> {
        match self.refuse {
            true => Decision::Later,
            false => DangerousAcceptAnyCertificate.verify(request, algorithms),
        }
    }

    fn wants_ocsp(&self) -> bool {
        self.ocsp
    }
}

/// The provider, verifying only the schemes that the flags name.
fn provider(flags: &Flags) -> Result<CryptoProvider, Stop> {
    let mut provider = RUSTCRYPTO;
    if !flags.verify_prefs.is_empty() {
        let mut schemes = Vec::new();
        for scheme in &flags.verify_prefs {
            match provider.verify.schemes.iter().find(|(s, _)| s == scheme) {
                Some(known) => schemes.push(*known),
                None => return unimplemented(format!("verifying {scheme}")),
            }
        }
        provider.verify.schemes = schemes.leak();
    }
    let has = |group: &NamedGroup| provider.groups.iter().any(|g| g.name() == *group);
    if let Some(group) = flags.curves.iter().find(|g| !has(g)) {
        return unimplemented(format!("the group {group}"));
    }
    Ok(provider)
}

fn versions(flags: &Flags) -> Result<Vec<ProtocolVersion>, Stop> {
    let mut versions = vec![ProtocolVersion::TLS13, ProtocolVersion::TLS12];
    versions.retain(|v| {
        let off = match *v {
            ProtocolVersion::TLS13 => flags.no_tls13,
            _ => flags.no_tls12,
        };
        let above = flags.max_version != 0 && v.0 > flags.max_version;
        !off && !above && v.0 >= flags.min_version
    });
    match versions.is_empty() {
        true => unimplemented("versions before TLS 1.2"),
        false => Ok(versions),
    }
}

fn limits(flags: &Flags) -> Limits {
    let mut limits = Limits::default();
    // The runner likes to send a record for each byte.
    limits.flight_records = 1 << 20;
    limits.early_data = 1 << 24;
    if let Some(max) = flags.max_cert_list {
        limits.client_chain = max;
        limits.server_chain = max;
    }
    limits
}

fn verifier(flags: &Flags) -> Arc<dyn Verifier> {
    // A client of BoringSSL goes on all the same unless it is told to verify.
    let strict = flags.server || flags.verify_peer || flags.custom_verify;
    let refuse = flags.verify_fail && strict || flags.fail_ocsp;
    let ocsp = flags.ocsp_stapling;
    Arc::new(Judge { refuse, ocsp })
}

/// What is set up in one way for both roles.
macro_rules! common {
    ($builder:expr, $flags:expr) => {{
        let mut builder = $builder
            .provider(provider($flags)?)
            .versions(&versions($flags)?)
            .limits(limits($flags))
            .require_extended_master_secret(false);
        if !$flags.curves.is_empty() {
            builder = builder.groups(&$flags.curves);
        }
        builder
    }};
}

/// What stands for an identity of the verifier.
const SCOPE: [u8; 4] = *b"bogo";

/// What the connections of one run have in common.
#[derive(Debug)]
pub struct Shared {
    /// How far the clock has been put forward.
    pub ahead: Duration,
    pub client: Arc<MemoryClientSessions>,
    tickets: Arc<RotatingTicketer>,
    store: Arc<MemorySessions>,
    seen: Arc<Seen>,
}

/// Every ClientHello whose early data was accepted.
#[derive(Debug, Default)]
struct Seen(Mutex<BTreeSet<[u8; 32]>>);

impl ReplayRecorder for Seen {
    fn record(&self, query: &ReplayQuery) -> Decision<Freshness> {
        let new = self.0.lock().is_ok_and(|mut seen| seen.insert(query.key));
        Decision::Now(match new {
            true => Freshness::New,
            false => Freshness::Seen,
        })
    }
}

/// The most early data that is accepted: BoringSSL's own limit, which the runner knows.
const EARLY_DATA: u32 = 14_336;

impl Shared {
    pub fn new() -> Result<Self, Stop> {
        const WEEK: u32 = 7 * 24 * 3600;
        Ok(Self {
            ahead: Duration::ZERO,
            client: Arc::new(MemoryClientSessions::new(100, 1 << 20)),
            tickets: Arc::new(RotatingTicketer::new(&RUSTCRYPTO, &seed()?, WEEK)?),
            store: Arc::new(MemorySessions::new(100, 1 << 20)),
            seen: Arc::default(),
        })
    }

    pub fn now(&self) -> UnixTime {
        let real = Duration::from_secs(now().as_secs());
        UnixTime::since_unix_epoch(real.saturating_add(self.ahead))
    }

    /// A server's sessions: in tickets, or where the flags want none under session IDs.
    fn of_server(&self, flags: &Flags) -> ServerSessions {
        if flags.no_ticket {
            // None in TLS 1.3.
            let mut policy = TicketPolicy::default();
            (policy.count, policy.resumed_count) = (0, 0);
            let store = StatefulSessions::new(self.store.clone());
            return store.policy(policy).into();
        }
        let tickets = StatelessSessions::new(self.tickets.clone());
        match flags.early_data {
            true => tickets.early_data(EARLY_DATA, self.seen.clone()).into(),
            false => tickets.into(),
        }
    }
}

/// The external PSKs that the flags name.
fn psks(flags: &Flags) -> Result<Vec<ExternalPsk>, Stop> {
    let mut psks = Vec::new();
    if let Some(key) = &flags.psk {
        let key = SecretBytes::new(key.as_bytes().to_vec());
        let identity = flags.psk_identity.as_bytes();
        let psk = ExternalPsk::new(identity, key, PskHash::Sha256);
        psks.push(psk.or_else(|e| unimplemented(e.to_string()))?);
    }
    for psk in &flags.psks {
        psks.extend(imported(psk)?);
    }
    Ok(psks)
}

pub fn imported(psk: &PskFlags) -> Result<Vec<ExternalPsk>, Stop> {
    let key = SecretBytes::new(psk.key.clone());
    let hash = psk.hash.unwrap_or(PskHash::Sha256);
    let importer = PskImporter::new(&RUSTCRYPTO, &psk.identity, key, hash);
    Ok(importer.context(&psk.context).import()?)
}

pub fn client(flags: &Flags, own: First, shared: &Shared) -> Result<ClientConnection, Stop> {
    let mut builder = common!(ClientConfig::builder(), flags)
        .alpn(flags.alpn.iter().cloned())
        .grease(flags.grease)
        .server_name(flags.host_name.is_some())
        .early_data(flags.early_data);
    if !flags.no_ticket {
        let store = shared.client.clone();
        builder = builder.session_scope(SCOPE).sessions(store);
    }
    if flags.psks.is_empty() || flags.verify_peer {
        builder = builder.verifier(verifier(flags));
    }
    for psk in psks(flags)? {
        builder = builder.psk(Arc::new(psk));
    }
    if !own.list.is_empty() {
        builder = builder.credentials(Arc::new(own));
    }
    if let Some(shares) = &flags.key_shares {
        builder = builder.key_shares(shares);
    }
    let name = flags.host_name.clone().unwrap_or_else(|| "test".into());
    let name = name.try_into()?;
    Ok(ClientConnection::new(
        builder.build()?,
        name,
        seed()?,
        shared.now(),
    )?)
}

pub fn server(flags: &Flags, own: First, shared: &Shared) -> Result<ServerConnection, Stop> {
    let auth = match (flags.require_client_certificate, flags.verify_peer) {
        (true, _) => ClientAuth::Required(verifier(flags)),
        (false, true) => ClientAuth::Optional(verifier(flags)),
        (false, false) => ClientAuth::None,
    };
    let alpn = match (&flags.select_alpn, flags.reject_alpn) {
        (_, true) => vec![b"none of those".to_vec()],
        (Some(name), false) if !name.is_empty() => vec![name.clone().into_bytes()],
        (_, false) => Vec::new(),
    };
    let mut builder = common!(ServerConfig::builder(), flags)
        .client_auth(auth)
        .session_scope(SCOPE)
        .sessions(shared.of_server(flags))
        .retry(RetryPolicy::ForPreferred)
        .alpn(alpn);
    let psks = psks(flags)?;
    if psks.is_empty() || !own.list.is_empty() {
        builder = builder.credentials(Arc::new(own));
    }
    if !psks.is_empty() {
        builder = builder.psks(Arc::new(PskTable::from_iter(psks)));
    }
    Ok(ServerConnection::new(
        builder.build()?,
        seed()?,
        shared.now(),
    )?)
}
