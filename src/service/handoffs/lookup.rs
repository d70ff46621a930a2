//! One handoff's place on the network: looking at it, and ending it.

use chrono::{DateTime, TimeDelta, Utc};
use pkarr::SignedPacket;

use crate::handoff::packet::PacketError;
use crate::handoff::standing::MakeError;
use crate::handoff::z32;
use crate::handoff::{Address, Age, Mailbox, PublicKey, Record, Standing, Token, Ttl, mailbox, packet};
use crate::network::{NetworkError, OnPacket, Sighting};
use crate::service::{Error, ErrorKind, Result, Service, off_runtime};
use crate::store::journal::{Book, End, Taking};
use crate::text;

/// Where a handoff lies, and whose signature counts there.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub mailbox: Mailbox,
    pub token: Token,
    pub expected: Vec<PublicKey>,
}

impl Place {
    pub fn address(&self) -> Address {
        mailbox::address(&self.mailbox.record_key(&self.token))
    }

    pub fn judge(&self, packets: &[SignedPacket]) -> Standing {
        self.mailbox.judge(&self.token, &self.expected, packets)
    }
}

impl Service {
    /// A complete lookup of a place. An end that this device saw before counts
    /// even where the network shows a stale copy; a new one is remembered. Absent
    /// is only what enough nodes say they have not: else it is an error.
    pub(crate) async fn look(
        &self,
        place: &Place,
        on_packet: &mut OnPacket<'_>,
    ) -> Result<(Standing, Sighting)> {
        let address = place.address();
        let (sighting, _) = self.0.network.recall(&address, self.freshness(), on_packet).await?;
        let mut packets = sighting.packets();
        packets.extend(self.remembered_end(&address));
        let standing = place.judge(&packets);
        match &standing {
            Standing::Burned { packet, .. } | Standing::Revoked { packet, .. } => {
                self.remember_end(&address, packet);
            }
            Standing::Absent => {
                sighting.absence()?;
                self.0.dead.note(address);
            }
            _ => {}
        }
        Ok((standing, sighting))
    }

    /// The end that this device saw at an address.
    pub(crate) fn remembered_end(&self, address: &Address) -> Option<SignedPacket> {
        let (book, aside) = self.0.journal.load().ok()?;
        self.tell_aside(aside);
        let end = book.ends.get(&z32::encode(address))?;
        packet::from_payload(address, &z32::decode_any(&end.packet)?)
    }

    /// Remembers an end for as long as anything can live.
    pub(crate) fn remember_end(&self, address: &Address, packet: &SignedPacket) {
        let until = self.now() + TimeDelta::seconds(i64::from(Ttl::MAX.seconds()));
        let packet = z32::encode(&packet.to_relay_payload());
        let end = End { packet, until, unknown: serde_json::Map::new() };
        self.note(|book| {
            let known = book.ends.entry(z32::encode(address)).or_insert_with(|| end.clone());
            if known.packet != end.packet {
                *known = end;
            }
        });
    }

    /// Changes the journal; says where a damaged one was put.
    pub(crate) fn journal<T>(&self, change: impl FnOnce(&mut Book) -> T) -> Result<T> {
        let (result, aside) = off_runtime(|| self.0.journal.update(self.now(), change))?;
        self.tell_aside(aside);
        Ok(result)
    }

    /// Notes something in the journal; a journal that cannot be written is a
    /// warning, for what it notes has happened.
    pub(crate) fn note(&self, change: impl FnOnce(&mut Book)) {
        if let Err(error) = self.journal(change) {
            self.warn(format!("The journal could not be written: {}", error.message));
        }
    }

    /// Says once where a damaged journal was put.
    pub(crate) fn tell_aside(&self, aside: Option<std::path::PathBuf>) {
        if let Some(path) = aside {
            self.warn(format!(
                "The journal was damaged. It is kept at {}; a new one was started. Handoffs to your devices are \
                 still found on the network.",
                path.display()
            ));
        }
    }

    /// Says that some of the journal is only kept, not read.
    pub(crate) fn tell_unread(&self, book: &Book) {
        let kept = match book.unread_handoffs() {
            0 => return,
            1 => "One handoff of this device is".to_owned(),
            many => format!("{many} handoffs of this device are"),
        };
        self.warn(format!("{kept} kept but not shown: made by a newer cclink. Update cclink to see all."));
    }

    /// The record that a pickup of this device took, or tried to, before it ended
    /// without showing anything; `again`, also what one took that was shown.
    pub(crate) fn taken_before(&self, place: &Place, again: bool) -> Option<Readable> {
        let taking = self.taking(place).filter(|taking| again || !taking.settled)?;
        let packet = packet::from_payload(&place.address(), &z32::decode_any(&taking.record)?)?;
        match place.judge(&[packet]) {
            Standing::Record { record, creator, packet } => Some((*record, creator, packet)),
            _ => None,
        }
    }

