//! Nothing that the screen holds or sends tells a secret to whoever prints it.

use std::fmt::Debug;

use super::sample;
use crate::service::{PairingCode, recognise};
use crate::tui::message::{
    Action, AudienceChoice, AudienceKind, Effect, Event, Hidden, Note, Open, Pairing, PublishRequest, Report,
    Step, Tone,
};
use crate::tui::panes::publish::Publish;
use crate::tui::parts::dialog::Dialog;
use crate::tui::parts::form::{Field, Form};

/// The words of each secret.
const SECRET: &str = "velvet-orbit-cactus-lamp";
/// That of a link, as it is in a link.
const LINK: &str = "LPYRSSF7R4Q9PTYNCP6KHYQ81XW";

#[track_caller]
fn hides(what: &str, value: &dyn Debug) {
    let printed = format!("{value:?}\n{value:#?}").to_lowercase();
    assert!(printed.len() > 2, "{what} prints nothing");
    for secret in ["velvet", "orbit", &LINK.to_lowercase()[1..]] {
        assert!(!printed.contains(secret), "{what} prints {secret}: {printed}");
    }
}

fn secret() -> Hidden<String> {
    Hidden::from(SECRET)
}

#[test]
fn what_goes_to_the_background_and_comes_back_hides_its_secrets() {
    let mut published = crate::tui::message::Published {
        link: format!("{}/cclink/{LINK}", sample::CREATOR).into(),
        web_link: Some(format!("https://handoff.example.org/#PK/{LINK}").into()),
        ..sample::published(AudienceKind::Link, None)
    };
    published.pin = Some(secret());
    let row = published.row();
    let audience = AudienceChoice::Pin(Some(secret()));
    let request = PublishRequest { audience, ..PublishRequest::proposed(sample::sessions().remove(0)) };
    let link = recognise(published.link.as_str(), &Ok(Vec::new())).unwrap();
    let key = recognise(sample::CREATOR, &Ok(Vec::new())).unwrap().with_pin(Some(secret()));
    let (reply, _awaited) = crate::tui::message::Reply::new();
    reply.give(secret());
    let code = PairingCode { code: secret(), expires_at: sample::now().to_utc() };
    let all: Vec<(&str, Box<dyn Debug>)> = vec![
        ("a request", Box::new(request.clone())),
        ("publishing", Box::new(Action::Publish(Box::new(request.clone()), false))),
        ("opening the form", Box::new(Effect::Open(Open::Publish(Box::new(request))))),
        ("unlocking", Box::new(Action::Unlock(secret()))),
        ("a new key", Box::new(Action::CreateIdentity(None, secret()))),
        ("another one's key", Box::new(Action::TakeKey(secret()))),
        ("finding by link", Box::new(Action::Find(link))),
        ("finding by PIN", Box::new(Action::Find(key))),
        ("the words", Box::new(Event::Step(1, Report::Pairing(Pairing::Code(code, String::new()))))),
        ("a passphrase to come", Box::new(Pairing::Received(String::new(), reply))),
        ("what is out", Box::new(Report::Step(Step::Acknowledged(Box::new(published.clone()))))),
        ("its report", Box::new(Report::Published(Box::new(published), false))),
        ("a row", Box::new(Report::Listed(vec![row.clone()], true))),
        ("its code", Box::new(Effect::Open(Open::Qr(Box::new(row.clone()))))),
        ("a copy", Box::new(Effect::Copy(row.link.unwrap(), "The link"))),
        ("a note", Box::new(Note::new(Tone::Good, "Published.").line(format!("PIN {SECRET}")))),
    ];
    for (what, value) in all {
        hides(what, &*value);
    }
}

#[test]
fn what_is_typed_is_not_printed() {
    let mut form = Form::new(vec![Field::masked("PIN"), Field::typed("link", SECRET)]);
    form.paste(SECRET);
    assert_eq!(form.fields[0].text(), SECRET);
    hides("a form", &form);
    let audience = AudienceChoice::Pin(Some(secret()));
    let asked = PublishRequest { audience, ..PublishRequest::proposed(sample::sessions().remove(0)) };
    let publish = Publish::new(asked, &[]);
    assert_eq!(publish.form().fields[2].text(), SECRET);
    hides("the publish form", &publish);
}
