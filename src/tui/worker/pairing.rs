//! The two sides of a pairing: the service asks, the screen answers.

use std::sync::Arc;

use super::Lead;
use crate::service::{Error, Giving, Job, Service, Step, Taking};
use crate::tui::message::{Pairing, Reply, Report};

/// Gives the key of this device to another one.
pub(super) async fn give(service: &Service, lead: &Lead) -> Result<Report, Error> {
    let key = service.whoami().await?.public_key;
    let (tell, asks) = (&lead.tell, lead.tell.clone());
    let giving = Giving {
        show: &|code| tell(Report::Pairing(Pairing::Code(code.clone(), key.clone()))),
        ask: Arc::new(move |check| {
            let (reply, awaited) = Reply::new();
            asks(Report::Pairing(Pairing::Asked(check.clone(), reply)));
            awaited.answer()
        }),
    };
    Ok(Report::Pairing(Pairing::Given(service.give_key(&giving, &job(lead)).await?)))
}

/// Gets the key of the device that shows these words. A key that is here stays.
pub(super) async fn take(service: &Service, words: &str, lead: &Lead) -> Result<Report, Error> {
    let (tell, asks) = (&lead.tell, lead.tell.clone());
    let taking = Taking {
        show: &|check| tell(Report::Pairing(Pairing::Check(check.clone()))),
        passphrase: Arc::new(move |public_key| {
            let (reply, awaited) = Reply::new();
            asks(Report::Pairing(Pairing::Received(public_key.to_owned(), reply)));
            awaited.answer()
        }),
    };
    service.take_key(words, false, &taking, &job(lead)).await?;
    Ok(Report::Unlocked(service.identity_state()))
}

/// A job whose words are shown where the pairing is.
fn job(lead: &Lead) -> Job {
    let tell = lead.tell.clone();
    Job {
        tell: Arc::new(move |step| {
            tell(match step {
                Step::Doing(words) => Report::Pairing(Pairing::Doing(words)),
                step => Report::Step(step),
            });
        }),
        cancel: lead.cancel.clone(),
    }
}
