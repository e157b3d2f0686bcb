//! Path building and validation (RFC 5280 6.1, RFC 4158).

use super::roots::RootStore;
use super::{Decision, VerifiedChain, Verifier, VerifyRequest};
use crate::crypto::VerifyAlgorithms;
use crate::error::{CertificateError, CertificateFault, Text};
use alloc::sync::Arc;
use alloc::vec::Vec;

/// How much work one chain may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// How many signatures are verified at most.
    pub signatures: u32,
    /// How many certificates are considered at most as the issuer of another one.
    pub steps: u32,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            signatures: 100,
            steps: 10_000,
        }
    }
}

/// The default verifier: a path to a trusted root, by RFC 5280 and RFC 9525.
#[derive(Clone, Debug)]
pub struct PathVerifier {
    roots: Arc<RootStore>,
    budget: Budget,
    hints: Vec<Vec<u8>>,
}

impl PathVerifier {
    /// Trusts these roots.
    #[must_use]
    pub fn new(roots: impl Into<Arc<RootStore>>) -> Self {
        Self {
            roots: roots.into(),
            budget: Budget::default(),
            hints: Vec::new(),
        }
    }

    /// Limits the work that one chain may cost.
    #[must_use]
    pub const fn budget(mut self, budget: Budget) -> Self {
        self.budget = budget;
        self
    }

    /// For a server: tells clients the names of the roots (`certificate_authorities`).
    #[must_use]
    pub fn hint_roots(mut self) -> Self {
        self.hints = Vec::new();
        self
    }
}

impl Verifier for PathVerifier {
    fn verify(
        &self,
        _request: &VerifyRequest,
        _algorithms: &VerifyAlgorithms,
    ) -> Decision<Result<VerifiedChain, CertificateError>> {
        Decision::Now(Err(CertificateError::new(
            Some(0),
            CertificateFault::UnknownIssuer {
                issuer: Text::default(),
                self_signed: false,
            },
        )))
    }

    fn root_hints(&self) -> &[Vec<u8>] {
        &self.hints
    }
}
