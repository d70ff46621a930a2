//! What is said of a session that was published to several people.

use super::Context;
use super::published::{note_unkept, pick_up_until, say_replaced};
use super::table::Column;
use crate::service::{CarryWay, Published, PublishedAll, Result};
use crate::text;

const COLUMNS: [Column; 3] = [Column::cut("For", 6), Column::whole("Token"), Column::whole("There")];
/// Columns of a name.
const NAME: usize = 24;

/// "backend (anna, ben, carl) can pick this up, for 8h until Wed 12:30."
pub(super) fn who_until(all: &PublishedAll) -> String {
    let called = text::clean(all.audience.name.as_deref().unwrap_or("They"));
    let people = all.handoffs.iter().map(name).collect::<Vec<String>>().join(", ");
    let who = if called == people { called } else { format!("{called} ({people})") };
    pick_up_until(&who, all.burn_after_read, all.ttl, all.expires_at)
}

/// The other side of one of them.
pub(super) fn name(published: &Published) -> String {
    text::fit(&text::clean(published.audience.name.as_deref().unwrap_or_default()), NAME)
}

/// Prints what is out and what is not; an error where somebody did not get it.
pub(super) fn finish(context: &Context<'_>, all: &PublishedAll, qr: bool) -> Result<()> {
    let printer = context.printer;
    printer.value(all);
    let title = all.title.as_deref().map_or_else(|| all.session_id.clone(), text::clean);
    printer.say(&format!("{} {}", printer.good("Published"), printer.bold(&title)));
    printer.tell(&who_until(all));
    let carried = || all.handoffs.iter().filter_map(|published| published.carry);
    if let Some(carry) = carried().next().filter(|carry| carry.way != CarryWay::File) {
        let size = text::bytes(carry.bytes);
        printer.tell(&format!(
            "The conversation is included ({size}, sealed for each of them), for anyone who can also reach that \
             place."
        ));
    }
    say_replaced(printer, all.handoffs.iter().flat_map(|published| &published.replaced));
    let row = |one: &Published| vec![name(one), one.token.clone(), format!("cclink pickup {}", *one.link)];
    printer.table(&COLUMNS, all.handoffs.iter().map(row).collect());
    if let [first, _, ..] = all.handoffs.as_slice() {
        printer.tell(&printer.dim(&format!("`cclink revoke {}` revokes all of them.", first.token)));
    }
    for note in all.notes() {
        printer.note(&note);
    }
    note_unkept(context, all.ttl);
    if qr {
        printer.note("No QR code: each of them has a link of their own.");
    }
    let first = &all.handoffs.first().map(|published| published.token.clone()).unwrap_or_default();
    printer.check().map_err(|error| {
        error.advise(format!(
            "It is published: `cclink list` shows it, `cclink revoke {first}` revokes all of it."
        ))
    })?;
    all.failure().map_or(Ok(()), Err)
}
