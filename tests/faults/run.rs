//! One run: both ends on the network until nothing is left to happen, and what must then be true.

use crate::common::pair::now;
use crate::dice::{Checked, Dice, check, trace};
use crate::end::{Conn, End};
use crate::plan::{Finale, Flavour, Plan};
use crate::stats::Stats;
use crate::wire::Net;
use rustls_pki_types::ServerName;
use symbolon::codepoint::{AlertDescription, ProtocolVersion};
use symbolon::config::Session;
use symbolon::conn::{ClientConnection, Eof, ServerConnection};
use symbolon::error::{Error, ErrorKind};
use symbolon::handshake::{EarlyDataOutcome, Summary};

/// All that a seed stands for.
pub fn run(seed: u64, stats: &mut Stats) -> Checked<()> {
    let mut dice = Dice::new(seed);
    let plan = Plan::new(&mut dice);
    let mut session = None;
    if plan.resumes {
        trace!("-- a first connection");
        let mut first = connect(&plan.quiet(), None, &mut dice, &mut Stats::default())?;
        session = first.ends[0].sessions.pop();
        trace!(
            "-- the second connection, with a session: {}",
            session.is_some()
        );
        stats.add("first connections", 1);
    }
    connect(&plan, session, &mut dice, stats).map(|_| ())
}

struct Run {
    ends: [End; 2],
    net: Net,
}

fn connect(
    plan: &Plan,
    session: Option<Session>,
    dice: &mut Dice,
    stats: &mut Stats,
) -> Checked<Run> {
    for log in plan.logs.iter().flatten() {
        log.clear();
    }
    let name = ServerName::try_from("server.example").expect("a name");
    let (config, seed) = (plan.client.clone(), dice.array());
    let with_session = session.is_some();
    let client = match session {
        None => ClientConnection::new(config, name, seed, now()),
        Some(session) => ClientConnection::resume(config, name, session, seed, now()),
    };
    let server = match plan.undecided {
        true => ServerConnection::undecided(Default::default(), dice.array(), now()),
        false => ServerConnection::new(plan.server.clone(), dice.array(), now()),
    };
    let client = Conn::Client(Box::new(client.map_err(|e| e.to_string())?));
    let server = Conn::Server(Box::new(server.map_err(|e| e.to_string())?));
    let [client_acts, server_acts] = plan.acts.clone();
    let end = |role: usize, conn, acts| {
        End::new(
            role,
            conn,
            acts,
            plan.hands[role].clone(),
            plan.server.clone(),
            now(),
        )
    };
    let mut run = Run {
        ends: [end(0, client, client_acts), end(1, server, server_acts)],
        net: Net::default(),
    };
    if with_session {
        run.ends[0].early_wanted = plan.early_data;
    }
    for (lane, faults) in run.net.lanes.iter_mut().zip(&plan.faults) {
        lane.faults.clone_from(faults);
    }
    run.all(dice)?;
    run.check(plan)?;
    for end in &mut run.ends {
        end.check_end(dice, &mut run.net)?;
    }
    run.count(plan, with_session, stats);
    Ok(run)
}

impl Run {
    /// Steps until nothing is left to happen.
    fn all(&mut self, dice: &mut Dice) -> Checked<()> {
        let mut steps = 0;
        loop {
            let carried = self.net.lanes[0].carried + self.net.lanes[1].carried;
            // A small constant for each byte: some arrive one by one.
            check!(
                steps < 5000 + 20 * carried,
                "{steps} steps for {carried} bytes"
            );
            steps += 1;
            let can = [0, 1].map(|i| self.ends[i].can_step(&self.net.lanes[1 - i]));
            let next = match can {
                [false, false] if self.wake() => continue,
                [false, false] => return Ok(()),
                [true, false] => 0,
                [false, true] => 1,
                [true, true] => dice.below(2),
            };
            self.ends[next].step(dice, &mut self.net)?;
        }
    }

