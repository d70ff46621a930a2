//! Publishing to several people: a handoff each, under one name. One that fails takes
//! no other along.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::StreamExt;
use futures::future::join_all;
use futures::stream;

use super::recipients::{Person, Several, Whom, short};
use super::record;
use crate::handoff::{Identity, z32};
use crate::service::handoffs::lookup::alive;
use crate::service::{
    AudienceChoice, AudienceKind, AudienceView, Draft, Error, ErrorKind, Job, NotPublished, Outcome,
    PublishRequest, Published, PublishedAll, Result, Service, Step, random,
};
use crate::store::journal::Group;
use crate::store::{JournalEntry, Unknown};
use crate::text;

/// One of them on its way.
type Work = Pin<Box<dyn Future<Output = Result<Published>> + Send>>;

/// Handoffs that go out at the same time: each reads and writes the network by itself.
const AT_ONCE: usize = 4;

impl Service {
    /// Publishes to whoever is meant: as [`Service::publish`] to one, and to each of
    /// several. Of several none goes out before it is known that all may; cancelled,
    /// those that are out are called back.
    pub async fn publish_to_all(&self, request: PublishRequest, job: &Job) -> Result<Outcome> {
        let identity = self.identity().await?;
        let whom = match &request.audience {
            AudienceChoice::Share(to) => self.whom(to, Some(&identity.public()))?,
            _ => Whom::One(identity.public()),
        };
        Ok(match whom {
            Whom::One(_) => Outcome::One(Box::new(self.publish(request, job).await?)),
            Whom::Several(several) => {
                Outcome::Several(Box::new(self.publish_several(&identity, request, several, job).await?))
            }
        })
    }

    async fn publish_several(
        &self,
        identity: &Identity,
        mut request: PublishRequest,
        several: Several,
        job: &Job,
    ) -> Result<PublishedAll> {
        job.doing("preparing");
        let draft = match request.draft.take() {
            Some(draft) => *draft,
            None => Box::pin(job.run(self.draft(&request.session))).await?,
        };
        Box::pin(self.may_go_to_all(identity, &request, &draft, &several, job)).await?;
        let ids = draft.session_ids();
        let mut id = [0; 8];
        random(&mut id)?;
        let (id, of) = (z32::encode(&id), several.people.len());
        let group = Group { id: id.clone(), name: several.name.clone(), of, unknown: Unknown::new() };
        let request = PublishRequest { draft: Some(Box::new(draft)), ..request };
        let done = self.publish_each(&request, &group, &several.people, job).await;
        let (mut handoffs, mut failed) = (Vec::new(), Vec::new());
        for (person, result) in several.people.iter().zip(done) {
            match result {
                Ok(published) => handoffs.push(published),
                Err(cause) => failed.push(NotPublished {
                    name: person.name.clone(),
                    public_key: person.key.to_string(),
                    error: cause.message.clone(),
                    cause,
                }),
            }
        }
        if failed.iter().any(|one| one.cause.kind == ErrorKind::Cancelled) {
            return Err(self.call_all_back(&handoffs).await);
        }
        let Some(first) = handoffs.first() else { return Err(none_of(&failed, of)) };
        let me = "You are one of them, and were left out: your own devices get it without --share.";
        let me = several.with_me.then(|| me.to_owned());
        let left = self.still_open_to(&several, &group, &ids).await;
        Ok(PublishedAll {
            audience: AudienceView { kind: AudienceKind::Share, name: Some(several.name) },
            group: id,
            session_id: first.session_id.clone(),
            project: first.project.clone(),
            title: first.title.clone(),
            created_at: first.created_at,
            expires_at: first.expires_at,
            ttl: first.ttl,
            burn_after_read: first.burn_after_read,
            handoffs,
            failed,
            warnings: me.into_iter().chain(left).collect(),
        })
    }

