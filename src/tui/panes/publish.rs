//! The form that publishes a session. It closes at once; the job goes on in
//! the background.

use ratatui::layout::Rect;

use super::moment;
use crate::text;
use crate::tui::message::{
    Action, AudienceChoice, AudienceKind, AudienceView, CarryTo, ContactView, Context, Destination, Draft,
    Effect, Hidden, Listed, Now, Open, Pin, PublishRequest, Question, Report, Ttl, is_ssh_address,
};
use crate::tui::parts::Look;
use crate::tui::parts::dialog::{Dialog, Face, Said};
use crate::tui::parts::form::{Field, Form};

const AUDIENCE: usize = 0;
const CONTACT: usize = 1;
const PIN: usize = 2;
const TTL: usize = 3;
const BURN: usize = 4;
const CARRY: usize = 5;
const CHANGES: usize = 6;
const TITLE: usize = 7;
const NOTE: usize = 8;
const SSH: usize = 9;

const STAYS: &str = "stays here";
const STAY: &str = "stay here";

/// Audiences that are always there; teams follow.
const KINDS: usize = 4;

/// Characters of a public key.
const KEY: usize = 52;

/// The publish form's state.
#[derive(Debug)]
pub struct Publish {
    /// The session, and what was typed before.
    asked: PublishRequest,
    form: Form,
    /// The last choices of the audience.
    teams: Vec<(String, usize)>,
    /// `None` until it is made.
    draft: Option<Box<Draft>>,
    /// The draft for the audience that is chosen; what is not typed over comes
    /// from it.
    proposal: Option<Box<Draft>>,
    /// `None` until they are read.
    contacts: Option<Vec<ContactView>>,
    fault: Option<String>,
}

impl Publish {
    /// The form for a session, with defaults that Enter publishes, and with what was
    /// typed before.
    pub fn new(asked: PublishRequest, teams: &[(String, usize)]) -> Self {
        let shown = teams.iter().map(|(name, of)| format!("team {} ({of})", text::fit(name, 24)));
        let kinds = ["my devices", "a contact", "PIN", "anyone with the link"].map(str::to_owned);
        let options: Vec<String> = kinds.into_iter().chain(shown).collect();
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        let form = Form::new(vec![
            Field::choice("for", &options),
            Field::typed("contact", "").placeholder("a name, or a public key (pk:…)"),
            Field::masked("PIN").placeholder("empty: four random words"),
            Field::typed("expires in", &Ttl::DEFAULT.to_string())
                .placeholder("90m, 8h, 2d")
                .presets(&["1h", "8h", "24h", "3d"]),
            Field::choice("burn", &["no, until it expires", "yes, one-time: first pickup removes it"]),
            Field::choice("conversation", &[STAYS]),
            Field::choice("changes", &[STAY]),
            Field::typed("title", "").placeholder("…"),
            Field::typed("note", "").placeholder("for the recipient"),
            Field::typed("SSH", "").placeholder("user@host, if it can be reached"),
        ]);
        let teams = teams.to_vec();
        let (draft, proposal, contacts, fault) = (None, None, None, None);
        let mut publish = Self { asked, form, teams, draft, proposal, contacts, fault };
        publish.choose_again();
        publish.edited();
        publish.type_again();
        publish
    }

    /// Chooses and types what no proposal touches.
    fn choose_again(&mut self) {
        let fields = &mut self.form.fields;
        let kind = match &self.asked.audience {
            AudienceChoice::Devices => 0,
            AudienceChoice::Share(whom) => {
                if let Some(at) = self.teams.iter().position(|(team, _)| team == whom) {
                    KINDS + at
                } else {
                    fields[CONTACT].set_text(whom);
                    1
                }
            }
            AudienceChoice::Pin(pin) => {
                fields[PIN].set_text(pin.as_ref().map_or("", |pin| pin.as_str()));
                2
            }
            AudienceChoice::Link => 3,
        };
        fields[AUDIENCE].choose(kind);
        fields[BURN].choose(usize::from(self.asked.burn));
        fields[NOTE].set_text(self.asked.note.as_deref().unwrap_or_default());
    }

