//! Hellos that a fuzzer edits: its input is a list of edits of a good message, so that most of what
//! comes out still has the form of one.

use symbolon::codepoint::HandshakeType;
use symbolon::error::DecodeError;
use symbolon::wire::{
    DOWNGRADE_TO_TLS11, DOWNGRADE_TO_TLS12, Extension, HELLO_RETRY_REQUEST_RANDOM, List, Reader,
    Writer, write_message,
};

/// A ClientHello or ServerHello in its parts.
#[derive(Clone, Debug)]
pub struct Hello {
    kind: HandshakeType,
    /// Version, random, session ID, suites or suite, compression; each with the bytes of the length
    /// before it.
    fields: [(usize, Vec<u8>); 5],
    /// Without the block where there is none.
    extensions: Option<Vec<(u16, Vec<u8>)>>,
    /// Applied to the whole message, last.
    raw: Vec<Raw>,
}

#[derive(Clone, Copy, Debug)]
enum Raw {
    Set(usize, u8),
    Cut(usize),
    Push(u8),
}

/// Edits of one message; more would only be slow.
const MOST_EDITS: usize = 24;

/// What extensions are added as: those with a meaning, one that is unknown, one that is reserved.
const KINDS: [u16; 32] = [
    0, 1, 5, 10, 11, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 27, 28, 35, 41, 42, 43, 44,
    45, 47, 49, 50, 51, 58, 0x0a0a, 0xff01,
];

/// Numbers with a meaning somewhere in a hello.
const WORDS: [u16; 32] = [
    0x0300, 0x0301, 0x0302, 0x0303, 0x0304, 0x7f1c, 0x1301, 0x1302, 0x1303, 0xc02b, 0xcca9, 0xc02f,
    0x5600, 0x00ff, 0x001d, 0x0017, 0x0018, 0x11ec, 0x0100, 0x0403, 0x0503, 0x0804, 0x0807, 0x0201,
    0x0401, 0x0a0a, 0x0000, 0x0001, 0x0040, 0x003f, 0x4001, 0xffff,
];

/// Bytes that say what is to be done; zeros after their end.
pub struct Script<'a>(pub &'a [u8]);

impl Script<'_> {
    pub fn u8(&mut self) -> u8 {
        self.next().unwrap_or(0)
    }

    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    /// A place in something of this length, or its end.
    fn place(&mut self, len: usize) -> usize {
        usize::from(self.u8()) % (len + 1)
    }

    fn index(&mut self, len: usize) -> Option<usize> {
        let at = usize::from(self.u8());
        (len > 0).then(|| at % len)
    }

    fn bytes(&mut self, most: usize) -> Vec<u8> {
        let len = (usize::from(self.u8()) % (most + 1)).min(self.0.len());
        let (bytes, rest) = self.0.split_at(len);
        self.0 = rest;
        bytes.to_vec()
    }
}

impl Hello {
    pub fn new(kind: HandshakeType, fields: [&[u8]; 5], extensions: Vec<(u16, Vec<u8>)>) -> Self {
        let lengths = match kind {
            HandshakeType::CLIENT_HELLO => [0, 0, 1, 2, 1],
            _ => [0, 0, 1, 0, 0],
        };
        let mut fields = fields.map(|field| (0, field.to_vec()));
        for ((to, _), from) in fields.iter_mut().zip(lengths) {
            *to = from;
        }
        Self {
            kind,
            fields,
            extensions: Some(extensions),
            raw: Vec::new(),
        }
    }

    /// The parts of a ClientHello, if it has the form of one.
    pub fn client(message: &[u8]) -> Option<Self> {
        Self::read(message, HandshakeType::CLIENT_HELLO).ok()
    }

    /// The parts of a ServerHello, if it has the form of one.
    pub fn server(message: &[u8]) -> Option<Self> {
        Self::read(message, HandshakeType::SERVER_HELLO).ok()
    }

