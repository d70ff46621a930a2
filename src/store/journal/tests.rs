//! The journal, damaged, newer, shared and remembered.

use super::*;

#[test]
fn a_damaged_journal_is_kept_aside() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::new(dir.path());
    std::fs::write(dir.path().join("journal.json"), b"{\"handoffs\": [").unwrap();
    let (book, aside) = journal.load().unwrap();
    assert_eq!(book, Book::default());
    assert_eq!(std::fs::read(aside.unwrap()).unwrap(), b"{\"handoffs\": [");
    assert_eq!(journal.load().unwrap().1, None);
}

fn entry(token: &str) -> Value {
    serde_json::json!({
        "token": token, "creator": "pk:x", "session_id": "s", "project": "/p", "burn_after_read": false,
        "created_at": "2026-11-28T10:00:00Z", "ttl": 3600, "stage": "published",
    })
}

#[test]
fn what_is_not_known_is_kept_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::new(dir.path());
    let path = dir.path().join("journal.json");
    let now = time::parse("2026-11-28T11:00:00Z").unwrap();
    let (one, two) = ("d1111111111111", "s1111111111111");
    let odd = |change: &dyn Fn(&mut Value)| {
        let mut value = entry("d3333333333331");
        change(&mut value);
        value
    };
    let unread = [
        odd(&|value| value["stage"] = "paused".into()),
        odd(&|value| value["token"] = "q1111111111111".into()),
        odd(&|value| value["ttl"] = (30 * 86_400).into()),
        odd(&|value| drop(value.as_object_mut().unwrap().remove("creator"))),
        Value::from("words"),
    ];
    let mut newer = entry(two);
    newer["mood"] = serde_json::json!({"deep": [1, 2.5, null]});
    let mut handoffs = vec![entry(one)];
    handoffs.extend(unread.iter().cloned());
    handoffs.push(newer);
    let file = serde_json::json!({
        "version": 9, "handoffs": handoffs, "ends": {"a": {"packet": 1}}, "places": ["of", "another", "form"],
        "reminders": [{"at": "noon"}],
    });
    std::fs::write(&path, file.to_string()).unwrap();
    let (book, aside) = journal.load().unwrap();
    assert_eq!(aside, None);
    let tokens: Vec<String> = book.handoffs.iter().map(|entry| entry.token.to_string()).collect();
    assert_eq!((tokens.as_slice(), book.unread_handoffs()), ([one.to_owned(), two.to_owned()].as_slice(), 5));
    let change = |book: &mut Book| {
        book.handoffs[0].stage = Stage::Revoked;
        book.places.insert("/there".into(), "/here".into());
    };
    for _ in 0..2 {
        journal.update(now, change).unwrap();
        let written: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let all = written["handoffs"].as_array().unwrap();
        assert!(unread.iter().all(|value| all.contains(value)), "{written:#}");
        assert_eq!((all.len(), &all[0]["stage"]), (7, &Value::from("revoked")), "{written:#}");
        assert_eq!(all[1]["mood"], file["handoffs"][6]["mood"], "{written:#}");
        for part in ["version", "reminders"] {
            assert_eq!(written[part], file[part], "{written:#}");
        }
        assert_eq!(written["ends"]["a"]["packet"], file["ends"]["a"]["packet"], "{written:#}");
        assert_eq!(written["places_unread"], file["places"], "{written:#}");
        assert_eq!(written["places"]["/there"], "/here", "{written:#}");
    }
}

#[test]
fn a_group_is_kept_and_older_journals_have_none() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::new(dir.path());
    let path = dir.path().join("journal.json");
    let now = time::parse("2026-11-28T11:00:00Z").unwrap();
    let mut grouped = entry("s1111111111111");
    grouped["group"] = serde_json::json!({"id": "x", "name": "backend", "of": 3, "colour": "red"});
    let file = serde_json::json!({"version": 1, "handoffs": [entry("d1111111111111"), grouped]});
    std::fs::write(&path, file.to_string()).unwrap();
    journal.update(now, |book| book.handoffs[1].stage = Stage::Revoked).unwrap();
    let (book, _) = journal.load().unwrap();
    assert_eq!(book.handoffs[0].group, None);
    assert_eq!(book.handoffs[1].group.as_ref().map(|group| (&*group.name, group.of)), Some(("backend", 3)));
    let written: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(written["handoffs"][1]["group"], file["handoffs"][1]["group"]);
    assert!(written["handoffs"][0].get("group").is_none(), "{written:#}");
}

