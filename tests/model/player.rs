//! How what can come is made: by a peer that has the real keys of a real handshake.

use super::common::pair::End;
use super::table::{E, M, Sym};
use symbolon::codepoint::{AlertDescription, ContentType as C};
use symbolon::conn::Connection;
use symbolon::record::{Opener, Sealer, write_record};

/// The records of both directions.
pub struct Wire<K> {
    pub end: End<K>,
    pub sealers: Vec<Sealer>,
    /// All keys that the machine may write with by now.
    pub openers: Vec<Opener>,
    /// TLS 1.2: everything is under the last of them.
    pub strict: bool,
    /// The last alert of the machine.
    pub alert: Option<AlertDescription>,
    /// The machine wrote a record under keys that nobody knows.
    pub unreadable: bool,
    /// A message that was begun, and what is left of it.
    pub begun: Option<(M, Vec<u8>, usize)>,
    joined: Vec<u8>,
}

/// Which sealer; none for plaintext.
pub type Slot = Option<usize>;

impl<K: Connection> Wire<K> {
    pub fn new(connection: K) -> Self {
        Self {
            end: End::new(connection),
            sealers: Vec::new(),
            openers: Vec::new(),
            strict: false,
            alert: None,
            unreadable: false,
            begun: None,
            joined: Vec::new(),
        }
    }

    pub fn slot(&mut self, sealer: Sealer) -> usize {
        self.sealers.push(sealer);
        self.sealers.len() - 1
    }

    pub fn record(&mut self, slot: Slot, kind: C, body: &[u8]) {
        let sealer = slot.map(|slot| &mut self.sealers[slot]);
        write_record(sealer, kind, [body].into_iter(), 0, &mut self.end.input).unwrap();
    }

    /// A record of TLS 1.3 with nothing but zeros inside.
    fn zeros(&mut self, slot: usize) {
        let sealer = &mut self.sealers[slot];
        let mut body = vec![0; 9 + sealer.tag_len()];
        let header = [23, 3, 3, 0, u8::try_from(body.len()).unwrap()];
        sealer.seal(&header, &mut body).unwrap();
        self.end.input.extend(header);
        self.end.input.extend(body);
    }

    fn open(&mut self, header: &[u8; 5], body: &mut Vec<u8>) -> C {
        let outer = C(header[0]);
        let protected = match self.strict {
            true => !self.openers.is_empty(),
            false => outer == C::APPLICATION_DATA,
        };
        if !protected {
            return outer;
        }
        let least = match self.strict {
            true => self.openers.len() - 1,
            false => 0,
        };
        for opener in self.openers[least..].iter_mut().rev() {
            let mut copy = body.clone();
            if let Ok(inside) = opener.open(header, &mut copy, usize::MAX) {
                *body = copy[inside.start..inside.start + inside.len].to_vec();
                return inside.content_type;
            }
        }
        self.unreadable = true;
        outer
    }

    /// The next message or change_cipher_spec of the machine.
    pub fn next(&mut self) -> Option<Vec<u8>> {
        loop {
            if let Some((header, rest)) = self.joined.split_first_chunk::<4>() {
                let len = u32::from_be_bytes([0, header[1], header[2], header[3]]);
                let len = usize::try_from(len).unwrap();
                if rest.len() >= len {
                    return Some(self.joined.drain(..len + 4).collect());
                }
            }
            let header: [u8; 5] = *self.end.output.first_chunk()?;
            let len = usize::from(u16::from_be_bytes([header[3], header[4]]));
            let mut body = self.end.output[5..5 + len].to_vec();
            self.end.output.drain(..5 + len);
            match self.open(&header, &mut body) {
                C::HANDSHAKE => self.joined.extend(body),
                C::ALERT => self.alert = Some(AlertDescription(body[1])),
                C::CHANGE_CIPHER_SPEC => return Some(vec![CCS]),
                _ => {}
            }
        }
    }
}

/// What `next` gives for change_cipher_spec, which no message has as its first byte.
pub const CCS: u8 = 0xcc;

/// A peer of one version, in either role.
pub trait Player {
    type Machine: Connection;

    fn wire(&mut self) -> &mut Wire<Self::Machine>;

    /// The message with its header, right for all that was said so far.
    fn build(&mut self, m: M) -> Vec<u8>;

    /// The message has been said: transcript and keys.
    fn said(&mut self, m: M, raw: &[u8]);

    /// A message of the machine, or [`CCS`].
    fn heard(&mut self, raw: &[u8]);

    /// The sealer of an epoch, if there are keys for it; a new one if the machine isn't there yet.
    fn keys(&mut self, e: E, ahead: bool) -> Option<Slot>;

