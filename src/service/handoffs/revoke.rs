//! Revoke: call back handoffs that nobody took yet.

use futures::future::join_all;
use pkarr::SignedPacket;

use super::lookup::{Place, alive};
use crate::handoff::{Identity, Standing, packet};
use crate::network::NetworkError;
use crate::service::{Error, ErrorKind, Job, Listed, Result, RevokeFailure, Revoked, Service};
use crate::store::Stage;

/// Another writer can only get between us and the address a few times.
const ROUNDS: u32 = 5;
const AGAIN: &str = "`cclink list` and `cclink keep` try again until it is.";

/// A handoff that is about to be revoked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doomed {
    /// Its whole token.
    pub token: String,
    /// The title that travelled, where this device knows it.
    pub title: Option<String>,
    /// Whom it is for, and the group's name, where it went out to several people.
    pub group: Option<(String, String)>,
}

impl Doomed {
    fn of(row: Listed) -> Self {
        let group = row.group.map(|group| (row.audience.name.unwrap_or_default(), group.name));
        Self { token: row.token, title: row.title, group }
    }
}

impl Service {
    /// What a revocation would end, so that it can be named before it is asked
    /// about: these tokens or unique prefixes, with the groups that they are of, or, where there are none,
    /// everything alive. Titles are as this device knows them.
    pub async fn about_to_revoke(&self, tokens: &[String], job: &Job) -> Result<Vec<Doomed>> {
        if tokens.is_empty() {
            let (rows, _) = self.all_alive(job).await?;
            return Ok(rows.into_iter().map(Doomed::of).collect());
        }
        let identity = self.identity().await?;
        let rows = self.journal_list(true)?;
        let mut doomed: Vec<Doomed> = Vec::new();
        for text in tokens {
            let known = job.run(self.by_token(&identity, text, false)).await?;
            for place in self.with_its_group(&identity, known.place)? {
                let token = place.token.to_string();
                if doomed.iter().all(|other| other.token != token) {
                    let row = rows.iter().find(|row| row.token == token).cloned();
                    doomed.push(row.map_or(Doomed { token, title: None, group: None }, Doomed::of));
                }
            }
        }
        Ok(doomed)
    }

    /// Whether these can be tokens at all.
    pub fn check_tokens(tokens: &[String]) -> Result<()> {
        tokens.iter().try_for_each(|text| crate::service::pickup::tokens::prefix(text).map(drop))
    }

    /// Revokes handoffs by token or unique prefix, each with its group. One that cannot be named
    /// fails the whole call before anything is revoked.
    pub async fn revoke(&self, tokens: &[String], job: &Job) -> Result<Revoked> {
        let identity = self.identity().await?;
        let places = self.to_be_revoked(&identity, tokens, job).await?;
        Ok(self.revoke_places(&identity, places, job).await)
    }

    /// Where these lie, and the groups that they are of, each once.
    pub(super) async fn to_be_revoked(
        &self,
        identity: &Identity,
        tokens: &[String],
        job: &Job,
    ) -> Result<Vec<Place>> {
        job.doing("looking for it");
        let mut places = Vec::new();
        for token in tokens {
            let place = job.run(self.by_token(identity, token, false)).await?.place;
            places.extend(self.with_its_group(identity, place)?);
        }
        places.sort_by_key(|place| place.token);
        places.dedup_by_key(|place| place.token);
        Ok(places)
    }

    /// Revokes everything that is alive: what this device published, and what
    /// any of my devices published to my devices.
    pub async fn revoke_all(&self, job: &Job) -> Result<Revoked> {
        let identity = self.identity().await?;
        job.doing("looking for active handoffs");
        let (rows, away) = self.all_alive(job).await?;
        let mut places = Vec::new();
        for row in rows {
            places.push(self.by_token(&identity, &row.token, false).await?.place);
        }
        let Some(away) = away else { return Ok(self.revoke_places(&identity, places, job).await) };
        let failed = places.iter().map(|place| {
            RevokeFailure::new(place.token.to_string(), self.not_yet(&identity, place, away.clone()))
        });
        Ok(Revoked { revoked: Vec::new(), failed: failed.collect() })
    }

    /// Everything that is alive; while the network is away, what this device knows of,
    /// and why it could not be asked.
    async fn all_alive(&self, job: &Job) -> Result<(Vec<Listed>, Option<Error>)> {
        match self.list(false, job).await {
            Err(error) if error.kind == ErrorKind::Unreachable => {
                let mut rows = self.journal_list(false)?;
                rows.retain(|row| row.state.is_alive());
                if rows.is_empty() { Err(error) } else { Ok((rows, Some(error))) }
            }
            listed => Ok((listed?, None)),
        }
    }

