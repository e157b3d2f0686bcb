//! Tickets that hold the whole session, sealed: the server keeps a secret and nothing else.

use super::Ticketer;
use super::state::SKEW;
use crate::codepoint::CipherSuite;
use crate::crypto::{Aead, AeadKey, CryptoProvider, Hash, HashSecret, HmacKey, Nonce, Random};
use crate::error::{CryptoError, Error, Misuse};
use crate::lock::Lock;
use crate::pki::Decision;
use crate::secret::{SecretBytes, equal};
use crate::wire::codec::Reader;
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use rustls_pki_types::UnixTime;
use zeroize::Zeroize;

/// The longest ticket, in bytes. A ClientHello with it must fit into what the server takes
/// ([`crate::config::Limits`]: `client_hello`, 16 KiB unless set).
pub const MAX_TICKET_LEN: usize = 32 * 1024;

const WHAT: &str = "ticket";
const NAME_LEN: usize = 8;
const SALT_LEN: usize = 24;
/// Format, name of the secret, epoch, salt.
const HEADER_LEN: usize = 1 + NAME_LEN + 8 + SALT_LEN;

/// What a ticket's first byte says, best first. The whole fleet must have the AEAD that one of it
/// prefers.
const FORMATS: [(u8, CipherSuite); 3] = [
    (1, CipherSuite::TLS_AES_256_GCM_SHA384),
    (2, CipherSuite::TLS_CHACHA20_POLY1305_SHA256),
    (3, CipherSuite::TLS_AES_128_GCM_SHA256),
];

/// The stateless [`Ticketer`]: the session is sealed into the ticket, under keys that follow from one
/// secret and the time.
///
/// Time is cut into epochs of `period` seconds. A ticket is opened in the epoch in which it was sealed
/// and in the next one (and, so that the clocks of a fleet may differ a little, in the last 10
/// seconds before its own): it is good for at least one period and at most two. Choose the period no
/// shorter than [`lifetime`](field@super::TicketPolicy::lifetime).
///
/// Nothing is kept but the secret. Servers that have the same secret open each other's tickets, and
/// a server that was restarted its own. The price: whoever learns the secret can read every ticket
/// made with it and, with the ticket, recorded connections that were resumed without a new key
/// exchange and all early data. So draw it at random, keep it out of files that last, and
/// [replace](Self::replace_secret) it from time to time.
///
/// # The form of a ticket
/// ```text
/// format (1) | name of the secret (8) | epoch (8) | salt (24) | sealed session | tag (16)
/// ```
/// All that goes before the sealed session is authenticated with it. Key and nonce are derived anew for
/// every ticket, by HKDF with SHA-256 from secret, format, epoch and salt, 256 bits in all: the nonce is what
/// is left of them behind the key, and zeros behind a key of 256 bits. As long as no salt comes twice,
/// no key is used twice, and there is no number of tickets at which to stop (with 192 bits, 2^64
/// tickets have two of one salt with a probability under 2^-64). The salt is a MAC over random bytes
/// and the session: should the random bytes come twice (a seed used again, a copied machine),
/// another session gets another salt all the same, and the same session merely the same ticket.
pub struct RotatingTicketer {
    hash: &'static dyn Hash,
    aeads: [Option<&'static dyn Aead>; FORMATS.len()],
    period: u64,
    secrets: Lock<Secrets>,
}

#[derive(Clone)]
struct Secrets {
    sealing: Arc<TicketSecret>,
    opening: Option<Arc<TicketSecret>>,
}

/// What is derived from one secret once.
struct TicketSecret {
    name: [u8; NAME_LEN],
    keys: Box<dyn HmacKey>,
    salts: Box<dyn HmacKey>,
}

impl TicketSecret {
    fn new(hash: &'static dyn Hash, secret: &[u8; 32]) -> Result<Self, CryptoError> {
        let root = hash.hkdf_extract(b"symbolon tickets", secret);
        let mut name = [0; NAME_LEN];
        hash.hkdf_expand(root.expose(), &[b"name"], &mut name)?;
        let keyed = |info: &[u8]| {
            let mut key = HashSecret::zeroed(hash.output_len());
            hash.hkdf_expand(root.expose(), &[info], key.expose_mut())?;
            Ok::<_, CryptoError>(hash.hmac_key(key.expose()))
        };
        Ok(Self {
            name,
            keys: keyed(b"keys")?,
            salts: keyed(b"salts")?,
        })
    }
}

/// What a ticket shows of itself.
struct Header<'a> {
    format: u8,
    name: &'a [u8; NAME_LEN],
    epoch: u64,
    salt: &'a [u8],
}

