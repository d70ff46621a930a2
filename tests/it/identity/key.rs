//! `init` and `whoami`: the key, where it lies, and who may read it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::support::device::walk;
use crate::support::{Device, text};

/// Seed 00 01 … 1f and its public key, from tests/vectors.
const SEED: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const KEY: &str = "pk:yqooxx9u3aemh8mo5wcqq16yufu6jitouq1o4za751dger1igghy";

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn init_makes_a_key_and_whoami_shows_it() {
    let a = Device::bare();
    let made = a.cmd(&["init", "--no-passphrase", "--json"]).ok().json();
    let key = text(&made, "public_key");
    assert!(key.starts_with("pk:") && key.len() == 3 + 52, "{key}");
    assert_eq!(made["protected"], "none");
    assert_eq!(a.json(&["whoami"]), made);
    let file = fs::read_to_string(text(&made, "path")).unwrap();
    assert_eq!(file.trim_end().len(), 64, "a plain key is 64 hex digits");
    assert!(file.trim_end().bytes().all(|b| b.is_ascii_hexdigit()));
    // In words it also tells which network is in use.
    let words = a.cmd(&["whoami"]).ok().says(&[key, &a.bootstrap]);
    assert!(!words.said().contains('\u{1b}'), "colour without a terminal: {:?}", words.said());
}

#[test]
fn two_keys_are_not_the_same() {
    assert_ne!(Device::new().public_key(), Device::new().public_key());
}

#[test]
fn nobody_else_may_read_what_is_kept() {
    let a = Device::new();
    a.publish(&["--link"]);
    a.json(&["list"]);
    assert_eq!(mode(&a.key_file()), 0o600);
    for path in walk(&a.home) {
        let wanted = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode(&path), wanted, "{}", path.display());
    }
    // Written aside and renamed: nothing half-written stays behind.
    for path in a.files() {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        assert!(!name.contains("tmp") && !name.ends_with('~'), "left behind: {name}");
    }
}

/// Given a passphrase later, nothing of it may stay that opens without.
#[test]
fn the_same_key_is_not_kept_beside_itself() {
    let a = Device::new();
    let key = a.key_file();
    let own = a.public_key();
    let again = ["init", "--import", key.to_str().unwrap(), "--yes"];
    a.cmd(&again).env("CCLINK_PASSPHRASE", "a long enough passphrase").ok().hides(&["The old key"]);
    assert!(fs::read(&key).unwrap().starts_with(b"age-encryption.org"));
    let beside = a.files().into_iter().filter(|path| path.to_string_lossy().contains(".old"));
    assert_eq!(beside.count(), 0);
    let whoami =
        a.cmd(&["whoami", "--json"]).env("CCLINK_PASSPHRASE", "a long enough passphrase").ok().json();
    assert_eq!(whoami["public_key"], own);
}

#[test]
fn init_keeps_the_old_key_beside() {
    let a = Device::bare();
    a.cmd(&["init", "--no-passphrase"]).ok();
    let old = fs::read(a.key_file()).unwrap();
    a.cmd(&["init", "--no-passphrase"]).fails(1).says(&["--yes", "keeps the old one next to it"]);
    a.cmd(&["init", "--no-passphrase", "--yes"]).ok().says(&["The old key is kept at"]);
    let name = format!("{}.old", a.key_file().file_name().unwrap().to_string_lossy());
    assert_eq!(fs::read(a.key_file().with_file_name(&name)).unwrap(), old);
    assert_ne!(fs::read(a.key_file()).unwrap(), old);
    // Back again, and nothing is lost on the way.
    let import = a.key_file().with_file_name(&name).display().to_string();
    a.cmd(&["init", "--no-passphrase", "--yes", "--import", &import]).ok().says(&["-2"]);
    assert_eq!(fs::read(a.key_file()).unwrap(), old);
}

#[test]
fn init_does_not_overwrite_a_key() {
    let a = Device::new();
    let before = fs::read(a.key_file()).unwrap();
    a.cmd(&["init", "--no-passphrase"]).output().exits(&[1, 2]).says(&["already"]);
    a.cmd(&["init", "--no-passphrase", "--import", "-"]).stdin(SEED).output().exits(&[1, 2]);
    assert_eq!(fs::read(a.key_file()).unwrap(), before);
}