    pub(super) async fn revoke_places(&self, identity: &Identity, places: Vec<Place>, job: &Job) -> Revoked {
        job.doing("revoking");
        let mut all = Revoked::default();
        let results = join_all(places.into_iter().map(|place| async move {
            let token = place.token.to_string();
            let (service, identity) = (self.clone(), identity.clone());
            let done = self.must_finish(async move { service.revoke_one(&identity, &place).await }).await;
            (token, done)
        }))
        .await;
        for (token, result) in results {
            match result {
                Ok(()) => all.revoked.push(token),
                Err(error) => all.failed.push(RevokeFailure::new(token, error)),
            }
        }
        self.take_away_ended();
        all
    }

    async fn revoke_one(&self, identity: &Identity, place: &Place) -> Result<()> {
        match self.call_back(identity, place).await? {
            Standing::Revoked { .. } => Ok(()),
            other => Err(alive(other, self.now()).err().unwrap_or_else(Error::cancelled)),
        }
    }

    /// Puts the revocation until a fresh lookup of the network itself, never our
    /// own memory, finds that it stands: above anything that a member may have
    /// wrapped anew, and on enough nodes. What stands there in the end: it, or
    /// what cannot be called back. Where that cannot be known yet, the end stays
    /// owed.
    pub(crate) async fn call_back(&self, identity: &Identity, place: &Place) -> Result<Standing> {
        let address = place.address();
        if let Some(end) = self.remembered_end(&address)
            && let burned @ Standing::Burned { .. } = place.judge(&[end])
        {
            return Ok(burned);
        }
        let mut carries = None;
        for _ in 0..ROUNDS {
            let looked = self.0.network.lookup(&address, &mut |_| {}).await;
            let sighting = looked.map_err(|error| self.not_yet(identity, place, error.into()))?;
            let is_last = |packet: &SignedPacket| packet::sequence(packet) >= sighting.highest();
            let end = match place.judge(&sighting.packets()) {
                Standing::Revoked { at, packet } if sighting.stands(&packet) => {
                    self.remember_end(&address, &packet);
                    self.set_stage(&place.token, Stage::Revoked, false);
                    self.end_is_certain(&place.token);
                    // Another device's, which may never come back to see to it.
                    if let Some(record) =
                        carries.filter(|_| self.own_entry(&place.token.to_string()).is_err())
                    {
                        self.take_away_of(record, place.token);
                    }
                    return Ok(Standing::Revoked { at, packet });
                }
                standing @ (Standing::Burned { .. } | Standing::Newer) => return Ok(standing),
                // Nodes that missed it, or still hold the record, hear of it again.
                Standing::Revoked { packet, .. } if is_last(&packet) => packet,
                // A lost record is revoked too: a stale copy may come back.
                standing => {
                    if let Standing::Record { record, .. } = standing {
                        carries = Some(*record);
                    }
                    let sequence = self.sequence_after(&sighting)?;
                    place.mailbox.make_revoked(identity, &place.token, self.now(), sequence)?
                }
            };
            self.owe_end(&place.token, &end);
            let expected = packet::sequence(&end) > sighting.highest();
            match self.0.network.put(&end, expected.then(|| sighting.expected())).await {
                Ok(_) | Err(NetworkError::Conflict) => {}
                Err(error) => return Err(self.not_yet(identity, place, error.into())),
            }
        }
        Err(self.why_not_revoked(place).await?)
    }

    /// The network could not be asked: of what this device published the end is owed
    /// from now on, and the words say so.
    fn not_yet(&self, identity: &Identity, place: &Place, error: Error) -> Error {
        if !self.owe_revocation(identity, place) {
            return error;
        }
        Error::new(error.kind, format!("It is not revoked yet. {}", error.message)).advise(AGAIN)
    }

    /// Whether too few nodes answered, too few took it, or others keep writing.
    async fn why_not_revoked(&self, place: &Place) -> Result<Error> {
        let sighting = self.0.network.lookup(&place.address(), &mut |_| {}).await?;
        let unsure = |why: String| {
            Error::new(ErrorKind::Unreachable, format!("It may not be revoked yet. {why}")).advise(AGAIN)
        };
        if let Err(error) = sighting.absence() {
            return Ok(unsure(Error::from(error).message));
        }
        Ok(match place.judge(&sighting.packets()) {
            Standing::Revoked { packet, .. } => {
                let (copies, asked) = (sighting.copies(&packet), sighting.asked);
                unsure(format!("Only {copies} of {asked} nodes stored the revocation."))
            }
            _ => Error::failed("It could not be revoked: it kept changing.")
                .advise("Try again; `cclink list` and `cclink keep` do so automatically."),
        })
    }
}
