use std::time::{Duration, SystemTime};

use super::*;

#[test]
#[cfg(unix)]
fn only_regular_files_with_a_uuid_pass_for_sessions() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let home = Home::new();
    let real = home.put("-a", ID, user("x"));
    let folder = home.folder("-b");
    let named = |n: u32| folder.join(format!("{n:08}-2222-4333-8444-555555555555.jsonl"));
    fs::create_dir(named(1)).unwrap();
    symlink(&real, named(2)).unwrap();
    symlink("/nowhere", named(3)).unwrap();
    symlink(named(4), named(4)).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, named(5), rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    for name in ["agent-abc1234.jsonl", "not-a-uuid.jsonl", "sessions-index.json", "x.jsonl.tmp", ".jsonl"] {
        fs::write(folder.join(name), user("x")).unwrap();
    }
    fs::write(folder.join(format!("{OTHER}.jsonl.tmp")), user("x")).unwrap();
    symlink(home.folder("-a"), home.dir.path().join("projects/-link")).unwrap();
    symlink("/", home.dir.path().join("projects/-root")).unwrap();
    fs::write(home.dir.path().join("projects/-file"), "x").unwrap();
    fs::create_dir(folder.join(ID)).unwrap();
    assert_eq!(preview(&named(2), &Excerpt::Last, 3).unwrap().turns.len(), 1);
    for path in [named(1), named(3), named(4), named(5)] {
        assert!(preview(&path, &Excerpt::Last, 3).is_err() && mark(&path).is_err(), "{}", path.display());
    }
    let closed = home.folder("-closed");
    fs::write(closed.join(format!("{OTHER}.jsonl")), user("x")).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o0)).unwrap();
    let skipped = home.store.scan(Path::new("/"), &mut |_| {}).unwrap();
    let all = home.list();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
    if rustix::process::getuid().is_root() {
        assert_eq!((all.len(), skipped.len()), (3, 0));
    } else {
        assert_eq!((all.len(), skipped.len()), (2, 1));
        assert_eq!(skipped[0].path, closed);
        let path = home.put("-a", ID, user("x"));
        fs::set_permissions(path, fs::Permissions::from_mode(0o0)).unwrap();
        let session = home.store.find(ID).remove(0);
        assert!(!session.resumable && session.title == "(session)");
    }
    assert!(all.iter().all(|session| !session.duplicate));
}

#[test]
#[cfg(unix)]
fn what_a_link_leads_to_is_found_and_listed_as_claude_does() {
    use std::os::unix::fs::symlink;
    let home = Home::new();
    let elsewhere = tempfile::tempdir().unwrap();
    let seen = || {
        let mut all: Vec<(String, bool, bool)> =
            home.list().into_iter().map(|s| (s.session_id, s.hidden, s.resumable)).collect();
        all.sort();
        all
    };
    // A project folder: its picker lists it, `--resume` finds it.
    let folder = elsewhere.path().join("-home-dana-wx");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join(format!("{ID}.jsonl")), user("x")).unwrap();
    let link = home.dir.path().join("projects/-home-dana-wx");
    symlink(&folder, &link).unwrap();
    assert_eq!(seen(), [(ID.to_owned(), false, true)]);
    assert_eq!(home.store.find(ID)[0].path, link.join(format!("{ID}.jsonl")));
    assert_eq!(search_one(&home.store.find(ID)[0].path, &Query::parse("x"), &false.into()).unwrap().1, 1);
    // Once, however many names lead there.
    symlink(&folder, home.dir.path().join("projects/-other")).unwrap();
    assert_eq!(seen().len(), 1);
    // A transcript: resumed, and not listed by the picker.
    let file = elsewhere.path().join("moved.jsonl");
    fs::write(&file, user("y")).unwrap();
    symlink(&file, home.folder("-b").join(format!("{OTHER}.jsonl"))).unwrap();
    assert_eq!(seen(), [(ID.to_owned(), false, true), (OTHER.to_owned(), true, true)]);
    // A second name of one that is listed is no copy.
    let real = home.put("-c", OTHER, user("z"));
    fs::remove_file(home.folder("-b").join(format!("{OTHER}.jsonl"))).unwrap();
    symlink(&real, home.folder("-b").join(format!("{OTHER}.jsonl"))).unwrap();
    assert_eq!(seen(), [(ID.to_owned(), false, true), (OTHER.to_owned(), false, true)]);
    assert!(!home.store.find(OTHER)[0].duplicate);
    // Claude's own folder, or its projects, may be links as well.
    let link = elsewhere.path().join("claude");
    symlink(home.dir.path(), &link).unwrap();
    assert_eq!(Store::new(&link).list(Path::new("/")).unwrap().len(), 2);
}