impl Header<'_> {
    fn encode(&self) -> impl Iterator<Item = u8> {
        [self.format]
            .into_iter()
            .chain(*self.name)
            .chain(self.epoch.to_be_bytes())
            .chain(self.salt.iter().copied())
    }

    /// The key and the nonce of this ticket alone.
    fn key(
        &self,
        aead: &dyn Aead,
        secret: &TicketSecret,
    ) -> Result<(Box<dyn AeadKey>, Nonce), CryptoError> {
        // RFC 5869 2.3: of HKDF-Expand's output this is the first block, and all that is wanted.
        let epoch = self.epoch.to_be_bytes();
        let okm = secret.keys.hmac(&[&[self.format], &epoch, self.salt, &[1]]);
        let parts = okm.expose().split_at_checked(aead.key_len());
        let (key, rest) = parts.ok_or(CryptoError::BufferSize)?;
        let mut nonce = [0; 12];
        for (to, from) in nonce.iter_mut().zip(rest) {
            *to = *from;
        }
        Ok((aead.key(key)?, nonce))
    }
}

impl RotatingTicketer {
    /// Tickets sealed under this secret: 32 bytes of a random generator, or of a key service. A period
    /// of 0 counts as one second.
    ///
    /// # Errors
    /// [`Misuse::Config`] where the provider has none of AES-256-GCM, ChaCha20-Poly1305 and AES-128-GCM.
    pub fn new(
        provider: &CryptoProvider,
        secret: &[u8; 32],
        period_seconds: u32,
    ) -> Result<Self, Error> {
        let aeads = FORMATS.map(|(_, name)| {
            let mut suites = provider.tls13_suites.iter();
            suites.find(|suite| suite.name == name).map(|s| s.aead)
        });
        if aeads.iter().all(Option::is_none) {
            return Err(Misuse::Config("the provider has no AEAD for tickets").into());
        }
        Ok(Self {
            hash: provider.sha256,
            aeads,
            period: u64::from(period_seconds).max(1),
            secrets: Lock::new(Secrets {
                sealing: Arc::new(TicketSecret::new(provider.sha256, secret)?),
                opening: None,
            }),
        })
    }

    /// From now on seals under this secret, and opens what was sealed under it or the one before.
    ///
    /// In a fleet, first let every server [accept](Self::accept_secret) the new one.
    ///
    /// # Errors
    /// [`Misuse::Config`] where without `std` somebody else has the lock; nothing changed.
    pub fn replace_secret(&self, secret: &[u8; 32]) -> Result<(), Error> {
        let new = Arc::new(TicketSecret::new(self.hash, secret)?);
        self.change(|secrets| {
            let old = core::mem::replace(&mut secrets.sealing, new);
            if old.name != secrets.sealing.name {
                secrets.opening = Some(old);
            }
        })
    }

    /// Opens what was sealed under this secret too, beside the one that is sealed under.
    ///
    /// # Errors
    /// [`Misuse::Config`] where without `std` somebody else has the lock; nothing changed.
    pub fn accept_secret(&self, secret: &[u8; 32]) -> Result<(), Error> {
        let new = Arc::new(TicketSecret::new(self.hash, secret)?);
        self.change(|secrets| secrets.opening = Some(new))
    }

    fn change(&self, f: impl FnOnce(&mut Secrets)) -> Result<(), Error> {
        let changed = self.secrets.with(f);
        changed.ok_or(Misuse::Config("the ticketer is in use at this moment: try again").into())
    }

    fn epoch(&self, now: u64) -> u64 {
        now.checked_div(self.period).unwrap_or(0)
    }

    /// Whether tickets of this epoch are opened now.
    fn is_open(&self, epoch: u64, now: UnixTime) -> bool {
        let now = now.as_secs();
        let soon = self.epoch(now.saturating_add(u64::from(SKEW)));
        let last = self.epoch(now).saturating_sub(1);
        (last..=soon).contains(&epoch)
    }