    /// Types over what is proposed.
    fn type_again(&mut self) {
        let ttl = self.asked.ttl.map(|ttl| ttl.to_string());
        let typed = [(TTL, ttl), (TITLE, self.asked.title.clone()), (SSH, self.asked.ssh.clone())];
        for (field, text) in typed {
            if let Some(text) = text {
                self.form.fields[field].set_text(&text);
            }
        }
    }

    /// Chooses again how the conversation goes along, now that the ways are known.
    fn carry_again(&mut self) {
        let (Some(draft), Some(carry)) = (&self.draft, &self.asked.carry) else { return };
        let place = match carry.to {
            Destination::Stays => 0,
            Destination::Way(way) => {
                draft.carry.ways.iter().position(|option| option.way == way).map_or(0, |at| at + 1)
            }
            _ => return,
        };
        self.form.fields[CARRY].choose(place);
        self.form.fields[CHANGES].choose(usize::from(carry.with_changes));
    }

    /// What the form has to ask the background when it opens.
    pub fn opening(&self) -> Vec<Action> {
        vec![Action::Draft(Box::new(self.asked.session.clone())), Action::Contacts]
    }

    fn text(&self, field: usize) -> &str {
        self.form.fields[field].text().trim()
    }

    fn audience(&self) -> AudienceChoice {
        match self.form.fields[AUDIENCE].chosen() {
            1 => AudienceChoice::Share(self.text(CONTACT).to_owned()),
            2 => {
                let pin = self.form.fields[PIN].text();
                AudienceChoice::Pin((!pin.is_empty()).then(|| Hidden::new(pin.to_owned())))
            }
            3 => AudienceChoice::Link,
            _ => self.team().map_or(AudienceChoice::Devices, |(team, _)| AudienceChoice::Share(team.clone())),
        }
    }

    /// The team that is chosen.
    fn team(&self) -> Option<&(String, usize)> {
        self.form.fields[AUDIENCE].chosen().checked_sub(KINDS).and_then(|at| self.teams.get(at))
    }

    /// Whether each of several people gets a handoff.
    fn is_several(&self) -> bool {
        self.team().is_some()
            || self.form.fields[AUDIENCE].chosen() == 1 && {
                let typed = self.text(CONTACT);
                typed.contains(',') || self.teams.iter().any(|(team, _)| team == typed)
            }
    }

    /// Who is chosen, as the draft knows them: by a contact's name.
    fn chosen(&self) -> AudienceView {
        let (kind, name) = match self.audience() {
            AudienceChoice::Devices => (AudienceKind::Devices, None),
            AudienceChoice::Share(whom) => {
                let mut contacts = self.contacts.iter().flatten();
                let named = contacts.find(|contact| contact.public_key == whom);
                (AudienceKind::Share, Some(named.map_or(whom, |contact| contact.name.clone())))
            }
            AudienceChoice::Pin(_) => (AudienceKind::Pin, None),
            AudienceChoice::Link => (AudienceKind::Link, None),
        };
        AudienceView { kind, name }
    }

    /// What is wrong with a contact: there is none, or nobody is called that.
    fn contact_fault(&self, typed: &str) -> Option<String> {
        let contacts = self.contacts.as_deref().unwrap_or_default();
        let is_known = |name: &str| {
            // a key is judged where it is used
            let is_key = name.trim_start_matches("pk:").len() >= KEY;
            let is_contact = contacts.iter().any(|contact| contact.name == name);
            is_key || is_contact || self.teams.iter().any(|(team, _)| team == name)
        };
        if is_known(typed) || typed.contains(',') && typed.split(',').all(|name| is_known(name.trim())) {
            return None;
        }
        if contacts.is_empty() {
            let words = "Paste the public key of the person (`cclink whoami` shows it there).";
            return (typed.is_empty() || self.contacts.is_some()).then(|| words.to_owned());
        }
        let names: Vec<&str> = contacts.iter().map(|contact| contact.name.as_str()).collect();
        let names = names.join(", ");
        Some(if typed.is_empty() {
            format!("Choose a contact: {names}")
        } else {
            format!("No contact by that name. Contacts: {names}; or paste a public key.")
        })
    }

