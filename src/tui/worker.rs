//! The background: an [`Action`] goes in, [`Event`]s come out. No job waits for
//! another, and each can be cancelled by its id.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::{Id, JoinSet};
use tokio_util::sync::CancellationToken;

use super::message::{Action, Error, Event, JobId, Place, Report, Step};
pub use crate::service::Service;
use crate::service::{Job, Keeping};

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
}

/// The work of one job.
pub type Work = Pin<Box<dyn Future<Output = Result<Report, Error>> + Send>>;

enum Order {
    Start(JobId, Action),
    Cancel(JobId),
    CancelAll,
}

/// The background task, held by the loop.
pub struct Worker {
    orders: mpsc::UnboundedSender<Order>,
    /// What the jobs tell; it ends when the background is gone, which nothing
    /// but a panic explains.
    pub events: mpsc::UnboundedReceiver<Event>,
    running: watch::Receiver<usize>,
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
        let (orders, inbox) = mpsc::unbounded_channel();
        let (tell, events) = mpsc::unbounded_channel();
        let (count, running) = watch::channel(0);
        tokio::spawn(serve(perform, inbox, tell, count));
        Self { orders, events, running }
    }

    /// Starts a job.
    pub fn run(&self, id: JobId, action: Action) {
        // a dead worker is noticed by the loop, which ends the program
        let _ = self.orders.send(Order::Start(id, action));
    }

    /// Cancels a job.
    pub fn cancel(&self, id: JobId) {
        let _ = self.orders.send(Order::Cancel(id));
    }

    /// Cancels all jobs.
    pub fn cancel_all(&self) {
        let _ = self.orders.send(Order::CancelAll);
    }

    /// How many jobs run; changes can be awaited.
    pub fn running(&self) -> watch::Receiver<usize> {
        self.running.clone()
    }
}

async fn serve(
    perform: impl Fn(Action, Lead) -> Work,
    mut orders: mpsc::UnboundedReceiver<Order>,
    events: mpsc::UnboundedSender<Event>,
    count: watch::Sender<usize>,
) {
    let mut jobs: JoinSet<Result<Report, Error>> = JoinSet::new();
    let mut names: HashMap<Id, JobId> = HashMap::new();
    let mut tokens: HashMap<JobId, CancellationToken> = HashMap::new();
    loop {
        tokio::select! {
            order = orders.recv() => match order {
                None => break,
                Some(Order::Cancel(id)) => {
                    if let Some(token) = tokens.get(&id) {
                        token.cancel();
                    }
                }
                Some(Order::CancelAll) => tokens.values().for_each(CancellationToken::cancel),
                Some(Order::Start(id, action)) => {
                    let cancel = CancellationToken::new();
                    let told = events.clone();
                    let tell = Arc::new(move |report| drop(told.send(Event::Step(id, report))));
                    let task = jobs.spawn(perform(action, Lead { tell, cancel: cancel.clone() }));
                    names.insert(task.id(), id);
                    tokens.insert(id, cancel);
                    count.send_replace(jobs.len());
                }
            },
            Some(ended) = jobs.join_next_with_id() => {
                let (task, result) = match ended {
                    Ok((task, result)) => (task, Ok(result)),
                    Err(broken) => (broken.id(), Err(broken.to_string())),
                };
                let id = names.remove(&task).unwrap_or_default();
                tokens.remove(&id);
                count.send_replace(jobs.len());
                let event = match result {
                    Ok(result) => Event::Done(id, result),
                    Err(broken) => Event::Broken(broken),
                };
                if events.send(event).is_err() {
                    break;
                }
            }
        }
    }
    tokens.values().for_each(CancellationToken::cancel);
}

/// Does one action with the service, and tells what happened on the side.
async fn perform(service: Service, action: Action, lead: Lead) -> Result<Report, Error> {
    let tell = lead.tell.clone();
    let result = Box::pin(act(service.clone(), action, lead)).await;
    for words in service.take_warnings() {
        tell(Report::Warned(words));
    }
    result
}