    fn try_seal(&self, state: &[u8], now: UnixTime, random: &mut Random) -> Option<Vec<u8>> {
        let secret = self.secrets.with(|secrets| secrets.sealing.clone())?;
        let mut usable = self.aeads.iter().zip(FORMATS);
        let (aead, format) = usable.find_map(|(aead, (format, _))| Some(((*aead)?, format)))?;
        let drawn: [u8; SALT_LEN] = random.array();
        let salt = secret.salts.hmac(&[&drawn, state]);
        let header = Header {
            format,
            name: &secret.name,
            epoch: self.epoch(now.as_secs()),
            salt: salt.expose().get(..SALT_LEN)?,
        };
        let tag = aead.tag_len();
        let total = HEADER_LEN.checked_add(state.len())?.checked_add(tag)?;
        if total > MAX_TICKET_LEN {
            return None;
        }
        // Never grows: the session isn't left behind in the clear.
        let mut ticket = Vec::with_capacity(total);
        ticket.extend(header.encode());
        ticket.extend_from_slice(state);
        ticket.resize(total, 0);
        let (key, nonce) = header.key(aead, &secret).ok()?;
        let (head, body) = ticket.split_first_chunk_mut::<HEADER_LEN>()?;
        if key.seal_in_place(&nonce, head, body).is_err() {
            body.zeroize();
            return None;
        }
        Some(ticket)
    }

    fn try_open(&self, ticket: &[u8], now: UnixTime) -> Option<SecretBytes> {
        if ticket.len() > MAX_TICKET_LEN {
            return None;
        }
        let (head, sealed) = ticket.split_first_chunk::<HEADER_LEN>()?;
        let mut r = Reader::new(head);
        let header = Header {
            format: r.u8(WHAT).ok()?,
            name: r.array(WHAT).ok()?,
            epoch: u64::from_be_bytes(*r.array(WHAT).ok()?),
            salt: r.rest(),
        };
        if !self.is_open(header.epoch, now) {
            return None;
        }
        let mut usable = self.aeads.iter().zip(FORMATS);
        let (aead, _) = usable.find(|(_, (format, _))| *format == header.format)?;
        let secrets = self.secrets.with(|secrets| secrets.clone())?;
        let mut secrets = Some(secrets.sealing).into_iter().chain(secrets.opening);
        let secret = secrets.find(|secret| equal(&secret.name, header.name))?;
        let aead = (*aead)?;
        let (key, nonce) = header.key(aead, &secret).ok()?;
        let mut state = sealed.to_vec();
        let len = key.open_in_place(&nonce, head, &mut state).ok()?;
        // What is cut off is the tag.
        state.truncate(len);
        Some(SecretBytes::new(state))
    }
}

impl Ticketer for RotatingTicketer {
    fn seal(&self, state: &[u8], now: UnixTime, random: &mut Random) -> Option<Vec<u8>> {
        self.try_seal(state, now, random)
    }

    fn open(&self, ticket: &[u8], now: UnixTime) -> Decision<Option<SecretBytes>> {
        Decision::Now(self.try_open(ticket, now))
    }

    fn stack(&self) -> usize {
        let aeads = self.aeads.iter().flatten();
        aeads.map(|aead| aead.stack()).max().unwrap_or(0)
    }
}

