//! Publish: journal the intent, put the record while reading the list, show
//! link and QR as soon as the record is acknowledged, finish the list behind it.

use std::time::Duration;

use chrono::TimeDelta;
use pkarr::SignedPacket;
use zeroize::Zeroizing;

use super::look::Place;
use super::programs::{repository, tailscale_name};
use super::{
    AudienceChoice, AudienceKind, AudienceView, Draft, Error, Job, Kind, PublishRequest, Published, Result,
    Service, Session, Step, blocking, random,
};
use crate::claude;
use crate::handoff::index::{Entry as IndexEntry, Span};
use crate::handoff::pin::week;
use crate::handoff::record::is_ssh_address;
use crate::handoff::z32;
use crate::handoff::{
    Git, Identity, Index, Link, LinkSecret, LinkTarget, Mailbox, Pin, PublicKey, Record, Token, mailbox,
};
use crate::network::Sighting;
use crate::store::{Entry, Stage, TitleRule};
use crate::text;

/// Fewer copies than this, on a network with more nodes, is worth a word.
pub(super) const FEW_COPIES: u32 = 10;

/// How long taking back a handoff that did not go out may take.
const TAKE_BACK: Duration = Duration::from_secs(3);

/// A handoff made ready: everything that follows from the audience.
pub(super) struct Prepared {
    pub place: Place,
    link: Link,
    audience: AudienceView,
    recipient: Option<PublicKey>,
    /// One that was made up, and has to be told.
    pin: Option<Pin>,
    secret: Option<LinkSecret>,
}

/// What only the journal is told of a handoff.
#[derive(Default)]
pub(super) struct Aside {
    /// The SSH address that the user set.
    pub ssh: Option<String>,
    /// The handoff that it is the phone pass of.
    pub pass_of: Option<Token>,
}

impl Service {
    /// What goes with a session unless the user changes it.
    pub fn draft(&self, session: &Session) -> Draft {
        Draft {
            title: self.usual_title(session).unwrap_or_default(),
            ssh: self.guessed_ssh().unwrap_or_default(),
        }
    }

    /// Publishes one session. Cancelled before the network has it, nothing
    /// goes out; cancelled while it is on its way, it is taken back.
    pub async fn publish(&self, request: PublishRequest, job: &Job) -> Result<Published> {
        let identity = self.identity().await?;
        check(&request)?;
        job.doing("preparing");
        let now = self.now();
        let prepared = job.run(self.prepare(&identity, &request.audience, now.timestamp())).await?;
        let record = self.record_of(&request, prepared.place.mailbox.audience, now).await?;
        // A guessed address travels, but is no reason for another QR code.
        let guessed = format!("@{}", self.0.settings.hostname);
        let user_ssh = record.ssh.clone().filter(|ssh| {
            self.0.settings.config.ssh.is_some() || (request.ssh.is_some() && !ssh.ends_with(&guessed))
        });
        let aside = Aside { ssh: user_ssh, pass_of: None };
        self.send(&identity, prepared, record, aside, job).await
    }