    fn read(message: &[u8], kind: HandshakeType) -> Result<Self, DecodeError> {
        let mut r = Reader::new(message);
        r.take(4, "header")?;
        let head = [r.take(2, "")?, r.take(32, "")?, r.vec8("", 0..=255)?];
        let tail = match kind {
            HandshakeType::CLIENT_HELLO => [r.vec16("", 0..=0xffff)?, r.vec8("", 0..=255)?],
            _ => [r.take(2, "")?, r.take(1, "")?],
        };
        let fields = [head[0], head[1], head[2], tail[0], tail[1]];
        let block = r.vec16("extensions", 0..=0xffff)?;
        r.finish("hello")?;
        let extensions = List::<Extension<'_>>::parse(block)?;
        let extensions = extensions.iter().map(|e| (e.kind.0, e.data.to_vec()));
        Ok(Self::new(kind, fields, extensions.collect()))
    }

    pub fn brief(&self) -> String {
        let mut s = format!(
            "v {:x?} sid {} suites {:x?} comp {:x?} ",
            self.fields[0].1,
            self.fields[2].1.len(),
            self.fields[3].1,
            self.fields[4].1
        );
        for (k, d) in self.extensions.iter().flatten() {
            let d: String = d.iter().take(24).map(|b| format!("{b:02x}")).collect();
            s += &format!(" {k}:{d}");
        }
        s
    }

    pub fn extension(&mut self, kind: u16) -> Option<&mut Vec<u8>> {
        let extensions = self.extensions.as_mut()?;
        let found = extensions.iter_mut().find(|(k, _)| *k == kind)?;
        Some(&mut found.1)
    }

    pub fn extension_of(&self, kind: u16) -> Option<&[u8]> {
        let mut all = self.extensions.iter().flatten();
        all.find(|(k, _)| *k == kind).map(|(_, data)| &data[..])
    }

    pub fn is_retry(&self) -> bool {
        self.fields[1].1 == HELLO_RETRY_REQUEST_RANDOM
    }

    pub fn set_session_id(&mut self, id: &[u8]) {
        self.fields[2].1 = id.to_vec();
    }

    pub fn without(&mut self, kind: u16) {
        if let Some(extensions) = &mut self.extensions {
            extensions.retain(|(k, _)| *k != kind);
        }
    }

    /// The types of the extensions, in order.
    pub fn kinds(&self) -> impl Iterator<Item = u16> {
        self.extensions.iter().flatten().map(|(kind, _)| *kind)
    }

    /// Edits until the script or its part ends.
    pub fn edit(&mut self, script: &mut Script<'_>) {
        for _ in 0..MOST_EDITS {
            match script.next() {
                None | Some(0xff) => return,
                Some(edit) if edit % 4 == 3 => self.edit_fields(edit / 4, script),
                Some(edit) => self.edit_extensions(edit / 4 * 3 + edit % 4, script),
            }
        }
    }

    fn edit_fields(&mut self, edit: u8, script: &mut Script<'_>) {
        let at = usize::from(script.u8()) % 5;
        let (_, field) = &mut self.fields[at];
        match edit % 12 {
            0 | 1 => change(field, script),
            2 => *field = script.bytes(40),
            3 => {
                let word = WORDS[usize::from(script.u8()) % WORDS.len()];
                let place = script.place(field.len() / 2) * 2;
                put_word(field, place, word);
            }
            4 => {
                let word = WORDS[usize::from(script.u8()) % WORDS.len()];
                field.splice(0..0, word.to_be_bytes());
            }
            5 => self.fields[1].1 = HELLO_RETRY_REQUEST_RANDOM.to_vec(),
            6 => {
                let end = [DOWNGRADE_TO_TLS11, DOWNGRADE_TO_TLS12][at % 2];
                let random = &mut self.fields[1].1;
                let start = random.len().saturating_sub(8);
                random.truncate(start);
                random.extend(end);
            }
            7 => self.raw.push(Raw::Push(script.u8())),
            8 => self.raw.push(Raw::Cut(usize::from(script.u8()))),
            9 => {
                let place = usize::from(script.u8()) + 256 * (at % 2);
                self.raw.push(Raw::Set(place, script.u8()));
            }
            10 => self.extensions = None,
            _ => self.kind = HandshakeType(script.u8()),
        }
    }

