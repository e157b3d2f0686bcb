//! Credentials and verifiers that are replaced while connections run.

use super::{
    CertificateRequestInfo, ChooseClientCredential, ChooseServerCredential, ClientHelloInfo,
    Credential,
};
use crate::crypto::VerifyAlgorithms;
use crate::error::CertificateError;
use crate::pki::{Decision, VerifiedChain, Verifier, VerifyRequest};
use alloc::borrow::Cow;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use std::sync::{PoisonError, RwLock};

/// A place in a config whose contents can be replaced at any time: certificates and keys that were
/// renewed, roots that came or went.
///
/// It stands wherever what it holds could stand: `Swap<ServerCredentials>` and
/// `Swap<ClientCredentials>` for credentials, `Swap<PathVerifier>` or any other verifier for
/// roots. Keep an `Arc` of it beside the config. What was decided stays: a handshake asks when
/// it needs an answer and goes on with that, connections that are set up don't ask again.
/// ```
/// # use std::sync::Arc;
/// # use symbolon::config::{ClientConfig, Swap};
/// # use symbolon::pki::{PathVerifier, RootStore};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let (roots, new_roots) = (RootStore::new(), RootStore::new());
/// let trusted = Arc::new(Swap::new(PathVerifier::new(roots)));
/// let config = ClientConfig::builder().verifier(trusted.clone()).build()?;
/// // Later, whoever holds the config:
/// trusted.set(PathVerifier::new(new_roots));
/// # Ok(())
/// # }
/// ```
/// Without `std`: build another config and give it to the connections to come. Those that run keep
/// theirs, and drop it when they are done.
pub struct Swap<T: ?Sized>(RwLock<Arc<T>>);

impl<T: ?Sized> Swap<T> {
    /// With this to begin with.
    pub fn new(value: impl Into<Arc<T>>) -> Self {
        Self(RwLock::new(value.into()))
    }

    /// What is there now.
    #[must_use]
    pub fn get(&self) -> Arc<T> {
        // Nothing panics while the lock is held; if it did, the Arc would be whole.
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts another in its place, and gives back what was there.
    pub fn set(&self, value: impl Into<Arc<T>>) -> Arc<T> {
        let value = value.into();
        let mut place = self.0.write().unwrap_or_else(PoisonError::into_inner);
        core::mem::replace(&mut place, value)
    }
}

impl<T: fmt::Debug + ?Sized> fmt::Debug for Swap<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Swap").field(&self.get()).finish()
    }
}

impl<V: Verifier + ?Sized> Verifier for Swap<V> {
    fn verify(
        &self,
        request: &VerifyRequest,
        algorithms: &VerifyAlgorithms,
    ) -> Decision<Result<VerifiedChain, CertificateError>> {
        self.get().verify(request, algorithms)
    }

    fn root_hints(&self) -> Cow<'_, [Vec<u8>]> {
        Cow::Owned(self.get().root_hints().into_owned())
    }

    fn identity(&self) -> Option<[u8; 32]> {
        self.get().identity()
    }

    fn wants_ocsp(&self) -> bool {
        self.get().wants_ocsp()
    }

    fn wants_timestamps(&self) -> bool {
        self.get().wants_timestamps()
    }
}

impl<C: ChooseServerCredential + ?Sized> ChooseServerCredential for Swap<C> {
    fn choose(&self, hello: &ClientHelloInfo) -> Decision<Option<Arc<Credential>>> {
        self.get().choose(hello)
    }
}

impl<C: ChooseClientCredential + ?Sized> ChooseClientCredential for Swap<C> {
    fn choose(&self, request: &CertificateRequestInfo) -> Decision<Option<Arc<Credential>>> {
        self.get().choose(request)
    }

    fn identity(&self) -> Option<[u8; 32]> {
        self.get().identity()
    }
}
