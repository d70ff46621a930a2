//! The background: an [`Action`] goes in, [`Event`]s come out. No job waits for
//! another, and each can be cancelled by its id.

mod pairing;

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::message::{Action, Error, ErrorKind, Event, Excerpt, Found, JobId, Plan, Report, Step, Verb};
pub use crate::service::Service;
use crate::service::{Job, Keeping, Outcome};

/// A conversation is opened when the user stays at it so long: what is only
/// passed, key by key, takes no time away from the keys.
const GLANCE: Duration = Duration::from_millis(20);

/// What a job is given beside its action.
#[derive(Clone)]
pub struct Lead {
    /// Tells the screen something on the way.
    pub tell: Arc<dyn Fn(Report) + Send + Sync>,
    /// Cancelled when the user no longer wants the result.
    pub cancel: CancellationToken,
    /// It is one of a round every so long: what was found lately is not asked for
    /// again.
    pub every: Option<Duration>,
}

/// The work of one job.
pub type Work = Pin<Box<dyn Future<Output = Result<Report, Error>> + Send>>;

/// The background, held by the loop.
pub struct Worker {
    perform: Box<dyn Fn(Action, Lead) -> Work + Send>,
    /// Of the jobs that run, and of some that ended since the last one began.
    jobs: HashMap<JobId, (JoinHandle<()>, CancellationToken)>,
    /// Cancels them all.
    all: CancellationToken,
    tell: mpsc::UnboundedSender<Event>,
    /// What the jobs tell.
    pub events: mpsc::UnboundedReceiver<Event>,
    running: watch::Sender<usize>,
}

impl Worker {
    /// Starts the background over a service.
    pub fn start(service: Service) -> Self {
        let keeper = service.clone();
        // Ends with the process; what is wrong with its journal the panes tell.
        tokio::spawn(async move { keeper.keep(Keeping::Always, |_| {}).await });
        Self::with(move |action, lead| Box::pin(perform(service.clone(), action, lead)))
    }

    /// Starts the background over any function that does actions.
    pub fn with(perform: impl Fn(Action, Lead) -> Work + Send + 'static) -> Self {
        let (tell, events) = mpsc::unbounded_channel();
        Self {
            perform: Box::new(perform),
            jobs: HashMap::new(),
            all: CancellationToken::new(),
            tell,
            events,
            running: watch::Sender::new(0),
        }
    }

    /// Starts a job; with `every`, one of a round every so long.
    pub fn run(&mut self, id: JobId, action: Action, every: Option<Duration>) {
        self.jobs.retain(|_, (task, _)| !task.is_finished());
        let cancel = self.all.child_token();
        let told = self.tell.clone();
        let tell = Arc::new(move |report| drop(told.send(Event::Step(id, report))));
        let work = tokio::spawn((self.perform)(action, Lead { tell, cancel: cancel.clone(), every }));
        self.running.send_modify(|count| *count += 1);
        let (tell, running) = (self.tell.clone(), self.running.clone());
        let task = tokio::spawn(async move {
            let event = match work.await {
                Ok(result) => Event::Done(id, result),
                Err(broken) => Event::Broken(broken.to_string()),
            };
            drop(tell.send(event));
            running.send_modify(|count| *count -= 1);
        });
        self.jobs.insert(id, (task, cancel));
    }

    /// Cancels a job.
    pub fn cancel(&self, id: JobId) {
        if let Some((_, cancel)) = self.jobs.get(&id) {
            cancel.cancel();
        }
    }

    /// Cancels all jobs.
    pub fn cancel_all(&self) {
        self.all.cancel();
    }

    /// How many jobs run; changes can be awaited.
    pub fn running(&self) -> watch::Receiver<usize> {
        self.running.subscribe()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.all.cancel();
    }
}

