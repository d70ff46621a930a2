//! What the QR of a handoff can hold.

use crate::tui::message::{AudienceKind, Hidden, Listed, Published, SshWay, quote_for_any_shell};

/// One thing the QR can hold.
#[derive(Debug)]
pub(super) struct Content {
    /// What it is.
    pub name: &'static str,
    /// As shown and copied.
    pub text: Hidden<String>,
    /// As encoded: capitals pack best where letter case means nothing. `None`:
    /// not to be drawn, and why.
    pub encoded: Result<Hidden<String>, &'static str>,
    /// What to do with it.
    pub hint: String,
}

impl Content {
    /// The page that a phone pass opens; `until` is when it ends.
    pub fn of_pass(pass: &Published, until: &str) -> Option<Self> {
        let text = pass.web_link.clone()?;
        let hint = format!("opens in any phone's browser, once, until {until} or until you close this");
        Some(Self { name: "The phone pass", encoded: Ok(text.clone()), text, hint })
    }
}

/// What the QR of this handoff can hold, first what a phone opens.
pub(super) fn contents(row: &Listed, web: Option<&str>) -> Vec<Content> {
    let mut out = Vec::new();
    let drawn =
        |name, text: Hidden<String>, hint: String| Content { name, encoded: Ok(text.clone()), text, hint };
    let secret = row.audience.kind == AudienceKind::Link;
    if let Some(link) = &row.web_link {
        let once = if row.burn_after_read { ", once" } else { "" };
        let hint = match row.audience.kind {
            AudienceKind::Link => format!("opens in any phone's browser{once}"),
            AudienceKind::Pin => format!("opens in any phone's browser, which asks for the PIN{once}"),
            _ => "a web page; opens only where a recipient's key is".to_owned(),
        };
        out.push(drawn("The page", link.clone(), hint));
    }
    if let Some(address) = &row.ssh {
        let run = match row.audience.kind {
            AudienceKind::Devices => format!("{} --exec", pickup_command(row)),
            _ => format!("claude --resume {} in its project", row.session_id),
        };
        let hint = format!("opens an SSH app; then run {run}");
        out.push(drawn("The SSH address", format!("ssh://{address}").into(), hint));
        out.push(drawn(
            "The SSH command",
            ssh_command(row, address).into(),
            "for a terminal with SSH".to_owned(),
        ));
    }
    let link = row.link.as_ref().map(|link| {
        let hint = match row.audience.kind {
            AudienceKind::Devices => "the link, for cclink on one of your devices",
            AudienceKind::Share => "the link, for cclink of the contact it is for",
            AudienceKind::Pin => "the link, for cclink; it will ask for the PIN",
            AudienceKind::Link => "anyone with this link can pick it up",
        };
        let encoded = if secret {
            Err(why_no_secret(web, row.web_link.is_some()))
        } else {
            Ok(link.to_uppercase().into())
        };
        Content { name: "The link", text: link.clone(), encoded, hint: hint.to_owned() }
    });
    if secret {
        // its command would hold the secret too
        out.extend(link);
        return out;
    }
    let hint = "the command, for a terminal that has cclink".to_owned();
    let command = drawn("The command", pickup_command(row).into(), hint);
    // with nothing that a phone opens, the link comes first: it says whose it is
    if out.is_empty() {
        out.extend(link.into_iter().chain([command]));
    } else {
        out.extend([command].into_iter().chain(link));
    }
    out
}

/// A secret goes into no code but the page's.
fn why_no_secret(web: Option<&str>, has_page: bool) -> &'static str {
    if has_page {
        "This link contains its secret and is for cclink; for a phone show its page: Tab. y copies the link."
    } else if web.is_some() {
        "This link holds its secret; its page can be shown when your key is unlocked. Until then: y copies the \
         link."
    } else {
        "This link contains its secret, which a phone's camera app should not see. Set `web` in the \
         configuration (`cclink config`) to the address of the cclink page, and it is shown as a web link. y copies the link."
    }
}

/// What its reader types; a token alone is found by my own devices only.
fn pickup_command(row: &Listed) -> String {
    match (row.audience.kind, &row.link) {
        (AudienceKind::Share, Some(link)) => format!("cclink pickup {}", **link),
        (AudienceKind::Pin, Some(link)) => format!("cclink pickup --pin {}", **link),
        _ => format!("cclink pickup {}", row.token),
    }
}

