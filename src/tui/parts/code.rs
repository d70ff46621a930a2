//! Colours for code: comments, strings, numbers and the words of a language, by one
//! small table. Whatever stands in it, it is read once from its start to its end.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::flow::Ink;
use super::theme::Tint;

/// How a language is written.
struct Grammar {
    names: &'static [&'static str],
    /// What begins a comment that ends with its line.
    comments: &'static [&'static str],
    /// What begins and ends one of several lines.
    blocks: &'static [(&'static str, &'static str)],
    /// What begins and ends a string, the longest first.
    quotes: &'static [&'static str],
    words: &'static str,
    /// In whatever case.
    any_case: bool,
}

const C_BLOCKS: &[(&str, &str)] = &[("/*", "*/")];
const SCRIPT: &str = "and as assert async await begin break case class continue def del do done elif else elsif end ensure esac \
    except export fi finally for from function global if import in include is lambda local module next nil none None \
    not null or pass private raise redo require rescue return select self set source super then to true True try \
    undef unless until unset when while with yield false False let const match";
const C_LIKE: &str = "abstract alignas as async auto await bool boolean break byte case catch char class const constexpr continue \
    debugger default defer delete do double else enum explicit export extends extern fallthrough false final finally \
    float fn for foreach friend from fun func function get go goto guard if impl implements import in inline int \
    interface internal is let long loop map match mod module move mut namespace native new nil null nullptr object of \
    operator override package private protected protocol pub public range readonly ref return sealed select self Self \
    set short signed sizeof static string struct super switch synchronized template this throw throws trait true try \
    type typedef typeof undefined union unsafe unsigned use using val var virtual void volatile when where while yield";

const GRAMMARS: &[Grammar] = &[
    Grammar {
        names: &["rust", "rs"],
        comments: &["//"],
        blocks: C_BLOCKS,
        quotes: &["\""],
        words: "as async await break const continue crate dyn else enum extern false fn for if impl in let loop match \
            mod move mut pub ref return self Self static struct super trait true type unsafe use where while",
        any_case: false,
    },
    Grammar {
        names: &["python", "py", "python3", "pyi"],
        comments: &["#"],
        blocks: &[],
        quotes: &["\"\"\"", "'''", "\"", "'"],
        words: "and as assert async await break class continue def del elif else except False finally for from global \
            if import in is lambda match None nonlocal not or pass raise return self True try while with yield",
        any_case: false,
    },
    Grammar {
        names: &[
            "js",
            "jsx",
            "mjs",
            "javascript",
            "ts",
            "tsx",
            "typescript",
            "go",
            "golang",
            "c",
            "h",
            "cpp",
            "cc",
            "hpp",
            "c++",
            "java",
            "kotlin",
            "kt",
            "cs",
            "csharp",
            "swift",
            "scala",
            "dart",
            "php",
            "zig",
            "proto",
            "groovy",
        ],
        comments: &["//"],
        blocks: C_BLOCKS,
        quotes: &["\"", "'", "`"],
        words: C_LIKE,
        any_case: false,
    },
    Grammar {
        names: &[
            "sh",
            "bash",
            "zsh",
            "shell",
            "console",
            "fish",
            "ruby",
            "rb",
            "perl",
            "pl",
            "r",
            "elixir",
            "ex",
            "exs",
            "make",
            "makefile",
            "dockerfile",
            "nix",
            "julia",
            "jl",
        ],
        comments: &["#"],
        blocks: &[],
        quotes: &["\"", "'"],
        words: SCRIPT,
        any_case: false,
    },
    Grammar {
        names: &["yaml", "yml", "toml", "ini", "conf", "properties", "env", "hcl", "tf"],
        comments: &["#", ";"],
        blocks: &[],
        quotes: &["\"\"\"", "\"", "'"],
        words: "true false null yes no on off",
        any_case: false,
    },
    Grammar {
        names: &["json", "jsonc", "json5", "jsonl"],
        comments: &["//"],
        blocks: C_BLOCKS,
        quotes: &["\""],
        words: "true false null",
        any_case: false,
    },
    Grammar {
        names: &["css", "scss", "less"],
        comments: &[],
        blocks: C_BLOCKS,
        quotes: &["\"", "'"],
        words: "important media import from to and not",
        any_case: false,
    },
    Grammar {
        names: &["html", "xml", "svg", "vue", "svelte"],
        comments: &[],
        blocks: &[("<!--", "-->")],
        quotes: &["\""],
        words: "",
        any_case: false,
    },
    Grammar {
        names: &["sql", "sqlite", "psql", "postgresql", "mysql", "lua", "haskell", "hs", "elm"],
        comments: &["--"],
        blocks: C_BLOCKS,
        quotes: &["\"", "'"],
        words: "add all alter and as asc begin between by case check class column commit constraint create data default \
            delete desc distinct do drop else elseif end exists false for foreign from full function group having if \
            import in index inner insert instance into is join key left let like limit local module nil not null of \
            offset on or order outer primary references repeat return returning right rollback select set table then \
            true type union unique until update using values view when where while with",
        any_case: true,
    },
];

/// The words of each, taken apart once.
static WORDS: LazyLock<Vec<HashSet<&'static str>>> = LazyLock::new(|| {
    GRAMMARS.iter().map(|grammar| grammar.words.split_ascii_whitespace().collect()).collect()
});

/// Whether the lines of a language are those of a change.
fn is_diff(language: &str) -> bool {
    matches!(language, "diff" | "patch" | "udiff")
}