    /// Nothing moves: what was held goes on, and then the lanes end.
    fn wake(&mut self) -> bool {
        if self.net.release() {
            return true;
        }
        // Who waits for the other's close may wait forever.
        for end in &mut self.ends {
            if end.waits() {
                end.acts.finale = Finale::Close;
                return true;
            }
        }
        for (i, end) in self.ends.iter().enumerate() {
            if !end.is_over() && !self.net.lanes[1 - i].has_ended() {
                trace!(
                    "-- nothing moves: the end for the {}",
                    ["client", "server"][i]
                );
                self.net.lanes[1 - i].end();
                return true;
            }
        }
        false
    }

    fn check(&self, plan: &Plan) -> Checked<()> {
        let [client, server] = &self.ends;
        if let (Some(ours), Some(theirs)) = (&client.done, &server.done) {
            self.agree(plan, ours, theirs)?;
        }
        for (end, other) in [(client, server), (server, client)] {
            self.check_stream(end, other)?;
            self.check_alert(plan, end, other)?;
        }
        let both = client.done.is_some() && server.done.is_some();
        check!(
            !(plan.must_fail() && both),
            "a handshake that can't succeed did: {:?}",
            plan.flavour
        );
        let refused = client.refused_by_us || server.refused_by_us;
        check!(!(refused && both), "a handshake that was refused succeeded");
        if plan.must_succeed() {
            check!(
                both,
                "nothing was wrong: {:?} {:?}",
                client.failed,
                server.failed
            );
            for (end, other) in [(client, server), (server, client)] {
                check!(end.failed.is_none(), "nothing was wrong: {:?}", end.failed);
                let clean = end.closed == Some(Eof::Clean);
                check!(clean, "no clean end: {:?}", end.closed);
                let all = end.received == other.sent;
                check!(
                    all,
                    "not all arrived: {:?} of {:?}",
                    end.received,
                    other.sent
                );
            }
        }
        Ok(())
    }

    /// Both are done: they have seen the same.
    fn agree(&self, plan: &Plan, ours: &Summary, theirs: &Summary) -> Checked<()> {
        let [client, server] = &self.ends;
        let view = |s: &Summary| {
            (
                s.version,
                s.cipher_suite,
                s.group,
                s.alpn.clone(),
                s.hello_retry_request,
                s.client_random,
                s.resumed(),
            )
        };
        check!(
            view(ours) == view(theirs),
            "{:?} {:?}",
            view(ours),
            view(theirs)
        );
        check!(
            client.exported == server.exported,
            "they export different secrets"
        );
        check!(
            ours.peer_signature_scheme == theirs.signature_scheme
                && theirs.peer_signature_scheme == ours.signature_scheme,
            "different schemes"
        );
        if !ours.resumed() {
            let own = |role: usize| {
                let hands = &plan.hands[role];
                hands.credential.as_ref().map(|c| c.chain()[0].to_vec())
            };
            let shown = |s: &Summary| {
                let chain = s.peer_chain.as_ref();
                chain.and_then(|chain| chain.end_entity().map(<[u8]>::to_vec))
            };
            let seen = shown(ours);
            check!(
                seen.is_none() || seen == own(1),
                "another server's certificate"
            );
            let seen = shown(theirs);
            check!(
                seen.is_none() || seen == own(0),
                "another client's certificate"
            );
            let bindings = [ours, theirs].map(|s| s.tls_server_end_point().ok());
            check!(bindings[0] == bindings[1], "different bindings");
        }
        let outcome = |s: &Summary| match s.early_data {
            EarlyDataOutcome::NotOffered => 0,
            EarlyDataOutcome::Accepted => 1,
            _ => 2,
        };
        check!(
            outcome(ours) == outcome(theirs),
            "early data: {:?} {:?}",
            ours.early_data,
            theirs.early_data
        );
        if outcome(ours) == 1 {
            check!(
                client.early_sent == server.early_received,
                "not all early data arrived"
            );
        } else {
            check!(
                server.early_received.len == 0,
                "early data that wasn't accepted"
            );
        }
        if let Some([a, b]) = &plan.logs {
            let ([sent, received], [their_sent, their_received]) = (a.views(), b.views());
            check!(
                sent == their_received,
                "what the client sent isn't what came: {sent:?} {their_received:?}"
            );
            check!(
                received == their_sent,
                "what the server sent isn't what came: {their_sent:?} {received:?}"
            );
        }
        Ok(())
    }

