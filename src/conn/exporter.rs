//! Exported keying material (RFC 9846 7.5, RFC 5705).

use crate::crypto::{HashSecret, Tls12Suite, Tls13Suite};
use crate::error::{Error, Misuse};
use crate::keys::tls12::{self, MasterSecret, Randoms};
use crate::keys::tls13;

/// What keying material of a connection is exported from. A secret: wiped on drop.
#[derive(Debug)]
pub struct Exporter(pub(crate) Source);

#[derive(Debug)]
pub(crate) enum Source {
    Tls13(&'static Tls13Suite, HashSecret),
    /// With the client's random and the server's.
    Tls12(&'static Tls12Suite, MasterSecret, ([u8; 32], [u8; 32])),
}

impl Exporter {
    /// Fills `out`. No context and an empty one are the same in TLS 1.3, and differ in TLS 1.2.
    ///
    /// # Errors
    /// [`Misuse::BadExporterInput`].
    pub fn export(
        &self,
        label: &[u8],
        context: Option<&[u8]>,
        out: &mut [u8],
    ) -> Result<(), Error> {
        const BAD: Misuse = Misuse::BadExporterInput;
        // RFC 9846 7.1: a label is never empty.
        if label.is_empty() {
            return Err(BAD.into());
        }
        match &self.0 {
            Source::Tls13(suite, secret) => {
                // RFC 9846 7.5: HKDF-Expand-Label bounds the label, HKDF the length.
                let context = context.unwrap_or(&[]);
                tls13::export(suite.hash, secret, label, context, out).map_err(|_| BAD)?;
            }
            Source::Tls12(suite, master, (client, server)) => {
                // RFC 5705 4: the length of the context has 16 bits.
                let len = context
                    .map(|context| u16::try_from(context.len()))
                    .transpose();
                let context = context.zip(len.map_err(|_| BAD)?);
                let randoms = Randoms { client, server };
                tls12::export(suite.hash, master, randoms, label, context, out);
            }
        }
        Ok(())
    }

    /// A second copy, wiped on its own.
    pub(crate) fn duplicate(&self) -> Self {
        Self(match &self.0 {
            Source::Tls13(suite, secret) => Source::Tls13(suite, secret.duplicate()),
            Source::Tls12(suite, master, randoms) => {
                Source::Tls12(suite, master.duplicate(), *randoms)
            }
        })
    }
}
