//! The device that has no key yet: asks for it by the words that the other one shows.

use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::{AGAIN, Away, EVERY, PairCheck, Taking, name_of, overheard};
use crate::handoff::pairing::{
    At, Code, Given, Lying, OneTimeKey, Pairing, Request, candidate_windows, open_answer,
};
use crate::handoff::{Hidden, Identity, Trace};
use crate::network::NetworkError;
use crate::service::{Error, ErrorKind, IdentityView, Job, Result, Service, blocking, random};

/// Tries to leave a request where others write.
const ROUNDS: u32 = 3;
/// The clocks of the two differ by less; so long the other device is waited for at least.
const SHORTEST_WAIT: Duration = Duration::from_mins(1);

impl Service {
    /// Whether these can be the words of a pairing at all.
    pub fn check_pairing_words(&self, words: &str) -> Result<()> {
        Code::new(words).map(drop).ok_or_else(no_words)
    }

    /// Takes over the key of the device that shows these words. A key that is here
    /// already is left alone without `replace`, and kept beside with it.
    pub async fn take_key(
        &self,
        words: &str,
        replace: bool,
        taking: &Taking<'_>,
        job: &Job,
    ) -> Result<IdentityView> {
        let code = Code::new(words).ok_or_else(no_words)?;
        if self.has_identity() && !replace {
            return Err(self.has_a_key());
        }
        let (pairing, offer) = job.run(self.find_offer(&code)).await?;
        let taken = self.take(&pairing, &offer, replace, taking, job).await;
        if taken.is_ok() {
            self.note_pairing(&name_of(&offer));
        }
        self.end_pairing(&pairing).await;
        taken
    }

    /// There is a key here that pairing would replace.
    pub fn has_a_key(&self) -> Error {
        let path = self.identity_path();
        Error::new(ErrorKind::Exists, format!("This device already has a key: {}.", path.display()))
            .advise("It was not changed. `cclink pair --yes` replaces it and keeps the old one next to it.")
    }

    /// Who waits with these words, made in this window of time, the last or the next.
    async fn find_offer(&self, code: &Code) -> Result<(Pairing, Trace)> {
        for window in candidate_windows(self.now().timestamp()) {
            let pairing = self.pairing(code, window).await?;
            let seen = self.look_at(&pairing, At::Offer).await?;
            match pairing.read_offers(&seen.packets()) {
                Lying { ended: Some(_), .. } => return Err(nobody_waits()),
                Lying { mut items, .. } if !items.is_empty() => return Ok((pairing, items.swap_remove(0))),
                _ => seen.absence()?,
            }
        }
        Err(nobody_waits())
    }

    async fn take(
        &self,
        pairing: &Pairing,
        offer: &Trace,
        replace: bool,
        taking: &Taking<'_>,
        job: &Job,
    ) -> Result<IdentityView> {
        let hostname = name_of(offer);
        let fetched = job.run(self.ask_for_key(pairing, offer, taking, job));
        let given = timeout(self.patience(offer), fetched).await.unwrap_or_else(|_| {
            Err(Error::gone(format!("{hostname} did not answer in time.")).advise(AGAIN))
        })?;
        let public_key = Identity::from_seed(&given.seed).public().to_string();
        let ask = taking.passphrase.clone();
        let passphrase = job.run(async { blocking(move || ask(&public_key)).await? }).await?;
        let service = self.clone();
        let adopt = move || service.adopt_seed(&given.seed, &passphrase, replace);
        self.must_finish(async move { blocking(adopt).await? }).await
    }

    /// As long as the other device waits, if the clocks agree.
    fn patience(&self, offer: &Trace) -> Duration {
        let life = self.0.settings.pair_life;
        let gone = (self.now() - offer.at).to_std().unwrap_or_default();
        life.saturating_sub(gone).max(SHORTEST_WAIT.min(life))
    }

    async fn ask_for_key(
        &self,
        pairing: &Pairing,
        offer: &Trace,
        taking: &Taking<'_>,
        job: &Job,
    ) -> Result<Given> {
        let mut bytes = Hidden::new([0; 32]);
        random(bytes.as_mut_slice())?;
        let key = OneTimeKey::new(bytes);
        let request = Request { recipient: key.recipient(), who: self.who() };
        self.leave_request(pairing, &request).await?;
        let hostname = name_of(offer);
        let check = pairing.check_words(&request.recipient);
        (taking.show)(&PairCheck { hostname: hostname.clone(), check });
        let mut away = Away::default();
        loop {
            sleep(EVERY).await;
            let Some(seen) = away.seen(self.look_at(pairing, At::Answer).await, job) else { continue };
            let answers = pairing.read_answers(&seen.packets());
            if answers.ended.is_some() {
                return Err(Error::failed(format!(
                    "{hostname} ended the pairing: refused, cancelled, or too late."
                ))
                .advise(format!("Nothing was changed. {AGAIN}")));
            }
            if let Some(given) = the_only_answer(&key, &answers)? {
                return Ok(given);
            }
        }
    }

    /// Leaves the request, over another one too: that other device's user has to know.
    async fn leave_request(&self, pairing: &Pairing, request: &Request) -> Result<()> {
        for _ in 0..ROUNDS {
            let seen = self.look_at(pairing, At::Request).await?;
            if pairing.read_requests(&seen.packets()).ended.is_some() {
                return Err(nobody_waits());
            }
            let packet = pairing.make_request(request, self.sequence_after(&seen)?)?;
            match self.0.network.put(&packet, Some(seen.expected())).await {
                Ok(_) => return Ok(()),
                Err(NetworkError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(NetworkError::Conflict.into())
    }
}

/// The key that came; two different ones are a fraud.
fn the_only_answer(key: &OneTimeKey, answers: &Lying<Vec<u8>>) -> Result<Option<Given>> {
    let mut given = answers.items.iter().filter_map(|sealed| open_answer(key, sealed));
    let first = given.next();
    match (&first, given.next()) {
        (Some(_), Some(_)) => Err(overheard("Two devices answered")),
        _ => Ok(first),
    }
}

fn no_words() -> Error {
    Error::usage("These are not four words of a pairing code.")
        .advise("Type the four words that the other device shows, in the same order.")
}

fn nobody_waits() -> Error {
    Error::gone("No device is waiting with these words.").advise(
        "They work once and for 10 minutes. Run `cclink pair` (or :pair on its screen) on the device that has your key for new ones.",
    )
}
