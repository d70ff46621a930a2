//! Takes a handoff that burns, so that at most one reader gets it. The rule
//! itself, and why it holds, is [`crate::handoff::burn`].

use pkarr::SignedPacket;

use crate::handoff::burn::{Held, Next, View};
use crate::handoff::{Standing, Trace, packet, z32};
use crate::network::Sighting;
use crate::service::handoffs::lookup::{Place, alive, not_found};
use crate::service::{Error, ErrorKind, Result, Service};
use crate::store::Stage;
use crate::store::journal::Taking;

/// Rounds of votes before it is said to be unknown.
const ROUNDS: u32 = 8;

/// The marks at a place, as a lookup saw them.
struct Marks {
    view: View<String>,
    /// Which packet each item of the view is, and the mark in it.
    packets: Vec<(SignedPacket, Option<Trace>)>,
}

impl Service {
    /// Takes what a lookup saw, or goes on with taking it where this device had
    /// begun to; nothing where it has it. The note in the journal stays until
    /// another reader has won.
    pub(crate) async fn burn(&self, place: &Place, record: &SignedPacket, seen: Sighting) -> Result<()> {
        let note = self.taking(place);
        if note.as_ref().is_some_and(|note| note.won || note.settled) {
            return Ok(());
        }
        let mine = match note.and_then(|note| mark_of(place, &note)) {
            Some(mark) => mark,
            None => self.note_taking(place, record, &seen)?,
        };
        let address = z32::encode(&place.address());
        let taken = self.contend(place, &mine, seen).await;
        match &taken {
            Ok(()) => {
                self.note(|book| {
                    if let Some(taking) = book.taking.get_mut(&address) {
                        taking.won = true;
                    }
                });
                self.set_stage(&place.token, Stage::Burned, false);
            }
            Err(error) if error.kind == ErrorKind::Gone => {
                self.note(|book| drop(book.taking.remove(&address)));
            }
            Err(_) => {}
        }
        taken
    }

    /// Whether what this device began to take, and does not know the end of, has gone to
    /// another reader.
    pub(crate) fn has_lost(&self, place: &Place, seen: &Sighting) -> bool {
        let note = self.taking(place).filter(|note| !note.won && !note.settled);
        note.and_then(|note| mark_of(place, &note)).is_some_and(|mine| {
            let (mine, marks) = (mine.key(), Marks::at(place, seen));
            matches!(marks.view.next(&mine), Next::Won(key) if key != mine)
        })
    }

    /// Votes until a mark has won.
    async fn contend(&self, place: &Place, mine: &Trace, mut seen: Sighting) -> Result<()> {
        for _ in 0..ROUNDS {
            let marks = Marks::at(place, &seen);
            if seen.responded == 0 {
                return self.by_relays(place, mine, &seen).await;
            }
            match marks.view.next(&mine.key()) {
                Next::Won(key) if key == mine.key() => {
                    if let Some(packet) = marks.packet(&key) {
                        self.remember_end(&place.address(), packet);
                        // Nodes that refused or missed it hear of it again.
                        let _ = self.0.network.put(packet, None).await;
                    }
                    return Ok(());
                }
                Next::Won(key) => {
                    let packet = marks.packet(&key).cloned();
                    return Err(ended(packet.map(|packet| place.judge(&[packet])), self));
                }
                Next::Put { mark, sequence, over } => {
                    let packet = if let Some(packet) = marks.wrapped(&mark, sequence) {
                        packet.clone()
                    } else {
                        let trace = marks.trace(&mark).unwrap_or(mine);
                        place.mailbox.make_burned(&place.token, trace, sequence)?
                    };
                    for expected in over {
                        // Not the answer but the next look decides: a refused packet
                        // can still lie on some nodes, an accepted one can lose.
                        let _ = self.0.network.put(&packet, Some(expected)).await;
                    }
                }
                Next::Unknown => {}
            }
            self.0.network.settle().await;
            let (standing, sighting) = self.look(place, &mut |_| {}).await.map_err(unknown)?;
            if matches!(standing, Standing::Revoked { .. }) {
                return Err(ended(Some(standing), self));
            }
            seen = sighting;
        }
        Err(unknown(Error::failed("Too few nodes of the network agree on who picked it up.")))
    }