    /// Sends a record out: into the journal first, then to the network, then
    /// into the list of its mailbox.
    pub(super) async fn send(
        &self,
        identity: &Identity,
        prepared: Prepared,
        record: Record,
        aside: Aside,
        job: &Job,
    ) -> Result<Published> {
        let sequence = self.now_us();
        let (packet, note_dropped) =
            prepared.place.mailbox.make_record(identity, &prepared.place.token, record.clone(), sequence)?;
        let entry = intent(identity, &prepared, &record, &aside, &packet)?;
        self.journal(|book| book.handoffs.push(entry))?;

        job.doing("publishing");
        let put = async {
            let index = async {
                match prepared.secret {
                    Some(_) => Ok(None),
                    None => self.read_index(&prepared.place.mailbox).await.map(Some),
                }
            };
            let (stored, index) = tokio::join!(self.0.network.put(&packet, None), index);
            Ok::<_, Error>((stored?, index))
        };
        let (copies, index) = match job.run(put).await {
            Ok(done) => done,
            Err(error) => {
                // It may lie on some nodes although none acknowledged it.
                self.take_back(identity, &prepared.place, sequence);
                self.set_stage(&prepared.place.token, Stage::Failed, false);
                return Err(error);
            }
        };
        let mut published = Published {
            token: prepared.place.token.to_string(),
            link: prepared.link.to_string(),
            web_link: self.web_link(&prepared.link),
            ssh: aside.ssh,
            audience: prepared.audience,
            session_id: record.session_id.clone(),
            project: record.project.clone(),
            title: record.title.clone(),
            created_at: record.created_at,
            expires_at: record.expires_at(),
            ttl: record.ttl,
            burn_after_read: record.burn_after_read,
            pin: prepared.pin.map(|pin| pin.as_str().to_owned()),
            copies,
            warnings: self.publish_warnings(
                &index,
                copies,
                note_dropped,
                &record,
                prepared.place.mailbox.audience,
            ),
        };
        self.set_stage(&prepared.place.token, Stage::Published, false);
        (job.tell)(Step::Acknowledged(Box::new(published.clone())));

        if prepared.secret.is_none() {
            job.doing("adding it to the list");
            let seen = index.ok().flatten();
            if let Err(error) = self.finish_index(identity, &prepared.place, &record, seen).await {
                if error.kind == Kind::Full {
                    self.take_back(identity, &prepared.place, sequence);
                    self.set_stage(&prepared.place.token, Stage::Failed, false);
                    return Err(error);
                }
                published.warnings.push(format!(
                    "It can be picked up by its link or token, but lists do not show it yet: {} Run `cclink list` to mend that.",
                    error.message
                ));
            }
        }
        Ok(published)
    }

    /// Completes the list behind a record, even when the caller is cancelled.
    pub(super) async fn finish_index(
        &self,
        identity: &Identity,
        place: &Place,
        record: &Record,
        seen: Option<(Index, Sighting)>,
    ) -> Result<()> {
        let (service, place, me) = (self.clone(), place.clone(), identity.public());
        let entry = IndexEntry { token: place.token.bytes, span: span_of(record) };
        self.must_finish(async move {
            let expected = service.my_keys(&me);
            service.add_to_index(&place.mailbox, &expected, entry, seen).await?;
            service.set_stage(&place.token, Stage::Published, true);
            Ok(())
        })
        .await
    }

    /// Calls back a record that may have reached the network although its
    /// publishing failed or was cancelled. In the background, to its end.
    fn take_back(&self, identity: &Identity, place: &Place, sequence: u64) {
        let (service, identity, place) = (self.clone(), identity.clone(), place.clone());
        let work = async move {
            let next = service.now_us().max(sequence + 1);
            if let Ok(packet) = place.mailbox.make_revoked(&identity, &place.token, service.now(), next) {
                // A network that is away is not waited for again.
                let put = service.0.network.put(&packet, Some(sequence));
                let _ = tokio::time::timeout(TAKE_BACK, put).await;
            }
        };
        drop(self.0.must_finish.spawn(work));
    }

    /// Notes in the journal how far a handoff came. Ends are final.
    pub(super) fn set_stage(&self, token: &Token, stage: Stage, indexed: bool) {
        self.note(|book| {
            if let Some(entry) = book.entry(token) {
                if !matches!(entry.stage, Stage::Burned | Stage::Revoked) || stage == Stage::Revoked {
                    entry.stage = stage;
                }
                entry.indexed |= indexed;
            }
        });
    }

