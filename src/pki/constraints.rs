//! Name constraints (RFC 5280 4.2.1.10).
use super::der::{self, Reader};
use crate::error::DecodeError;

const WHAT: &str = "nameConstraints";

pub(crate) fn check(value: &[u8]) -> Result<&[u8], DecodeError> {
    let mut outer = Reader::new(value, WHAT);
    let contents = outer.contents(der::SEQUENCE, WHAT)?;
    outer.end()?;
    check_contents(contents)
}

pub(crate) fn check_contents(contents: &[u8]) -> Result<&[u8], DecodeError> {
    Ok(contents)
}
