//! Certificates with their keys, and how one is chosen.

use crate::codepoint::SignatureScheme;
use crate::crypto::{CryptoProvider, SigningKey, SuiteAuth};
use crate::error::{CertificateError, Error, Misuse};
use crate::pki::{Certificate, Decision};
use crate::wire::codec::{Item, Writer};
use crate::wire::handshake::CertificateEntry;
use crate::wire::hello::ClientHello;
use crate::wire::tls12::Asn1Cert;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, DnsName, PrivateKeyDer, ServerName};
use sha2::{Digest, Sha256};
use zeroize::Zeroize;

/// Where the private key is.
#[derive(Clone, Debug)]
pub enum Key {
    /// Here: signatures are made at once.
    Local(Arc<dyn SigningKey>),
    /// Elsewhere (an HSM, another process): each signature is asked for through a request. The
    /// schemes it can sign with, best first.
    External(Vec<SignatureScheme>),
}

impl Key {
    /// The schemes that it can sign with, best first.
    #[must_use]
    pub fn schemes(&self) -> &[SignatureScheme] {
        match self {
            Self::Local(key) => key.schemes(),
            Self::External(schemes) => schemes,
        }
    }
}

/// A certificate chain and the key of its first certificate, encoded once for all connections.
#[derive(Clone, Debug)]
pub struct Credential {
    chain: Vec<CertificateDer<'static>>,
    key: Key,
    plain: Arc<[u8]>,
    stapled: Option<Arc<[u8]>>,
    /// TLS 1.2's form.
    tls12: Arc<[u8]>,
    ocsp: Option<Arc<[u8]>>,
}

impl Credential {
    /// A chain, leaf first, and its key, loaded by the provider.
    ///
    /// # Errors
    /// If the chain is empty, a certificate is malformed, the key can't be loaded or isn't the
    /// leaf's.
    pub fn new(
        chain: Vec<CertificateDer<'static>>,
        key: &PrivateKeyDer<'_>,
        provider: &CryptoProvider,
    ) -> Result<Self, Error> {
        Self::with_key(chain, Key::Local(provider.keys.load(key)?))
    }