    /// Chooses token, mailbox and secrets for an audience; `now` in Unix seconds.
    pub(super) async fn prepare(
        &self,
        identity: &Identity,
        audience: &AudienceChoice,
        now: i64,
    ) -> Result<Prepared> {
        let me = identity.public();
        let mut token = Token { audience: AudienceKind::Devices, bytes: [0; 8] };
        random(&mut token.bytes)?;
        let (mut recipient, mut pin, mut secret) = (None, None, None);
        let mailbox = match audience {
            AudienceChoice::Devices => Mailbox::devices(&identity.devices_secret()),
            AudienceChoice::Share(to) => {
                let key = self.recipient(to)?;
                if key == me {
                    return Err(Error::usage("This is your own key.")
                        .advise("Without --share it goes to your own devices."));
                }
                recipient = Some(key);
                Mailbox::share(identity, &me, &key)
                    .ok_or_else(|| Error::usage("Nothing can be sealed to this key: it is no real one."))?
            }
            AudienceChoice::Pin(typed) => {
                let chosen = choose_pin(typed.as_deref().map(String::as_str))?;
                pin = typed.is_none().then(|| chosen.clone());
                blocking(move || Mailbox::pin(&me, &chosen, week(now))).await?
            }
            AudienceChoice::Link => {
                let mut bytes = LinkSecret([0; 16]);
                random(&mut bytes.0)?;
                let mailbox = Mailbox::link(&me, &bytes);
                token = mailbox.link_token();
                secret = Some(bytes);
                mailbox
            }
        };
        token.audience = mailbox.audience;
        let target = secret.clone().map_or(LinkTarget::Token(token), LinkTarget::Secret);
        Ok(Prepared {
            audience: AudienceView { kind: token.audience, name: recipient.map(|key| self.name_of(&key)) },
            place: Place { mailbox, token, expected: vec![me] },
            link: Link { creator: me, target },
            recipient,
            pin,
            secret,
        })
    }

    fn recipient(&self, to: &str) -> Result<PublicKey> {
        if let Some(key) = self.contact_key(to)? {
            return Ok(key);
        }
        to.parse().map_err(|_| {
            Error::usage(format!(
                "`{}` is neither a contact nor a public key.",
                text::fit(&text::clean(to), 60)
            ))
            .advise("`cclink contacts` lists names; a key is `pk:` and 52 characters.")
        })
    }

    /// The record of a request; reads the transcript's end.
    async fn record_of(
        &self,
        request: &PublishRequest,
        audience: AudienceKind,
        created_at: chrono::DateTime<chrono::Utc>,
    ) -> Result<Record> {
        let session = request.session.clone();
        let path = session.path.clone();
        let transcript = blocking(move || claude::mark(&path)).await?.map_err(|error| {
            Error::failed(format!("The session's file cannot be read: {error}."))
                .advise("Nothing was published.")
        })?;
        let project = match &session.cwd {
            Some(cwd) => cwd.to_str().map(str::to_owned),
            None => Some(session.project.clone()),
        };
        let project = project.filter(|path| !path.is_empty()).ok_or_else(|| {
            Error::failed("This session does not say in which folder it runs, or not in UTF-8.")
                .advise("It can be resumed here, but not handed over.")
        })?;
        let given = |text: &Option<String>| text.as_deref().map(text::clean).filter(|text| !text.is_empty());
        let said = session.git_branch.as_deref().map(|branch| text::fit_bytes(&text::clean(branch), 80));
        let found = match session.cwd.as_deref().filter(|cwd| cwd.is_dir()) {
            Some(cwd) => repository(cwd).await,
            None => None,
        };
        let git = match (found, said) {
            (Some(git), said) => Some(Git { branch: git.branch.clone().or(said), ..git }),
            (None, Some(branch)) => Some(Git { branch: Some(branch), ..Git::default() }),
            (None, None) => None,
        };
        Ok(Record {
            session_id: session.session_id.clone(),
            hostname: self.0.settings.hostname.clone(),
            project,
            label: given(&request.label),
            title: match &request.title {
                Some(_) => given(&request.title),
                None => self.usual_title(&session),
            },
            note: given(&request.note),
            git,
            ssh: match &request.ssh {
                Some(_) => given(&request.ssh),
                None => self.known_ssh().await,
            },
            claude: self.claude_path(),
            claude_dir: self.unusual_claude_dir(),
            transcript,
            created_at,
            ttl: request.ttl,
            burn_after_read: request.burn,
            pin_protected: audience == AudienceKind::Pin,
        })
    }

