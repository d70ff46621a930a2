//! What `CCLINK_LOG` tells, and what it never does.

use std::fs;

use cclink::handoff::{Identity, z32};
use cclink::text::hex;

use crate::support::{Device, text};

#[test]
fn lookups_and_puts_are_told_and_no_secret_is() {
    let (pin, passphrase) = ("velvet-orbit-77", "open sesame 99");
    let a = Device::new();
    let seed = fs::read_to_string(a.key_file()).unwrap().trim().to_owned();
    let locked = Device::bare();
    let init = locked.cmd(&["init", "--import", "-"]).stdin(seed.clone());
    init.env("CCLINK_PASSPHRASE", passphrase).ok();
    let mut told = String::new();
    let mut secrets = vec![pin.to_owned(), passphrase.to_owned(), seed.clone()];
    for options in [&[][..], &["--link"], &["--pin"], &["--burn"]] {
        let id = a.session("uploader", "x").id;
        let run = a.cmd(&["publish", &id, "--json"]).args(options).pin(pin).env("CCLINK_LOG", "trace").ok();
        let published = run.json();
        let link = text(&published, "link").to_owned();
        if let Some((_, secret)) = link.split_once("/cclink/l") {
            secrets.push(secret.to_owned());
            secrets
                .extend(z32::decode_any(secret).iter().flat_map(|bytes| [hex(bytes), format!("{bytes:?}")]));
        }
        told.push_str(&run.stderr);
        let pickup = locked.cmd(&["pickup", &link, "--json"]).pin(pin).env("CCLINK_PASSPHRASE", passphrase);
        told.push_str(&pickup.env("CCLINK_LOG", "trace").ok().stderr);
    }
    let bytes: Vec<u8> =
        (0..32).map(|at| u8::from_str_radix(&seed[at * 2..at * 2 + 2], 16).unwrap()).collect();
    let group =
        Identity::from_seed(&bytes.clone().try_into().map(zeroize::Zeroizing::new).unwrap()).devices_secret();
    for secret in [&bytes[..], group.as_slice()] {
        let list = format!("{secret:?}");
        secrets.extend([hex(secret), z32::encode(secret), list.trim_matches(['[', ']']).to_owned()]);
    }
    let lower = told.to_lowercase();
    for secret in secrets {
        assert!(!lower.contains(&secret.to_lowercase()), "{secret} is in the log");
    }
    for word in ["lookup address=", "put address=", "copies=", "answered=", "ms="] {
        assert!(told.contains(word), "{word} is not in the log:\n{}", &told[..told.len().min(3000)]);
    }
    let quiet = a.cmd(&["list", "--json"]).ok();
    assert_eq!(quiet.stderr, "");
}
