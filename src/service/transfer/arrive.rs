//! Arrive: the one way in for a session that comes from elsewhere, however it
//! came. What arrived lies in files of ours; here it is settled how it belongs
//! to what this machine has, and only whole files change places.
//!
//! Never under a running claude; what both sides have said stays, each where
//! claude and our search find it; and whenever this ends before its end, the
//! next time settles the same again.

mod leftovers;
mod living;
mod lock;
mod parcel;
mod question;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

pub(crate) use self::leftovers::tidy;
pub(crate) use self::lock::Lock;
pub(crate) use self::parcel::{Came, Parcel};
pub use self::question::{Answer, Ask, Question};
use crate::claude::{self, Beside, Prefer, Relation};
use crate::service::{Error, Job, Plan, Result, Service, blocking};
use crate::text;

/// A session that is in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Its id: a new one where it was put beside another.
    pub session_id: String,
    /// Its transcript.
    pub path: PathBuf,
    /// What should be known of it, in words.
    pub notes: Vec<String>,
}

/// How an arrival ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arrived {
    /// It is in its place.
    Placed(Placed),
    /// The user rather goes on this way.
    Instead(Plan),
}

/// What the user decided before.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Decided {
    /// What comes gets an id of its own.
    pub beside: bool,
    /// What another machine may have open is not.
    pub not_open: bool,
}

/// How what arrived is put.
enum Arrangement {
    /// This machine has all of it.
    Nothing(Relation),
    /// It goes to its place: nothing is there, or the beginning of it.
    Grow,
    /// It takes its place; what is there becomes a session of its own.
    KeepOurs,
    /// It becomes a session of its own.
    Beside,
}

impl Service {
    /// Puts a parcel in its place. `directory` is its project on this machine.
    /// Whoever calls holds the session's lock.
    pub(crate) async fn arrive(
        &self,
        parcel: &Parcel,
        directory: &Path,
        mut decided: Decided,
        ask: &Ask,
        job: &Job,
    ) -> Result<Arrived> {
        loop {
            let mut ours = self.best_copy(&parcel.id, None).await.map(|copy| copy.path);
            let place = match &ours {
                // The same id in two folders could not be resumed from a third.
                Some(path) => path.clone(),
                None => self.new_place(directory, &parcel.id)?,
            };
            let seen = Seen::at(&place);
            // What could not be listed is there all the same.
            ours = ours.or_else(|| seen.0.is_some().then(|| place.clone()));
            let way = self.way(parcel, ours, decided, ask, job).await?;
            let putting = Putting { root: self.claude_root()?, parcel: parcel.clone(), place, seen, decided };
            if let Some(placed) = blocking(move || putting.put(&way)).await?? {
                return Ok(Arrived::Placed(placed));
            }
            // A claude opened it in this moment, or wrote there: settled again.
            if let Some(instead) = self.until_free(&parcel.id, &mut decided, ask, job).await? {
                return Ok(Arrived::Instead(instead));
            }
        }
    }

    /// How the parcel belongs to what is here.
    async fn way(
        &self,
        parcel: &Parcel,
        ours: Option<PathBuf>,
        decided: Decided,
        ask: &Ask,
        job: &Job,
    ) -> Result<Arrangement> {
        if decided.beside {
            return Ok(Arrangement::Beside);
        }
        let Some(ours) = ours else { return Ok(Arrangement::Grow) };
        let theirs = parcel.transcript();
        let relation = blocking(move || claude::relation(&ours, &theirs)).await?;
        let parting = match relation.map_err(|error| unwritten(&parcel.transcript(), &error))? {
            Relation::Longer => return Ok(Arrangement::Grow),
            Relation::Parted(parting) => parting,
            relation => return Ok(Arrangement::Nothing(relation)),
        };
        match self.asked(ask, Question::BothWentOn(parting), job).await? {
            Answer::KeepBoth => Ok(Arrangement::KeepOurs),
            Answer::Beside => Ok(Arrangement::Beside),
            _ => Err(Error::cancelled()),
        }
    }

    /// Asks, where the terminal may wait for as long as it takes.
    pub(crate) async fn asked(&self, ask: &Ask, question: Question, job: &Job) -> Result<Answer> {
        let ask = ask.clone();
        job.run(async { blocking(move || ask(&question)).await? }).await
    }

    /// Where a session goes that is not here yet: the folder that claude uses
    /// for this directory.
    fn new_place(&self, directory: &Path, id: &str) -> Result<PathBuf> {
        Ok(claude::folder_for(&self.claude_root()?, directory).join(format!("{id}.jsonl")))
    }