/// Does one action with the service, and tells what happened on the side.
async fn perform(service: Service, action: Action, lead: Lead) -> Result<Report, Error> {
    let tell = lead.tell.clone();
    let service = lead.every.map_or_else(|| service.clone(), |every| service.glancing(every));
    let is_logged = matches!(
        action.verb(),
        Verb::Publish | Verb::Revoke | Verb::Extend | Verb::PhonePass | Verb::Journal | Verb::List
    );
    let result = Box::pin(act(service.clone(), action, lead)).await;
    if is_logged {
        tell_log(&service, &tell).await;
    }
    for words in service.take_warnings() {
        tell(Report::Warned(words));
    }
    result
}

/// Tells what the journal says has happened. That it cannot be read was said already.
async fn tell_log(service: &Service, tell: &Arc<dyn Fn(Report) + Send + Sync>) {
    let (service, tell) = (service.clone(), tell.clone());
    let told = move || service.log(None).map(|log| tell(Report::Log(log)));
    let _ = tokio::task::spawn_blocking(told).await;
}

async fn act(service: Service, action: Action, lead: Lead) -> Result<Report, Error> {
    let tell = lead.tell.clone();
    let pass_of = if let Action::PhonePass(token) = &action { Some(token.clone()) } else { None };
    let job = Job {
        tell: Arc::new(move |step| {
            tell(match (step, &pass_of) {
                (Step::Acknowledged(pass), Some(of)) => Report::PhonePass(of.clone(), pass),
                (step, _) => Report::Step(step),
            });
        }),
        cancel: lead.cancel.clone(),
    };
    match action {
        // these write to the network: the service itself knows where they may stop
        Action::Publish(request, pass) => {
            Ok(match Box::pin(service.publish_to_all(*request, &job)).await? {
                Outcome::One(published) => Report::Published(published, pass),
                Outcome::Several(all) => Report::PublishedAll(all),
            })
        }
        Action::Revoke(tokens) => Ok(Report::Revoked(service.revoke_soon(&tokens, &job).await?)),
        Action::Announce(token) => Ok(Report::Announced(Box::new(service.announce(&token, &job).await?))),
        Action::Extend(token, ttl) => {
            Ok(Report::Extended(Box::new(service.extend(&token, ttl, &job).await?)))
        }
        Action::PhonePass(token) => {
            let (pass, end) = service.phone_pass(&token, &job).await?;
            Ok(Report::PassEnded(pass, end))
        }
        Action::PickUp(found, plan) => {
            let checked = async { service.check_way(&found, &plan).await.map(|()| Report::Scanned) };
            until(&lead, checked).await.map_err(|error| other_ways(&found, &plan, error))?;
            let taken = service.pick_up(&found, &job).await?;
            // only now: had another reader been faster, nothing were to be ended
            service.end_live(&plan, &job).await?;
            Ok(Report::Taken(Box::new(taken), plan))
        }
        Action::EndLive(plan, found) => {
            service.end_live(&plan, &job).await?;
            Ok(Report::EndedLive(plan, found))
        }
        Action::GiveKey => pairing::give(&service, &lead).await,
        Action::TakeKey(words) => pairing::take(&service, &words, &lead).await,
        Action::Place(found, folder) => {
            let placed = Box::pin(service.place(*found, &folder));
            until(&lead, async { Ok(Report::Found(vec![placed.await?])) }).await
        }
        Action::Plan(found) => {
            let planned = Box::pin(service.planned(*found));
            until(&lead, async { Ok(Report::Found(vec![planned.await])) }).await
        }
        Action::Settle(found) => {
            let _ = service.settle(&found);
            Ok(Report::Settled(found.pickup.token))
        }
        other => read(service, other, lead, job).await,
    }
}

