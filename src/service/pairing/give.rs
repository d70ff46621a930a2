//! The device that has the key: offers it, asks its user, gives it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use tokio::time::{Instant, sleep, timeout_at};

use super::{AGAIN, Away, EVERY, Giving, PairCheck, Paired, PairingCode, called_off, name_of, overheard};
use crate::handoff::pairing::{At, Code, Lying, Pairing, Request, window};
use crate::handoff::{Hidden, Identity};
use crate::network::NetworkError;
use crate::service::{Error, Job, Result, Service, blocking, random};
use crate::text;

impl Service {
    /// Shows four words, and gives the key to the device on which they are typed, once
    /// its user said that both show the same six words. However it ends, the words are
    /// used.
    pub async fn give_key(&self, giving: &Giving<'_>, job: &Job) -> Result<Paired> {
        let identity = self.identity().await?;
        let (made, life) = (self.now(), self.0.settings.pair_life);
        let (code, deadline) = (new_code()?, Instant::now() + life);
        let pairing = self.pairing(&code, window(made.timestamp())).await?;
        // Nobody knows the words yet: what was left half done is found by nobody.
        job.run(self.leave_offer(&pairing)).await?;
        let expires_at = made + TimeDelta::from_std(life).unwrap_or_default();
        (giving.show)(&PairingCode { code: Hidden::new(code.as_str().to_owned()), expires_at });
        let given = self.give(&identity, &pairing, giving, deadline, job).await;
        self.end_pairing(&pairing).await;
        given
    }

    async fn leave_offer(&self, pairing: &Pairing) -> Result<()> {
        let offer = pairing.make_offer(&self.who(), self.now_us())?;
        self.0.network.put(&offer, Some(0)).await?;
        Ok(())
    }

    async fn give(
        &self,
        identity: &Identity,
        pairing: &Pairing,
        giving: &Giving<'_>,
        deadline: Instant,
        job: &Job,
    ) -> Result<Paired> {
        let agreed = timeout_at(deadline, job.run(self.wait_for_consent(pairing, giving, job))).await;
        let request = agreed.map_err(|_| expired(self.0.settings.pair_life))??;
        let hostname = name_of(&request.who);
        let is_out = AtomicBool::new(false);
        let answered = self.answer_request(identity, pairing, &request, &is_out, job);
        let error = match timeout_at(deadline, job.run(answered)).await {
            Ok(Ok(())) => {
                self.note_pairing(&hostname);
                return Ok(Paired { paired: true, hostname });
            }
            Ok(Err(error)) => error,
            Err(_) => Error::failed(format!("{hostname} did not confirm in time.")),
        };
        if !is_out.into_inner() {
            return Err(error);
        }
        let message = format!(
            "{} It is unknown whether {hostname} has your key: `cclink whoami` there shows it.",
            error.message
        );
        Err(Error { message, ..error })
    }

    /// Waits for a device that asks, and for the user who agrees.
    async fn wait_for_consent(&self, pairing: &Pairing, giving: &Giving<'_>, job: &Job) -> Result<Request> {
        let request = self.wait_for_request(pairing, job).await?;
        let hostname = name_of(&request.who);
        let check = PairCheck { check: pairing.check_words(&request.recipient), hostname };
        let (ask, asked) = (giving.ask.clone(), check.clone());
        let agreed = tokio::select! {
            agreed = blocking(move || ask(&asked)) => agreed??,
            error = self.until_disturbed(pairing, &request, job) => return Err(error),
        };
        if agreed {
            return Ok(request);
        }
        Err(Error::failed(format!("You refused {}. It did not get your key.", check.hostname)))
    }

    async fn wait_for_request(&self, pairing: &Pairing, job: &Job) -> Result<Request> {
        let mut away = Away::default();
        loop {
            sleep(EVERY).await;
            let seen = away.seen(self.look_at(pairing, At::Request).await, job);
            let lying = seen.map(|seen| pairing.read_requests(&seen.packets()));
            if let Some(lying) = lying
                && let Some(request) = the_only_one(lying, None)?
            {
                return Ok(request);
            }
        }
    }

    /// Keeps looking while the user is asked: until the other device gives up, or
    /// another one asks too.
    async fn until_disturbed(&self, pairing: &Pairing, request: &Request, job: &Job) -> Error {
        let mut away = Away::default();
        loop {
            sleep(EVERY).await;
            let seen = away.seen(self.look_at(pairing, At::Request).await, job);
            let lying = seen.map(|seen| pairing.read_requests(&seen.packets()));
            if let Some(Err(error)) = lying.map(|lying| the_only_one(lying, Some(request))) {
                return error;
            }
        }
    }

    /// Leaves the answer, and waits until it was fetched.
    async fn answer_request(
        &self,
        identity: &Identity,
        pairing: &Pairing,
        request: &Request,
        is_out: &AtomicBool,
        job: &Job,
    ) -> Result<()> {
        // Who asked in the moment of the answer counts, too.
        let seen = self.look_at(pairing, At::Request).await?;
        the_only_one(pairing.read_requests(&seen.packets()), Some(request))?;
        let seen = self.look_at(pairing, At::Answer).await?;
        let there = pairing.read_answers(&seen.packets());
        if there.ended.is_some() {
            return Err(called_off());
        }
        if !there.items.is_empty() {
            return Err(overheard("Another device answered in place of this one"));
        }
        let answer =
            pairing.make_answer(identity, &request.recipient, &self.who(), self.sequence_after(&seen)?)?;
        is_out.store(true, Ordering::Relaxed);
        match self.0.network.put(&answer, Some(seen.expected())).await {
            Ok(_) => {}
            Err(NetworkError::Conflict) => return Err(called_off()),
            Err(error) => return Err(error.into()),
        }
        let ours = pairing.read_answers(&[answer]).items;
        let (mut away, mut at_request) = (Away::default(), Away::default());
        loop {
            sleep(EVERY).await;
            if let Some(seen) = away.seen(self.look_at(pairing, At::Answer).await, job) {
                let lying = pairing.read_answers(&seen.packets());
                if lying.items.iter().any(|item| !ours.contains(item)) {
                    return Err(overheard("Another device answered, too"));
                }
                if lying.ended.is_some() {
                    return Ok(());
                }
            }
            // Its end comes together with that of the answer, which decides.
            if let Some(seen) = at_request.seen(self.look_at(pairing, At::Request).await, job) {
                let lying = Lying { ended: None, ..pairing.read_requests(&seen.packets()) };
                the_only_one(lying, Some(request))?;
            }
        }
    }
}

fn new_code() -> Result<Code> {
    let mut failed = Ok(());
    let code = Code::generate(&mut |bytes| failed = random(bytes));
    failed.map(|()| code)
}

/// The device that asks, unless it gave up, or another one asks, too.
fn the_only_one(lying: Lying<Request>, known: Option<&Request>) -> Result<Option<Request>> {
    let mut recipients = lying.items.iter().chain(known).map(|request| request.recipient);
    let first = recipients.next();
    if recipients.any(|recipient| Some(recipient) != first) {
        return Err(overheard("Two devices asked for your key"));
    }
    if lying.ended.is_some() {
        return Err(called_off());
    }
    Ok(lying.items.into_iter().next())
}

fn expired(life: Duration) -> Error {
    let life = text::span(i64::try_from(life.as_secs()).unwrap_or(i64::MAX));
    Error::gone(format!("No device took the key within {life}: the words have expired.")).advise(AGAIN)
}