    pub(crate) fn claude_root(&self) -> Result<PathBuf> {
        self.0.settings.claude_root.clone().ok_or_else(|| Error::failed("There is no Claude Code folder."))
    }

    /// Removes what interrupted arrivals left in Claude's folder: of this session,
    /// whose lock is held, and of those that nobody is bringing.
    pub(crate) async fn sweep(&self, id: &str) -> Result<()> {
        let (root, state, id) = (self.claude_root()?, self.0.settings.paths.state.clone(), id.to_owned());
        blocking(move || claude::sweep(&root, &|of| of == id || Lock::is_free(&state, of))).await
    }

    /// Puts what lies beside a session that is here already, whole.
    pub(crate) async fn complete(&self, parcel: &Parcel, place: &Path) -> Result<Placed> {
        let putting = Putting {
            root: self.claude_root()?,
            parcel: parcel.clone(),
            place: place.to_owned(),
            seen: Seen::at(place),
            decided: Decided::default(),
        };
        let placed = blocking(move || putting.put(&Arrangement::Nothing(Relation::Same))).await??;
        placed.ok_or_else(Error::cancelled)
    }
}

/// By what it is known that nobody wrote to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seen(Option<(u64, Option<SystemTime>)>);

impl Seen {
    fn at(path: &Path) -> Self {
        Self(path.symlink_metadata().ok().map(|meta| (meta.len(), meta.modified().ok())))
    }
}

/// One parcel on its way into one place.
struct Putting {
    root: PathBuf,
    parcel: Parcel,
    place: PathBuf,
    /// The place as it was when it was settled how to put it.
    seen: Seen,
    decided: Decided,
}

impl Putting {
    /// `None` when a claude has opened the session in the meantime.
    fn put(&self, way: &Arrangement) -> Result<Option<Placed>> {
        let id = self.parcel.id.as_str();
        let mut notes = Vec::new();
        let (new_id, place) = match way {
            Arrangement::Beside => self.copys_place(&self.parcel.transcript())?,
            _ => (id.to_owned(), self.place.clone()),
        };
        match way {
            Arrangement::Nothing(Relation::Same) => notes.push("it was already here, complete".to_owned()),
            Arrangement::Nothing(_) => {
                notes.push("it was already here, with newer messages: nothing had to be copied".to_owned());
            }
            // Nothing of it moves under a claude that has just opened it.
            Arrangement::KeepOurs | Arrangement::Grow
                if self.is_open(id) || Seen::at(&place) != self.seen =>
            {
                return Ok(None);
            }
            Arrangement::KeepOurs => notes.push(self.keep_ours()?),
            Arrangement::Grow | Arrangement::Beside => {}
        }
        let came =
            if matches!(way, Arrangement::Nothing(_)) { Came::default() } else { self.parcel.came()? };
        // Before the transcript: ended in between, the same is settled again.
        let stayed = self.put_beside(way, &new_id, &place);
        match way {
            Arrangement::Nothing(_) => {}
            Arrangement::Beside => {
                if place.symlink_metadata().is_err() {
                    self.put_renamed(&self.parcel.transcript(), &place, &new_id)?;
                }
                notes.push(format!("it is a separate session here, {new_id}; the other one is unchanged"));
            }
            Arrangement::Grow | Arrangement::KeepOurs => {
                // Right before it: nobody may have opened it, or written to it.
                if self.is_open(id) || Seen::at(&place) != self.seen {
                    return Ok(None);
                }
                claude::put(&self.parcel.transcript(), &place, id)
                    .map_err(|error| unwritten(&place, &error))?;
            }
        }
        if !matches!(way, Arrangement::Nothing(_)) {
            notes.push(format!("copied: {}", came.words()));
        }
        notes.extend(self.parcel.stayed().iter().map(|what| format!("not copied: {what}")));
        if !stayed.is_empty() {
            notes.push(format!("left there: {}", stayed.join("; ")));
        }
        Ok(Some(Placed { session_id: new_id, path: place, notes }))
    }

    fn is_open(&self, id: &str) -> bool {
        living::open_here(&self.root, id).is_some_and(|record| !self.decided.allows(&record))
    }

