//! The roots that the operating system trusts.

use crate::error::Text;
use crate::pki::RootStore;
use rustls_pki_types::CertificateDer;
use std::format;
use std::vec::Vec;

/// The operating system's roots, and what of them couldn't be used. Made by [`platform_roots`].
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct PlatformRoots {
    /// The roots. None at all if nothing was found; `skipped` then says where it was looked for.
    pub roots: RootStore,
    /// What is missing among them.
    pub skipped: Vec<SkippedRoot>,
}

/// Something that isn't among the roots, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SkippedRoot {
    /// The certificate, if it came so far.
    pub certificate: Option<CertificateDer<'static>>,
    /// For a person to read.
    pub reason: Text,
}

/// Reads the roots that the operating system trusts, by the crate `rustls-native-certs`: the usual
/// files and directories on Linux and other Unix systems, the keychain on macOS, the certificate
/// store on Windows.
///
/// The environment variables `SSL_CERT_FILE`, a PEM file, and `SSL_CERT_DIR`, a list of directories
/// of such files, stand for all of them if set, on every system.
///
/// It reads files, some hundreds of them at worst: once for a config, not for each connection.
/// ```no_run
/// # use symbolon::config::ClientConfig;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let found = symbolon::io::platform_roots();
/// for skipped in &found.skipped {
///     eprintln!("{}", skipped.reason);
/// }
/// let config = ClientConfig::builder().roots(found.roots).build()?;
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn platform_roots() -> PlatformRoots {
    let found = rustls_native_certs::load_native_certs();
    let mut all = PlatformRoots::default();
    for error in &found.errors {
        all.skip(None, &format!("{error}"));
    }
    for certificate in found.certs {
        if let Err(error) = all.roots.add(&certificate) {
            let reason = format!("a root certificate is malformed: {error}");
            all.skip(Some(certificate), &reason);
        }
    }
    if all.roots.is_empty() && all.skipped.is_empty() {
        all.skip(None, "no root certificates are installed");
    }
    all
}

impl PlatformRoots {
    fn skip(&mut self, certificate: Option<CertificateDer<'static>>, reason: &str) {
        self.skipped.push(SkippedRoot {
            certificate,
            reason: Text::from(reason),
        });
    }
}