    /// A chain and a key in PEM; the key may be PKCS#8, SEC1 or PKCS#1.
    ///
    /// # Errors
    /// Those of [`Credential::new`], and [`Misuse::Config`] for what is no PEM.
    pub fn from_pem(chain: &[u8], key: &[u8], provider: &CryptoProvider) -> Result<Self, Error> {
        const BAD: Misuse = Misuse::Config("the PEM holds no certificate or is malformed");
        let chain = CertificateDer::pem_slice_iter(chain)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| BAD)?;
        let mut key = PrivateKeyDer::from_pem_slice(key)
            .map_err(|_| Misuse::Config("the PEM holds no private key or is malformed"))?;
        let credential = Self::new(chain, &key, provider);
        key.zeroize();
        credential
    }

    /// A chain, leaf first, and a key of any kind.
    ///
    /// # Errors
    /// If the chain is empty, its leaf malformed, or a local key isn't the leaf's.
    pub fn with_key(chain: Vec<CertificateDer<'static>>, key: Key) -> Result<Self, Error> {
        let Some(leaf) = chain.first() else {
            return Err(Misuse::Config("a credential needs a certificate").into());
        };
        let leaf = Certificate::parse(leaf).map_err(|e| CertificateError::malformed(0, e))?;
        let local = match &key {
            Key::Local(key) => Some(key),
            Key::External(_) => None,
        };
        if local.is_some_and(|key| key.public_key_info() != leaf.subject_public_key_info()) {
            return Err(Misuse::KeyMismatch.into());
        }
        if key.schemes().is_empty() {
            return Err(Misuse::Config("the key has no signature scheme").into());
        }
        let plain = encode(&chain, None)?;
        let tls12 = encode_tls12(&chain)?;
        Ok(Self {
            chain,
            key,
            plain,
            stapled: None,
            tls12,
            ocsp: None,
        })
    }

    /// With an OCSP response to staple for peers that ask for one (RFC 6066 8).
    ///
    /// # Errors
    /// [`Misuse::TooLong`] if it doesn't fit into a message.
    pub fn ocsp_response(mut self, response: &[u8]) -> Result<Self, Error> {
        self.stapled = Some(encode(&self.chain, Some(response))?);
        self.ocsp = Some(response.into());
        Ok(self)
    }

    /// The chain, leaf first.
    #[must_use]
    pub fn chain(&self) -> &[CertificateDer<'static>] {
        &self.chain
    }

    /// Where the key is.
    #[must_use]
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// The best scheme that the key can sign with in TLS 1.3 and the peer verifies.
    #[must_use]
    pub fn scheme_for(&self, peer: impl Fn(SignatureScheme) -> bool) -> Option<SignatureScheme> {
        let fits = |s: &&SignatureScheme| s.allowed_in_tls13_handshake() && peer(**s);
        self.key.schemes().iter().find(fits).copied()
    }

    /// The best scheme that the key can sign with in TLS 1.2 and the peer verifies.
    pub(crate) fn tls12_scheme_for(
        &self,
        peer: impl Fn(SignatureScheme) -> bool,
    ) -> Option<SignatureScheme> {
        self.key
            .schemes()
            .iter()
            .find(|scheme| peer(**scheme))
            .copied()
    }

    /// The certificate_list of TLS 1.2, without its length.
    pub(crate) fn tls12_certificate_list(&self) -> &Arc<[u8]> {
        &self.tls12
    }

    /// The OCSP response to staple.
    pub(crate) fn staple(&self) -> Option<&[u8]> {
        self.ocsp.as_deref()
    }

    /// The certificate_list of a Certificate message, without its length.
    pub(crate) fn certificate_list(&self, staple: bool) -> &Arc<[u8]> {
        self.stapled
            .as_ref()
            .filter(|_| staple)
            .unwrap_or(&self.plain)
    }
}