impl fmt::Debug for RotatingTicketer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RotatingTicketer")
            .field("period", &self.period)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::provider::default_provider;
    use core::time::Duration;
    use std::collections::BTreeSet;
    use std::format;

    const SECRET: [u8; 32] = [7; 32];
    const PERIOD: u32 = 3600;
    const STATE: &[u8] = b"what the server has to know again";

    fn ticketer(secret: u8) -> RotatingTicketer {
        RotatingTicketer::new(&default_provider(), &[secret; 32], PERIOD).unwrap()
    }

    fn at(seconds: u64) -> UnixTime {
        // In the middle of the period that has the number 500,000.
        let middle = u64::from(PERIOD) * 500_000 + u64::from(PERIOD) / 2;
        UnixTime::since_unix_epoch(Duration::from_secs(middle + seconds))
    }

    fn before(seconds: u64) -> UnixTime {
        UnixTime::since_unix_epoch(Duration::from_secs(at(0).as_secs() - seconds))
    }

    fn seal(ticketer: &RotatingTicketer) -> Vec<u8> {
        let random = &mut Random::new([1; 32]);
        ticketer.seal(STATE, at(0), random).unwrap()
    }

    fn opens(ticketer: &RotatingTicketer, ticket: &[u8], now: UnixTime) -> bool {
        match ticketer.open(ticket, now) {
            Decision::Now(Some(state)) => {
                assert_eq!(state.expose(), STATE);
                true
            }
            Decision::Now(None) => false,
            Decision::Later => panic!("nobody is asked"),
        }
    }

    #[test]
    fn a_ticket_opens_to_what_was_sealed_and_shows_none_of_it() {
        let ticket = seal(&ticketer(7));
        assert!(opens(&ticketer(7), &ticket, at(0)));
        assert_eq!(ticket.len(), 41 + STATE.len() + 16);
        assert!(!ticket.windows(8).any(|w| STATE.windows(8).any(|s| s == w)));
        assert!(!format!("{:?}", ticketer(7)).contains('7'));
    }

    /// Servers of a fleet are replaced one by one: what one version seals, the next one opens.
    #[test]
    fn the_form_stays() {
        const KNOWN: &str = "018936aa4ef8bae26d000000000007a1206a86063044bcc4c7bdbafc482d05060e1f46838ec4\
             8287932d6e4a0039fac3f639dee646b3b922465f5881bac111e274149382985bf0bc44c92656\
             f5e2280898efc3bc0db3815efe8f";
        let hex: alloc::string::String = seal(&ticketer(7))
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        assert_eq!(hex, KNOWN);
    }

    #[test]
    fn one_that_was_forged_is_ignored() {
        let ours = ticketer(7);
        let mut made_up = seal(&ours);
        for byte in made_up.iter_mut().skip(HEADER_LEN) {
            *byte = 0;
        }
        assert!(!opens(&ours, &made_up, at(0)));
        assert!(!opens(&ours, &[0; 200], at(0)));
        assert!(!opens(&ours, &[1; 200], at(0)));
    }

    #[test]
    fn one_that_was_truncated_or_lengthened_is_ignored() {
        let ours = ticketer(7);
        let mut ticket = seal(&ours);
        for len in 0..ticket.len() {
            assert!(!opens(&ours, &ticket[..len], at(0)), "{len}");
        }
        ticket.push(0);
        assert!(!opens(&ours, &ticket, at(0)));
        ticket.resize(MAX_TICKET_LEN + 1, 0);
        assert!(!opens(&ours, &ticket, at(0)));
    }

    #[test]
    fn one_with_any_bit_flipped_is_ignored() {
        let ours = ticketer(7);
        let ticket = seal(&ours);
        for bit in 0..ticket.len() * 8 {
            let mut flipped = ticket.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(!opens(&ours, &flipped, at(0)), "{bit}");
        }
        assert!(opens(&ours, &ticket, at(0)));
    }

    #[test]
    fn one_that_expired_is_ignored() {
        let ours = ticketer(7);
        let ticket = seal(&ours);
        let half = u64::from(PERIOD) / 2;
        let whole = u64::from(PERIOD);
        // Its own epoch, the next one, and no more.
        assert!(opens(&ours, &ticket, at(half - 1)));
        assert!(opens(&ours, &ticket, at(half)));
        assert!(opens(&ours, &ticket, at(half + whole - 1)));
        assert!(!opens(&ours, &ticket, at(half + whole)));
        assert!(!opens(&ours, &ticket, at(1_000_000_000)));
    }

    #[test]
    fn one_from_the_future_is_ignored_but_for_the_skew_of_clocks() {
        let ours = ticketer(7);
        let ticket = seal(&ours);
        let half = u64::from(PERIOD) / 2;
        assert!(opens(&ours, &ticket, before(half)));
        assert!(opens(&ours, &ticket, before(half + u64::from(SKEW))));
        assert!(!opens(&ours, &ticket, before(half + u64::from(SKEW) + 1)));
        let dawn = UnixTime::since_unix_epoch(Duration::ZERO);
        assert!(!opens(&ours, &ticket, dawn));
    }

    #[test]
    fn one_of_another_secret_or_another_period_is_ignored() {
        let ticket = seal(&ticketer(7));
        assert!(!opens(&ticketer(8), &ticket, at(0)));
        let other = RotatingTicketer::new(&default_provider(), &SECRET, PERIOD * 2).unwrap();
        assert!(!opens(&other, &ticket, at(0)));
    }

    #[test]
    fn a_fleet_of_two_shares_tickets_and_one_that_restarts_opens_its_own() {
        let (first, second) = (ticketer(7), ticketer(7));
        let ticket = seal(&first);
        assert!(opens(&second, &ticket, at(60)));
        assert!(opens(&first, &seal(&second), at(60)));
        drop(first);
        assert!(opens(&ticketer(7), &ticket, at(60)));
    }

    #[test]
    fn a_secret_is_replaced_while_running() {
        let (first, second) = (ticketer(7), ticketer(7));
        let old = seal(&first);
        second.accept_secret(&[8; 32]).unwrap();
        first.replace_secret(&[8; 32]).unwrap();
        let new = seal(&first);
        assert!(opens(&first, &old, at(0)) && opens(&first, &new, at(0)));
        assert!(opens(&second, &old, at(0)) && opens(&second, &new, at(0)));
        second.replace_secret(&[8; 32]).unwrap();
        assert!(opens(&second, &old, at(0)) && opens(&second, &new, at(0)));
        // Replaced by itself it doesn't push out the one before.
        second.replace_secret(&[8; 32]).unwrap();
        assert!(opens(&second, &old, at(0)));
        second.replace_secret(&[9; 32]).unwrap();
        assert!(!opens(&second, &old, at(0)));
        assert!(opens(&second, &new, at(0)));
    }

    #[test]
    fn what_a_short_key_leaves_of_its_block_is_the_nonce() {
        let ticketer = ticketer(7);
        let secret = ticketer.secrets.with(|s| s.sealing.clone()).unwrap();
        let nonce = |aead: usize, salt: u8| {
            let header = Header {
                format: FORMATS[aead].0,
                name: &secret.name,
                epoch: 1,
                salt: &[salt; SALT_LEN],
            };
            let aead = ticketer.aeads[aead].unwrap();
            header.key(aead, &secret).unwrap().1
        };
        // A key of 256 bits leaves nothing.
        assert_eq!([nonce(0, 1), nonce(1, 1)], [[0; 12]; 2]);
        // With one of 128 bits a key that comes twice must not mean a nonce that comes twice.
        assert!(nonce(2, 1) != [0; 12] && nonce(2, 1) != nonce(2, 2));
    }

    #[test]
    fn no_salt_comes_twice_even_from_a_generator_that_repeats_itself() {
        let ours = ticketer(7);
        let salt = |state: &[u8], seed| {
            let ticket = ours.seal(state, at(0), &mut Random::new([seed; 32]));
            ticket.unwrap()[HEADER_LEN - SALT_LEN..HEADER_LEN].to_vec()
        };
        let salts: BTreeSet<_> = [
            salt(b"one", 1),
            salt(b"two", 1),
            salt(b"one", 2),
            salt(b"two", 2),
        ]
        .into();
        assert_eq!(salts.len(), 4);
    }

    #[test]
    fn a_session_that_is_too_long_gets_no_ticket() {
        let (ours, random) = (ticketer(7), &mut Random::new([1; 32]));
        let most = MAX_TICKET_LEN - HEADER_LEN - 16;
        let ticket = ours.seal(&std::vec![1; most], at(0), random).unwrap();
        assert!(matches!(ours.open(&ticket, at(0)), Decision::Now(Some(_))));
        assert!(ours.seal(&std::vec![1; most + 1], at(0), random).is_none());
    }

    #[test]
    fn each_aead_serves_and_a_provider_without_one_is_told() {
        let all = default_provider();
        let position = |name| all.tls13_suites.iter().position(|s| s.name == name);
        for (format, name) in FORMATS {
            let at_name = position(name).unwrap();
            let provider = CryptoProvider {
                tls13_suites: &all.tls13_suites[at_name..=at_name],
                ..all
            };
            let ours = RotatingTicketer::new(&provider, &SECRET, PERIOD).unwrap();
            let ticket = seal(&ours);
            assert_eq!(ticket[0], format);
            assert!(opens(&ticketer(7), &ticket, at(0)));
        }
        let none = CryptoProvider {
            tls13_suites: &[],
            ..all
        };
        assert!(RotatingTicketer::new(&none, &SECRET, PERIOD).is_err());
    }

    #[test]
    fn a_period_of_zero_is_one_second() {
        let ours = RotatingTicketer::new(&default_provider(), &SECRET, 0).unwrap();
        let ticket = seal(&ours);
        assert!(opens(&ours, &ticket, at(1)));
        assert!(!opens(&ours, &ticket, at(2)));
    }
}