    /// The SSH address that the form suggests: as configured, else by this
    /// machine's Tailscale name, else by its host name. Blocking.
    fn guessed_ssh(&self) -> Option<String> {
        if let Some(configured) = &self.0.settings.config.ssh {
            return Some(configured.clone());
        }
        let settings = &self.0.settings;
        let user = settings.user.as_deref()?;
        let tailscale =
            tokio::runtime::Handle::try_current().ok().and_then(|runtime| runtime.block_on(tailscale_name()));
        Some(format!("{user}@{}", tailscale.unwrap_or_else(|| settings.hostname.clone())))
            .filter(|ssh| is_ssh_address(ssh))
    }

    /// The SSH address that travels when nobody says one: as configured, or by
    /// a name that is known to resolve elsewhere. A mere host name is not.
    async fn known_ssh(&self) -> Option<String> {
        if let Some(configured) = &self.0.settings.config.ssh {
            return Some(configured.clone());
        }
        let user = self.0.settings.user.as_deref()?;
        let name = tailscale_name().await?;
        Some(format!("{user}@{name}")).filter(|ssh| is_ssh_address(ssh) && ssh.len() <= 100)
    }

    /// The title that travels unless the user says otherwise.
    fn usual_title(&self, session: &Session) -> Option<String> {
        match self.0.settings.config.title {
            TitleRule::Session => session_title(session),
            TitleRule::Never => None,
        }
    }

    /// A link as a phone opens it: only what needs no identity can be.
    pub(super) fn web_link(&self, link: &Link) -> Option<String> {
        let opens = match &link.target {
            LinkTarget::Secret(_) => true,
            LinkTarget::Token(token) => token.audience == AudienceKind::Pin,
        };
        self.0.settings.config.web.as_deref().filter(|_| opens).map(|page| link.web(page))
    }

    fn publish_warnings(
        &self,
        index: &Result<Option<(Index, Sighting)>>,
        copies: u32,
        note_dropped: bool,
        record: &Record,
        audience: AudienceKind,
    ) -> Vec<String> {
        let mut warnings = Vec::new();
        if record.ssh.as_deref().is_some_and(|ssh| ssh.to_ascii_lowercase().ends_with(".local")) {
            warnings.push("An address that ends in `.local` is found on the same network only.".to_owned());
        }
        if note_dropped {
            warnings.push(
                "The note had to stay behind: together with the path and title it did not fit.".to_owned(),
            );
        }
        if let Ok(Some((index, sighting))) = index {
            if audience == AudienceKind::Pin && !index.shown(self.now_u32()).is_empty() {
                warnings.push(
                    "The same PIN was used this week already: who knows it sees both handoffs.".to_owned(),
                );
            }
            if copies < FEW_COPIES && copies < sighting.responded {
                warnings.push(format!("Only {copies} nodes of the network hold it so far."));
            }
        }
        warnings
    }
}

/// What the journal holds before anything goes out.
fn intent(
    identity: &Identity,
    prepared: &Prepared,
    record: &Record,
    aside: &Aside,
    packet: &SignedPacket,
) -> Result<Entry> {
    Ok(Entry {
        token: prepared.place.token,
        recipient: prepared.recipient.map(|key| key.to_string()),
        creator: identity.public().to_string(),
        session_id: record.session_id.clone(),
        project: record.project.clone(),
        label: record.label.clone(),
        title: record.title.clone(),
        ssh: aside.ssh.clone(),
        burn_after_read: record.burn_after_read,
        created_at: record.created_at,
        ttl: record.ttl,
        stage: Stage::Publishing,
        indexed: prepared.secret.is_some(),
        packet: z32::encode(&packet.to_relay_payload()),
        address: z32::encode(&prepared.place.address()),
        sealed: seal_secrets(&identity.public(), &prepared.place.mailbox, prepared.secret.as_ref())?,
        picked_up: None,
        pass_of: aside.pass_of,
        unknown: serde_json::Map::new(),
    })
}

