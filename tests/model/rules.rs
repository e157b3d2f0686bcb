//! From the table to a verdict: what the record layer does before a message counts, and after.

use super::table::{Ccs, E, EPOCHS, If, M, MESSAGES12, MESSAGES13, Row, S, Sym, Takes, Then};
use symbolon::codepoint::AlertDescription as A;

/// A machine and who it is set up with.
#[derive(Debug)]
pub struct Scenario {
    pub name: &'static str,
    pub rows: &'static [Row],
    pub tls13: bool,
    /// Whether the machine is the client.
    pub client: bool,
    /// A client of both versions, which learns by ServerHello which one it speaks.
    pub undecided: bool,
    pub start: S,
    pub facts: &'static [If],
}

/// Where a machine stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At {
    pub state: S,
    /// A message that has begun.
    pub mid: Option<M>,
    /// Records that do not open are skipped: refused early data (RFC 9846 4.3.10).
    pub skip: bool,
    pub promised: bool,
    /// KeyUpdates so far.
    pub updates: u8,
}

/// All that may happen. Where the RFCs leave more than one thing open, more than one is in here.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    pub live: Option<At>,
    /// The machine is dead, and has sent one of these, or nothing.
    pub dead: Vec<Option<A>>,
    /// The machine has been told that there is no more.
    pub closed: bool,
    /// Application data was handed out.
    pub data: bool,
    pub early: bool,
    /// Ciphertext where a TLS 1.2 machine reads plaintext: any end but acceptance.
    pub garbage: bool,
}

impl Verdict {
    fn live(at: At) -> Self {
        Self {
            live: Some(at),
            ..Self::default()
        }
    }

    fn dead(alerts: &[A]) -> Self {
        Self {
            dead: alerts.iter().copied().map(Some).collect(),
            ..Self::default()
        }
    }

    /// Dead by the peer's alert, which is not answered, or by close_notify (RFC 5246 7.2.1).
    fn told() -> Self {
        Self {
            dead: vec![None, Some(A::CLOSE_NOTIFY)],
            ..Self::default()
        }
    }

    fn or(mut self, dead: Vec<Option<A>>) -> Self {
        self.dead.extend(dead);
        self
    }

    fn or_dead(self, alerts: &[A]) -> Self {
        self.or(alerts.iter().copied().map(Some).collect())
    }
}

const UNEXPECTED: &[A] = &[A::UNEXPECTED_MESSAGE];
/// RFC 9846 5.2, RFC 5246 7.2.2.
const NOT_OPENED: &[A] = &[A::BAD_RECORD_MAC];

impl Scenario {
    pub fn begin(&self) -> At {
        At {
            state: self.start,
            mid: None,
            skip: false,
            promised: false,
            updates: 0,
        }
    }