/// Into the session where it is: my own device picks up its own token, and needs
/// no key for what it gave to others. For another machine's ssh: the options that
/// are set for ours are none of its.
fn ssh_command(row: &Listed, address: &str) -> String {
    let ssh = SshWay { address, options: &[], mosh: false }.line(&["-t"]);
    if row.audience.kind == AudienceKind::Devices {
        return format!("{ssh} cclink pickup {} --exec", row.token);
    }
    let resume = format!("cd {} && claude --resume {}", quote_for_any_shell(&row.project), row.session_id);
    format!("{ssh} {}", quote_for_any_shell(&resume))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::message::{AudienceView, Named, State};

    const LINK: &str = "pk:8pinxxgqs41n4aididenw5apqp1urfmzdztr8jt4abrkdn435ewo/dybndrfg8ejkmc";

    fn row(kind: AudienceKind) -> Listed {
        Listed {
            token: "dybndrfg8ejkmc".into(),
            audience: AudienceView { kind, name: None },
            session_id: "00000001-1111-4222-8333-444455556666".into(),
            project: "/home/dana/web shop".into(),
            label: None,
            title: None,
            state: State::Live,
            burn_after_read: false,
            created_at: chrono::DateTime::UNIX_EPOCH,
            expires_at: chrono::DateTime::UNIX_EPOCH,
            copies: None,
            link: Some(LINK.into()),
            picked_up: None,
            carry: None,
            group: None,
            ssh: None,
            named: Named::default(),
            own: true,
            phone_pass: false,
            announced_at: None,
            web_link: None,
            pin: None,
        }
    }

    fn names(row: &Listed) -> Vec<&'static str> {
        contents(row, None).iter().map(|content| content.name).collect()
    }

    #[test]
    fn what_a_phone_opens_comes_first() {
        let plain = row(AudienceKind::Devices);
        assert_eq!(names(&plain), ["The link", "The command"]);
        let ssh = Listed { ssh: Some("dana@desk:2222".into()), ..plain.clone() };
        assert_eq!(names(&ssh), ["The SSH address", "The SSH command", "The command", "The link"]);
        assert_eq!(contents(&ssh, None)[0].text.as_str(), "ssh://dana@desk:2222");
        assert_eq!(
            contents(&ssh, None)[1].text.as_str(),
            "ssh -t -p 2222 dana@desk cclink pickup dybndrfg8ejkmc --exec"
        );
        for (address, command) in [("dana@[fe80::1]:22", "-p 22 dana@fe80::1"), ("fe80::1", "fe80::1")] {
            let six = Listed { ssh: Some(address.into()), ..plain.clone() };
            let wanted = format!("ssh -t {command} cclink pickup dybndrfg8ejkmc --exec");
            assert_eq!(contents(&six, None)[1].text.as_str(), wanted);
        }
        let all = Listed { web_link: Some("https://x.example/#PK/L".into()), ..ssh };
        assert_eq!(names(&all)[0], "The page");
        assert_eq!(names(&all).len(), 5);
    }

    #[test]
    fn a_secret_goes_into_no_code_but_the_pages() {
        let secret = row(AudienceKind::Link);
        let all = contents(&secret, None);
        assert_eq!(all.len(), 1);
        assert!(all[0].encoded.as_ref().is_err_and(|why| why.contains("Set `web` in the config")));
        assert!(
            contents(&secret, Some("https://x"))[0].encoded.as_ref().is_err_and(|why| !why.contains("Set"))
        );
        let page = Listed { web_link: Some("https://x.example/#PK/LSECRET".into()), ..secret };
        let drawn: Vec<_> =
            contents(&page, None).into_iter().filter(|content| content.encoded.is_ok()).collect();
        assert_eq!(drawn.len(), 1);
        assert_eq!(drawn[0].name, "The page");
    }

    #[test]
    fn each_reader_is_told_a_command_that_works() {
        assert_eq!(pickup_command(&row(AudienceKind::Devices)), "cclink pickup dybndrfg8ejkmc");
        assert_eq!(pickup_command(&row(AudienceKind::Share)), format!("cclink pickup {LINK}"));
        assert_eq!(pickup_command(&row(AudienceKind::Pin)), format!("cclink pickup --pin {LINK}"));
        let words = shlex::split(&ssh_command(&row(AudienceKind::Pin), "dana@desk")).unwrap();
        assert_eq!(words[..3], ["ssh", "-t", "dana@desk"]);
        let remote = shlex::split(&words[3]).unwrap();
        assert_eq!(remote[..3], ["cd", "/home/dana/web shop", "&&"]);
    }
}