/// What only reads: it may be dropped anywhere.
async fn read(service: Service, action: Action, lead: Lead, job: Job) -> Result<Report, Error> {
    match action {
        Action::List(all) => {
            let tell = lead.tell.clone();
            let list = async {
                let rows = service.list(all, &job).await?;
                tell(Report::Elsewhere(service.elsewhere()));
                Ok(Report::Listed(rows, true))
            };
            until(&lead, Box::pin(list)).await
        }
        Action::Draft(session) => {
            let id = session.session_id.clone();
            until(&lead, async { Ok(Report::Draft(id, Box::new(service.draft(&session).await?))) }).await
        }
        Action::ResumeHere(session) => {
            until(&lead, async { Ok(Report::Plans(service.resume_plans(&session.session_id).await?)) }).await
        }
        Action::Follow(since) => {
            let tell = lead.tell.clone();
            let follow = async {
                service.follow_sessions(since, move |changed| tell(Report::Changed(changed))).await?;
                Ok(Report::Unfollowed)
            };
            until(&lead, follow).await
        }
        Action::Search(asked) => {
            let tell = lead.tell.clone();
            stoppable(&lead, move |stop| {
                service.search_told(&asked, &|event| tell(Report::Searching(event)), stop)?;
                Ok(Report::Searched(asked))
            })
            .await
        }
        Action::Hits(session, query) => {
            stoppable(&lead, move |stop| {
                Ok(Report::Hits(session.path.clone(), service.hits(&session, &query, stop)?))
            })
            .await
        }
        Action::Inbox => until(&lead, Box::pin(inbox(&service, &job, &*lead.tell))).await,
        Action::Find(target) => {
            until(&lead, async { Ok(Report::Found(service.find(&target, &job).await?)) }).await
        }
        other => {
            let tell = lead.tell.clone();
            let work = async {
                if matches!(other, Action::Preview(_, Excerpt::Last, _)) {
                    tokio::time::sleep(GLANCE).await;
                }
                blocking(move || on_disk(&service, other, &*tell)).await
            };
            until(&lead, work).await
        }
    }
}

/// The same error with the ways that are left, as the screen offers them.
fn other_ways(found: &Found, plan: &Plan, error: Error) -> Error {
    if error.kind == ErrorKind::Cancelled || plan.others(&found.pickup.plans).next().is_none() {
        return error;
    }
    let advice = format!("{} Choose another way (↑ ↓), then press Enter.", error.advice);
    error.advise(advice)
}

/// A result, unless the job is cancelled first.
async fn until(lead: &Lead, work: impl Future<Output = Result<Report, Error>>) -> Result<Report, Error> {
    tokio::select! {
        biased;
        () = lead.cancel.cancelled() => Err(Error::cancelled()),
        result = work => result,
    }
}

/// Work on threads that asks often whether it is still wanted.
async fn stoppable(
    lead: &Lead,
    work: impl FnOnce(&AtomicBool) -> Result<Report, Error> + Send + 'static,
) -> Result<Report, Error> {
    let stop = Arc::new(AtomicBool::new(false));
    // Also when this future is dropped.
    let _stop = StopWhenDropped(stop.clone());
    until(lead, blocking(move || work(&stop))).await
}

struct StopWhenDropped(Arc<AtomicBool>);

impl Drop for StopWhenDropped {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What waits, and which sessions continue elsewhere by it.
async fn inbox(service: &Service, job: &Job, tell: &(dyn Fn(Report) + Send + Sync)) -> Result<Report, Error> {
    let entries = service.inbox(job).await?;
    tell(Report::Elsewhere(service.elsewhere()));
    Ok(Report::Inbox(entries))
}

async fn blocking(work: impl FnOnce() -> Result<Report, Error> + Send + 'static) -> Result<Report, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(broken) if broken.is_panic() => std::panic::resume_unwind(broken.into_panic()),
        Err(_) => Err(Error::cancelled()),
    }
}