#[test]
fn a_key_is_imported_in_each_form() {
    let raw: Vec<u8> = (0..32).collect();
    let marked = [b"\xef\xbb\xbf", SEED.as_bytes(), b"\r\n"].concat();
    let with_end = format!("{SEED}\n");
    let capitals = SEED.to_uppercase();
    for (name, content) in [
        ("hex", SEED.as_bytes()),
        ("hex and line end", with_end.as_bytes()),
        ("capitals", capitals.as_bytes()),
        ("raw", &raw),
        ("with a byte order mark", &marked),
    ] {
        let a = Device::bare();
        let file = a.path("seed");
        fs::write(&file, content).unwrap();
        a.cmd(&["init", "--no-passphrase", "--import"]).arg(&file).ok();
        assert_eq!(a.public_key(), KEY, "{name}");
        assert_eq!(fs::read(&file).unwrap(), content, "the imported file stays as it was");
    }
    let a = Device::bare();
    a.cmd(&["init", "--import", "-", "--no-passphrase"]).stdin(SEED).ok();
    assert_eq!(a.public_key(), KEY, "from stdin");
}

#[test]
fn a_damaged_key_is_not_imported() {
    let long = format!("{SEED}0");
    let no_hex = SEED.replace("1f", "1g");
    let contents: [&[u8]; 7] = [
        b"",
        &SEED.as_bytes()[..63],
        &SEED.as_bytes()[..32],
        long.as_bytes(),
        no_hex.as_bytes(),
        &[7; 31],
        &[7; 33],
    ];
    for content in contents {
        let a = Device::bare();
        let file = a.path("seed");
        fs::write(&file, content).unwrap();
        a.cmd(&["init", "--no-passphrase", "--import"]).arg(&file).fails(2).says(&["key"]);
        a.cmd(&["whoami"]).output().exits(&[1]);
    }
    let a = Device::bare();
    a.cmd(&["init", "--no-passphrase", "--import", "-"]).stdin(&SEED[..60]).fails(2);
    a.cmd(&["init", "--no-passphrase", "--import", "no-such-file"])
        .output()
        .exits(&[1, 2])
        .says(&["no-such-file"]);
    assert!(!a.home.join("secret_key").exists());
}

#[test]
fn a_truncated_key_file_is_named_and_kept() {
    let a = Device::new();
    let path = a.key_file();
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    for content in [&b"0011"[..], b"", b"age-encryption.org/v1\n-> scrypt"] {
        fs::write(&path, content).unwrap();
        let out = a.cmd(&["whoami"]).output().exits(&[1, 2]);
        let said = out.said();
        assert!(said.contains(&name) || said.contains("passphrase"), "{said}");
        a.cmd(&["init", "--no-passphrase"]).output().exits(&[1, 2]);
        assert_eq!(fs::read(&path).unwrap(), content, "a damaged key is still the user's");
    }
}

#[test]
fn without_a_key_it_says_how_to_get_one() {
    let a = Device::bare();
    let session = a.session("uploader", "x");
    for args in [vec!["whoami"], vec!["publish", &session.id], vec!["pickup"], vec!["list"]] {
        let out = a.cmd(&args).arg("--json").fails(1).says(&["cclink init"]);
        out.error();
    }
    assert!(a.files().is_empty(), "{:?}", a.files());
}

#[test]
fn init_without_a_terminal_names_the_flag() {
    let a = Device::bare();
    a.cmd(&["init"]).fails(2).says(&["--no-passphrase"]);
    assert!(a.files().is_empty());
}

#[test]
fn the_key_of_pubky_tools_is_read_where_it_lies() {
    let a = Device::bare();
    let key = a.path("user").join(".pubky").join("secret_key");
    fs::create_dir_all(key.parent().unwrap()).unwrap();
    fs::write(&key, SEED).unwrap();
    let seen = a.cmd(&["whoami", "--json"]).without("CCLINK_HOME").ok().json();
    assert_eq!(seen["public_key"], KEY);
    assert_eq!(Path::new(text(&seen, "path")), key);
    a.cmd(&["init", "--no-passphrase"]).without("CCLINK_HOME").output().exits(&[1, 2]);
    assert_eq!(fs::read_to_string(&key).unwrap(), SEED);

    let b = Device::bare();
    b.cmd(&["init", "--no-passphrase"]).without("CCLINK_HOME").ok();
    let key = b.path("user").join(".pubky").join("secret_key");
    assert_eq!(mode(&key), 0o600);
    assert_eq!(mode(key.parent().unwrap()), 0o700);
    assert!(b.files().is_empty(), "the other home was not asked for");
}