    /// Without any node, relays alone keep it: the newest that they have stands.
    async fn by_relays(&self, place: &Place, mine: &Trace, seen: &Sighting) -> Result<()> {
        let is_mine = |packet: &SignedPacket| {
            place.mailbox.read_mark(packet).is_some_and(|trace| trace.key() == mine.key())
        };
        if !seen.newest().is_some_and(is_mine) {
            let next = self.sequence_after(seen)?;
            let packet = place.mailbox.make_burned(&place.token, mine, next)?;
            self.0
                .network
                .put(&packet, Some(seen.expected()))
                .await
                .map_err(|error| unknown(error.into()))?;
            self.0.network.settle().await;
            let (standing, sighting) = self.look(place, &mut |_| {}).await.map_err(unknown)?;
            if !sighting.newest().is_some_and(is_mine) {
                return Err(ended(Some(standing), self));
            }
        }
        Ok(())
    }

    /// Notes what is about to be taken, and the mark by which it is known as
    /// ours. Without the note nothing is taken: it would be lost with this process.
    fn note_taking(&self, place: &Place, record: &SignedPacket, seen: &Sighting) -> Result<Trace> {
        let mine = Trace::mark(self.now(), &self.0.settings.hostname)
            .map_err(|error| Error::failed(format!("This machine gave no random numbers: {error}.")))?;
        let sequence = seen.expected() + 1;
        let burned = place.mailbox.make_burned(&place.token, &mine, sequence)?;
        let taking = Taking {
            burned: z32::encode(&burned.to_relay_payload()),
            record: z32::encode(&record.to_relay_payload()),
            settled: false,
            won: false,
            until: self.now() + chrono::TimeDelta::seconds(i64::from(crate::handoff::Ttl::MAX.seconds())),
            unknown: serde_json::Map::new(),
        };
        let noted = self.journal(|book| book.taking.insert(z32::encode(&place.address()), taking));
        noted.map_err(|error| {
            Error::failed(format!("The journal could not be written: {}", error.message)).advise(
                "It was not picked up: without a note on this disk it could be lost. Free some space and try \
                 again.",
            )
        })?;
        Ok(mine)
    }
}

impl Marks {
    fn at(place: &Place, seen: &Sighting) -> Self {
        let (mut held, mut packets) = (Vec::new(), Vec::new());
        for (item, nodes) in seen.held() {
            let trace = place.mailbox.read_mark(item);
            let Some(sequence) = packet::sequence(item).filter(|_| *nodes > 0) else { continue };
            held.push(Held { sequence, mark: trace.as_ref().map(Trace::key), nodes: *nodes });
            packets.push((item.clone(), trace));
        }
        Self { view: View { held, asked: seen.asked, answered: seen.responded }, packets }
    }

    fn trace(&self, key: &str) -> Option<&Trace> {
        self.packets.iter().filter_map(|(_, trace)| trace.as_ref()).find(|trace| trace.key() == key)
    }

    /// The newest packet of a mark; packets come newest first.
    fn packet(&self, key: &str) -> Option<&SignedPacket> {
        let is_it = |trace: &Option<Trace>| trace.as_ref().is_some_and(|trace| trace.key() == key);
        self.packets.iter().find(|(_, trace)| is_it(trace)).map(|(packet, _)| packet)
    }

    fn wrapped(&self, key: &str, sequence: u64) -> Option<&SignedPacket> {
        self.packet(key).filter(|item| packet::sequence(item) == Some(sequence))
    }
}

/// Whether readers still vote: a mark that is announced then could undo votes.
pub(crate) fn has_rivals(place: &Place, seen: &Sighting) -> bool {
    let marks = Marks::at(place, seen);
    let mut keys: Vec<String> = marks.view.held.iter().filter_map(|held| held.mark.clone()).collect();
    keys.sort_unstable();
    keys.dedup();
    keys.len() > 1 && !matches!(marks.view.next(&String::new()), Next::Won(_))
}

/// The mark of a pickup that this device had begun.
fn mark_of(place: &Place, note: &Taking) -> Option<Trace> {
    let packet = packet::from_payload(&place.address(), &z32::decode_any(&note.burned)?)?;
    place.mailbox.read_mark(&packet)
}

/// Somebody else has it, or it was called back.
fn ended(standing: Option<Standing>, service: &Service) -> Error {
    standing.and_then(|standing| alive(standing, service.now()).err()).unwrap_or_else(not_found)
}

/// It may be ours: the note in the journal decides when it is tried again.
fn unknown(error: Error) -> Error {
    Error { kind: ErrorKind::Unreachable, ..error }
        .advise("It may already be claimed. Pick it up again on this device when the network is back.")
}