#[test]
fn no_folder_is_told_from_no_sessions() {
    let home = Home::new();
    assert!(home.list().is_empty());
    fs::remove_dir(home.dir.path().join("projects")).unwrap();
    assert!(home.list().is_empty());
    fs::write(home.dir.path().join("projects"), "x").unwrap();
    let error = home.store.list(Path::new("/")).unwrap_err();
    assert!(matches!(error, ScanError::Unreadable { .. }), "{error}");
    let error = Store::new("/nowhere/claude").list(Path::new("/")).unwrap_err();
    assert_eq!(error.to_string(), "there is no Claude Code folder at /nowhere/claude");
}

#[test]
fn copies_of_one_session_are_both_listed_and_found() {
    let home = Home::new();
    home.put("-a", ID, user("x"));
    home.put("-b", ID, user("x"));
    home.put("-c", OTHER, user("x"));
    let all = home.list();
    assert_eq!(all.iter().filter(|s| s.duplicate && s.resumable).count(), 2);
    assert_eq!(all.len(), 3);
    assert_eq!(home.store.find(&ID.to_uppercase()).len(), 2);
    assert_eq!(home.store.find(OTHER).len(), 1);
    assert!(home.store.find("../../etc/passwd").is_empty());
}

#[test]
fn a_file_name_in_capitals_is_not_what_claude_looks_for() {
    let home = Home::new();
    let upper = "AAAAAAAA-2222-4333-8444-555555555555";
    home.put("-a", upper, user("x"));
    let session = home.store.find(upper).remove(0);
    assert_eq!(session.session_id, upper.to_lowercase());
    if cfg!(target_os = "linux") {
        assert_eq!(session.why_not.as_deref(), Some("its file name has uppercase letters"));
    }
}

#[test]
fn batches_come_newest_first_with_this_directory_in_the_first() {
    let home = Home::new();
    let now = SystemTime::now();
    for n in 0..700u32 {
        let (folder, cwd) = if n == 650 { ("-srv-here", "/srv/here") } else { ("-srv-other", "/srv/other") };
        let text = chain("user", &json!(n.to_string()), &json!({"cwd": cwd, "timestamp": null}));
        let path = home.put(folder, &format!("{n:08}-2222-4333-8444-555555555555"), text);
        let file = fs::File::options().write(true).open(path).unwrap();
        file.set_modified(now - Duration::from_secs(60 * u64::from(n))).unwrap();
    }
    let mut batches: Vec<Vec<String>> = Vec::new();
    let cwd = Path::new("/srv/here");
    home.store.scan(cwd, &mut |batch| batches.push(batch.into_iter().map(|s| s.title).collect())).unwrap();
    assert_eq!(batches.iter().map(Vec::len).collect::<Vec<_>>(), [65, 512, 123]);
    let mut expected: Vec<u32> = (0..64).chain([650]).chain(64..650).chain(651..700).collect();
    assert_eq!(batches.concat(), expected.iter().map(u32::to_string).collect::<Vec<_>>());
    expected.sort_unstable();
    let all = home.store.list(cwd).unwrap();
    assert_eq!(
        all.iter().map(|s| s.title.clone()).collect::<Vec<_>>(),
        expected.iter().map(u32::to_string).collect::<Vec<_>>()
    );
    assert_eq!(current_of(&all, cwd).unwrap().title, "650");
    assert_eq!(current_of(&all, Path::new("/srv/here/deep/er")).unwrap().title, "650");
    assert!(current_of(&all, Path::new("/srv")).is_none());
    assert!(current_of(&all, Path::new("/srv/hereby")).is_none());
}

fn current_of(all: &[Session], cwd: &Path) -> Option<Session> {
    Here::new(cwd, None).current(all.iter()).map(|place| all[place].clone())
}