fn encode(chain: &[CertificateDer<'_>], ocsp: Option<&[u8]>) -> Result<Arc<[u8]>, Error> {
    let mut list = Vec::new();
    let mut writer = Writer::new(&mut list);
    for (i, certificate) in chain.iter().enumerate() {
        let ocsp = ocsp.filter(|_| i == 0);
        let entry = CertificateEntry {
            certificate,
            ocsp,
            ..CertificateEntry::default()
        };
        entry.write(&mut writer);
    }
    writer.finish().map_err(|_| Misuse::TooLong)?;
    if list.len() >= 0xff_0000 {
        return Err(Misuse::TooLong.into());
    }
    Ok(list.into())
}

fn encode_tls12(chain: &[CertificateDer<'_>]) -> Result<Arc<[u8]>, Error> {
    let mut list = Vec::new();
    let mut writer = Writer::new(&mut list);
    for certificate in chain {
        Asn1Cert(certificate).write(&mut writer);
    }
    writer.finish().map_err(|_| Misuse::TooLong)?;
    Ok(list.into())
}

/// A ClientHello that a server is to answer: what it offers, as it was sent.
#[derive(Clone)]
pub struct ClientHelloInfo {
    /// The whole message.
    raw: Arc<[u8]>,
    uses: Uses,
}

/// Which keys the negotiated version and its suites can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Uses {
    /// Nothing is negotiated yet.
    Unknown,
    Tls13,
    /// Whether both ends have a suite for the kind of key.
    Tls12 {
        ecdsa: bool,
        rsa: bool,
    },
}

impl ClientHelloInfo {
    /// Of a message, with its header, that parses.
    pub(crate) fn new(raw: Arc<[u8]>) -> Self {
        Self {
            raw,
            uses: Uses::Unknown,
        }
    }

    /// The same, now that version and suites are negotiated.
    pub(crate) fn with_uses(&self, uses: Uses) -> Self {
        Self {
            raw: Arc::clone(&self.raw),
            uses,
        }
    }

    /// The scheme that a credential would sign with for this client, in the version that was
    /// negotiated; `None` if it can't be used.
    #[must_use]
    pub fn scheme_for(&self, credential: &Credential) -> Option<SignatureScheme> {
        let extensions = self.hello()?.extensions;
        let offered = extensions.signature_algorithms?;
        let verifies = |scheme| offered.contains(scheme);
        // RFC 8422 5.1: before TLS 1.3 the groups are the curves of certificates as well.
        let knows_curve = |scheme: SignatureScheme| {
            let curve = scheme.curve().zip(extensions.supported_groups);
            curve.is_none_or(|(curve, groups)| groups.contains(curve))
        };
        match self.uses {
            Uses::Tls13 => credential.scheme_for(verifies),
            Uses::Unknown => credential.tls12_scheme_for(verifies),
            Uses::Tls12 { ecdsa, rsa } => credential.tls12_scheme_for(|scheme| {
                let ecdsa = ecdsa && SuiteAuth::Ecdsa.fits(scheme) && knows_curve(scheme);
                verifies(scheme) && (ecdsa || (rsa && SuiteAuth::Rsa.fits(scheme)))
            }),
        }
    }

    pub(crate) fn body(&self) -> &[u8] {
        self.raw.get(4..).unwrap_or(&[])
    }

    /// All of it. An empty one can't be: only what parsed gets here.
    #[must_use]
    pub fn hello(&self) -> Option<ClientHello<'_>> {
        ClientHello::parse(self.body()).ok()
    }

    /// The host name asked for, if it is a DNS name.
    #[must_use]
    pub fn server_name(&self) -> Option<DnsName<'_>> {
        let name = self.hello()?.extensions.server_name?;
        DnsName::try_from(name).ok()
    }

    /// Whether the client verifies a scheme in the handshake.
    #[must_use]
    pub fn verifies(&self, scheme: SignatureScheme) -> bool {
        let list = self
            .hello()
            .and_then(|hello| hello.extensions.signature_algorithms);
        list.is_some_and(|list| list.contains(scheme))
    }
}

impl fmt::Debug for ClientHelloInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientHelloInfo")
            .field("server_name", &self.server_name())
            .finish_non_exhaustive()
    }
}

/// Chooses what a server shows.
pub trait ChooseServerCredential: Send + Sync + fmt::Debug {
    /// The credential for this client; `None` ends the handshake; [`Decision::Later`] asks the
    /// application through a request.
    fn choose(&self, hello: &ClientHelloInfo) -> Decision<Option<Arc<Credential>>>;
}

/// Credentials by name: the first whose certificate is valid for the name asked for and whose
/// key the client can verify; else the first whose key the client can verify, unless
/// [`ServerCredentials::strict`].
#[derive(Clone, Debug)]
pub struct ServerCredentials {
    list: Vec<Arc<Credential>>,
    strict: bool,
}

impl ServerCredentials {
    /// Best first.
    #[must_use]
    pub fn new(list: Vec<Arc<Credential>>) -> Self {
        Self {
            list,
            strict: false,
        }
    }

    /// Refuses clients that ask for a name that no certificate has.
    #[must_use]
    pub fn strict(mut self) -> Self {
        self.strict = true;
        self
    }
}

impl ChooseServerCredential for ServerCredentials {
    fn choose(&self, hello: &ClientHelloInfo) -> Decision<Option<Arc<Credential>>> {
        // Without a choice there is nothing to look at.
        if let ([only], false) = (self.list.as_slice(), self.strict) {
            return Decision::Now(Some(Arc::clone(only)));
        }
        let signs = |credential: &&Arc<Credential>| hello.scheme_for(credential).is_some();
        let named = hello.server_name().map(ServerName::DnsName);
        let bears = |credential: &&Arc<Credential>| {
            let leaf = credential
                .chain
                .first()
                .and_then(|der| Certificate::parse(der).ok());
            leaf.zip(named.as_ref())
                .is_some_and(|(leaf, name)| leaf.matches_name(name))
        };
        let fitting = self.list.iter().filter(signs).find(bears);
        let fallback = || {
            let any = self.list.iter().find(signs).or_else(|| self.list.first());
            any.filter(|_| !self.strict || named.is_none())
        };
        Decision::Now(fitting.or_else(fallback).cloned())
    }
}

