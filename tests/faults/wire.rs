//! The network: two lanes that carry records, and what happens to them on the way.

use crate::dice::{Checked, Dice, check, trace};
use std::collections::VecDeque;

/// What can happen to a record, or before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Flip,
    Set,
    /// The type of the record.
    Type,
    /// The end is missing, and the header doesn't say so.
    CutTail,
    /// The end is missing, and the header says so.
    Shorten,
    /// Bytes are added, and the header says so.
    Lengthen,
    Drop,
    Duplicate,
    /// With the record that follows.
    Swap,
    InsertCcs,
    InsertAlert,
    InsertData,
    InsertHandshake,
    InsertGarbage,
    /// An earlier record of the same lane once more.
    Replay,
    /// A record of the other lane.
    Reflect,
    /// One record becomes two: no change for what isn't protected.
    Refragment,
    /// With the record that follows, into one: likewise.
    Coalesce,
    /// Nothing more arrives on this lane, from the middle of this record on.
    End,
    /// On neither lane.
    Dead,
}

pub const KINDS: &[Kind] = &[
    Kind::Flip,
    Kind::Flip,
    Kind::Flip,
    Kind::Set,
    Kind::Type,
    Kind::CutTail,
    Kind::Shorten,
    Kind::Lengthen,
    Kind::Drop,
    Kind::Duplicate,
    Kind::Swap,
    Kind::InsertCcs,
    Kind::InsertAlert,
    Kind::InsertData,
    Kind::InsertHandshake,
    Kind::InsertGarbage,
    Kind::Replay,
    Kind::Reflect,
    Kind::Refragment,
    Kind::Coalesce,
    Kind::End,
    Kind::Dead,
];

/// Happens to the record of this number on its lane.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    pub kind: Kind,
    pub record: usize,
    /// Where and what, as far as the kind asks.
    pub random: u64,
}

#[derive(Default)]
pub struct Lane {
    pub faults: Vec<Fault>,
    /// On the way.
    bytes: VecDeque<u8>,
    /// Records so far.
    count: usize,
    /// Waits for the next record.
    held: Option<(Kind, Vec<u8>)>,
    history: Vec<Vec<u8>>,
    /// What was put in, and what goes out: kept where there are faults.
    sent: Vec<u8>,
    out: Vec<u8>,
    /// After the bytes there is the end.
    ended: bool,
    /// What arrives isn't what was sent.
    pub altered: bool,
    /// A protected record of a sender whose handshake was done isn't what was sent, or where.
    pub broken: bool,
    /// It is, as soon as another record follows.
    breaks: bool,
    /// The faults that happened.
    pub happened: Vec<Kind>,
    /// Bytes put in.
    pub carried: usize,
    /// An alert was among it, as far as its type can be seen.
    pub alert: bool,
}

/// One lane to the server, the other to the client.
#[derive(Default)]
pub struct Net {
    pub lanes: [Lane; 2],
    /// Neither lane carries any more.
    dead: bool,
}

/// The lengths of the records in what a connection put out: whole ones.
fn lengths(mut bytes: &[u8]) -> Checked<Vec<usize>> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        check!(bytes.len() >= 5, "a header was cut");
        let len = 5 + usize::from(u16::from_be_bytes([bytes[3], bytes[4]]));
        check!(bytes.len() >= len, "a record was cut");
        check!(len <= 5 + 16_384 + 256, "a record of {len} bytes");
        found.push(len);
        bytes = &bytes[len..];
    }
    Ok(found)
}

fn with_length(record: &mut [u8]) {
    let len = (record.len() - 5) as u16;
    record[3..5].copy_from_slice(&len.to_be_bytes());
}

impl Net {
    /// What a connection has put out; `done`: after its handshake.
    pub fn put(&mut self, lane: usize, mut bytes: &[u8], done: bool) -> Checked<()> {
        for len in lengths(bytes)? {
            let (record, rest) = bytes.split_at(len);
            self.record(lane, record, done);
            bytes = rest;
        }
        Ok(())
    }