    /// Copies the session that is here, with all that belongs to it, under an id
    /// of its own: then another may take its place.
    fn keep_ours(&self) -> Result<String> {
        let (new_id, place) = self.copys_place(&self.place)?;
        for part in [Beside::Session, Beside::History, Beside::Tasks] {
            let [from, to] = [&self.place, &place].map(|place| part.folder(&self.root, place));
            self.copy_renamed(&from, &to, &new_id)?;
        }
        // Last: it is there whole, or not at all. One that is there may have grown.
        if place.symlink_metadata().is_err() {
            self.put_renamed(&self.place, &place, &new_id)?;
        }
        Ok(format!("what was here is kept as a separate session: `cclink resume {new_id}`"))
    }

    /// The id and place of a copy of a transcript: the same each time.
    fn copys_place(&self, transcript: &Path) -> Result<(String, PathBuf)> {
        let mark = claude::mark(transcript).map_err(|error| unwritten(transcript, &error))?;
        let id = claude::id_for_copy(&self.parcel.id, &mark);
        let place = self.place.with_file_name(format!("{id}.jsonl"));
        Ok((id, place))
    }

    /// Puts a file under a new id, by way of a file of ours.
    fn put_renamed(&self, from: &Path, to: &Path, new_id: &str) -> Result<()> {
        let aside = self.parcel.aside();
        let copy = || {
            let mut file = claude::private_file(&aside)?;
            claude::copy_renamed(from, &mut file, &self.parcel.id, new_id)?;
            file.sync_all()?;
            claude::put(&aside, to, &self.parcel.id)
        };
        copy().map_err(|error| {
            let _ = fs::remove_file(&aside);
            unwritten(to, &error)
        })
    }

    fn copy_renamed(&self, from: &Path, to: &Path, new_id: &str) -> Result<()> {
        for name in claude::files_below(from).map_err(|error| unwritten(from, &error))? {
            let target = to.join(&name);
            if target.symlink_metadata().is_err() {
                self.put_renamed(&from.join(&name), &target, new_id)?;
            }
        }
        Ok(())
    }

    /// Puts what belongs to the session. Says in words what stays: resuming
    /// needs none of it, so nothing here stops the transcript.
    fn put_beside(&self, way: &Arrangement, new_id: &str, place: &Path) -> Vec<String> {
        let mut stayed = Vec::new();
        let is_copy = matches!(way, Arrangement::Beside);
        if is_copy {
            let (part, side) = (Beside::Session, Beside::Session.folder(&self.root, place));
            if let Err(error) = self.copy_renamed(&self.parcel.folder(part), &side, new_id) {
                stayed.push(format!("{} ({error})", part.words()));
            }
        }
        // A claude that has it open writes there itself: only what is missing is put.
        let is_open = matches!(way, Arrangement::Nothing(_)) && self.is_open(&self.parcel.id);
        let why = if is_open { "it is open here" } else { "longer or newer here" };
        let (for_side, for_states) = match way {
            // What ours was is kept elsewhere by now.
            Arrangement::KeepOurs => (Prefer::Theirs, Prefer::Theirs),
            // The longer transcript means the versions and tasks that came with it.
            Arrangement::Grow => (Prefer::Newer, Prefer::Theirs),
            Arrangement::Nothing(_) | Arrangement::Beside => (Prefer::Newer, Prefer::Ours),
        };
        for part in Beside::ALL.into_iter().filter(|part| !is_copy || *part != Beside::Session) {
            let (from, to, what) = (self.parcel.folder(part), part.folder(&self.root, place), part.words());
            let prefer = match part {
                Beside::Session => for_side,
                Beside::History | Beside::Tasks => for_states,
                Beside::Plans => Prefer::Newer,
                Beside::Memory => Prefer::Ours,
            };
            let prefer = if is_open { Prefer::Here } else { prefer };
            match claude::merge(&from, &to, prefer, &self.parcel.id) {
                Ok(merged) if merged.kept.is_empty() => {}
                Ok(merged) => {
                    let first = merged.kept.first().map(|name| text::clean(&name.to_string_lossy()));
                    let more = text::and_more(merged.kept.len() - 1);
                    let first = first.unwrap_or_default();
                    stayed.push(format!("{what}: {first}{more} ({why})"));
                }
                Err(error) => stayed.push(format!("{what} ({error})")),
            }
        }
        stayed
    }
}

/// A file in Claude's folder, or of ours, that failed us.
pub(crate) fn unwritten(path: &Path, error: &std::io::Error) -> Error {
    Error::failed(format!("{} cannot be written: {error}.", text::clean(&path.to_string_lossy())))
        .advise("The session here is unchanged. Free some space or fix the folder, then try again.")
}