    /// What has to be asked is asked before anything goes out.
    async fn may_go_to_all(
        &self,
        identity: &Identity,
        request: &PublishRequest,
        draft: &Draft,
        several: &Several,
        job: &Job,
    ) -> Result<()> {
        self.check_clock()?;
        record::check(request)?;
        if let Some(to) = request.carry.as_ref().and_then(|to| to.meant(draft)) {
            self.store_of(&to, draft, job).await?;
        }
        let (ids, now) = (draft.session_ids(), self.now().timestamp());
        let mut replaced = Vec::new();
        for person in &several.people {
            let audience = AudienceChoice::Share(person.key.to_string());
            let named = |error: Error| {
                let words = format!("{}: {}", short(&person.name), error.message);
                Error::new(error.kind, words).advise(error.advice)
            };
            let prepared = self.prepare(identity, &audience, now).await.map_err(named)?;
            let older = job.run(self.older(identity, &ids, &prepared)).await?;
            replaced.push((short(&person.name), older));
        }
        job.run(self.may_replace_all(replaced, request.replace)).await
    }

    /// To each of them, in their order. Sealed conversations are made one by one: each
    /// is a file of its own, which its own reader alone can open and take away.
    async fn publish_each(
        &self,
        request: &PublishRequest,
        group: &Group,
        people: &[Person],
        job: &Job,
    ) -> Vec<Result<Published>> {
        let draft = request.draft.as_deref();
        let carries = draft.zip(request.carry.as_ref()).is_some_and(|(draft, to)| to.meant(draft).is_some());
        let done = Arc::new(AtomicUsize::new(0));
        let mut work: Vec<Work> = Vec::new();
        for (at, person) in people.iter().enumerate() {
            let audience = AudienceChoice::Share(person.key.to_string());
            let request = PublishRequest { audience, ..request.clone() };
            let (service, group, of) = (self.clone(), group.clone(), people.len());
            if carries {
                let job = step_of(job, person, at, of);
                work.push(Box::pin(async move { service.publish_drafted(request, Some(group), &job).await }));
                continue;
            }
            let (job, quiet, done) = (job.clone(), quietly(job), Arc::clone(&done));
            work.push(Box::pin(async move {
                let published = service.publish_drafted(request, Some(group), &quiet).await;
                let done = done.fetch_add(1, Ordering::Relaxed) + 1;
                job.doing(format!("publishing: {done} of {of}"));
                published
            }));
        }
        if !carries {
            job.doing(format!("publishing to {} people", people.len()));
            return stream::iter(work).buffered(AT_ONCE).collect().await;
        }
        let mut all: Vec<Result<Published>> = Vec::new();
        for one in work {
            let result = one.await;
            let ends = result.as_ref().err().filter(|error| {
                matches!(error.kind, ErrorKind::Unreachable | ErrorKind::Cancelled | ErrorKind::Carry)
            });
            // Nobody else could be reached, or would get the file: no more is sealed for
            // nothing.
            let rest = ends.map(|error| vec![error.clone(); people.len() - all.len() - 1]);
            all.push(result);
            if let Some(rest) = rest {
                all.extend(rest.into_iter().map(Err));
                break;
            }
        }
        all
    }