    /// What came is a prefix of what was sent (each byte was checked when it came), and the end is
    /// told as it was.
    fn check_stream(&self, end: &End, other: &End) -> Checked<()> {
        let who = ["client", "server"][end.role];
        let lane = &self.net.lanes[other.role];
        check!(
            end.received.len <= other.sent.len,
            "{who} got more than was sent"
        );
        check!(
            end.early_received.len <= other.early_sent.len,
            "{who} got more early data than was sent"
        );
        match end.closed {
            Some(Eof::Clean) => {
                // A key that was worn in the middle of sending says so to its own end at the next call only.
                let worn = lane.alert && end.is_tls12();
                let closed = other.closing || worn || (other.closed == Some(Eof::Clean));
                check!(
                    closed || other.vanished,
                    "{who} was told of an end that wasn't"
                );
                check!(
                    end.received == other.sent,
                    "{who} was told of a clean end too early"
                );
                check!(
                    !lane.broken || lane.carried_all(),
                    "{who} saw nothing of what happened to its data"
                );
            }
            Some(Eof::Truncated) => {
                let unaltered = !lane.altered && other.done.is_some() && end.done.is_some();
                check!(
                    !unaltered || end.received == other.sent || other.failed.is_some(),
                    "{who} lost data that had come"
                );
            }
            None => check!(end.failed.is_some() || end.vanished, "{who} has no end"),
        }
        Ok(())
    }

    /// Of two ends on a wire that carries what it is given, one fails and tells, and the other reports
    /// just that.
    fn check_alert(&self, plan: &Plan, end: &End, other: &End) -> Checked<()> {
        let [to_server, to_client] = &self.net.lanes;
        if to_server.altered || to_client.altered {
            return Ok(());
        }
        let Some(error) = &end.failed else {
            return Ok(());
        };
        let who = ["client", "server"][end.role];
        if let ErrorKind::AlertReceived(alert) = error.kind() {
            if other.vanished {
                return Ok(());
            }
            let sent = other.failed.as_ref().and_then(Error::alert);
            let same = sent == Some(*alert)
                || (other.gave_up && [AlertDescription::CLOSE_NOTIFY, AlertDescription::USER_CANCELED].contains(alert))
                // RFC 9846 6.1: of a close in the middle of the handshake.
                || (other.closing && *alert == AlertDescription::CLOSE_NOTIFY && end.done.is_none());
            check!(
                same,
                "{who} was told {alert}, and the other end had {:?}",
                other.failed
            );
            return Ok(());
        }
        // Its own error: with nothing altered there is a reason in the plan.
        let reason = match plan.flavour {
            Flavour::Clean | Flavour::Wire => false,
            Flavour::Mismatch(_) => true,
            Flavour::Answers => end.sabotaged.is_some() || other.sabotaged.is_some(),
            Flavour::Leaves => end.gave_up || other.gave_up,
        };
        check!(reason, "{who} failed without a reason: {error:?}");
        if let Some(alert) = error.alert().filter(|_| !end.close_sent) {
            let told = other.failed.as_ref().map(Error::kind);
            // Both had a reason at the same time.
            let both = other.failed.as_ref().is_some_and(|e| e.alert().is_some())
                && (other.sabotaged.is_some() || other.gave_up);
            let same = match told {
                Some(ErrorKind::AlertReceived(told)) => {
                    *told == alert || end.gave_up && *told == AlertDescription::CLOSE_NOTIFY
                }
                _ => false,
            };
            check!(
                same || both || other.vanished || other.closed.is_some(),
                "{who} sent {alert}, and the other end has {:?}",
                other.failed
            );
        }
        Ok(())
    }