    /// What stands in a field unless the user types another text.
    fn proposed(&self, field: usize) -> String {
        let draft = self.proposal.as_deref();
        match field {
            TTL => draft.map_or(Ttl::DEFAULT, |draft| draft.ttl).to_string(),
            TITLE => draft.map(|draft| draft.title.clone()).unwrap_or_default(),
            SSH => draft.and_then(|draft| Some(draft.ssh.as_ref()?.address.clone())).unwrap_or_default(),
            _ => String::new(),
        }
    }

    /// The handoffs that this one takes the place of.
    fn replaced(&self) -> Vec<&Listed> {
        let chosen = self.chosen();
        self.draft.iter().flat_map(|draft| draft.replaced(&chosen)).collect()
    }

    /// Offers the ways by which the conversation can go along; where there is none,
    /// nothing is asked.
    fn offer_ways(&mut self) {
        let Some(draft) = &self.draft else { return };
        let offer = &draft.carry;
        let words = offer.ways.iter().map(|option| option.words.clone());
        let chosen = offer.ways.iter().position(|option| Some(option.way) == offer.chosen);
        let options = std::iter::once(STAYS.to_owned()).chain(words).collect();
        let travels = draft.left_behind.count().map(|count| format!("include ({count})"));
        let changes = usize::from(travels.is_some() && draft.carry.changes);
        self.form.fields[CARRY].set_options(options, chosen.map_or(0, |at| at + 1));
        let options = std::iter::once(STAY.to_owned()).chain(travels).collect();
        self.form.fields[CHANGES].set_options(options, changes);
    }

    /// Whether the work that is not committed or not pushed goes along, too.
    fn takes_changes(&self) -> bool {
        matches!(self.carry(), Destination::Way(_)) && self.form.fields[CHANGES].chosen() == 1
    }

    /// How the conversation goes along; before the draft is there, as that will say.
    fn carry(&self) -> Destination {
        let Some(draft) = &self.draft else { return Destination::Proposed };
        let chosen = self.form.fields[CARRY].chosen().checked_sub(1);
        let way = chosen.and_then(|at| draft.carry.ways.get(at));
        way.map_or(Destination::Stays, |option| Destination::Way(option.way))
    }

    fn shows_guess(&self) -> bool {
        let ssh = self.proposal.as_deref().and_then(|draft| draft.ssh.as_ref());
        ssh.is_some_and(|ssh| ssh.is_guessed() && ssh.address == self.text(SSH))
    }

    /// What will happen, in one sentence.
    fn promise(&self, now: &Now) -> String {
        let Ok(ttl) = self.text(TTL).parse::<Ttl>() else { return String::new() };
        let until = moment(i64::from(ttl.seconds()), now);
        let burn = self.form.fields[BURN].chosen() == 1;
        let once = if burn { ", once" } else { "" };
        let who = match self.audience() {
            AudienceChoice::Devices => "Your devices".to_owned(),
            AudienceChoice::Share(whom) if whom.is_empty() => return String::new(),
            AudienceChoice::Share(whom) => match self.team() {
                Some((name, of)) => format!("Each of {} ({of})", text::fit(name, 24)),
                None => text::fit(&whom, 24),
            },
            AudienceChoice::Pin(_) => "Anyone with the PIN".to_owned(),
            AudienceChoice::Link => "Anyone with the link".to_owned(),
        };
        let what = if self.takes_changes() { "conversation and changes" } else { "conversation" };
        let along = match (self.carry(), self.audience()) {
            (Destination::Way(_), AudienceChoice::Devices) => {
                format!(", {what} included, even when this machine is off")
            }
            // Others may not read that remote or see that folder.
            (Destination::Way(_), _) => format!(", {what} included if they can reach it"),
            _ => String::new(),
        };
        format!("{who} can pick this up until {until}{once}{along}.")
    }