    fn edit_extensions(&mut self, edit: u8, script: &mut Script<'_>) {
        let extensions = self.extensions.get_or_insert_default();
        let Some(at) = script.index(extensions.len()) else {
            extensions.push((KINDS[0], Vec::new()));
            return;
        };
        let data = &mut extensions[at].1;
        match edit % 12 {
            0..=2 => change(data, script),
            3 | 4 => {
                let word = WORDS[usize::from(script.u8()) % WORDS.len()];
                let place = script.place(data.len());
                put_word(data, place, word);
            }
            // In a list with its length before it.
            5 => {
                let word = WORDS[usize::from(script.u8()) % WORDS.len()];
                let prefix = usize::from(script.u8() % 2) + 1;
                if data.len() >= prefix {
                    data.splice(prefix..prefix, word.to_be_bytes());
                    data[prefix - 1] = data[prefix - 1].wrapping_add(2);
                }
            }
            6 => *data = script.bytes(200),
            7 => {
                extensions.remove(at);
            }
            8 => {
                let extension = extensions.remove(at);
                let to = script.place(extensions.len());
                extensions.insert(to, extension);
            }
            9 => {
                let copy = extensions[at].clone();
                extensions.push(copy);
            }
            10 => {
                let kind = KINDS[usize::from(script.u8()) % KINDS.len()];
                let data = script.bytes(60);
                extensions.insert(at, (kind, data));
            }
            _ => extensions[at].0 = KINDS[usize::from(script.u8()) % KINDS.len()],
        }
    }

    /// The whole message.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let written = write_message(&mut out, self.kind, |w| {
            for (prefix, field) in &self.fields {
                match prefix {
                    0 => w.bytes(field),
                    1 => w.vec8(|w| w.bytes(field)),
                    _ => w.vec16(|w| w.bytes(field)),
                }
            }
            if let Some(extensions) = &self.extensions {
                w.vec16(|w| extensions.iter().for_each(|e| write_extension(w, e)));
            }
        });
        // Something became too long: nothing is left then.
        if written.is_err() {
            return Vec::new();
        }
        for raw in &self.raw {
            match *raw {
                Raw::Set(at, byte) => {
                    // The header stays: the message's length is another target's.
                    let at = 4 + at % out.len().max(1);
                    if let Some(old) = out.get_mut(at) {
                        *old = byte;
                    }
                }
                Raw::Cut(len) => out.truncate(out.len() - len.min(out.len())),
                Raw::Push(byte) => out.push(byte),
            }
        }
        // Bytes that were cut off or added are missing or too many in the message, not after it.
        if let Some(len) = out.len().checked_sub(4)
            && self.raw.iter().any(|raw| !matches!(raw, Raw::Set(..)))
        {
            let len = u32::try_from(len).unwrap().to_be_bytes();
            out[1..4].copy_from_slice(&len[1..]);
        }
        out
    }
}

fn write_extension(w: &mut Writer<'_>, (kind, data): &(u16, Vec<u8>)) {
    w.u16(*kind);
    w.vec16(|w| w.bytes(data));
}

/// Sets, inserts or removes a byte.
fn change(bytes: &mut Vec<u8>, script: &mut Script<'_>) {
    let how = script.u8();
    let place = usize::from(script.u8()) % (bytes.len() + 1);
    match (how % 4, bytes.get_mut(place)) {
        (0, _) | (_, None) => bytes.insert(place, script.u8()),
        (1, Some(_)) => {
            bytes.remove(place);
        }
        (2, Some(byte)) => *byte = byte.wrapping_add(script.u8()),
        (_, Some(byte)) => *byte = script.u8(),
    }
}

fn put_word(bytes: &mut Vec<u8>, place: usize, word: u16) {
    for (i, byte) in word.to_be_bytes().into_iter().enumerate() {
        match bytes.get_mut(place + i) {
            Some(old) => *old = byte,
            None => bytes.push(byte),
        }
    }
}
