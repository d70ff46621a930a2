//! What is said of what is out, to one audience or to several people.

use chrono::{DateTime, Utc};

use super::{Context, Printer};
use crate::service::{AudienceKind, Published, Ttl};
use crate::text;

/// "Your devices can pick this up, once, for 8h until Wed 12:30."
pub(super) fn who_until(published: &Published) -> String {
    let who = match (published.audience.kind, &published.audience.name) {
        (AudienceKind::Devices, _) => "Your devices".to_owned(),
        (AudienceKind::Share, Some(name)) => text::clean(name),
        (AudienceKind::Share, None) => "The recipient".to_owned(),
        (AudienceKind::Pin, _) => "Anyone with the PIN".to_owned(),
        (AudienceKind::Link, _) => "Anyone with the link".to_owned(),
    };
    pick_up_until(&who, published.burn_after_read, published.ttl, published.expires_at)
}

/// The same for whoever that is.
pub(super) fn pick_up_until(who: &str, burns: bool, ttl: Ttl, expires_at: DateTime<Utc>) -> String {
    let until = expires_at.with_timezone(&chrono::Local).format("%a %H:%M");
    let once = if burns { ", once" } else { "" };
    let span = text::span(i64::from(ttl.seconds()));
    format!("{who} can pick this up{once}, for {span} until {until}.")
}

/// Says which older handoffs it took the place of.
pub(super) fn say_replaced<'a>(printer: Printer, tokens: impl Iterator<Item = &'a String>) {
    for token in tokens {
        printer.tell(&format!("It replaces {token}, which was revoked."));
    }
}

/// Says, where nothing announces it again, how long that will probably last.
pub(super) fn note_unkept(context: &Context<'_>, ttl: Ttl) {
    if !context.printer.is_json() && ttl > Ttl::UNKEPT && !context.service.is_kept() {
        context.printer.note(
            "The network may forget it after about 2 h: `cclink keep`, `cclink watch` or an open screen keeps \
             it until it expires (`cclink keep --install`: always).",
        );
    }
}