/// The actions that read and write files, or compute for long.
fn on_disk(service: &Service, action: Action, tell: &dyn Fn(Report)) -> Result<Report, Error> {
    Ok(match action {
        Action::Scan(cwd) => {
            service.scan_sessions(&cwd, &mut |batch, progress| tell(Report::Sessions(batch, progress)))?;
            Report::Scanned
        }
        Action::Preview(session, place, query) => {
            let page = service.preview(&session, &place, &query)?;
            Report::Preview(session.path, place, page)
        }
        Action::Journal(all) => {
            tell(Report::Elsewhere(service.elsewhere()));
            Report::Listed(service.journal_list(all)?, false)
        }
        Action::UndoRevoke(tokens) => Report::Unrevoked(service.undo_revoke(&tokens)?),
        Action::Contacts => Report::Contacts(service.contacts()?),
        Action::AddContact(name, key, mine) => Report::ContactAdded(service.add_contact(&name, &key, mine)?),
        Action::Unlock(passphrase) => {
            service.unlock(&passphrase)?;
            Report::Unlocked(service.identity_state())
        }
        Action::CreateIdentity(path, passphrase) => {
            let seed = path.map(|path| Service::read_seed(&path)).transpose()?;
            service.create_identity(seed.as_ref().map(|seed| seed.as_slice()), &passphrase, false)?;
            Report::Unlocked(service.identity_state())
        }
        _ => Report::Identity(service.opened_state(), service.network_words()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn idle(_action: Action, lead: Lead) -> Work {
        Box::pin(async move {
            (lead.tell)(Report::Step(Step::Doing("waiting".into())));
            lead.cancel.cancelled().await;
            Err(Error::cancelled())
        })
    }

    #[tokio::test]
    async fn cancelling_brings_the_number_of_jobs_back_to_zero() {
        let mut worker = Worker::with(idle);
        let mut running = worker.running();
        for id in 1..=5 {
            worker.run(id, Action::Inbox, None);
        }
        running.wait_for(|count| *count == 5).await.unwrap();
        for id in 1..=5 {
            worker.cancel(id);
        }
        tokio::time::timeout(Duration::from_secs(2), running.wait_for(|count| *count == 0))
            .await
            .unwrap()
            .unwrap();
        let mut done = 0;
        while done < 5 {
            if let Some(Event::Done(_, Err(error))) = worker.events.recv().await {
                assert_eq!(error, Error::cancelled());
                done += 1;
            }
        }
    }

    #[tokio::test]
    async fn no_job_waits_for_another() {
        let mut worker = Worker::with(|action, lead| match action {
            Action::Contacts => Box::pin(async { Ok(Report::Scanned) }),
            other => idle(other, lead),
        });
        worker.run(1, Action::Inbox, None);
        worker.run(2, Action::Contacts, None);
        loop {
            if let Some(Event::Done(id, _)) = worker.events.recv().await {
                assert_eq!(id, 2);
                break;
            }
        }
        worker.cancel_all();
        worker.running().wait_for(|count| *count == 0).await.unwrap();
    }

    #[test]
    fn only_a_small_file_is_read_as_a_key() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("key");
        assert!(Service::read_seed(&path).unwrap_err().message.contains("cannot be read"));
        assert!(Service::read_seed(home.path()).unwrap_err().message.contains("cannot be read"));
        std::fs::write(&path, [b'a'; 64]).unwrap();
        assert_eq!(Service::read_seed(&path).unwrap().len(), 64);
        std::fs::write(&path, [b'a'; 5000]).unwrap();
        assert!(Service::read_seed(&path).unwrap_err().message.contains("too large"));
    }

    #[tokio::test]
    async fn with_the_journal_comes_what_happened() {
        let home = tempfile::tempdir().unwrap();
        let names = ["HOME", "CCLINK_HOME"];
        let env = |name: &str| names.contains(&name).then(|| home.path().as_os_str().to_owned());
        let service = Service::new(crate::service::Settings::from_env(&env).unwrap());
        let (told, mut heard) = mpsc::unbounded_channel();
        let tell = Arc::new(move |report| drop(told.send(report)));
        let lead = Lead { tell, cancel: CancellationToken::new(), every: None };
        let rows = perform(service, Action::Journal(true), lead).await.unwrap();
        assert!(matches!(rows, Report::Listed(rows, false) if rows.is_empty()));
        let mut all = std::iter::from_fn(|| heard.try_recv().ok());
        assert!(all.any(|report| matches!(report, Report::Log(log) if log.is_empty())));
    }

    #[tokio::test]
    async fn a_panic_in_a_job_is_told() {
        let mut worker = Worker::with(|_, _| Box::pin(async { panic!("on purpose") }));
        worker.run(1, Action::Inbox, None);
        assert!(matches!(worker.events.recv().await, Some(Event::Broken(why)) if why.contains("panic")));
    }
}
