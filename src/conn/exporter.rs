//! Exported keying material (RFC 9846 7.5, RFC 5705).

use crate::crypto::{HashSecret, Tls12Suite, Tls13Suite};
use crate::error::{Error, Misuse};
use crate::keys::tls12::{self, MasterSecret, Prf, Randoms};
use crate::keys::tls13;
use alloc::boxed::Box;

/// What keying material of a connection is exported from. A secret: wiped on drop.
#[derive(Debug)]
pub struct Exporter(pub(crate) Source);

#[derive(Debug)]
pub(crate) enum Source {
    Tls13(&'static Tls13Suite, HashSecret),
    Tls12(Box<Tls12Source>),
}

#[derive(Debug)]
pub(crate) struct Tls12Source {
    pub(crate) suite: &'static Tls12Suite,
    pub(crate) master: MasterSecret,
    /// The client's and the server's.
    pub(crate) randoms: ([u8; 32], [u8; 32]),
    /// The master secret is the extended one.
    pub(crate) extended: bool,
}

/// Labels of the PRF itself, which aren't for exporters (RFC 5705 6, RFC 7627 7).
const RESERVED: [&[u8]; 5] = [
    b"client finished",
    b"server finished",
    b"master secret",
    b"key expansion",
    b"extended master secret",
];

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
            Source::Tls12(source) => {
                if RESERVED.contains(&label) {
                    return Err(BAD.into());
                }
                // RFC 5705 4: the length of the context has 16 bits.
                let len = context
                    .map(|context| u16::try_from(context.len()))
                    .transpose();
                let context = context.zip(len.map_err(|_| BAD)?);
                let (client, server) = &source.randoms;
                let randoms = Randoms { client, server };
                let master = Prf::new(source.suite.hash, source.master.expose());
                tls12::export(&master, randoms, label, context, out);
            }
        }
        Ok(())
    }

    /// The `tls-exporter` channel binding.
    pub(crate) fn channel_binding(&self) -> Result<[u8; 32], Error> {
        // RFC 9266 1: in TLS 1.2 it is defined with the extended master secret only.
        if let Source::Tls12(source) = &self.0
            && !source.extended
        {
            return Err(Misuse::NoChannelBinding.into());
        }
        let mut out = [0; 32];
        self.export(b"EXPORTER-Channel-Binding", Some(b""), &mut out)?;
        Ok(out)
    }

    /// A second copy, wiped on its own.
    pub(crate) fn duplicate(&self) -> Self {
        Self(match &self.0 {
            Source::Tls13(suite, secret) => Source::Tls13(suite, secret.duplicate()),
            Source::Tls12(source) => Source::Tls12(Box::new(Tls12Source {
                suite: source.suite,
                master: source.master.duplicate(),
                randoms: source.randoms,
                extended: source.extended,
            })),
        })
    }
}
