//! In the place of `tls12`, in a build without it: states that can't be.

use super::ClientCx;
use crate::error::{Error, Violation};
use crate::handshake::{Input, Message, Out};
use crate::wire::hello::ServerHello;

#[derive(Clone, Copy, Debug)]
pub(super) enum State {}

impl State {
    pub(super) fn check_done(self) -> Result<(), Error> {
        match self {}
    }
}

#[derive(Debug, Default)]
pub(super) struct Server {}

impl Server {
    pub(super) fn ticket(&self) -> &[u8] {
        &[]
    }
}

pub(super) fn offer(_: &mut ClientCx) {}

pub(super) fn step(
    state: State,
    _: &mut ClientCx,
    _: Input<'_>,
    _: &mut Out,
) -> Result<State, Error> {
    match state {}
}

pub(super) fn server_hello(
    _: &mut ClientCx,
    _: Message<'_>,
    _: &ServerHello<'_>,
) -> Result<State, Error> {
    Err(Violation::OldServer.into())
}