#[test]
fn what_cannot_be_read_is_forgotten_after_a_year() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::new(dir.path());
    let now = time::parse("2026-11-28T11:00:00Z").unwrap();
    let newer = |created: &str| {
        let mut value = entry("d3333333333331");
        (value["stage"], value["created_at"]) = ("paused".into(), created.into());
        value
    };
    let timeless = |name: &str| serde_json::json!({"name": name});
    let file = serde_json::json!({
        "handoffs": [newer("2026-11-28T10:00:00Z"), newer("9999-01-01T00:00:00Z"), timeless("a")],
        "ends": {"x": {"packet": 1, "until": "2026-12-05T00:00:00Z"}, "y": timeless("b")},
    });
    std::fs::write(dir.path().join("journal.json"), file.to_string()).unwrap();
    let unread = |at: DateTime<Utc>| {
        journal.update(at, |_| ()).unwrap();
        let book = journal.load().unwrap().0;
        (book.unread_handoffs(), book.unread.get(ENDS).and_then(Value::as_object).map_or(0, Map::len))
    };
    assert_eq!(unread(now), (3, 2));
    assert_eq!(unread(now + TimeDelta::days(364)), (3, 2));
    assert_eq!(unread(now + TimeDelta::days(367)), (0, 1));
    assert_eq!(unread(now + TimeDelta::days(380)), (0, 0));
}

#[test]
fn a_new_journal_says_which_version_it_is() {
    let dir = tempfile::tempdir().unwrap();
    Journal::new(dir.path()).update(Utc::now(), |_| ()).unwrap();
    let file = std::fs::read(dir.path().join("journal.json")).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&file).unwrap()["version"], VERSION);
}

#[test]
fn changes_of_many_threads_all_stay() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::new(dir.path());
    let until = Utc::now() + TimeDelta::hours(1);
    std::thread::scope(|scope| {
        for number in 0..8 {
            let journal = &journal;
            scope.spawn(move || {
                let end = End { packet: String::new(), until, unknown: Unknown::new() };
                journal.update(Utc::now(), |book| book.ends.insert(number.to_string(), end)).unwrap();
            });
        }
    });
    assert_eq!(journal.load().unwrap().0.ends.len(), 8);
}

#[test]
fn it_is_read_again_only_when_it_is_another_one() {
    let dir = tempfile::tempdir().unwrap();
    let (ours, another) = (Journal::new(dir.path()), Journal::new(dir.path()));
    let place = |of: &str| Journal::load(&ours).unwrap().0.places.get(of).cloned();
    let put = |journal: &Journal, of: &str, at: &str| {
        journal.update(Utc::now(), |book| book.places.insert(of.into(), at.into())).unwrap();
    };
    put(&ours, "/there", "/here");
    assert_eq!(place("/there"), Some("/here".into()));
    // Written by another process, in a file as long as it was.
    put(&another, "/there", "/hare");
    assert_eq!(place("/there"), Some("/hare".into()));
    // Nobody replaced it, as far as can be seen from outside.
    let path = dir.path().join("journal.json");
    let written = std::fs::metadata(&path).unwrap().modified().unwrap();
    let content = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, content.replace("/hare", "/hers")).unwrap();
    std::fs::File::options().write(true).open(&path).unwrap().set_modified(written).unwrap();
    assert_eq!(place("/there"), Some("/hare".into()), "it was read once more");
    // What is changed is read afresh all the same.
    put(&ours, "/more", "/here");
    assert_eq!(place("/there"), Some("/hers".into()));
    std::fs::remove_file(&path).unwrap();
    assert_eq!(place("/there"), None);
}