    fn record(&mut self, lane: usize, record: &[u8], done: bool) {
        let Self { lanes, dead } = self;
        let [first, second] = lanes;
        let (this, other) = match lane {
            0 => (first, second),
            _ => (second, first),
        };
        let number = this.count;
        this.count += 1;
        this.carried += record.len();
        this.alert |= record[0] == 21;
        trace!(
            "lane {lane}: record {number}: {} bytes, type {}",
            record.len(),
            record[0]
        );
        if *dead || this.ended {
            this.altered = true;
            return;
        }
        if std::mem::take(&mut this.breaks) {
            this.broken = true;
        }
        if this.faults.is_empty() && other.faults.is_empty() {
            this.bytes.extend(record);
            return;
        }
        this.history.push(record.to_vec());
        this.sent.extend(record);
        let mut before = this.held.take();
        let fault = this.faults.iter().find(|f| f.record == number).copied();
        // It can't be joined with a record that another fault has.
        let alone = |(kind, _): &mut (Kind, _)| *kind == Kind::Coalesce && fault.is_some();
        if let Some((_, first)) = before.take_if(alone) {
            this.deliver(&first);
        }
        match fault {
            None => this.deliver(record),
            Some(fault) => {
                let happened = this.apply(fault, record, other, done);
                if happened {
                    trace!("lane {lane}: {fault:?}");
                    this.happened.push(fault.kind);
                    *dead |= fault.kind == Kind::Dead;
                    this.ended |= *dead;
                    other.ended |= *dead;
                }
            }
        }
        match before {
            Some((Kind::Coalesce, first)) => this.coalesce(&first, record.len()),
            Some((_, first)) => {
                this.altered = true;
                this.broken |= done;
                this.happened.push(Kind::Swap);
                this.deliver(&first);
            }
            None => {}
        }
    }

    /// Puts what waited for another record on its way: there is none.
    pub fn release(&mut self) -> bool {
        let mut any = false;
        for lane in &mut self.lanes {
            if let Some((_, record)) = lane.held.take() {
                lane.deliver(&record);
                any = true;
            }
        }
        any
    }
}

impl Lane {
    fn deliver(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
        self.out.extend(bytes);
    }

    /// Whether all that was put in went out as it was: faults may have undone each other to the last
    /// byte (what was dropped came as a replay), or come after it. What follows a close is read by
    /// nobody (RFC 9846 6.1).
    pub fn carried_all(&self) -> bool {
        self.out.starts_with(&self.sent)
    }

    /// The record before, which was held, goes in front of the one that was just delivered.
    fn coalesce(&mut self, first: &[u8], len: usize) {
        let start = self.bytes.len().saturating_sub(len);
        let last = self.bytes.split_off(start);
        self.out.truncate(self.out.len().saturating_sub(last.len()));
        let (first_header, first_body) = first.split_at(5);
        let mergeable = last.len() == len && last[0] == first[0] && first[0] == 22;
        if !mergeable {
            self.deliver(first);
            self.deliver(&Vec::from(last));
            return;
        }
        self.altered = true;
        self.happened.push(Kind::Coalesce);
        let mut record = first_header.to_vec();
        record.extend(first_body);
        record.extend(last.iter().skip(5));
        with_length(&mut record);
        self.sent_as(first.len() + last.len(), &record);
        self.deliver(&record);
    }

    /// The last bytes that were put in might as well have been these: the same message, cut otherwise.
    fn sent_as(&mut self, len: usize, bytes: &[u8]) {
        self.sent.truncate(self.sent.len() - len);
        self.sent.extend(bytes);
    }

