//! The walk through all sequences, and the comparison at each step.

use super::player::Player;
use super::rules::{At, Scenario, Verdict};
use super::table::{E, M, S, Sym};
use symbolon::conn::{Connection, Eof, Event};

/// One step of a sequence, with what is needed to play it again.
type Step = (E, Sym, Option<M>);

/// What a walk came to.
#[derive(Debug, Default)]
pub struct Count {
    /// Sequences played and compared.
    pub sequences: usize,
    /// Of these, how many left the machine alive.
    pub live: usize,
    /// How many ended the handshake well.
    pub done: usize,
    /// The longest.
    pub depth: usize,
    /// Where machine and table differ.
    pub differences: Vec<String>,
    /// States in which the machine was.
    pub states: Vec<S>,
}

/// What the machine has handed out.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
struct Taken {
    data: usize,
    early: usize,
}

pub struct Walk<'a, P> {
    pub scenario: &'a Scenario,
    pub start: &'a dyn Fn() -> P,
    pub count: Count,
}

impl<P: Player> Walk<'_, P> {
    /// All sequences in which at most `slack` steps leave the machine alive without bringing the
    /// handshake forward. Steps that bring it forward, and the one that ends it, are free.
    pub fn run(&mut self, slack: usize) {
        let at = self.scenario.begin();
        self.go(at, &mut Vec::new(), Taken::default(), slack);
    }

    fn go(&mut self, at: At, path: &mut Vec<Step>, taken: Taken, slack: usize) {
        if !self.count.states.contains(&at.state) {
            self.count.states.push(at.state);
        }
        let reads = self.scenario.row(&at).reads;
        for sym in self.scenario.symbols(&at) {
            let Some(verdict) = self.scenario.step(&at, sym) else {
                continue;
            };
            let mut peer = (self.start)();
            for (reads, sym, second) in path.iter() {
                assert!(peer.play(*reads, *sym, *second));
            }
            let second = self.scenario.second(&at, sym);
            if !peer.play(reads, sym, second) {
                continue;
            }
            path.push((reads, sym, second));
            self.count.sequences += 1;
            self.count.depth = self.count.depth.max(path.len());
            let then = Taken {
                data: taken.data + 4 * usize::from(verdict.data),
                early: taken.early + 4 * usize::from(verdict.early),
            };
            let next = compare(&mut peer, &verdict, (&at, taken, then)).unwrap_or_else(|got| {
                let path: Vec<Sym> = path.iter().map(|step| step.1).collect();
                let told = format!("{path:?} at {at:?}\n  got {got}\n  not {verdict:?}");
                self.count.differences.push(told);
                None
            });
            if let Some(next) = next {
                self.count.live += 1;
                let forward = matches!(sym, Sym::Msg(_) | Sym::Rest | Sym::Ccs);
                let forward = forward && next.state != at.state;
                self.count.done += usize::from(forward && next.state == S::Connected);
                if let Some(slack) = slack.checked_sub(usize::from(!forward)) {
                    self.go(next, path, then, slack);
                }
            }
            path.pop();
        }
    }
}

/// Where the machine is now, if it is alive; or what it does that the verdict doesn't say.
fn compare<P: Player>(
    peer: &mut P,
    verdict: &Verdict,
    (at, before, taken): (&At, Taken, Taken),
) -> Result<Option<At>, String> {
    let wire = peer.wire();
    let got = Taken {
        data: wire.end.data.len(),
        early: wire.end.early_data.len(),
    };
    let done = wire.end.done.is_some();
    let so = |right: bool, what: &dyn Fn() -> String| match right {
        true => Ok(()),
        false => Err(what()),
    };
    so(!wire.unreadable, &|| "a record under unknown keys".into())?;
    if let Some(error) = wire.end.failed.clone() {
        let sent = wire.alert;
        so(verdict.garbage || verdict.dead.contains(&sent), &|| {
            format!("{error}, sending {sent:?}")
        })?;
        // Nothing was accepted.
        let accepted = got != before || done != (at.state == S::Connected);
        so(!accepted, &|| format!("{error}, and {got:?}, done: {done}"))?;
        // Dead, and says so.
        let event = wire.end.connection.receive(&mut [], &mut Vec::new()).event;
        so(
            matches!(event, Event::Failed(told) if told == error),
            &|| format!("{error}, and something else later"),
        )?;
        return Ok(None);
    }
    so(got == taken, &|| format!("{got:?}"))?;
    if let Some(eof) = wire.end.closed {
        so(verdict.closed && eof == Eof::Clean, &|| format!("{eof:?}"))?;
        return Ok(None);
    }
    if verdict.garbage {
        so(!done, &|| "a handshake that is done".into())?;
        return Ok(None);
    }
    let next = verdict.live.ok_or("alive")?;
    so(done == (next.state == S::Connected), &|| {
        format!("alive, done: {done}")
    })?;
    Ok(Some(next))
}
