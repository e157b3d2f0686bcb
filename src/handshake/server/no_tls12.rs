//! In the place of `tls12`, in a build without it: states that can't be.

use super::ServerCx;
use crate::config::{Credential, ServerConfig, Uses};
use crate::error::{Error, ErrorKind};
use crate::handshake::{Input, Out};
use crate::wire::hello::ClientHello;
use alloc::sync::Arc;

const NONE: ErrorKind = ErrorKind::Internal("a version that isn't built in");

#[derive(Clone, Copy, Debug)]
pub(super) enum State {}

impl State {
    pub(super) fn check_done(self) -> Result<(), Error> {
        match self {}
    }
}

pub(super) fn check_hello(_: &ServerConfig, _: &ClientHello<'_>) -> Result<(), Error> {
    Err(NONE.into())
}

pub(super) fn uses(_: &ServerConfig, _: &ClientHello<'_>) -> Uses {
    Uses::Tls13
}

pub(super) fn accept(
    _: &mut ServerCx,
    _: Option<Arc<Credential>>,
    _: &mut Out,
) -> Result<State, Error> {
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