/// The looks of a code, each with the place where it ends, in order.
pub fn colour(language: &str, code: &str) -> Vec<(usize, Ink)> {
    let language = language.to_ascii_lowercase();
    if is_diff(&language) {
        return changes(code);
    }
    let grammar = GRAMMARS.iter().zip(&*WORDS).find(|(grammar, _)| grammar.names.contains(&&*language));
    let Some((grammar, words)) = grammar else { return vec![(code.len(), Ink::default())] };
    let mut runs: Vec<(usize, Ink)> = Vec::new();
    let mut at = 0;
    while at < code.len() {
        let (end, tint) = token(grammar, words, code, at);
        match runs.last_mut() {
            Some((last, held)) if held.tint == tint => *last = end,
            _ => runs.push((end, Ink::of(tint))),
        }
        at = end;
    }
    runs
}

/// Of a change, each line has its look.
fn changes(code: &str) -> Vec<(usize, Ink)> {
    let mut end = 0;
    let lines = code.split_inclusive('\n').map(|line| {
        end += line.len();
        let tint = match line.as_bytes().first() {
            Some(b'+') => Tint::Added,
            Some(b'-') => Tint::Removed,
            Some(b' ') => Tint::Text,
            _ => Tint::Quiet,
        };
        (end, Ink::of(tint))
    });
    lines.collect()
}

/// The token that begins at a place: its end, and its look.
fn token(grammar: &Grammar, words: &HashSet<&str>, code: &str, at: usize) -> (usize, Tint) {
    let rest = code.get(at..).unwrap_or_default();
    let before = code.get(..at).unwrap_or_default().chars().next_back();
    // In shells, `#` within a word is none.
    let may_begin = |mark: &str| mark != "#" || before.is_none_or(char::is_whitespace);
    if grammar.comments.iter().any(|mark| rest.starts_with(mark) && may_begin(mark)) {
        return (at + memchr::memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len()), Tint::Quiet);
    }
    if let Some((open, close)) = grammar.blocks.iter().find(|(open, _)| rest.starts_with(open)) {
        let inside = rest.get(open.len()..).unwrap_or_default();
        let length = inside.find(close).map_or(rest.len(), |found| open.len() + found + close.len());
        return (at + length, Tint::Quiet);
    }
    if let Some(quote) = grammar.quotes.iter().find(|quote| rest.starts_with(**quote)) {
        return (at + string(rest, quote), Tint::Quoted);
    }
    let Some(first) = rest.chars().next() else { return (code.len(), Tint::Text) };
    if first.is_alphanumeric() || first == '_' {
        let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        let word = rest.get(..length).unwrap_or_default();
        let tint = if first.is_ascii_digit() {
            Tint::Number
        } else if words.contains(word) || grammar.any_case && words.contains(&*word.to_ascii_lowercase()) {
            Tint::Keyword
        } else {
            Tint::Text
        };
        return (at + length, tint);
    }
    (at + first.len_utf8(), Tint::Text)
}

/// How long a string is. One that is opened by a single character ends with its
/// line at the latest; one in backquotes does not.
fn string(rest: &str, quote: &str) -> usize {
    let many = quote.len() > 1 || quote == "`";
    let bytes = rest.as_bytes();
    let mut at = quote.len();
    while at < bytes.len() {
        if bytes[at..].starts_with(quote.as_bytes()) {
            return at + quote.len();
        }
        match bytes[at] {
            b'\n' if !many => return at,
            b'\\' => {
                at += 1 + rest.get(at + 1..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
            }
            _ => at += 1,
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tints(language: &str, code: &str) -> Vec<(Tint, String)> {
        let mut from = 0;
        let pieces = colour(language, code).into_iter().map(|(end, ink)| {
            let text = code[from..end].to_owned();
            from = end;
            (ink.tint, text)
        });
        pieces.filter(|(tint, _)| *tint != Tint::Text).collect()
    }

    fn are(language: &str, code: &str, expected: &[(Tint, &str)]) {
        let found = tints(language, code);
        let found: Vec<_> = found.iter().map(|(tint, text)| (*tint, text.as_str())).collect();
        assert_eq!(found, expected, "{language}: {code}");
    }

    #[test]
    fn code_has_its_colours() {
        use Tint::{Added, Keyword, Number, Quiet, Quoted, Removed};
        are(
            "rust",
            "fn f<'a>() { let x = 0x1f; \"a\\\"b\" } // done",
            &[
                (Keyword, "fn"),
                (Keyword, "let"),
                (Number, "0x1f"),
                (Quoted, "\"a\\\"b\""),
                (Quiet, "// done"),
            ],
        );
        are(
            "py",
            "def f():\n    '''a\nb''' # c",
            &[(Keyword, "def"), (Quoted, "'''a\nb'''"), (Quiet, "# c")],
        );
        are("ts", "const s = `a\n${b}`; /* x", &[(Keyword, "const"), (Quoted, "`a\n${b}`"), (Quiet, "/* x")]);
        are("sh", "echo a#b 'it", &[(Quoted, "'it")]);
        are("SQL", "Select 1 -- all", &[(Keyword, "Select"), (Number, "1"), (Quiet, "-- all")]);
        are("json", "{\"a\": null}", &[(Quoted, "\"a\""), (Keyword, "null")]);
        are("diff", "@@ 1\n a\n-b\n+c", &[(Quiet, "@@ 1\n"), (Removed, "-b\n"), (Added, "+c")]);
        are("brainfuck", "fn ++[", &[]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn any_code_is_read_to_its_end(
            code in "(\\PC|\n|\"|'|`|/\\*|\\*/|//|#|\\\\|é|fn |0){0,80}",
            language in prop::sample::select(vec!["rust", "py", "ts", "sh", "sql", "html", "yaml", "diff", "x"]),
        ) {
            let mut from = 0;
            for (end, _) in colour(language, &code) {
                prop_assert!((end > from || code.is_empty()) && code.get(from..end).is_some());
                from = end;
            }
            prop_assert_eq!(from, code.len());
        }
    }
}
