//! Every failure of the first cclink (v1.3), measured and listed at the end of
//! the field reports, and the test that shows ours does right:
//!
//! | failure | test |
//! |---|---|
//! | a second publish destroys the first | `a_second_publish_keeps_the_first` |
//! | every other record under the user's key is wiped | `network::wire::a_packet_under_the_key_stays` |
//! | paths over 64 characters fail at random | `long_paths_never_fail` |
//! | with the network down `list` is empty and exits 0 | `network::offline::a_dead_ring_leaves_what_the_journal_knows` |
//! | a burning PIN handoff is picked up twice | `pin::a_burning_pin_handoff_is_picked_up_once` |
//! | answering "n" burns it | `burn::answering_no_does_not_burn` |
//! | having no `claude` burns it | `burn::without_claude_nothing_burns` |
//! | stale first answers | `devices::the_newest_is_picked_up_every_time`, `a_changed_handoff_is_never_read_stale` |
//! | two publishers at once, one lost | `race::two_publish_into_an_empty_mailbox` |
//! | a newer `agent-….jsonl` is taken for the session | `devices::without_a_terminal_this_directorys_session_is_published` |
//! | resume runs in the caller's directory | `going_on::exec::claude_runs_in_the_projects_directory` |
//! | `--ttl 60` is shown as "0h" | `time::a_time_to_live_is_read_and_shown_in_words`, `time::other_times_are_refused_and_nothing_goes_out` |
//! | `revoke` does not ask without a terminal | `handoffs::revoke::without_a_terminal_nothing_is_revoked_unasked` |

use crate::pickup::devices::same_handoff;
use crate::support::{Device, rounds, text, tokens};

#[test]
fn a_second_publish_keeps_the_first() {
    let a = Device::new();
    let b = Device::copy_of(&a);
    let (first, second) = (a.publish(&[]), a.publish(&[]));
    assert_eq!(tokens(&b.json(&["list"])).len(), 2);
    same_handoff(&b.json(&["pickup", text(&first, "token")]), &first);
    same_handoff(&b.json(&["pickup", text(&second, "token")]), &second);
}

#[test]
fn long_paths_never_fail() {
    let a = Device::new();
    let b = Device::copy_of(&a);
    let name = format!("{}/{}", "a".repeat(110), "ü".repeat(40));
    let session = a.session(&name, "A session far down");
    for _ in 0..8 {
        let published =
            a.publish_session(&session, &["--note", "and with a note", "--ssh", "dana@framework-desktop"]);
        same_handoff(&b.json(&["pickup", text(&published, "token")]), &published);
    }
}

#[test]
fn a_changed_handoff_is_never_read_stale() {
    // Revoked and burned are newer packets at the same address: 20 times each
    // the next reader sees them, never what was there before.
    rounds(20, 4, |n| {
        let a = Device::new();
        let b = Device::copy_of(&a);
        let published = a.publish(if n % 2 == 0 { &[] } else { &["--burn"] });
        let token = text(&published, "token");
        if n % 2 == 0 {
            a.cmd(&["revoke", token, "--yes"]).ok();
        } else {
            a.cmd(&["pickup", token]).ok();
        }
        b.cmd(&["pickup", token]).fails(3).hides(&[text(&published, "session_id")]);
        b.cmd(&["pickup", text(&published, "link")]).fails(3);
    });
}

#[test]
fn what_does_not_fit_is_said_in_bytes() {
    // Never by chance: the same answer every time, and nothing went out.
    let a = Device::new();
    let name = ["a".repeat(200), "b".repeat(200), "c".repeat(200)].join("/");
    let session = a.session(&name, "Too far down");
    for _ in 0..3 {
        a.cmd(&["publish", &session.id]).output().exits(&[1, 2]).says(&["bytes"]);
    }
    assert_eq!(
        a.json(&["list", "--all"]).as_array().unwrap().iter().filter(|r| r["state"] == "live").count(),
        0
    );
}