    /// Reads all that the machine has written.
    fn listen(&mut self) {
        self.wire().alert = None;
        self.wire().end.run();
        while let Some(raw) = self.wire().next() {
            self.heard(&raw);
        }
    }

    /// Makes it, and lets the machine have it; false if it can't be made. `reads` are the keys in
    /// force, `second` the message that follows in the record.
    fn play(&mut self, reads: E, sym: Sym, second: Option<M>) -> bool {
        let made = self.make(reads, sym, second);
        if made {
            self.listen();
        }
        made
    }

    fn make(&mut self, reads: E, sym: Sym, second: Option<M>) -> bool {
        let Some(slot) = self.keys(reads, false) else {
            panic!("no keys of {reads:?}");
        };
        let mut simple = |kind: C, body: &[u8]| {
            self.wire().record(slot, kind, body);
            true
        };
        match sym {
            Sym::CcsProtected => simple(C::CHANGE_CIPHER_SPEC, &[1]),
            Sym::Data => simple(C::APPLICATION_DATA, b"data"),
            Sym::NoData => simple(C::APPLICATION_DATA, b""),
            Sym::NoHandshake => simple(C::HANDSHAKE, b""),
            Sym::NoAlert => simple(C::ALERT, b""),
            Sym::CloseNotify => simple(C::ALERT, &[1, 0]),
            Sym::UserCanceled => simple(C::ALERT, &[1, 90]),
            Sym::Warning => simple(C::ALERT, &[1, 112]),
            Sym::Fatal => simple(C::ALERT, &[2, 40]),
            Sym::Heartbeat => simple(C(24), &[1, 0, 1, 9]),
            Sym::Ccs | Sym::CcsWrong => {
                let byte = if sym == Sym::Ccs { 1 } else { 2 };
                self.wire().record(None, C::CHANGE_CIPHER_SPEC, &[byte]);
                true
            }
            Sym::FatalPlain => {
                self.wire().record(None, C::ALERT, &[2, 40]);
                true
            }
            Sym::Noise => {
                self.wire().record(None, C::APPLICATION_DATA, &[0x5a; 40]);
                true
            }
            Sym::Padding => {
                self.wire().zeros(slot.expect("keys for padding"));
                true
            }
            Sym::DataIn(e) => {
                let Some(slot) = self.keys(e, e > reads) else {
                    return false;
                };
                self.wire().record(slot, C::APPLICATION_DATA, b"data");
                true
            }
            Sym::Msg(m) => {
                let raw = self.build(m);
                self.wire().record(slot, C::HANDSHAKE, &raw);
                self.said(m, &raw);
                true
            }
            Sym::In(e, m) => {
                // A server has the keys that come next only once it has said this.
                let raw = self.build(m);
                if self.keys(e, e > reads).is_none()
                    && m != M::ServerHello
                    && m != M::ServerHelloPsk
                {
                    return false;
                }
                let rekeys = matches!(m, M::ServerHello | M::ServerHelloPsk | M::Finished);
                if rekeys && self.learns_by_saying() {
                    self.said(m, &raw);
                }
                let Some(slot) = self.keys(e, e > reads) else {
                    return false;
                };
                self.wire().record(slot, C::HANDSHAKE, &raw);
                true
            }
            Sym::Two(m) | Sym::Tail(m) => {
                let first = self.build(m);
                self.said(m, &first);
                let second = second.expect("a second message");
                let other = self.build(second);
                let whole = matches!(sym, Sym::Two(_));
                let taken = if whole { other.len() } else { 1 };
                let body = [&first, &other[..taken]].concat();
                self.wire().record(slot, C::HANDSHAKE, &body);
                match whole {
                    true => self.said(second, &other),
                    false => self.wire().begun = Some((second, other, taken)),
                }
                true
            }
            Sym::Begin(m) => {
                let raw = self.build(m);
                let half = raw.len() / 2;
                self.wire().record(slot, C::HANDSHAKE, &raw[..half]);
                self.wire().begun = Some((m, raw, half));
                true
            }
            Sym::Rest => {
                let (m, raw, from) = self.wire().begun.take().expect("a message begun");
                self.wire().record(slot, C::HANDSHAKE, &raw[from..]);
                self.said(m, &raw);
                true
            }
            Sym::RestIn(e) => {
                // It may be skipped, and the rest is still to come.
                let (_, raw, from) = self.wire().begun.clone().expect("a message begun");
                let Some(slot) = self.keys(e, e > reads) else {
                    return false;
                };
                self.wire().record(slot, C::HANDSHAKE, &raw[from..]);
                true
            }
        }
    }

    /// Whether saying a message under the wrong keys may give the right ones.
    fn learns_by_saying(&self) -> bool;
}
