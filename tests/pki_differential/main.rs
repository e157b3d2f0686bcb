//! The same chains before this crate's verifier and before `rustls-webpki`, with the same
//! signature code: every difference in verdict is one that [`explain`] has a rule for.
//!
//! `cargo test --test pki_differential -- --nocapture` prints how often each rule was needed;
//! with `PROPTEST_CASES=20000` before it that many other chains are made, else always the same.

#[path = "../common/certs.rs"]
mod certs;
mod chains;
mod der;
mod explain;
mod mozilla;
mod mutations;

use certs::{NOW, peer_chain};
use explain::{Verdicts, explain};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use rustls_pki_types::{CertificateDer, ServerName, TrustAnchor};
use std::collections::BTreeMap;
use std::sync::Mutex;
use symbolon::error::CertificateError;
use symbolon::pki::{PathVerifier, Role, RootStore, VerifyRequest};
use symbolon::provider::RUSTCRYPTO;
use webpki::{EndEntityCert, KeyUsage};

/// What both are asked.
#[derive(Clone, Debug)]
struct Question {
    chain: Vec<CertificateDer<'static>>,
    anchors: Vec<TrustAnchor<'static>>,
    role: Role,
    name: ServerName<'static>,
}

impl Question {
    fn ours(&self) -> Result<(), CertificateError> {
        let roots: RootStore = self.anchors.iter().cloned().collect();
        let request = VerifyRequest {
            chain: peer_chain(&self.chain),
            role: self.role,
            name: Some(self.name.clone()),
            now: NOW,
        };
        let verifier = PathVerifier::new(roots);
        verifier
            .verify_now(&request, &RUSTCRYPTO.verify)
            .map(|_| ())
    }

    fn theirs(&self) -> Result<(), webpki::Error> {
        let (leaf, others) = self.chain.split_first().expect("a chain has a leaf");
        let leaf = EndEntityCert::try_from(leaf)?;
        let usage = match self.role {
            Role::Server => KeyUsage::server_auth(),
            Role::Client => KeyUsage::client_auth(),
        };
        let algorithms = RUSTCRYPTO.verify.all;
        leaf.verify_for_usage(algorithms, &self.anchors, others, NOW, usage, None, None)?;
        leaf.verify_is_valid_for_subject_name(&self.name)
    }
}

/// Runs so many cases, always the same ones; or as many others as the environment asks for.
fn runner(cases: u32) -> TestRunner {
    let config = Config {
        failure_persistence: None,
        ..Config::default()
    };
    if std::env::var_os("PROPTEST_CASES").is_some() {
        return TestRunner::new(config);
    }
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    TestRunner::new_with_rng(Config { cases, ..config }, rng)
}

/// How often something happened.
#[derive(Debug, Default)]
struct Tally(Mutex<BTreeMap<&'static str, usize>>);

impl Tally {
    /// Puts the question to both.
    ///
    /// # Errors
    /// A difference that no rule explains.
    fn compare(&self, question: &Question) -> Result<(), String> {
        let verdicts = Verdicts {
            question,
            ours: question.ours(),
            theirs: question.theirs(),
        };
        let what = match (&verdicts.ours, &verdicts.theirs) {
            (Ok(()), Ok(())) => "both accept",
            (Err(_), Err(_)) => "both refuse",
            _ => explain(&verdicts).ok_or_else(|| {
                let (ours, theirs) = (&verdicts.ours, &verdicts.theirs);
                format!("unexplained: ours {ours:?}, theirs {theirs:?}")
            })?,
        };
        let mut counts = self.0.lock().unwrap();
        *counts.entry(what).or_default() += 1;
        Ok(())
    }

    /// Prints the counts; the two verdicts must both have been common.
    fn finish(&self, title: &str, least: usize) {
        let counts = self.0.lock().unwrap();
        println!("{title}:");
        for (what, n) in &*counts {
            println!("{n:7}  {what}");
        }
        for what in ["both accept", "both refuse"] {
            let n = counts.get(what).copied().unwrap_or(0);
            assert!(n >= least, "{what}: {n} of {counts:?}");
        }
    }
}