    /// Carries the record as the fault will have it; false if it can't have it here.
    fn apply(&mut self, fault: Fault, record: &[u8], other: &Self, done: bool) -> bool {
        let mut dice = Dice::new(fault.random);
        let mut bytes = record.to_vec();
        let body = record.len() - 5;
        let mut insert = None;
        let mut breaks = done;
        match fault.kind {
            Kind::Flip => {
                // The header now and then.
                let at = match dice.one_in(6) {
                    true => dice.below(5),
                    false => dice.below(bytes.len()),
                };
                bytes[at] ^= 1 << dice.below(8);
            }
            Kind::Set => {
                let at = dice.below(bytes.len());
                let old = bytes[at];
                bytes[at] = dice.pick(&[0, 1, 2, 3, 0x7f, 0x80, 0xfe, 0xff]);
                if bytes[at] == old {
                    bytes[at] ^= 0x55;
                }
            }
            Kind::Type => {
                bytes[0] =
                    dice.pick(&[20, 21, 22, 23, 24].map(|t| if t == bytes[0] { 0 } else { t }))
            }
            Kind::CutTail => bytes.truncate(bytes.len() - 1 - dice.below(body.clamp(1, 8))),
            Kind::Shorten if body > 0 => {
                bytes.truncate(bytes.len() - 1 - dice.below(body.min(20)));
                with_length(&mut bytes);
            }
            Kind::Lengthen if body < 16_000 => {
                for _ in 0..=dice.below(20) {
                    bytes.push(dice.next() as u8);
                }
                with_length(&mut bytes);
            }
            Kind::Drop => bytes.clear(),
            Kind::Duplicate => {
                bytes.extend(record);
                self.breaks = done;
                breaks = false;
            }
            Kind::Swap => {
                self.held = Some((Kind::Swap, bytes));
                return false;
            }
            Kind::InsertCcs => {
                insert = Some(vec![20, 3, 3, 0, 1, 1]);
                breaks = false;
            }
            Kind::InsertAlert => {
                let level = dice.pick(&[1, 2]);
                let description = dice.pick(&[0, 10, 20, 40, 50, 90, 100, 112]);
                insert = Some(vec![21, 3, 3, 0, 2, level, description]);
            }
            Kind::InsertData => {
                let mut data = vec![23, 3, 3, 0, 0];
                data.resize(5 + dice.pick(&[0, 1, 17, 40]), 7);
                with_length(&mut data);
                insert = Some(data);
            }
            Kind::InsertHandshake => {
                let kind = dice.pick(&[0, 1, 2, 4, 5, 8, 11, 12, 13, 14, 15, 16, 20, 22, 24, 254]);
                let len = dice.pick(&[0, 1, 2, 32]);
                let mut data = vec![22, 3, 3, 0, 0, kind, 0, 0, len];
                data.resize(9 + usize::from(len), dice.next() as u8);
                with_length(&mut data);
                insert = Some(data);
            }
            Kind::InsertGarbage => {
                let len = 1 + dice.below(30);
                insert = Some((0..len).map(|_| dice.next() as u8).collect());
            }
            Kind::Replay if self.history.len() > 1 => {
                // The last one of the history is this record.
                let old = dice.below(self.history.len() - 1);
                insert = Some(self.history[old].clone());
                breaks &= self.history[old][0] != 20;
            }
            Kind::Reflect if !other.history.is_empty() => {
                let record = other.history[dice.below(other.history.len())].clone();
                breaks &= record[0] != 20;
                insert = Some(record);
            }
            Kind::Refragment if body > 1 && record[0] == 22 => {
                let (front, end) = record.split_at(6 + dice.below(body - 1));
                bytes = front.to_vec();
                with_length(&mut bytes);
                let mut second = [&record[..5], end].concat();
                with_length(&mut second);
                bytes.extend(second);
                self.sent_as(record.len(), &bytes);
            }
            Kind::Coalesce if record[0] == 22 => {
                self.held = Some((Kind::Coalesce, bytes));
                return false;
            }
            Kind::End | Kind::Dead => {
                bytes.truncate(dice.below(bytes.len()));
                self.ended = true;
            }
            _ => {
                self.deliver(record);
                return false;
            }
        }
        self.altered = true;
        self.broken |= breaks;
        if let Some(insert) = insert {
            self.deliver(&insert);
        }
        self.deliver(&bytes);
        true
    }

    /// How much can be had.
    pub fn waiting(&self) -> usize {
        self.bytes.len()
    }

    pub fn take(&mut self, len: usize, to: &mut Vec<u8>) -> usize {
        let len = len.min(self.bytes.len());
        to.extend(self.bytes.drain(..len));
        len
    }

    /// Nothing comes any more.
    pub fn end(&mut self) {
        self.altered |= self.held.take().is_some();
        self.ended = true;
    }

    /// Whether nothing is added any more.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// Whether the end has come.
    pub fn at_end(&self) -> bool {
        self.ended && self.bytes.is_empty()
    }
}
