//! Names into people: each once, nobody by guessing.

use super::*;
use crate::handoff::Identity;
use crate::store::Unknown;

fn key(number: u8) -> PublicKey {
    Identity::from_seed(&[number; 32]).public()
}

fn contact(name: &str, number: u8) -> Contact {
    let (name, public_key) = (name.to_owned(), key(number).to_string());
    Contact { name, public_key, mine: false, unknown: Unknown::new() }
}

fn asked(typed: &str) -> Result<Whom> {
    let contacts = [contact("anna", 1), contact("ben", 2), contact("Smith, Carl", 3), contact("both", 4)];
    let team = |name: &str, members: &[&str]| {
        (name.to_owned(), members.iter().map(|&member| member.to_owned()).collect::<Vec<_>>())
    };
    let dana = key(5).to_string();
    let teams = BTreeMap::from([
        team("backend", &["anna", "ben", &dana]),
        team("me too", &["anna", &key(9).to_string()]),
        team("only me", &[&key(9).to_string()]),
        team("solo", &["ben"]),
        team("empty", &[]),
        team("typo", &["anna", "bne"]),
        team("nested", &["backend"]),
        team("both", &["anna"]),
    ]);
    Book { contacts: &contacts, teams: &teams }.whom(typed, Some(&key(9)))
}

#[track_caller]
fn several(typed: &str) -> (String, Vec<String>, bool) {
    match asked(typed).unwrap() {
        Whom::Several(several) => {
            let names = several.people.iter().map(|person| short(&person.name)).collect();
            (several.name, names, several.with_me)
        }
        Whom::One(key) => panic!("{typed}: {key} alone"),
    }
}

#[test]
fn one_name_is_one_person() {
    for (typed, number) in [
        ("anna", 1),
        ("Smith, Carl", 3),
        // The same person twice, by name and by key.
        ("anna,anna", 1),
        (" anna , ", 1),
        (&*format!("anna,{}", key(1)), 1),
        (&*key(5).to_string(), 5),
        // Refused where it is published, as ever.
        (&*key(9).to_string(), 9),
    ] {
        assert_eq!(asked(typed).unwrap(), Whom::One(key(number)), "{typed}");
    }
}

#[test]
fn several_names_and_teams_are_each_person_once() {
    let dana = short(&key(5).to_string());
    for (typed, name, people, with_me) in [
        ("anna,ben", "anna, ben", vec!["anna", "ben"], false),
        ("ben, anna,ben", "ben, anna", vec!["ben", "anna"], false),
        ("backend", "backend", vec!["anna", "ben", &dana], false),
        ("ben,backend", "ben, backend", vec!["ben", "anna", &dana], false),
        (&*format!("backend,{}", key(1)), "backend, anna", vec!["anna", "ben", &dana], false),
        // A team is one, however few are in it; I am left out.
        ("solo", "solo", vec!["ben"], false),
        ("me too", "me too", vec!["anna"], true),
        (&*format!("ben,{}", key(9)), "ben", vec!["ben"], true),
    ] {
        let people: Vec<String> = people.into_iter().map(str::to_owned).collect();
        assert_eq!(several(typed), (name.to_owned(), people, with_me), "{typed}");
    }
}

#[test]
fn what_means_nobody_or_two_things_is_refused_by_name() {
    for (typed, said) in [
        ("nobody", "`nobody` is not a contact or a public key."),
        ("anna,nobody", "`nobody` is not"),
        ("x1,y2", "These are not contacts or public keys: `x1`, `y2`."),
        ("typo", "`bne` in the team typo is not"),
        ("nested", "`backend` in the team nested is not"),
        ("both", "`both` names both a contact and a team."),
        ("anna,both", "`both` names both"),
        ("empty", "`empty` names nobody."),
        ("only me", "names nobody but you."),
        (",", "`,` names nobody."),
        ("", "`` is not a contact"),
    ] {
        let error = asked(typed).unwrap_err();
        assert!(error.message.contains(said), "{typed}: {}", error.message);
        assert!(!error.advice.is_empty(), "{typed}");
    }
    let meant = |typed: &str| asked(typed).unwrap_err().advice;
    assert!(meant("backnd").contains("Did you mean `backend`?"), "{}", meant("backnd"));
    assert!(meant("ana,bne").contains("Did you mean `anna`, `ben`?"), "{}", meant("ana,bne"));
    // A team in a team is not looked for.
    assert!(!meant("nested").contains("`backend`?"), "{}", meant("nested"));
}

#[test]
fn more_than_fit_are_refused() {
    let teams = BTreeMap::from([("all".to_owned(), (0..60).map(|n| key(n).to_string()).collect())]);
    let error = Book { contacts: &[], teams: &teams }.whom("all", None).unwrap_err();
    assert!(error.message.contains("60 people; at most 50"), "{}", error.message);
}