/// One rule: at the directory or above it, by whatever name, but the home folder
/// and what is above it only for themselves.
#[test]
#[cfg(unix)]
fn a_project_is_its_folder_and_what_is_below_it() {
    let home = Home::new();
    let place = tempfile::tempdir().unwrap();
    let user = place.path().join("ada");
    let worktree = user.join("src/shop/.claude/worktrees/fix1");
    fs::create_dir_all(worktree.join("lib")).unwrap();
    fs::create_dir_all(user.join("src/shop/lib")).unwrap();
    fs::create_dir_all(user.join("src/blog")).unwrap();
    let link = place.path().join("link");
    std::os::unix::fs::symlink(user.join("src/shop"), &link).unwrap();
    let user_link = place.path().join("moved");
    std::os::unix::fs::symlink(&user, &user_link).unwrap();
    let at = |name: &str| user.join(name);
    let folders = [
        PathBuf::from("/"),
        user.clone(),
        at("src/shop"),
        worktree.clone(),
        at("src/blog"),
        user_link.join("gone"),
    ];
    for (n, cwd) in folders.iter().enumerate() {
        let id = format!("{n:08}-2222-4333-8444-555555555555");
        let time = format!("2026-11-20T10:00:0{n}.000Z");
        home.put(&format!("-x{n}"), &id, chain("user", &json!("x"), &json!({"cwd": cwd, "timestamp": time})));
    }
    let all = home.list();
    let of = |cwd: &Path| {
        let here = Here::new(cwd, Some(&user_link));
        let mut found: Vec<usize> =
            all.iter().filter(|s| here.is_of(s)).map(|s| s.session_id[..8].parse().unwrap()).collect();
        found.sort_unstable();
        let first = here.current(all.iter()).map(|place| all[place].session_id[..8].parse().unwrap());
        (found, first)
    };
    for (cwd, found, first) in [
        (at("src/shop"), vec![2], Some(2)),
        (at("src/shop/lib"), vec![2], Some(2)),
        (link.clone(), vec![2], Some(2)),
        (link.join("lib"), vec![2], Some(2)),
        (user_link.join("src/shop/lib"), vec![2], Some(2)),
        (worktree.join("lib"), vec![2, 3], Some(3)),
        (user.clone(), vec![1], Some(1)),
        (user_link.clone(), vec![1], Some(1)),
        (PathBuf::from("/"), vec![0], Some(0)),
        (at("src"), vec![], None),
        (at("notes"), vec![], None),
        (place.path().to_owned(), vec![], None),
        (user_link.join("gone/sub"), vec![5], Some(5)),
        (PathBuf::from("src"), vec![], None),
    ] {
        assert_eq!(of(&cwd), (found, first), "{}", cwd.display());
    }
}

/// All files were written in the same second: the last message decides, and
/// where it does not, all are candidates.
#[test]
fn of_many_files_of_one_second_the_last_message_tells() {
    let home = Home::new();
    let now = SystemTime::now();
    for n in 0..500u32 {
        let time = format!("2026-11-20T{:02}:{:02}:{:02}.000Z", n / 3600, n / 60 % 60, n % 60);
        let line = chain("user", &json!(n.to_string()), &json!({"cwd": "/srv/here", "timestamp": time}));
        let path = home.put("-srv-here", &format!("{n:08}-2222-4333-8444-555555555555"), line);
        fs::File::options().write(true).open(path).unwrap().set_modified(now).unwrap();
    }
    let here = Here::new(Path::new("/srv/here"), None);
    let titles = |all: &[Session]| here.candidates(all).iter().map(|s| s.title.clone()).collect::<Vec<_>>();
    assert_eq!(titles(&home.list()), ["499"]);
    let twin =
        chain("user", &json!("twin"), &json!({"cwd": "/srv/here", "timestamp": "2026-11-20T00:08:19.900Z"}));
    home.put("-srv-here", OTHER, twin);
    assert_eq!(titles(&home.list()), ["twin", "499"]);
}

#[test]
#[cfg(unix)]
fn projects_that_share_a_folder_are_told_apart() {
    let home = Home::new();
    let place = tempfile::tempdir().unwrap();
    let [outer, inner] = ["외주/app", "개인/app"].map(|name| place.path().join(name));
    for (id, dir) in [(ID, &outer), (OTHER, &inner)] {
        fs::create_dir_all(dir.join("sub")).unwrap();
        home.put("-home----app", id, chain("user", &json!("x"), &json!({"cwd": dir.to_str()})));
    }
    let all = home.list();
    assert_eq!(current_of(&all, &outer).unwrap().session_id, ID);
    assert_eq!(current_of(&all, &inner.join("sub")).unwrap().session_id, OTHER);
    let link = place.path().join("link");
    std::os::unix::fs::symlink(&inner, &link).unwrap();
    assert_eq!(current_of(&all, &link).unwrap().session_id, OTHER);
    assert_eq!(all.iter().filter(|session| Here::new(&link, None).is_of(session)).count(), 1);

    // The nearest directory above wins, and only what can be resumed counts.
    let sub = inner.join("sub");
    let id = "77777777-2222-4333-8444-555555555555";
    home.put(
        "-sub",
        id,
        chain("user", &json!("x"), &json!({"cwd": sub.to_str(), "timestamp": "2020-01-01T00:00:00Z"})),
    );
    assert_eq!(current_of(&home.list(), &sub).unwrap().session_id, id);
    home.put("-sub", id, chain("user", &json!("x"), &json!({"cwd": sub.to_str(), "entrypoint": "sdk-ts"})));
    assert_eq!(current_of(&home.list(), &sub).unwrap().session_id, OTHER);
}