    /// That older handoffs of these sessions (one session's ids), to the same team, can
    /// still be picked up by somebody who is not in it any more: a new one takes the place
    /// of its own recipient's alone.
    async fn still_open_to(&self, several: &Several, now: &Group, ids: &[String]) -> Option<String> {
        // It is out: a journal that cannot be read now is told elsewhere.
        let (book, _) = self.0.journal.load().ok()?;
        let is_member = |key: &str| several.people.iter().any(|person| person.key.to_string() == key);
        let me = self.identity().await.ok()?;
        let mine = me.public().to_string();
        let left = book.handoffs.iter().filter(|entry| {
            let is_of_team =
                entry.group.as_ref().is_some_and(|group| group.id != now.id && group.name == now.name);
            is_of_team
                && entry.creator == mine
                && ids.contains(&entry.session_id)
                && entry.recipient.as_deref().is_some_and(|key| !is_member(key))
        });
        let is_alive = |entry: &&JournalEntry| self.row(None, entry).state.is_alive();
        let looked = left.filter(is_alive).map(async |entry| {
            let place = self.place_of(&me, entry)?;
            let seen = self.look(&place, &mut |_| {}).await;
            // What cannot be asked now is as the journal has it.
            seen.map_or(true, |(standing, _)| alive(standing, self.now()).is_ok()).then_some(entry)
        });
        let left: Vec<&JournalEntry> = join_all(looked).await.into_iter().flatten().collect();
        // A group ends as one, with what a member has of it whom the new one did not reach.
        let has_members = book.handoffs.iter().filter(is_alive).any(|entry| {
            let id = entry.group.as_ref().map(|group| &group.id);
            let is_of_left = left.iter().any(|other| other.group.as_ref().map(|group| &group.id) == id);
            id.is_some() && is_of_left && entry.recipient.as_deref().is_some_and(is_member)
        });
        let first = if has_members { "publish again first; then " } else { "" };
        let (mut names, mut tokens): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
        for row in left.into_iter().map(|entry| self.row(None, entry)) {
            let name = text::clean(&short(&row.audience.name.unwrap_or_default()));
            if !names.contains(&name) {
                names.push(name);
            }
            tokens.push(row.token);
        }
        let (are, handoffs, them) = match tokens.len() {
            0 => return None,
            1 => ("is", "an older handoff", "it"),
            _ if names.len() == 1 => ("is", "older handoffs", "them"),
            _ => ("are", "older handoffs", "them"),
        };
        Some(format!(
            "{} {are} no longer in {} but can still pick up {handoffs} of this session: {first}`cclink revoke \
             {}` revokes {them}.",
            names.join(", "),
            text::clean(&several.name),
            tokens.join(" ")
        ))
    }

    /// Ends what is out of a group that was cancelled; what became of it.
    async fn call_all_back(&self, handoffs: &[Published]) -> Error {
        if handoffs.is_empty() {
            return Error::new(ErrorKind::Cancelled, "Cancelled. Nothing was published.");
        }
        let tokens: Vec<String> = handoffs.iter().map(|published| published.token.clone()).collect();
        let left: Vec<String> = match self.revoke(&tokens, &Job::quiet()).await {
            Ok(revoked) => revoked.failed.into_iter().map(|failed| failed.token).collect(),
            Err(_) => tokens,
        };
        match left.first() {
            None => {
                let error = Error::new(ErrorKind::Cancelled, "Cancelled. What had been sent was revoked.");
                // The older ones ended when the new ones were out.
                match handoffs.iter().map(|published| published.replaced.len()).sum::<usize>() {
                    0 => error,
                    1 => error.advise("It had replaced an older handoff: publish again."),
                    many => error.advise(format!("It had replaced {many} older handoffs: publish again.")),
                }
            }
            Some(first) => {
                let words = format!("Cancelled, but still there: {}.", left.join(", "));
                Error::new(ErrorKind::Cancelled, words)
                    .advise(format!("`cclink revoke {first}` revokes them; `cclink list` shows them."))
            }
        }
    }
}

/// Nobody got it: the one reason that there is, else each.
fn none_of(failed: &[NotPublished], of: usize) -> Error {
    let first = failed.first().map(|one| &one.cause);
    match first.filter(|first| failed.iter().all(|one| one.cause == **first)) {
        Some(reason) => reason.clone(),
        None => NotPublished::error(failed, of).unwrap_or_else(Error::cancelled),
    }
}

/// Says of each step for whom it is.
fn step_of(job: &Job, person: &Person, at: usize, of: usize) -> Job {
    let (tell, name) = (job.tell.clone(), short(&person.name));
    let told = move |step| {
        tell(match step {
            Step::Doing(words) => Step::Doing(format!("{name} ({} of {of}): {words}", at + 1)),
            other => other,
        });
    };
    Job { tell: Arc::new(told), ..job.clone() }
}

/// The same where several go on at once, and only how many are done is told.
fn quietly(job: &Job) -> Job {
    let tell = job.tell.clone();
    let told = move |step| {
        if !matches!(step, Step::Doing(_)) {
            tell(step);
        }
    };
    Job { tell: Arc::new(told), ..job.clone() }
}
