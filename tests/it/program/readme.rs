//! README's parts that come from the program.

use std::path::Path;

const BEGIN: &str = "<!-- keys: made from src/tui/keymap.rs -->\n";
const END: &str = "<!-- end of keys -->";

/// `CCLINK_WRITE_README=1 cargo test readme` writes the table anew.
#[test]
fn its_keys_are_those_of_the_keymap() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = readme.split_once(BEGIN).expect("where the keys begin");
    let (keys, after) = rest.split_once(END).expect("where the keys end");
    let table = format!("\n{}\n", cclink::tui::keymap::markdown().trim());
    if std::env::var_os("CCLINK_WRITE_README").is_some() {
        std::fs::write(&path, format!("{before}{BEGIN}{table}{END}{after}")).unwrap();
        return;
    }
    assert_eq!(keys, table);
}