    /// The journal's note of a pickup for good.
    pub(crate) fn taking(&self, place: &Place) -> Option<Taking> {
        let (mut book, _) = self.0.journal.load().ok()?;
        book.taking.remove(&z32::encode(&place.address()))
    }

    /// The sequence that follows what a lookup saw.
    pub(crate) fn sequence_after(&self, sighting: &Sighting) -> Result<u64> {
        Ok(packet::next_sequence(sighting.highest(), self.now_us())?)
    }
}

/// The signed packet and address of a journal entry.
pub(crate) fn stored_packet(entry: &crate::store::JournalEntry) -> Option<(Address, SignedPacket)> {
    let address: Address = z32::decode(&entry.address)?;
    Some((address, packet::from_payload(&address, &z32::decode_any(&entry.packet)?)?))
}

/// A record that can be read now, who signed it, and its packet.
pub(crate) type Readable = (Record, PublicKey, SignedPacket);

/// What stands there if it can be read now, or why not.
pub(crate) fn alive(standing: Standing, now: DateTime<Utc>) -> Result<Readable> {
    let at = |time: DateTime<Utc>| format!("{}, {}", text::ago(time, now), time.format("%Y-%m-%d %H:%M UTC"));
    match standing {
        Standing::Record { record, creator, packet } => match record.age(now) {
            Age::Alive => Ok((*record, creator, packet)),
            Age::Expired => Err(Error::gone(format!("This handoff expired {}.", at(record.expires_at())))
                .advise(format!(
                    "Publish it again from the machine with the session. If it is newer than that, a clock is \
                     wrong: it is {} here.",
                    now.format("%Y-%m-%d %H:%M UTC")
                ))),
            Age::FromTheFuture => Err(Error::failed(format!(
                "This handoff claims to be made {}: this machine's clock is behind, or the sender's is ahead.",
                record.created_at.format("%Y-%m-%d %H:%M UTC")
            ))
            .advise("Set the clocks (after sleep, WSL's is often hours off), then try again.")),
        },
        Standing::Burned { trace, .. } => Err(Error::gone(format!(
            "This handoff was already picked up: by {}, {}.",
            text::clean(&trace.hostname),
            at(trace.at)
        ))
        .advise("It was one-time. Publish it again from the machine with the session.")),
        Standing::Revoked { at: when, .. } => {
            Err(Error::gone(format!("This handoff was revoked by its creator, {}.", at(when))))
        }
        Standing::Newer => Err(Error::failed("This handoff was made by a newer cclink.")
            .advise("Update cclink on this machine.")),
        Standing::Refused(why) => Err(Error::failed(format!("This handoff was refused: {why}."))),
        Standing::Absent => Err(not_found()),
    }
}

/// Nothing lies there that opens.
pub(crate) fn not_found() -> Error {
    Error::gone("No such handoff for you on the network.").advise(
        "It expired, was never published, or is addressed to another key (`cclink whoami` shows yours).",
    )
}

impl From<NetworkError> for Error {
    fn from(error: NetworkError) -> Self {
        match error {
            NetworkError::Unreachable => Self::new(
                ErrorKind::Unreachable,
                "The network cannot be reached: no node of the DHT and no relay answered.",
            )
            .advise(
                "Check the connection; a firewall may block UDP. `cclink whoami` says which network is \
                    in use. Nothing is lost.",
            ),
            NetworkError::Unsure { answered, asked } => Self::new(
                ErrorKind::Unreachable,
                match answered {
                    0 => "No node of the network answered; it may be there.".to_owned(),
                    _ => format!("Only {answered} of {asked} nodes answered; it may be there."),
                },
            )
            .advise("Try again a little later, or from another network. Nothing is lost."),
            NetworkError::Socket(why) => {
                Self::new(ErrorKind::Unreachable, format!("The network could not be opened: {why}."))
            }
            NetworkError::Conflict => {
                Self::failed("Something else was written there at the same time.").advise("Try again.")
            }
        }
    }
}

impl From<PacketError> for Error {
    fn from(error: PacketError) -> Self {
        Self::failed(format!("This address cannot be written: {error}."))
            .advise("It was last written by a clock that is far ahead. Wait, or choose another audience.")
    }
}

impl From<MakeError> for Error {
    fn from(error: MakeError) -> Self {
        match error {
            MakeError::Packet(error) => error.into(),
            MakeError::Record(error) => Self::usage(format!("This cannot be published: {error}."))
                .advise("Nothing was published. Rename the folder, then start `claude` in it again."),
            MakeError::Seal(error) => Self::failed(format!("This could not be sealed: {error}.")),
        }
    }
}
