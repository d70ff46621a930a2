//! `watch`: says when a handoff arrives, and what becomes of one's own.

use std::io::IsTerminal;
use std::time::Duration;

use chrono::{Local, Utc};
use serde_json::json;

use super::{Context, stdout};
use crate::service::{Error, ErrorKind, Job, Keeping, News, NewsKind, Result, Watch, next_look};
use crate::text;

pub(super) async fn run(context: &Context<'_>, every: u64) -> Result<()> {
    super::unlock(context).await?;
    let stopped = super::stopped();
    tokio::pin!(stopped);
    tokio::select! {
        () = &mut stopped => Ok(()),
        ended = look_again(context, Duration::from_secs(every)) => ended,
        Err(error) = context.service.keep(Keeping::Always, |_| {}) => Err(error),
    }
}

/// Until something ends it: a failure that waiting does not mend, or a reader
/// of the output who went away.
async fn look_again(context: &Context<'_>, every: Duration) -> Result<()> {
    let mut watch = Watch::default();
    let mut looked = false;
    // What is wrong, while it is.
    let mut trouble: Option<Error> = None;
    loop {
        let told = match context.service.news(&mut watch, every, &Job::quiet()).await {
            Ok(news) => {
                let back = trouble.take().map(|error| tell_back(context, &error)).transpose();
                let first = if looked { Ok(()) } else { tell_start(context, &news) };
                looked = true;
                back.and(first).and_then(|()| news.iter().try_for_each(|one| tell(context, one)))
            }
            Err(error) if !looked && error.kind != ErrorKind::Unreachable => return Err(error),
            // The network comes back, a busy journal is let go of.
            Err(error) if trouble.as_ref().is_none_or(|before| before.kind != error.kind) => {
                let told = tell_trouble(context, &error);
                trouble = Some(error);
                told
            }
            Err(_) => Ok(()),
        };
        if told.is_err() {
            return Ok(());
        }
        tokio::time::sleep(next_look(every)).await;
    }
}

fn tell_start(context: &Context<'_>, news: &[News]) -> std::io::Result<()> {
    if context.printer.is_json() || !news.is_empty() {
        return Ok(());
    }
    line("Nothing is waiting for you. Watching for handoffs; Ctrl-C stops.")
}

fn tell_trouble(context: &Context<'_>, error: &Error) -> std::io::Result<()> {
    let event = if error.kind == ErrorKind::Unreachable { "network_away" } else { "trouble" };
    if context.printer.is_json() {
        return line(&json!({ "event": event, "at": now(), "message": error.message }).to_string());
    }
    line(&format!("{} {} cclink keeps trying, and tells you when it works again.", clock(), error.message))
}

fn tell_back(context: &Context<'_>, error: &Error) -> std::io::Result<()> {
    let (event, words) = match error.kind {
        ErrorKind::Unreachable => ("network_back", "The network is back."),
        _ => ("trouble_over", "It is working again."),
    };
    if context.printer.is_json() {
        return line(&json!({ "event": event, "at": now() }).to_string());
    }
    line(&format!("{} {words}", clock()))
}

fn tell(context: &Context<'_>, news: &News) -> std::io::Result<()> {
    let printer = context.printer;
    if printer.is_json() {
        return line(&serde_json::to_string(news).unwrap_or_default());
    }
    let words = news.words(Utc::now());
    line(&format!("{} {words}", clock()))?;
    if matches!(news.event, NewsKind::Waiting | NewsKind::Arrived) {
        line(&printer.dim(&format!("         cclink pickup {}", news.token)))?;
    }
    let rings = context.service.config().notices && std::io::stdout().is_terminal();
    if rings && news.event != NewsKind::Waiting {
        stdout::write(text::notification(&words).as_bytes())?;
    }
    Ok(())
}

fn line(line: &str) -> std::io::Result<()> {
    stdout::write(format!("{line}\n").as_bytes())
}

fn clock() -> String {
    Local::now().format("%H:%M:%S").to_string()
}

fn now() -> String {
    Utc::now().format("%Y-%m-%dT%H:%M:%SZ").to_string()
}
