//! What faults are told in: text of the peer's, made harmless, and moments of time.

use alloc::string::String;
use core::fmt::{self, Write as _};

/// Text that came from somebody else: printable, escaped, and at most [`Text::MOST`] bytes long.
///
/// Letters and digits of any script and the printable ASCII characters stand for themselves;
/// everything else (controls, direction marks, bytes that aren't UTF-8) is a backslash and two
/// hexadecimal digits for each byte. What was cut off shows as `...`.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Text(String);

impl Text {
    /// The longest text kept, in bytes, without the mark of a cut.
    pub const MOST: usize = 256;

    /// Makes a text of any bytes.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        let mut text = TextWriter::default();
        text.escape(bytes, "");
        text.finish()
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::new(text.as_bytes())
    }
}

/// Builds a [`Text`] piece by piece; what goes over its bound is left out.
#[derive(Default)]
pub(crate) struct TextWriter {
    text: String,
    cut: bool,
}

impl TextWriter {
    /// One that needn't grow for most texts.
    pub(crate) fn roomy() -> Self {
        let text = String::with_capacity(64);
        Self { text, cut: false }
    }

    /// Adds foreign bytes, escaped; the characters of `special` get a backslash too.
    pub(crate) fn escape(&mut self, bytes: &[u8], special: &str) {
        for chunk in bytes.utf8_chunks() {
            for c in chunk.valid().chars() {
                self.escape_char(c, special);
                if self.cut {
                    return;
                }
            }
            self.escape_bytes(chunk.invalid());
        }
    }

    /// Adds a foreign character, escaped; those of `special` get a backslash too.
    pub(crate) fn escape_char(&mut self, c: char, special: &str) {
        let plain = c.is_ascii_alphanumeric() || c == ' ';
        if !plain && (special.contains(c) || c == '\\') {
            self.add(format_args!("\\{c}"));
        } else if plain || c.is_ascii_graphic() || c.is_alphanumeric() {
            self.push(c);
        } else {
            self.escape_bytes(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }

    fn push(&mut self, c: char) {
        self.cut |= self.text.len().saturating_add(c.len_utf8()) > Text::MOST;
        if !self.cut {
            self.text.push(c);
        }
    }

    /// Adds our own words, whole or not at all.
    pub(crate) fn words<const N: usize>(&mut self, words: [&str; N]) {
        let before = self.text.len();
        self.text.extend(words);
        if self.cut || self.text.len() > Text::MOST {
            self.text.truncate(before);
            self.cut = true;
        }
    }

    fn escape_bytes(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.add(format_args!("\\{byte:02x}"));
        }
    }

    /// The same for words that have to be formatted.
    pub(crate) fn add(&mut self, words: fmt::Arguments<'_>) {
        let before = self.text.len();
        // Writing to a String doesn't fail.
        if self.cut || self.text.write_fmt(words).is_err() || self.text.len() > Text::MOST {
            self.text.truncate(before);
            self.cut = true;
        }
    }

    /// Whether nothing more fits.
    pub(crate) fn is_full(&self) -> bool {
        self.cut
    }

    pub(crate) fn finish(mut self) -> Text {
        if self.cut {
            self.text.push_str("...");
        }
        Text(self.text)
    }
}

/// A point in time as certificates have it: seconds since 1970-01-01T00:00:00Z, earlier ones
/// negative. Shown in the form of RFC 3339.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(pub i64);

impl Moment {
    /// How far `self` is from `other`, in words: `"3 days"`.
    pub(super) fn distance(self, other: Self) -> Distance {
        Distance(self.0.abs_diff(other.0))
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DAY: i64 = 86_400;
        let (year, month, day) = civil(self.0.div_euclid(DAY));
        let second = self.0.rem_euclid(DAY);
        let (hour, minute) = (
            second.div_euclid(3600),
            second.div_euclid(60).rem_euclid(60),
        );
        let second = second.rem_euclid(60);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"
        )
    }
}

/// Year, month and day of the proleptic Gregorian calendar, `days` after 1970-01-01.
fn civil(days: i64) -> (i64, i64, i64) {
    // Count from 0000-03-01, so that a leap day is the last day of its year.
    let days = days.saturating_add(719_468);
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let mut year = era.saturating_mul(400);
    let mut rest = day_of_era;
    // Centuries have one leap day less than 25 * 4 years, except the era's last one.
    for (span, years, most) in [(36_524, 100, 3), (1461, 4, 24), (365, 1, 3)] {
        let n = rest.div_euclid(span).min(most);
        year = year.saturating_add(n.saturating_mul(years));
        rest = rest.saturating_sub(n.saturating_mul(span));
    }
    let mut month: i64 = 3;
    for length in [31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 31] {
        if rest < length {
            break;
        }
        rest = rest.saturating_sub(length);
        month = month.saturating_add(1);
    }
    if month > 12 {
        (
            year.saturating_add(1),
            month.saturating_sub(12),
            rest.saturating_add(1),
        )
    } else {
        (year, month, rest.saturating_add(1))
    }
}

pub(super) struct Distance(u64);

impl fmt::Display for Distance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (seconds, unit) in [
            (86_400, "day"),
            (3600, "hour"),
            (60, "minute"),
            (1, "second"),
        ] {
            let n = self.0.checked_div(seconds).unwrap_or(0);
            if n > 0 || seconds == 1 {
                let plural = if n == 1 { "" } else { "s" };
                return write!(f, "{n} {unit}{plural}");
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::ToString;

    #[test]
    fn moments_in_rfc_3339_form() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_709_251_199, "2024-02-29T23:59:59Z"),
            (1_735_689_599, "2024-12-31T23:59:59Z"),
            (1_735_689_600, "2025-01-01T00:00:00Z"),
            (4_107_542_399, "2100-02-28T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
            (-62_167_219_200, "0000-01-01T00:00:00Z"),
        ] {
            assert_eq!(Moment(seconds).to_string(), text);
        }
    }

    #[test]
    fn text_is_escaped_and_bounded() {
        for (bytes, text) in [
            (&b"plain"[..], "plain"),
            (b"a\x1b[31mb\n", "a\\1b[31mb\\0a"),
            ("\u{202e}gro.live".as_bytes(), "\\e2\\80\\aegro.live"),
            ("M\u{fc}nchen".as_bytes(), "M\u{fc}nchen"),
            (b"a\\b", "a\\\\b"),
            (b"\xff\xfe", "\\ff\\fe"),
            // What is not seen, or turns what is seen round.
            ("\u{200b}\u{ad}".as_bytes(), "\\e2\\80\\8b\\c2\\ad"),
            ("\u{2066}\u{2028}".as_bytes(), "\\e2\\81\\a6\\e2\\80\\a8"),
            ("\u{feff}\u{2800}".as_bytes(), "\\ef\\bb\\bf\\e2\\a0\\80"),
        ] {
            assert_eq!(Text::new(bytes).as_str(), text);
        }
        let long = Text::new(&[b'x'; 10_000]);
        assert_eq!(long.as_str().len(), Text::MOST + 3);
        assert!(long.as_str().ends_with("x..."));
        // A character is never split, whatever the bound falls on.
        let wide = Text::new("\u{4e00}".repeat(200).as_bytes());
        assert!(wide.as_str().ends_with("\u{4e00}..."));
    }
}