    fn count(&self, plan: &Plan, with_session: bool, stats: &mut Stats) {
        let [client, server] = &self.ends;
        stats.add("connections", 1);
        let flavour = match plan.flavour {
            Flavour::Clean => "flavour: clean",
            Flavour::Wire => "flavour: wire",
            Flavour::Mismatch(_) => "flavour: mismatch",
            Flavour::Answers => "flavour: answers",
            Flavour::Leaves => "flavour: leaves",
        };
        stats.add(flavour, 1);
        if let Flavour::Mismatch(mismatch) = plan.flavour {
            stats.add(&format!("mismatch: {mismatch:?}"), 1);
        }
        let both = match (&client.done, &server.done) {
            (Some(_), Some(_)) => "both done",
            (Some(_), None) => "only the client done",
            (None, Some(_)) => "only the server done",
            (None, None) => "neither done",
        };
        stats.add(both, 1);
        if client.done.is_some() && server.done.is_some() {
            stats.add(&format!("{flavour}, both done"), 1);
        }
        if let Some(done) = client.done.as_ref().filter(|_| server.done.is_some()) {
            let tls13 = done.version == ProtocolVersion::TLS13;
            stats.add(
                if tls13 {
                    "done: TLS 1.3"
                } else {
                    "done: TLS 1.2"
                },
                1,
            );
            let resumed = match (tls13, with_session && done.resumed()) {
                (true, true) => "done: resumed TLS 1.3",
                (false, true) => "done: resumed TLS 1.2",
                _ => "done: full",
            };
            stats.add(resumed, 1);
            if done.hello_retry_request {
                stats.add("done: HelloRetryRequest", 1);
            }
            if done.signature_scheme.is_some() {
                stats.add("done: client certificate", 1);
            }
            if matches!(
                done.authentication,
                symbolon::handshake::Authentication::Psk { .. }
            ) {
                stats.add(
                    if tls13 {
                        "done: PSK TLS 1.3"
                    } else {
                        "done: PSK TLS 1.2"
                    },
                    1,
                );
            }
            match done.early_data {
                EarlyDataOutcome::Accepted => stats.add("done: early data accepted", 1),
                EarlyDataOutcome::Rejected { .. } => stats.add("done: early data rejected", 1),
                _ => {}
            }
        }
        for end in &self.ends {
            match (&end.failed, end.closed) {
                (Some(error), _) => stats.add(&format!("failed: {}", kind(error)), 1),
                (None, Some(Eof::Clean)) => stats.add("closed: clean", 1),
                (None, Some(Eof::Truncated)) => stats.add("closed: truncated", 1),
                (None, None) => stats.add("vanished", 1),
            }
            stats.add("bytes of data", end.received.len);
            for seen in &end.seen {
                stats.add(seen, 1);
            }
            if end.gave_up {
                stats.add("gave up", 1);
            }
            if let Some(sabotage) = end.sabotaged {
                let what = match sabotage {
                    crate::plan::Sabotage::No => "sabotage: no",
                    crate::plan::Sabotage::Refuse(_) => "sabotage: refused",
                };
                stats.add(what, 1);
            }
        }
        for lane in &self.net.lanes {
            for happened in &lane.happened {
                stats.add(&format!("fault: {happened:?}"), 1);
            }
        }
    }
}

/// What an error is, without its details.
fn kind(error: &Error) -> String {
    match error.kind() {
        ErrorKind::Decode(_) => "Decode".into(),
        ErrorKind::Protocol(violation) => {
            let text = format!("{violation:?}");
            let end = text
                .find(|c: char| !c.is_alphanumeric())
                .unwrap_or(text.len());
            format!("Protocol {}", &text[..end])
        }
        ErrorKind::NothingInCommon(mismatch) => format!("NothingInCommon {:?}", mismatch.parameter),
        ErrorKind::Certificate(_) => "Certificate".into(),
        ErrorKind::Crypto(error) => format!("Crypto {error:?}"),
        ErrorKind::AlertReceived(_) => "AlertReceived".into(),
        ErrorKind::Limit(_) => "Limit".into(),
        ErrorKind::Misuse(_) => "Misuse".into(),
        ErrorKind::Refused(_) => "Refused".into(),
        ErrorKind::Internal(_) => "Internal".into(),
        _ => "something new".into(),
    }
}