    /// Takes what is proposed for the chosen audience, unless the user typed
    /// already.
    fn propose(&mut self) {
        let next = self.draft.as_ref().map(|draft| Box::new(draft.clone().toward(&self.chosen())));
        if next == self.proposal {
            return;
        }
        let untouched = [TTL, TITLE, SSH].map(|field| self.text(field) == self.proposed(field).trim());
        self.proposal = next;
        "no title is sent".clone_into(&mut self.form.fields[TITLE].placeholder);
        for (field, untouched) in [TTL, TITLE, SSH].into_iter().zip(untouched) {
            if untouched {
                let text = self.proposed(field);
                self.form.fields[field].set_text(&text);
            }
        }
    }
}

/// What is wrong with a typed PIN; an empty one is made.
fn pin_fault(typed: &str) -> Option<String> {
    if typed.is_empty() {
        return None;
    }
    let fault = Pin::new(typed).and_then(|pin| pin.check_strength()).err()?;
    Some(format!("{}; leave it empty for four random words.", text::capitalised(&fault.to_string())))
}

fn ssh_fault(typed: &str) -> Option<String> {
    let odd = !typed.is_empty() && !is_ssh_address(typed);
    too_long(typed, 100)
        .or_else(|| odd.then(|| "An SSH address looks like user@host or user@host:22.".to_owned()))
}

fn too_long(text: &str, most: usize) -> Option<String> {
    (text.len() > most).then(|| format!("At most {most} bytes; this is {}.", text.len()))
}

impl Dialog for Publish {
    const KEYS: Context = Context::PublishForm;
    const VERB: &'static str = "publish";

    fn form(&self) -> &Form {
        &self.form
    }

    fn form_mut(&mut self) -> &mut Form {
        &mut self.form
    }

    fn accept(&mut self, now: &Now) -> Vec<Effect> {
        self.edited();
        if let Some(fault) = self.form.error() {
            self.fault = Some(fault.to_owned());
            return Vec::new();
        }
        let Ok(ttl) = self.text(TTL).parse::<Ttl>() else { return Vec::new() };
        let own = |field: usize| {
            let text = self.text(field);
            (text != self.proposed(field).trim()).then(|| text.to_owned())
        };
        let burning: Vec<&Listed> = self.replaced().into_iter().filter(|row| row.burn_after_read).collect();
        // Of several people only the service knows all that is replaced: it asks.
        let asks = !burning.is_empty() && !self.is_several();
        let request = PublishRequest {
            session: self.asked.session.clone(),
            audience: self.audience(),
            ttl: own(TTL).map(|_| ttl),
            burn: self.form.fields[BURN].chosen() == 1,
            label: None,
            title: own(TITLE),
            note: Some(self.text(NOTE).to_owned()).filter(|note| !note.is_empty()),
            ssh: own(SSH),
            replace: asks,
            carry: Some(CarryTo { with_changes: self.takes_changes(), ..CarryTo::to(self.carry()) }),
            // It may have changed since: the service makes it anew.
            draft: None,
        };
        let again = Effect::Open(Open::Publish(Box::new(request.clone())));
        let publish = Action::Publish(Box::new(request), false);
        let next = if asks {
            let title = match burning.len() {
                1 => "Replace a one-time handoff?".to_owned(),
                many => format!("Replace {many} one-time handoffs?"),
            };
            let named =
                |row: &&Listed| format!("{}, published {}.", row.token, text::ago(row.created_at, now.utc()));
            let stop = if burning.len() == 1 { "Its link" } else { "Their links" };
            let lines = burning.iter().map(named).chain([format!("{stop} will stop working.")]);
            Effect::Open(Open::Confirm(Box::new(Question {
                title,
                lines: lines.collect(),
                yes: if burning.len() == 1 { "replace it" } else { "replace them" },
                then: Box::new(Effect::Run(publish)),
                instead: None,
                otherwise: Some(Box::new(again)),
            })))
        } else {
            Effect::Run(publish)
        };
        vec![Effect::Close, next]
    }

