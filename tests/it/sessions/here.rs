//! Which sessions are "this project": one rule for the list, for the session to
//! publish, and for the screen.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use serde_json::json;

use crate::support::session::{self, Session};
use crate::support::{Device, Pty, text};

fn at(device: &Device, project: &Path, title: &str, hour: u32) -> Session {
    fs::create_dir_all(project).unwrap();
    session::write_session(&device.claude, project, title, &format!("2026-11-20T{hour:02}:00:00.000Z"))
}

#[test]
fn a_link_a_subfolder_and_home_mean_the_same_on_every_face() {
    let a = Device::new();
    let home = a.path("user");
    let shop = at(&a, &home.join("src/shop"), "In the shop", 10);
    let newest = at(&a, &home.join("src/blog"), "In the blog", 12);
    let link = home.join("link");
    symlink(&shop.project, &link).unwrap();
    // One that was recorded by the link's name.
    let by_link = at(&a, &home.join("src/shop"), "By the link", 11);
    let content = fs::read_to_string(&by_link.path).unwrap();
    let named = content.replace(shop.project.to_str().unwrap(), link.to_str().unwrap());
    assert_ne!(content, named);
    fs::write(&by_link.path, named).unwrap();
    let sub = shop.project.join("lib");
    fs::create_dir(&sub).unwrap();
    let order = |cwd: &Path| -> Vec<String> {
        let all = a.cmd(&["sessions", "--json"]).cwd(cwd).ok().json();
        all.as_array().unwrap().iter().map(|row| text(row, "session_id").to_owned()).collect()
    };
    let current = |cwd: &Path| a.cmd(&["publish", "--json"]).cwd(cwd).ok().json()["session_id"].clone();
    for cwd in [&shop.project, &link, &sub, &link.join("lib")] {
        let shown = order(cwd);
        assert_eq!(shown, [by_link.id.as_str(), &shop.id, &newest.id], "{}", cwd.display());
        assert_eq!(current(cwd), json!(by_link.id), "{}", cwd.display());
    }
    // Whose home it is, and who looks from above, does not own all of it.
    for cwd in [&home, &home.join("src"), Path::new("/")] {
        assert_eq!(order(cwd), [newest.id.as_str(), &by_link.id, &shop.id], "{}", cwd.display());
        a.cmd(&["publish"]).cwd(cwd).fails(1).says(&["No session of this directory"]);
    }
    // On the screen, a word at a time: blanks are not drawn.
    for (cwd, said) in [(&sub, "project"), (&home, "showing")] {
        let mut pty = Pty::spawn(env!("CARGO_BIN_EXE_cclink"), &[], &a.env(), cwd);
        assert!(pty.waits_for(&["blog"]), "{}", pty.said());
        pty.types("o");
        assert!(pty.waits_for(&[said]), "{}", pty.said());
        pty.types("q");
        assert_eq!(pty.code(), 0);
    }
}
