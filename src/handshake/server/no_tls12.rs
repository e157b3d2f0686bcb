//! In the place of `tls12`, in a build without it: states that can't be.

use super::ServerCx;
use super::hello::Offer;
use crate::error::{Error, ErrorKind};
use crate::handshake::{Input, Out};

const NONE: ErrorKind = ErrorKind::Internal("a version that isn't built in");

#[derive(Clone, Copy, Debug)]
pub(super) enum State {}

impl State {
    pub(super) fn check_done(self) -> Result<(), Error> {
        match self {}
    }
}

#[derive(Debug, Default)]
pub(super) struct Kept {}

pub(super) fn client_hello(_: &mut ServerCx, _: &Offer<'_>, _: &mut Out) -> Result<State, Error> {
    Err(NONE.into())
}

pub(super) fn step(
    state: State,
    _: &mut ServerCx,
    _: Input<'_>,
    _: &mut Out,
) -> Result<State, Error> {
    match state {}
}
