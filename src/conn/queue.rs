//! Handshake output that waits for room: plaintext, and marks where the keys change.

use crate::codepoint::ContentType;
use crate::error::Error;
use crate::handshake::range;
use crate::record::{
    Epoch, Padding, Sealer, Sink, USEFUL_ROOM, record_room, write_initial_hello, write_record,
};
use alloc::sync::Arc;
use alloc::vec::Vec;

/// One thing to go out.
#[derive(Debug)]
enum Item {
    /// Handshake bytes at this range of the flight.
    Flight(u32, u32),
    /// The certificate list of the credential, which isn't copied.
    Shared(Arc<[u8]>),
    ChangeCipherSpec,
    /// From here on these keys; the engine has them.
    SetWrite(Epoch),
}

/// What is first in the queue.
#[derive(Debug)]
pub(crate) enum Next {
    Nothing,
    /// A record went out, or a part of the queue was passed.
    Progress,
    /// Room is missing; this much is enough.
    Blocked(usize),
    /// The engine must change the write keys now.
    SetWrite(Epoch),
}

/// The queue. Its flight bytes are the handshake's.
#[derive(Debug)]
pub(crate) struct Queue {
    items: Vec<Item>,
    /// The first item that hasn't gone out whole, and how many of its bytes have.
    at: usize,
    done: usize,
    /// What goes out without keys is the initial ClientHello.
    pub(crate) initial_hello: bool,
}

impl Queue {
    /// An empty one, with room for a server's whole flight.
    pub(crate) fn new() -> Self {
        Self {
            items: Vec::with_capacity(12),
            at: 0,
            done: 0,
            initial_hello: false,
        }
    }

    pub(crate) fn flight(&mut self, start: u32, end: u32) {
        self.items.push(Item::Flight(start, end));
    }

    pub(crate) fn certificate(&mut self, list: Arc<[u8]>) {
        self.items.push(Item::Shared(list));
    }

    pub(crate) fn change_cipher_spec(&mut self) {
        self.items.push(Item::ChangeCipherSpec);
    }

    pub(crate) fn set_write(&mut self, epoch: Epoch) {
        self.items.push(Item::SetWrite(epoch));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.items.len() <= self.at
    }

    fn advance(&mut self) {
        self.at = self.at.saturating_add(1);
        self.done = 0;
        if self.is_empty() {
            self.items.clear();
            self.at = 0;
        }
    }

    /// The bytes of an item of handshake data.
    fn bytes<'a>(item: &'a Item, flight: &'a [u8]) -> Option<&'a [u8]> {
        match item {
            Item::Flight(start, end) => range(*start, *end).and_then(|range| flight.get(range)),
            Item::Shared(list) => Some(list),
            Item::ChangeCipherSpec | Item::SetWrite(_) => None,
        }
    }

    /// The handshake bytes up to the next mark, in their parts, without what has gone out.
    fn run<'a>(&'a self, flight: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        let items = self.items.get(self.at..).unwrap_or(&[]);
        let mut skip = self.done;
        items.iter().map_while(move |item| {
            let bytes = Self::bytes(item, flight)?;
            let rest = bytes.get(core::mem::take(&mut skip)..).unwrap_or(&[]);
            Some(rest)
        })
    }

    /// Moves past `len` bytes of the run.
    fn consume(&mut self, flight: &[u8], mut len: usize) {
        while len > 0 {
            let bytes = self
                .items
                .get(self.at)
                .and_then(|item| Self::bytes(item, flight));
            let rest = bytes.map_or(0, <[u8]>::len).saturating_sub(self.done);
            if rest == 0 && bytes.is_none() {
                return;
            }
            if rest > len {
                self.done = self.done.saturating_add(len);
                return;
            }
            len = len.saturating_sub(rest);
            self.advance();
        }
    }

    /// The keys that come next, if all that goes before them has gone out. In TLS 1.3 a
    /// change_cipher_spec counts for nothing (RFC 9846 5).
    pub(crate) fn next_keys(&mut self, tls13: bool) -> Option<Epoch> {
        while tls13 && matches!(self.items.get(self.at), Some(Item::ChangeCipherSpec)) {
            self.advance();
        }
        let Some(Item::SetWrite(epoch)) = self.items.get(self.at) else {
            return None;
        };
        let epoch = *epoch;
        self.advance();
        Some(epoch)
    }

    /// Puts the next record into the sink, if it has room. `most` is what content and type may
    /// be together.
    pub(crate) fn write_next(
        &mut self,
        flight: &[u8],
        sealer: Option<&mut Sealer>,
        most: usize,
        padding: Padding,
        sink: &mut dyn Sink,
    ) -> Result<Next, Error> {
        match self.items.get(self.at) {
            None => return Ok(Next::Nothing),
            Some(Item::SetWrite(epoch)) => {
                let epoch = *epoch;
                self.advance();
                return Ok(Next::SetWrite(epoch));
            }
            Some(Item::ChangeCipherSpec) => {
                // RFC 9846 5: a change_cipher_spec is never protected.
                if sink.room() < record_room(None, 1, 0) {
                    return Ok(Next::Blocked(record_room(None, 1, 0)));
                }
                let parts = core::iter::once(&[1_u8][..]);
                write_record(None, ContentType::CHANGE_CIPHER_SPEC, parts, 0, sink)?;
                self.advance();
                return Ok(Next::Progress);
            }
            Some(Item::Flight(..) | Item::Shared(..)) => {}
        }
        let total = self
            .run(flight)
            .fold(0_usize, |sum, part| sum.saturating_add(part.len()));
        let content = total.min(most.saturating_sub(1));
        let pad = if sealer.is_some() {
            padding.after(content, most)
        } else {
            0
        };
        let (content, pad) = match fit(sealer.as_deref(), content, pad, sink.room()) {
            Ok(fitting) => fitting,
            Err(room) => return Ok(Next::Blocked(room)),
        };
        let parts = first_bytes(self.run(flight), content);
        match sealer {
            None if self.initial_hello => write_initial_hello(parts, sink)?,
            sealer => write_record(sealer, ContentType::HANDSHAKE, parts, pad, sink)?,
        }
        self.consume(flight, content);
        Ok(Next::Progress)
    }
}

/// How much content and padding go into the next record, given the room; or the room needed.
///
/// A full record is preferred; one that is cut short only by room has at least [`USEFUL_ROOM`].
pub(crate) fn fit(
    sealer: Option<&Sealer>,
    content: usize,
    padding: usize,
    room: usize,
) -> Result<(usize, usize), usize> {
    let whole = record_room(sealer, content, padding);
    if room >= whole {
        return Ok((content, padding));
    }
    if room < USEFUL_ROOM {
        return Err(whole.min(USEFUL_ROOM));
    }
    let overhead = record_room(sealer, 0, 0);
    let content = content.min(room.saturating_sub(overhead));
    let padding = padding.min(room.saturating_sub(record_room(sealer, content, 0)));
    Ok((content, padding))
}

/// The parts, cut to `len` bytes in all.
pub(crate) fn first_bytes<'a>(
    parts: impl Iterator<Item = &'a [u8]>,
    len: usize,
) -> impl Iterator<Item = &'a [u8]> {
    let mut left = len;
    parts.map_while(move |part| {
        let take = part.len().min(left);
        if left == 0 {
            return None;
        }
        left = left.saturating_sub(take);
        part.get(..take)
    })
}
