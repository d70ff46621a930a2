//! Changes that are not to be trusted, and repositories that name programs.

use std::fs;

use super::{Both, assert_same, command, facts, program, shell, tree};
use crate::support::repository::git;
use crate::support::{Device, text};
use crate::transfer::arrive::put;

#[test]
fn no_program_of_a_repository_runs() {
    let Some(both) = Both::start() else { return };
    let ran = both.a.path("ran");
    let tool = both.a.path("tool");
    program(&tool, &format!("#!/bin/sh\necho \"$0 $*\" >> '{}'\ncat\n", ran.display()));
    for dir in [&both.here, &both.there] {
        for hook in
            ["post-checkout", "post-merge", "post-index-change", "pre-commit", "reference-transaction"]
        {
            program(
                &dir.join(".git/hooks").join(hook),
                &format!("#!/bin/sh\necho {hook} >> '{}'\n", ran.display()),
            );
        }
    }
    put(&both.here.join("committed"), "x\n");
    git(&both.here, &["-c", "core.hooksPath=/dev/null", "add", "-A"]);
    git(&both.here, &["-c", "core.hooksPath=/dev/null", "commit", "-qm", "second"]);
    put(&both.here.join(".gitattributes"), "one filter=odd.name\ntwo diff=shown\n");
    for dir in [&both.here, &both.there] {
        for key in ["core.fsmonitor", "diff.external", "diff.shown.textconv", "diff.shown.command"] {
            git(dir, &["config", key, tool.to_str().unwrap()]);
        }
    }
    for key in ["clean", "smudge", "process"] {
        git(&both.here, &["config", &format!("filter.odd.name.{key}"), tool.to_str().unwrap()]);
    }
    git(&both.here, &["config", "filter.odd.name.required", "true"]);
    put(&both.here.join("one"), "filtered\n");
    put(&both.here.join("two"), "shown\n");
    fs::write(&ran, "").unwrap();
    let (token, file, out) = both.seal(&[]);
    out.says(&["2 files, 1 commit", "uncommitted: one (a filter of git makes it)"]);
    both.take(&token, &file).says(&["applied: 2 files, 1 commit"]);
    assert_eq!(fs::read_to_string(both.there.join("two")).unwrap(), "shown\n");
    assert_eq!(fs::read_to_string(&ran).unwrap(), "", "something ran");
}

#[test]
fn what_somebody_else_shares_goes_into_no_tree() {
    let Some(both) = Both::start() else { return };
    let c = Device::on(&both.b.bootstrap);
    put(&both.here.join(".claude/settings.json"), "{\"hooks\":{}}");
    put(&both.here.join("one"), "changed\n");
    let (token, file, _) = both.seal(&["--share", &c.public_key()]);
    let (state, content) = (facts(&both.there), tree(&both.there));
    let run = c.cmd(&["pickup", &both.a.public_key(), "--from", file.to_str().unwrap()]).cwd(&both.there);
    let out = run.ok();
    assert!(!token.is_empty() && facts(&both.there) == state && tree(&both.there) == content);
    let apply = command(&out);
    out.says(&["the changes were not applied", "not for your devices alone", "look at them, then"]);
    shell(&c.projects, &apply);
    assert_eq!(fs::read_to_string(both.there.join("one")).unwrap(), "changed\n");
    assert!(both.there.join(".claude/settings.json").exists());
}

#[test]
fn a_patch_that_leads_elsewhere_is_refused() {
    let Some(both) = Both::start() else { return };
    // What a changed cclink could seal: here by a git that prints what it is told to.
    let patch = both.a.path("patch");
    let search = fake_git(&both.a, "diff-index", &format!("exec cat '{}'", patch.display()));
    put(&both.here.join("one"), "changed\n");
    let new = |name: &str| {
        format!(
            "diff --git a/{name} b/{name}\nnew file mode 100644\n--- /dev/null\n+++ b/{name}\n@@ -0,0 +1 @@\n+x\n"
        )
    };
    put(&patch, &new("../outside"));
    let file = both.b.path("talk.cclink");
    let args = ["bundle", &both.session.id, "-o", file.to_str().unwrap(), "--with-changes", "--json"];
    let published = both.a.cmd(&args).env("PATH", search).ok().json();
    let (state, content) = (facts(&both.there), tree(&both.there));
    both.take(text(&published, "token"), &file).says(&["were not applied", "outside"]);
    assert!(facts(&both.there) == state && tree(&both.there) == content);
    assert!(!both.b.projects.join("outside").exists());
}

#[test]
fn what_stops_half_way_is_put_back() {
    let Some(both) = Both::start() else { return };
    both.change();
    let (token, file, _) = both.seal(&[]);
    // As on a full disk: some of it is there, then it ends.
    let half = "for word; do case $word in --check|--numstat) exec \"$git\" \"$@\";; esac; done\n\
                echo half > one; rm -r folder; mkdir 1; echo half > 1/2; exit 1";
    let search = fake_git(&both.b, "apply", half);
    let content = tree(&both.there);
    let args = ["pickup", &token, "--from", file.to_str().unwrap()];
    let out = both.b.cmd(&args).cwd(&both.there).env("PATH", search).ok();
    let _ = fs::remove_dir_all(both.there.join("1"));
    assert!(tree(&both.there) == content, "something is left");
    out.says(&["your changes were not applied"]);
    both.take(&token, &file).says(&["your changes were applied: 19 files"]);
    assert_same(&both.here, &both.there);
}

/// A `PATH` with a git that does something else for one word.
fn fake_git(device: &Device, word: &str, instead: &str) -> String {
    let path = std::env::var("PATH").unwrap();
    let real = std::env::split_paths(&path).map(|dir| dir.join("git")).find(|git| git.is_file()).unwrap();
    let script = format!(
        "#!/bin/sh\ngit='{}'\nfor word; do [ \"$word\" = {word} ] && {{ {instead}\n}}\ndone\nexec \"$git\" \"$@\"\n",
        real.display()
    );
    let folder = device.path("fake");
    program(&folder.join("git"), &script);
    format!("{}:{path}", folder.display())
}