#[test]
fn a_large_sparse_file_costs_nothing() {
    let home = Home::new();
    let path = home.put("-a", ID, user("start"));
    let mut file = fs::File::options().append(true).open(&path).unwrap();
    file.set_len(4 << 30).unwrap();
    std::io::Write::write_all(&mut file, ("\n".to_owned() + &user("end") + &claude("bye")).as_bytes())
        .unwrap();
    let started = std::time::Instant::now();
    let session = home.store.find(ID).remove(0);
    assert_eq!(session.last_words.as_deref(), Some("bye"));
    assert!(session.resumable && session.damaged && session.size > 4 << 30);
    assert_eq!(preview(&path, &Excerpt::Last, 50).unwrap().turns.len(), 2);
    assert!(holds(&path, &mark(&path).unwrap()).unwrap());
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
}

#[test]
fn liveness_reaches_the_rows() {
    let home = Home::new();
    let sessions = home.dir.path().join("sessions");
    fs::create_dir(&sessions).unwrap();
    let record = json!({"sessionId": ID, "kind": "interactive"}).to_string();
    fs::write(sessions.join(format!("{}.json", std::process::id())), record).unwrap();
    assert_eq!(home.session(user("x")).live, Live::Yes);
}

#[test]
fn a_file_that_grows_while_a_claude_of_its_folder_works_is_perhaps_open() {
    let home = Home::new();
    let sessions = home.dir.path().join("sessions");
    fs::create_dir(&sessions).unwrap();
    let now = Utc::now().timestamp_millis();
    let record = |status: &str, cwd: &str, ago: i64| {
        let record = json!({
            "sessionId": OTHER, "kind": "interactive", "cwd": cwd, "status": status, "statusUpdatedAt": now - ago * 1000,
        });
        fs::write(sessions.join(format!("{}.json", std::process::id())), record.to_string()).unwrap();
        home.store.find(ID)[0].live
    };
    let path = home.put("-home-dana-wx", ID, user("resumed inside"));
    assert_eq!(record("idle", "/home/dana/wx", 1), Live::Perhaps, "the file ended with the turn");
    assert_eq!(record("busy", "/home/dana/wx", 600), Live::Perhaps, "it grows during a turn");
    assert_eq!(record("idle", "/home/dana/wx", 600), Live::No, "it grew later, by another");
    assert_eq!(record("idle", "/home/dana/other", 1), Live::No, "elsewhere");
    let age = |path: &Path, seconds| {
        let file = fs::File::options().write(true).open(path).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(seconds)).unwrap();
    };
    // What the record names grew as well: that is what it writes.
    let own = home.put("-home-dana-wx", OTHER, user("its own"));
    assert_eq!(record("idle", "/home/dana/wx", 1), Live::No);
    assert_eq!(home.store.find(OTHER)[0].live, Live::Yes);
    age(&own, 3600);
    assert_eq!(record("idle", "/home/dana/wx", 1), Live::Perhaps);
    age(&path, 60);
    assert_eq!(record("busy", "/home/dana/wx", 1), Live::No, "it did not grow");
}

#[test]
fn a_session_of_a_folder_that_is_gone_is_its_repositorys() {
    let home = Home::new();
    let place = tempfile::tempdir().unwrap();
    let repository = place.path().join("repo");
    let tree = repository.join(".claude/worktrees/wt1");
    fs::create_dir_all(&tree).unwrap();
    let at = |cwd: &Path| chain("user", &json!("x"), &json!({"cwd": cwd}));
    let cwd = |file: String| home.session(file).cwd.unwrap();
    assert_eq!(cwd(at(&tree)), tree);
    let moved = at(&repository) + &line("relocated", "relocatedCwd", tree.to_str().unwrap());
    assert_eq!(cwd(moved.clone()), tree);
    fs::remove_dir(&tree).unwrap();
    assert_eq!(cwd(at(&tree)), repository);
    assert_eq!(cwd(moved), repository);
    let all = home.list();
    assert!(all[0].resumable && current_of(&all, &repository).is_some());
    // Nothing is guessed of others.
    let gone = place.path().join("gone");
    assert_eq!(cwd(at(&gone)), gone);
    let moved = at(&repository) + &line("relocated", "relocatedCwd", gone.to_str().unwrap());
    assert_eq!(cwd(moved), repository);
}