async fn act(service: Service, action: Action, lead: Lead) -> Result<Report, Error> {
    let tell = lead.tell.clone();
    let pass_of = if let Action::PhonePass(token) = &action { Some(token.clone()) } else { None };
    let job = Job {
        tell: Arc::new(move |step| {
            tell(match (step, &pass_of) {
                (Step::Acknowledged(pass), Some(of)) => Report::PhonePass(of.clone(), pass),
                (Step::Doing(words), _) => Report::Doing(words),
                (Step::Acknowledged(published), None) => Report::Acknowledged(published),
                (Step::Found(found), _) => Report::FirstFound(found),
                (Step::Inbox(entry), _) => Report::InboxRow(entry),
                (Step::Listed(row), _) => Report::Row(row),
            });
        }),
        cancel: lead.cancel.clone(),
    };
    match action {
        // these write to the network: the service itself knows where they may stop
        Action::Publish(request) => Ok(Report::Published(Box::new(service.publish(*request, &job).await?))),
        Action::Revoke(tokens) => Ok(Report::Revoked(service.revoke(&tokens, &job).await?)),
        Action::Announce(token) => Ok(Report::Announced(Box::new(service.announce(&token, &job).await?))),
        Action::Extend(token, ttl) => {
            Ok(Report::Extended(Box::new(service.extend(&token, ttl, &job).await?)))
        }
        Action::PhonePass(token) => {
            let (pass, end) = service.phone_pass(&token, &job).await?;
            Ok(Report::PassEnded(pass, end))
        }
        Action::PickUp(found, plan) => {
            until(&lead, async { service.check_way(&found, &plan).await.map(|()| Report::Scanned) }).await?;
            let taken = service.pick_up(&found, &job).await?;
            // only now: had another reader been faster, nothing were to be ended
            service.end_live(&plan, &job).await?;
            Ok(Report::Taken(Box::new(taken), plan))
        }
        Action::EndLive(plan, found) => {
            service.end_live(&plan, &job).await?;
            Ok(Report::EndedLive(plan, found))
        }
        Action::Place(found, folder) => {
            let placed = Box::pin(service.place(*found, &folder));
            until(&lead, async { Ok(Report::Found(vec![placed.await?])) }).await
        }
        Action::Settle(found) => {
            let _ = service.settle(&found);
            Ok(Report::Settled(found.pickup.token))
        }
        Action::OfItself(action, every) => Box::pin(act(service.glancing(every), *action, lead)).await,
        // these only read: they may be dropped anywhere
        Action::List(all) => {
            until(&lead, Box::pin(async { Ok(Report::Listed(service.list(all, &job).await?, true)) })).await
        }
        Action::Draft(session) => {
            let id = session.session_id.clone();
            until(&lead, async { Ok(Report::Draft(id, Box::new(service.draft(&session).await?))) }).await
        }
        Action::ResumeHere(session) => {
            let id = session.session_id;
            until(&lead, async { Ok(Report::Plans(id.clone(), service.resume_plans(&id).await?)) }).await
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
        Action::Inbox => until(&lead, async { Ok(Report::Inbox(service.inbox(&job).await?)) }).await,
        Action::Find(target) => {
            until(&lead, async { Ok(Report::Found(service.find(&target, &job).await?)) }).await
        }
        other => {
            let tell = lead.tell.clone();
            let work = async {
                if matches!(other, Action::Preview(_, Place::Last, _)) {
                    tokio::time::sleep(GLANCE).await;
                }
                blocking(move || on_disk(&service, other, &*tell)).await
            };
            until(&lead, work).await
        }
    }
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
        Action::Journal(all) => Report::Listed(service.journal_list(all)?, false),
        Action::Recognise(text) => {
            let result = service.recognise(&text);
            Report::Recognised(text, result)
        }
        Action::Contacts => Report::Contacts(service.contacts()?),
        Action::AddContact(name, key, mine) => Report::ContactAdded(service.add_contact(&name, &key, mine)?),
        Action::Unlock(passphrase) => {
            service.unlock(&passphrase)?;
            Report::Unlocked(service.identity_state())
        }
        Action::CreateIdentity(passphrase) => {
            service.create_identity(None, &passphrase, false)?;
            Report::Unlocked(service.identity_state())
        }
        Action::ImportIdentity(path, passphrase) => {
            service.create_identity(Some(&Service::read_seed(&path)?), &passphrase, false)?;
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
            (lead.tell)(Report::Doing("waiting".into()));
            lead.cancel.cancelled().await;
            Err(Error::cancelled())
        })
    }

    #[tokio::test]
    async fn cancelling_brings_the_number_of_jobs_back_to_zero() {
        let mut worker = Worker::with(idle);
        let mut running = worker.running();
        for id in 1..=5 {
            worker.run(id, Action::Inbox);
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
        worker.run(1, Action::Inbox);
        worker.run(2, Action::Contacts);
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
    async fn a_panic_in_a_job_is_told() {
        let mut worker = Worker::with(|_, _| Box::pin(async { panic!("on purpose") }));
        worker.run(1, Action::Inbox);
        assert!(matches!(worker.events.recv().await, Some(Event::Broken(why)) if why.contains("panic")));
    }
}
