//! Points in time as certificates write them (RFC 5280 4.1.2.5).

use super::der::{self, Reader};
use crate::error::{DecodeError, DecodeFault, Moment};

/// RFC 5280 4.1.2.5: UTCTime or GeneralizedTime, in seconds, in `Z`.
pub(crate) fn read(reader: &mut Reader<'_>, what: &'static str) -> Result<Moment, DecodeError> {
    let value = match reader.tagged(what)? {
        (der::UTC_TIME, text) => utc_time(text),
        (der::GENERALIZED_TIME, text) => generalized_time(text),
        _ => None,
    };
    value.ok_or(DecodeError::new(what, DecodeFault::BadValue))
}

/// GeneralizedTime alone, likewise.
pub(crate) fn read_generalized(
    reader: &mut Reader<'_>,
    what: &'static str,
) -> Result<Moment, DecodeError> {
    let text = reader.contents(der::GENERALIZED_TIME, what)?;
    generalized_time(text).ok_or(DecodeError::new(what, DecodeFault::BadValue))
}

fn utc_time(text: &[u8]) -> Option<Moment> {
    let ([tens, ones], rest) = text.split_first_chunk::<2>()?;
    let year = two_digits(*tens, *ones)?;
    // RFC 5280 4.1.2.5.1: 50 to 99 are of the last century.
    let century = if year >= 50 { 19 } else { 20 };
    moment(century, year, rest)
}

fn generalized_time(text: &[u8]) -> Option<Moment> {
    let ([a, b, c, d], rest) = text.split_first_chunk::<4>()?;
    moment(two_digits(*a, *b)?, two_digits(*c, *d)?, rest)
}

/// `year` is that of the century, `rest` is `MMDDHHMMSSZ`.
fn moment(century: u32, year: u32, rest: &[u8]) -> Option<Moment> {
    let [m1, m2, d1, d2, h1, h2, i1, i2, s1, s2, b'Z'] = *rest else {
        return None;
    };
    let month = two_digits(m1, m2)?;
    let day = two_digits(d1, d2)?;
    let hour = two_digits(h1, h2)?;
    let minute = two_digits(i1, i2)?;
    let second = two_digits(s1, s2)?;
    // Of centuries only every fourth begins with a leap year.
    let leap = if year == 0 { century } else { year } & 3 == 0;
    let last = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    if day == 0 || day > last || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let days = days(century.wrapping_mul(100).wrapping_add(year), month, day);
    let minutes = hour.wrapping_mul(60).wrapping_add(minute);
    let seconds = minutes.wrapping_mul(60).wrapping_add(second);
    let midnight = days.wrapping_mul(86_400);
    Some(Moment(midnight.wrapping_add(i64::from(seconds))))
}

/// Days from 1970-01-01, counted in years that begin in March. No year here has more than four digits:
/// nothing wraps.
fn days(year: u32, month: u32, day: u32) -> i64 {
    /// Days from March of the year -400, so that no year is below zero; 400 years have 146 097.
    const EPOCH: i64 = 719_469 + 146_097;
    let year = year.wrapping_add(400);
    let (year, month) = match month {
        3.. => (year, month.wrapping_sub(3)),
        _ => (year.wrapping_sub(1), month.wrapping_add(9)),
    };
    let centuries = year / 100;
    let leap_days = (year / 4)
        .wrapping_sub(centuries)
        .wrapping_add(centuries / 4);
    // From March on, months have 31 30 31 30 31 days again and again: 153 in five.
    let in_year = month.wrapping_mul(153).wrapping_add(2) / 5;
    let whole_years = year.wrapping_mul(365).wrapping_add(leap_days);
    i64::from(whole_years.wrapping_add(in_year).wrapping_add(day)).wrapping_sub(EPOCH)
}

/// A number of two digits.
#[inline]
fn two_digits(tens: u8, ones: u8) -> Option<u32> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens <= 9 && ones <= 9).then(|| u32::from(tens.wrapping_mul(10).wrapping_add(ones)))
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::ToString;

    #[test]
    fn times() {
        for (text, seconds) in [
            ("700101000000Z", Some(0)),
            ("491231235959Z", Some(2_524_607_999)),
            ("500101000000Z", Some(-631_152_000)),
            ("000229120000Z", Some(951_825_600)),
            ("010229120000Z", None),
            ("001301000000Z", None),
            ("000001000000Z", None),
            ("000100000000Z", None),
            ("000431000000Z", None),
            ("000101240000Z", None),
            ("000101006000Z", None),
            ("000101000060Z", None),
            ("0001010000Z", None),
            ("000101000000+0000", None),
            ("000101000000", None),
            ("+00101000000Z", None),
        ] {
            assert_eq!(utc_time(text.as_bytes()).map(|m| m.0), seconds, "{text}");
        }
        for (text, seconds) in [
            ("19700101000000Z", Some(0)),
            ("20500101000000Z", Some(2_524_608_000)),
            ("21000228235959Z", Some(4_107_542_399)),
            ("21000229000000Z", None),
            ("24000229000000Z", Some(13_574_563_200)),
            ("99991231235959Z", Some(253_402_300_799)),
            ("20500101000000.5Z", None),
            ("205001010000Z", None),
        ] {
            assert_eq!(
                generalized_time(text.as_bytes()).map(|m| m.0),
                seconds,
                "{text}"
            );
        }
        // What is read is shown again the same, through leap years and centuries.
        for year in [1900, 1999, 2000, 2023, 2024, 2100] {
            for (month, day) in [(1, 1), (2, 28), (3, 1), (7, 31), (12, 31)] {
                let text = std::format!("{year}{month:02}{day:02}010203Z");
                let shown = generalized_time(text.as_bytes()).unwrap().to_string();
                assert_eq!(shown, std::format!("{year}-{month:02}-{day:02}T01:02:03Z"));
            }
        }
    }
}