#[test]
fn the_last_message_orders_files_of_one_moment() {
    let home = Home::new();
    let at = SystemTime::now();
    for n in 0..60u32 {
        // Not in the order of their names.
        let minute = (n * 7) % 60;
        let said = json!({"timestamp": format!("2026-11-20T10:{minute:02}:00.000Z")});
        let path = home.put(
            "-a",
            &format!("{n:08}-2222-4333-8444-555555555555"),
            chain("user", &json!(minute.to_string()), &said),
        );
        fs::File::options().write(true).open(path).unwrap().set_modified(at).unwrap();
    }
    let titles: Vec<String> = home.list().into_iter().map(|session| session.title).collect();
    assert_eq!(titles, (0..60).rev().map(|minute| minute.to_string()).collect::<Vec<_>>());
}

#[test]
fn sub_agents_of_one_name_stay_with_their_session() {
    let home = Home::new();
    let side = |text: &str| {
        chain("user", &json!(text), &json!({"isSidechain": true, "agentId": "a1", "uuid": "same"}))
    };
    for (id, words) in [(ID, "first pelican"), (OTHER, "second pelican")] {
        let path = home.put("-home-dana-wx", id, user(words) + &filler(70_000) + &side("their pelican"));
        let agents = path.with_extension("").join("subagents");
        fs::create_dir_all(&agents).unwrap();
        fs::write(agents.join("agent-a1.jsonl"), side("a pelican of an agent")).unwrap();
        fs::write(path.with_file_name("agent-a1b2c3d.jsonl"), side("an older pelican")).unwrap();
    }
    assert_eq!(home.list().len(), 2);
    let told = std::sync::Mutex::new(Vec::new());
    let sink = |event| {
        if let Searching::Found(found) = event {
            told.lock().unwrap().push((found.session.session_id, found.count, found.hits[0].snippet.clone()));
        }
    };
    home.store.search(&Query::parse("pelican"), None, &sink, &false.into()).unwrap();
    let mut told = told.into_inner().unwrap();
    told.sort();
    let right = [(ID, "first pelican"), (OTHER, "second pelican")]
        .map(|(id, words)| (id.to_owned(), 1, words.to_owned()));
    assert_eq!(told, right);
    for session in home.list() {
        let turns = preview(&session.path, &Excerpt::Last, 9).unwrap().turns;
        assert_eq!(turns.len(), 1, "{turns:?}");
    }
}

#[test]
fn the_environment_names_folder_and_session() {
    let env = |key: &str, value: &str| {
        let (key, value) = (key.to_owned(), OsString::from(value));
        move |asked: &str| (asked == key).then(|| value.clone())
    };
    let home = Some(Path::new("/home/dana"));
    assert_eq!(config_dir(&|_| None, home), Some(PathBuf::from("/home/dana/.claude")));
    // Asked of 2.1.112 and 2.1.332: one path, and nothing in it is expanded.
    let here = std::env::current_dir().unwrap();
    for (value, dir) in [
        ("", here.clone()),
        ("rel/x", here.join("rel/x")),
        ("~/x", here.join("~/x")),
        ("/a:/b", PathBuf::from("/a:/b")),
        ("/a/", PathBuf::from("/a")),
    ] {
        assert_eq!(config_dir(&env("CLAUDE_CONFIG_DIR", value), home), Some(dir), "{value:?}");
    }
    assert_eq!(config_dir(&env("CLAUDE_CONFIG_DIR", "/x/e\u{301}"), None), Some(PathBuf::from("/x/\u{e9}")));
    assert_eq!(config_dir(&|_| None, None), None);
    let id = |value: &str| current_session_id(&env("CLAUDE_CODE_SESSION_ID", value));
    assert_eq!(id(&ID.to_uppercase()).as_deref(), Some(ID));
    assert_eq!(id("../../../etc/passwd"), None);
    assert_eq!(id(&ID.replace('1', "é")), None);
}