/// When a record's entry in the list begins and ends.
pub(super) fn span_of(record: &Record) -> Span {
    let seconds = |time: chrono::DateTime<chrono::Utc>| u32::try_from(time.timestamp()).unwrap_or(0);
    Span {
        created: seconds(record.created_at),
        expires: seconds(record.created_at + TimeDelta::seconds(i64::from(record.ttl.seconds()))),
    }
}

/// The title that travels unless the user says otherwise.
fn session_title(session: &Session) -> Option<String> {
    let title = text::fit_bytes(&text::clean(&session.title), 160);
    (!title.is_empty() && title != "(session)").then_some(title)
}

fn check(request: &PublishRequest) -> Result<()> {
    if !request.session.resumable {
        let why = request.session.why_not.as_deref().unwrap_or("there is no conversation in it");
        return Err(
            Error::failed(format!("This session cannot be resumed: {why}.")).advise("Nothing was published.")
        );
    }
    let too_long = |name: &str, text: &Option<String>, limit: usize| match text {
        Some(text) if text::clean(text).len() > limit => {
            Err(Error::usage(format!("The {name} is over {limit} bytes long."))
                .advise("Nothing was published; shorten it."))
        }
        _ => Ok(()),
    };
    too_long("project label", &request.label, 64)?;
    too_long("note", &request.note, 200)?;
    too_long("SSH address", &request.ssh, 100)?;
    match request.ssh.as_deref().map(str::trim) {
        Some(ssh) if !ssh.is_empty() && !is_ssh_address(ssh) => {
            Err(Error::usage("The SSH address is not of the form user@host.")
                .advise("Nothing was published."))
        }
        _ => Ok(()),
    }
}

/// A typed PIN that is strong enough, or a generated one.
fn choose_pin(typed: Option<&str>) -> Result<Pin> {
    let advice = "Use four random words: `--pin` without a value offers some.";
    let Some(typed) = typed else {
        let mut failed = Ok(());
        let pin = Pin::generate(&mut |buffer| failed = random(buffer));
        return failed.map(|()| pin);
    };
    let sentence = |error: crate::handoff::pin::PinError| {
        let words = error.to_string();
        let mut chars = words.chars();
        let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
        Error::usage(format!("{first}{}.", chars.as_str())).advise(advice)
    };
    let pin = Pin::new(typed).map_err(sentence)?;
    pin.check_strength().map_err(sentence)?;
    Ok(pin)
}

/// The mailbox's secret, and a link's, sealed to the identity itself.
fn seal_secrets(me: &PublicKey, mailbox: &Mailbox, link: Option<&LinkSecret>) -> Result<String> {
    let mut plain = Zeroizing::new(mailbox.secret().to_vec());
    if let Some(link) = link {
        plain.extend(link.0);
    }
    let failed = || Error::failed("The journal's secret could not be sealed.");
    let recipient = me.age_recipient().ok_or_else(failed)?;
    Ok(z32::encode(&age::encrypt(&recipient, &plain).map_err(|_| failed())?))
}

/// Undoes [`seal_secrets`].
pub(super) fn open_secrets(identity: &Identity, entry: &Entry) -> Option<(Mailbox, Option<LinkSecret>)> {
    let sealed = z32::decode_any(&entry.sealed)?;
    let plain = Zeroizing::new(age::decrypt(&identity.age_identity(), &sealed).ok()?);
    let (secret, link) = plain.split_first_chunk::<32>()?;
    let mailbox = Mailbox::from_secret(entry.token.audience, Zeroizing::new(*secret));
    if mailbox::address(&mailbox.record_key(&entry.token)) != z32::decode::<32>(&entry.address)? {
        return None;
    }
    Some((mailbox, <[u8; 16]>::try_from(link).ok().map(LinkSecret)))
}