    fn edited(&mut self) {
        self.propose();
        let audience = self.form.fields[AUDIENCE].chosen();
        self.form.fields[CONTACT].shown = audience == 1;
        self.form.fields[PIN].shown = audience == 2;
        self.form.fields[CARRY].shown = self.draft.as_ref().is_some_and(|draft| !draft.carry.ways.is_empty());
        let has_changes = self.draft.as_ref().is_some_and(|draft| !draft.left_behind.is_nothing());
        self.form.fields[CHANGES].shown = has_changes && matches!(self.carry(), Destination::Way(_));
        let contact = if audience == 1 { self.contact_fault(self.text(CONTACT)) } else { None };
        let pin = if audience == 2 { pin_fault(self.form.fields[PIN].text()) } else { None };
        let ttl = self.text(TTL).parse::<Ttl>().err().map(|error| error.to_string());
        let (note, ssh) = (too_long(self.text(NOTE), 200), ssh_fault(self.text(SSH)));
        let guess = self.shows_guess();
        let fields = &mut self.form.fields;
        (fields[CONTACT].error, fields[PIN].error, fields[TTL].error) = (contact, pin, ttl);
        (fields[NOTE].error, fields[SSH].error) = (note, ssh);
        fields[SSH].label = if guess { "SSH (guess)" } else { "SSH" };
        self.fault = None;
    }

    fn heard(&mut self, report: &Report) -> Vec<Effect> {
        match report {
            Report::Draft(id, draft) if *id == self.asked.session.session_id && self.draft.is_none() => {
                self.draft = Some(draft.clone());
                self.offer_ways();
                self.carry_again();
                self.edited();
                self.type_again();
            }
            Report::Contacts(contacts) => self.contacts = Some(contacts.clone()),
            _ => return Vec::new(),
        }
        self.edited();
        Vec::new()
    }

    fn face(&self, _area: Rect, now: &Now) -> Face {
        let notes = u16::try_from(self.notes(now).len()).unwrap_or(u16::MAX);
        let title = format!("Publish: {}", self.asked.session.title);
        Face { title, head: Vec::new(), width: 80, foot: notes.saturating_add(2) }
    }

    fn first(&self, look: &Look<'_>) -> Option<Said> {
        self.fault.clone().map(|fault| (fault, look.theme.bad))
    }

    fn sentence(&self, look: &Look<'_>) -> Said {
        (self.promise(&look.now), look.theme.good)
    }

    /// The weightiest first.
    fn notes(&self, now: &Now) -> Vec<String> {
        let Some(draft) = &self.proposal else { return Vec::new() };
        let mut notes = Vec::new();
        notes.extend(draft.followed());
        notes.extend(draft.went_on.clone());
        if let Some(row) = self.replaced().first() {
            let burns = if row.burn_after_read { ", one-time" } else { "" };
            notes.push(format!("Replaces its handoff of {}{burns}.", text::ago(row.created_at, now.utc())));
        }
        notes.extend(draft.busy_words().map(str::to_owned));
        notes.extend(draft.left_behind.words().filter(|_| !self.takes_changes()));
        if self.shows_guess() {
            notes.push("The SSH address is a guess: set `ssh` in the configuration.".to_owned());
        }
        notes
    }
}