    pub fn row(&self, at: &At) -> &'static Row {
        let row = self.rows.iter().find(|row| row.at == at.state);
        row.unwrap_or_else(|| panic!("no row for {:?}", at.state))
    }

    /// Whether the peer can say it: variants of a hello are of its own role only.
    fn can(&self, m: M) -> bool {
        let has = |fact: If| self.facts.contains(&fact);
        let early = has(If::Early) || has(If::EarlyRefused);
        match m {
            M::ClientHelloNoShare | M::ClientHelloTicket => !self.client,
            M::ClientHelloPsk | M::ClientHelloResume => !self.client && has(If::Psk),
            M::ClientHelloEarly | M::ClientHelloEarlyNoShare => !self.client && early,
            M::ServerHelloPsk | M::EncryptedExtensionsEarly => self.client,
            M::ServerHelloStatus | M::ServerHelloTicket => self.client,
            M::ServerHelloResume | M::ServerHelloResumeTicket => self.client && has(If::Psk),
            _ => true,
        }
    }

    fn holds(&self, at: &At, condition: If) -> bool {
        match condition {
            If::Always => true,
            If::Promised => at.promised,
            fact => self.facts.contains(&fact),
        }
    }

    fn then(&self, at: &At, m: M) -> Option<Then> {
        let mut rules = self.row(at).rules.iter();
        let found = rules.find(|(name, condition, _)| *name == m && self.holds(at, *condition));
        found.map(|rule| rule.2)
    }

    /// The messages that a machine goes on with.
    fn taken(&self, at: &At) -> Vec<M> {
        let rules = self.row(at).rules.iter().map(|rule| rule.0);
        let mut taken: Vec<M> = rules
            .filter(|m| {
                self.can(*m)
                    && matches!(
                        self.then(at, *m),
                        Some(Then::Go(_) | Then::Skipping(_) | Then::Stay)
                    )
            })
            .collect();
        taken.dedup();
        taken
    }

    /// What is due in a state: for the second message of a record. Before change_cipher_spec it is
    /// the Finished that has to come after it.
    fn due(&self, at: &At) -> Option<M> {
        let requests = |m: &M| *m != M::HelloRequest || at.state == S::Connected;
        let due = self.taken(at).into_iter().find(requests);
        match self.row(at).ccs {
            Ccs::Go(_) => Some(M::Finished),
            _ => due,
        }
    }

    /// The message that follows in the same record.
    pub fn second(&self, at: &At, sym: Sym) -> Option<M> {
        let (Sym::Two(m) | Sym::Tail(m)) = sym else {
            return None;
        };
        self.message(at, m).live.and_then(|next| self.due(&next))
    }

    fn message(&self, at: &At, m: M) -> Verdict {
        let open = At {
            mid: None,
            skip: false,
            ..*at
        };
        let promised =
            at.promised || matches!(m, M::ServerHelloTicket | M::ServerHelloResumeTicket);
        let update = matches!(m, M::KeyUpdate | M::KeyUpdateAsked);
        let go = |state, skip| {
            Verdict::live(At {
                state,
                skip,
                promised,
                ..open
            })
        };
        // RFC 5246 7.4.1.1 has a client ignore it that negotiates, and no server sends one before it
        // has answered, least of all to a ClientHello that TLS 1.3 may come of: refusing is as good.
        let either = !self.tls13 && at.state == S::WaitSh && m == M::HelloRequest;
        match self.then(at, m) {
            _ if either => Verdict::live(open).or_dead(UNEXPECTED),
            Some(Then::Go(state)) => go(state, false),
            Some(Then::Skipping(state)) => go(state, true),
            Some(Then::Stay) => Verdict::live(At {
                updates: at.updates + u8::from(update),
                ..open
            }),
            Some(Then::Die(alerts)) => Verdict::dead(alerts),
            None => Verdict::dead(UNEXPECTED),
        }
    }

    /// RFC 9846 5.1: whether the read keys change between two states.
    fn rekeys(&self, at: &At, next: &At) -> bool {
        self.row(at).reads != self.row(next).reads || at.updates != next.updates
    }

    /// Whether a message ends a flight, so that what follows it answers what the machine says.
    fn ends_flight(&self, m: M) -> bool {
        let hello = matches!(m, M::ClientHelloNoShare | M::ClientHelloEarlyNoShare);
        let old = matches!(
            m,
            M::ClientHello | M::ClientHelloTicket | M::ClientHelloResume | M::ServerHelloDone
        );
        hello || m == M::HelloRetryRequest || (!self.tls13 && old)
    }

    /// Whether a record that does not open, or is of the type application_data, is skipped.
    fn skips(&self, at: &At) -> bool {
        at.skip || at.state == S::WaitCh2Skip
    }

    /// A record under other keys than those in force.
    fn other_keys(&self, at: &At, e: E, handshake: bool) -> Verdict {
        let reads = self.row(at).reads;
        match (self.tls13, reads, e) {
            // RFC 9846 4.3.10: skipped before the second ClientHello by their type, in the middle
            // of it perhaps.
            (true, E::Plain, _) if self.skips(at) => {
                let stays = Verdict::live(*at);
                match at.mid {
                    None => stays,
                    Some(_) => stays.or_dead(UNEXPECTED),
                }
            }
            // RFC 9846 5: an unexpected record type.
            (true, E::Plain, _) => Verdict::dead(UNEXPECTED),
            (true, _, E::Plain) if handshake => Verdict::dead(UNEXPECTED),
            (true, ..) if self.skips(at) => Verdict::live(*at),
            (true, ..) => Verdict::dead(NOT_OPENED),
            (false, E::Plain, _) if handshake => Verdict {
                garbage: true,
                ..Verdict::default()
            },
            (false, E::Plain, _) => Verdict::dead(UNEXPECTED),
            (false, ..) => Verdict::dead(NOT_OPENED),
        }
    }

    fn ccs(&self, at: &At) -> Verdict {
        let row = self.row(at);
        let undecided = self.undecided && at.state == S::WaitSh;
        match row.ccs {
            // RFC 9846 5.1: no record at all between the parts of a message. RFC 5246 does not say
            // so; but a message that goes on after the keys have changed is what came of it.
            _ if at.mid.is_some() => Verdict::dead(UNEXPECTED).or_dead(match row.reads {
                E::App if !self.tls13 => NOT_OPENED,
                _ => &[],
            }),
            Ccs::Drop => Verdict::live(*at),
            _ if undecided => Verdict::live(*at),
            Ccs::Go(state) => Verdict::live(At { state, ..*at }),
            // RFC 5246: a record of this type that is not protected does not open.
            Ccs::Die if !self.tls13 && row.reads == E::App => {
                Verdict::dead(UNEXPECTED).or_dead(NOT_OPENED)
            }
            Ccs::Die => Verdict::dead(UNEXPECTED),
        }
    }

    fn data(&self, at: &At, content: bool) -> Verdict {
        let row = self.row(at);
        if row.reads == E::Plain && self.tls13 {
            return self.other_keys(at, E::App, false);
        }
        // RFC 9846 5.1; RFC 5246 6.2.1 leaves open what comes between the parts of a message.
        if at.mid.is_some() || row.data == Takes::Nothing {
            return Verdict::dead(UNEXPECTED);
        }
        Verdict {
            data: content && row.data == Takes::Data,
            early: content && row.data == Takes::Early,
            ..Verdict::live(*at)
        }
    }

    fn alert(&self, at: &At, sym: Sym) -> Verdict {
        // What opens ends the skipping.
        let stays = Verdict::live(At { skip: false, ..*at });
        let verdict = match sym {
            Sym::CloseNotify if at.state == S::Connected => Verdict {
                closed: true,
                ..Verdict::default()
            },
            Sym::CloseNotify | Sym::Fatal => Verdict::told(),
            // RFC 9846 6.1: reading goes on until close_notify. RFC 5246 7.2: a warning.
            Sym::UserCanceled => stays,
            // RFC 9846 6: an error alert, whatever its level. RFC 5246 7.2: goes on. (Before the
            // first ClientHello no version is known.)
            _ if self.tls13 => Verdict::told(),
            _ if at.state == S::Start => Verdict {
                dead: vec![None, Some(A::UNEXPECTED_MESSAGE)],
                ..stays
            },
            _ => stays,
        };
        match at.mid {
            None => verdict,
            Some(_) => verdict.or_dead(UNEXPECTED),
        }
    }

    /// What may happen; `None` for what cannot be made in this state.
    pub fn step(&self, at: &At, sym: Sym) -> Option<Verdict> {
        let reads = self.row(at).reads;
        let protected = reads != E::Plain;
        let verdict = match sym {
            Sym::Msg(m) => self.message(at, m),
            Sym::In(e, _) | Sym::RestIn(e) => self.other_keys(at, e, true),
            Sym::DataIn(e) => self.other_keys(at, e, false),
            Sym::Two(m) => {
                let first = self.message(at, m);
                let next = first.live?;
                let second = self.due(&next)?;
                let both = match self.rekeys(at, &next) {
                    true => Verdict::dead(UNEXPECTED),
                    false if self.ends_flight(m) => return None,
                    false => self.message(&next, second),
                };
                both.or(first.dead)
            }
            Sym::Tail(m) => {
                let first = self.message(at, m);
                let next = first.live?;
                let second = self.due(&next)?;
                if self.rekeys(at, &next) {
                    return Some(Verdict::dead(UNEXPECTED));
                }
                let mid = Some(second);
                let live = Verdict::live(At { mid, ..next }).or(first.dead);
                // What cannot come to anything may be refused at once. RFC 9846 5.1: a ClientHello
                // must end with its record whether keys change after it or not.
                match self.then(&next, second) {
                    Some(Then::Go(_) | Then::Stay) if !self.tls13 || !self.ends_flight(m) => live,
                    _ => live.or_dead(UNEXPECTED),
                }
            }
            Sym::Begin(m) => {
                let begun = Verdict::live(At {
                    mid: Some(m),
                    skip: false,
                    ..*at
                });
                match self.then(at, m) {
                    Some(_) => begun,
                    None => begun.or_dead(UNEXPECTED),
                }
            }
            Sym::Rest => self.message(at, at.mid?),
            Sym::Ccs => self.ccs(at),
            // RFC 9846 5.
            Sym::CcsWrong if self.tls13 => Verdict::dead(UNEXPECTED),
            Sym::CcsWrong if protected => Verdict::dead(UNEXPECTED).or_dead(NOT_OPENED),
            Sym::CcsWrong => {
                Verdict::dead(UNEXPECTED).or_dead(&[A::ILLEGAL_PARAMETER, A::DECODE_ERROR])
            }
            Sym::CcsProtected => Verdict::dead(UNEXPECTED),
            Sym::Data => self.data(at, true),
            Sym::NoData => self.data(at, false),
            Sym::Noise => self.other_keys(at, E::App, false),
            // RFC 9846 5.1, 5.4. RFC 5246 6.2.1 forbids them and names no alert.
            Sym::NoHandshake | Sym::Padding if self.tls13 => Verdict::dead(UNEXPECTED),
            Sym::NoHandshake | Sym::NoAlert | Sym::Padding => {
                Verdict::dead(UNEXPECTED).or_dead(&[A::DECODE_ERROR])
            }
            Sym::FatalPlain if !self.tls13 => Verdict::dead(NOT_OPENED),
            // RFC 9846 5 has it unexpected; 6: who has no keys yet sends it so.
            Sym::FatalPlain => Verdict {
                dead: vec![None, Some(A::UNEXPECTED_MESSAGE)],
                ..Verdict::default()
            },
            // As the first thing of all it may be told that this is no TLS.
            Sym::Heartbeat if at.state == self.start => {
                Verdict::dead(UNEXPECTED).or_dead(&[A::DECODE_ERROR])
            }
            Sym::Heartbeat => Verdict::dead(UNEXPECTED),
            Sym::CloseNotify | Sym::UserCanceled | Sym::Warning | Sym::Fatal => self.alert(at, sym),
        };
        Some(verdict)
    }

    /// All that can come in a state.
    pub fn symbols(&self, at: &At) -> Vec<Sym> {
        let reads = self.row(at).reads;
        let mut symbols = Vec::new();
        let other = || EPOCHS.into_iter().filter(move |e| *e != reads);
        if at.mid.is_some() {
            symbols.push(Sym::Rest);
            symbols.extend(other().map(Sym::RestIn));
        } else {
            let all = if self.tls13 { MESSAGES13 } else { MESSAGES12 };
            let messages = all.iter().copied().filter(|m| self.can(*m));
            symbols.extend(messages.map(Sym::Msg));
            for m in self.taken(at) {
                symbols.extend([Sym::Two(m), Sym::Tail(m), Sym::Begin(m)]);
                symbols.extend(other().map(|e| Sym::In(e, m)));
            }
            if let Ccs::Go(_) = self.row(at).ccs {
                symbols.push(Sym::Begin(M::Finished));
                symbols.extend(other().map(|e| Sym::In(e, M::Finished)));
            }
        }
        symbols.extend(other().map(Sym::DataIn));
        symbols.extend([
            Sym::Ccs,
            Sym::CcsWrong,
            Sym::Data,
            Sym::NoData,
            Sym::Noise,
            Sym::NoHandshake,
            Sym::NoAlert,
            Sym::CloseNotify,
            Sym::UserCanceled,
            Sym::Warning,
            Sym::Fatal,
            Sym::Heartbeat,
        ]);
        if reads != E::Plain {
            symbols.extend([Sym::CcsProtected, Sym::FatalPlain]);
            if self.tls13 {
                symbols.push(Sym::Padding);
            }
        }
        symbols
    }
}