/// A CertificateRequest that a client is to answer: what the server wants, as it was sent.
#[derive(Clone, Debug)]
pub struct CertificateRequestInfo {
    /// The schemes that the server verifies and that the negotiated version can sign with.
    pub schemes: Vec<SignatureScheme>,
    /// The DER of the distinguished names of authorities that it accepts; empty for any.
    pub authorities: Vec<Vec<u8>>,
}

/// Chooses what a client shows.
pub trait ChooseClientCredential: Send + Sync + fmt::Debug {
    /// The credential for this server; `None` shows none, and the server decides what that
    /// means; [`Decision::Later`] asks the application through a request.
    fn choose(&self, request: &CertificateRequestInfo) -> Decision<Option<Arc<Credential>>>;

    /// A hash of which certificates it may choose, so that no session made with one is resumed by a
    /// config with another. `None`, the default, for what can't tell: sessions then need
    /// `session_scope`.
    fn identity(&self) -> Option<[u8; 32]> {
        None
    }
}

/// Several credentials of a client: the first that the server can verify and that one of the
/// authorities it named has issued; else the first that it can verify.
#[derive(Clone, Debug)]
pub struct ClientCredentials(Vec<Arc<Credential>>);

impl ClientCredentials {
    /// Best first.
    #[must_use]
    pub fn new(list: Vec<Arc<Credential>>) -> Self {
        Self(list)
    }
}

impl CertificateRequestInfo {
    /// Whether a chain leads to one of the authorities, as far as its certificates say.
    fn names_issuer_of(&self, credential: &Credential) -> bool {
        let issuers = credential
            .chain
            .iter()
            .filter_map(|der| Certificate::parse(der).ok());
        issuers
            .map(|certificate| certificate.issuer().contents())
            .any(|issuer| {
                // A name in the request has its DER header, which a suffix of it lacks.
                self.authorities.iter().any(|name| {
                    name.strip_suffix(issuer)
                        .is_some_and(|header| (2..=5).contains(&header.len()))
                })
            })
    }
}

/// A hash of the certificates.
fn fingerprint(credentials: &[Arc<Credential>]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for credential in credentials {
        let leaf = credential.chain.first();
        hash.update(Sha256::digest(leaf.map_or(&[][..], |leaf| leaf)));
    }
    hash.finalize().into()
}

impl ChooseClientCredential for ClientCredentials {
    fn choose(&self, request: &CertificateRequestInfo) -> Decision<Option<Arc<Credential>>> {
        let signs = |credential: &&Arc<Credential>| {
            credential
                .tls12_scheme_for(|scheme| request.schemes.contains(&scheme))
                .is_some()
        };
        let mut usable = self.0.iter().filter(signs);
        let named = usable
            .clone()
            .find(|credential| request.names_issuer_of(credential));
        Decision::Now(named.or_else(|| usable.next()).cloned())
    }

    fn identity(&self) -> Option<[u8; 32]> {
        Some(fingerprint(&self.0))
    }
}

impl ChooseClientCredential for Arc<Credential> {
    fn choose(&self, request: &CertificateRequestInfo) -> Decision<Option<Arc<Credential>>> {
        let signs = self
            .tls12_scheme_for(|s| request.schemes.contains(&s))
            .is_some();
        Decision::Now(signs.then(|| Self::clone(self)))
    }

    fn identity(&self) -> Option<[u8; 32]> {
        Some(fingerprint(core::slice::from_ref(self)))
    }
}
