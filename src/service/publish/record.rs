//! What a handoff says: the record of a request.

use chrono::TimeDelta;

use super::super::{
    AudienceKind, Draft, Error, PublishRequest, Result, Service, SshAddress, SshSource, blocking,
};
use super::Aside;
use crate::claude;
use crate::handoff::Record;
use crate::handoff::index::Span;
use crate::handoff::record::is_ssh_address;
use crate::service::transfer::carry::Sealing;
use crate::text;

impl Service {
    /// The record of a request, and what is known beside it; reads the
    /// transcript's end.
    pub(super) async fn record_of(
        &self,
        request: &PublishRequest,
        draft: Draft,
        audience: AudienceKind,
        created_at: chrono::DateTime<chrono::Utc>,
        sealing: Option<&Sealing>,
    ) -> Result<(Record, Aside)> {
        let session = draft.session;
        let path = session.path.clone();
        let transcript = match sealing {
            // What is sealed is what is published.
            Some(sealing) => sealing.transcript.clone(),
            None => blocking(move || claude::mark(&path)).await?.map_err(|error| {
                Error::failed(format!("The session's file cannot be read: {error}."))
                    .advise("Nothing was published.")
            })?,
        };
        let project = match &session.cwd {
            Some(cwd) => cwd.to_str().map(str::to_owned),
            None => Some(session.project.clone()),
        };
        let project = project.filter(|path| !path.is_empty()).ok_or_else(|| {
            Error::failed("This session names no folder, or one that is not in UTF-8.")
                .advise("It can be resumed here, but not published.")
        })?;
        let given = |text: Option<&String>| text.and_then(|text| clean(text));
        let ssh = match &request.ssh {
            Some(ssh) => clean(ssh).map(|address| SshAddress { address, source: SshSource::User }),
            None => draft.ssh,
        };
        let aside = Aside {
            ssh: ssh.as_ref().map(|ssh| ssh.source),
            title_named: request.title.is_some() || draft.named.title.is_some(),
            ssh_named: request.ssh.is_some() || draft.named.ssh.is_some(),
            ..Aside::default()
        };
        let record = Record {
            session_id: session.session_id,
            hostname: self.0.settings.hostname.clone(),
            project,
            label: given(request.label.as_ref().or(draft.label.as_ref())),
            title: request.title.as_deref().map_or_else(|| clean(&draft.title), clean),
            note: given(request.note.as_ref()),
            git: draft.git,
            ssh: ssh.map(|ssh| ssh.address),
            claude: self.claude_path(),
            claude_dir: self.unusual_claude_dir(),
            transcript,
            carry: sealing.map(|sealing| sealing.claim.to_record()),
            created_at,
            ttl: request.ttl.unwrap_or(draft.ttl),
            burn_after_read: request.burn,
            pin_protected: audience == AudienceKind::Pin,
        };
        Ok((record, aside))
    }
}

/// A text as it may stand in a record; `None` for an empty one.
fn clean(text: &str) -> Option<String> {
    Some(text::clean(text)).filter(|text| !text.is_empty())
}

/// When a record's entry in the list begins and ends.
pub(crate) fn span_of(record: &Record) -> Span {
    let seconds = |time: chrono::DateTime<chrono::Utc>| u32::try_from(time.timestamp()).unwrap_or(0);
    Span {
        created: seconds(record.created_at),
        expires: seconds(record.created_at + TimeDelta::seconds(i64::from(record.ttl.seconds()))),
    }
}

pub(super) fn check(request: &PublishRequest) -> Result<()> {
    if !request.session.resumable {
        let why = request.session.why_not.as_deref().unwrap_or("it contains no conversation");
        return Err(
            Error::failed(format!("This session cannot be resumed: {why}.")).advise("Nothing was published.")
        );
    }
    check_words(request.label.as_deref(), request.note.as_deref(), request.ssh.as_deref())
}

/// The same of what somebody typed.
pub(super) fn check_words(label: Option<&str>, note: Option<&str>, ssh: Option<&str>) -> Result<()> {
    let too_long = |name: &str, text: Option<&str>, limit: usize| match text {
        Some(text) if text::clean(text).len() > limit => {
            Err(Error::usage(format!("The {name} is over {limit} bytes long."))
                .advise("Nothing was published; shorten it."))
        }
        _ => Ok(()),
    };
    too_long("project label", label, 64)?;
    too_long("note", note, 200)?;
    too_long("SSH address", ssh, 100)?;
    match ssh.map(str::trim) {
        Some(ssh) if !ssh.is_empty() && !is_ssh_address(ssh) => {
            Err(Error::usage("The SSH address is not of the form user@host or user@host:port.")
                .advise("Nothing was published."))
        }
        _ => Ok(()),
    }
}
