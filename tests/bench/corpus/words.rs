//! Chance and words for invented sessions.

use serde_json::Value;

/// Said in few sessions, and nowhere else.
pub const NEEDLE: &str = "quizzical zephyr";

/// Splitmix64: the same numbers everywhere.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn fork(&mut self) -> Self {
        Self(self.next())
    }

    pub fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound.max(1) as u64).unwrap()
    }

    pub fn between(&mut self, from: usize, to: usize) -> usize {
        from + self.below(to - from)
    }

    /// True in so many of 1,000 cases.
    pub fn chance(&mut self, in_thousand: usize) -> bool {
        self.below(1000) < in_thousand
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    pub fn uuid(&mut self) -> String {
        let (a, b) = (self.next(), self.next());
        format!(
            "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
            a >> 32,
            a >> 16 & 0xffff,
            a & 0xfff,
            b >> 52,
            b & 0xffff_ffff_ffff
        )
    }

    /// A word of a language that has 4,000 of them, the first ones often.
    pub fn word(&mut self) -> String {
        const PARTS: [&str; 20] = [
            "ta", "re", "mon", "li", "ser", "pa", "con", "ti", "er", "al", "de", "in", "ous", "ver", "cap",
            "lo", "ment", "is", "th", "bu",
        ];
        let mut n = self.below(4000) * self.below(4000) / 4000;
        let mut word = String::new();
        for _ in 0..3 {
            word.push_str(PARTS[n % 20]);
            n /= 20;
            if n == 0 {
                break;
            }
        }
        word
    }

    /// So many bytes of words, more or less.
    pub fn prose(&mut self, bytes: usize) -> String {
        const OTHERS: [&str; 10] = [
            "`src/lib.rs:42`",
            "\"quoted\"",
            "naïve",
            "日本語の文",
            "— that is",
            "C:\\temp",
            "👩‍👩‍👧 ok",
            "\t",
            "é",
            "مرحبا",
        ];
        let mut text = String::with_capacity(bytes + 32);
        while text.len() < bytes {
            match self.below(60) {
                0 => text.push_str(OTHERS[self.below(OTHERS.len())]),
                1 => text.push('\n'),
                _ => text.push_str(&self.word()),
            }
            text.push(' ');
        }
        text
    }
}

/// Long lines, made once: most of a file's bytes, and no one's words.
pub struct Heavy {
    pub api: Vec<String>,
    pub snapshot: Vec<String>,
    pub base64: String,
    pub result: Vec<String>,
}

impl Heavy {
    pub fn new(random: &mut Random) -> Self {
        const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let json = |text: String| Value::from(text).to_string();
        let mut many = |count: usize, bytes: usize| (0..count).map(|_| json(random.prose(bytes))).collect();
        let (api, snapshot, result) = (many(6, 36_000), many(6, 50_000), many(24, 6_000));
        let base64 = (0..2 << 20).map(|_| char::from(*random.pick(DIGITS))).collect();
        Self { api, snapshot, base64, result }
    }
}

/// Something typed, and the title it makes by claude's rules.
pub fn prompt(random: &mut Random) -> (String, Option<String>) {
    let said = |raw: &str, shown: &str| (raw.to_owned(), Some(shown.to_owned()));
    match random.below(24) {
        0 => said("fix \u{1b}[31mred\u{1b}[0m\u{1b}]8;;http://x\u{7} text", "fix red text"),
        1 => said("line one\nline two", "line one line two"),
        2 => said(
            "<command-message>review</command-message>\n<command-name>/review</command-name>\n<command-args>the parser</command-args>",
            "/review the parser",
        ),
        3 => said("<bash-input>cargo test -q</bash-input>", "! cargo test -q"),
        4 => said("مراجعة طلب الدمج رقم ٤٢", "مراجعة طلب الدمج رقم ٤٢"),
        5 => said("👩‍👩‍👧‍👦 🇯🇵 ❤️ emoji", "👩‍👩‍👧‍👦 🇯🇵 ❤️ emoji"),
        6 => said("외주 앱의 로그인 화면을 고쳐 주세요", "외주 앱의 로그인 화면을 고쳐 주세요"),
        7 => {
            let long = "x".repeat(10_000);
            let shown = format!("{}…", "x".repeat(200));
            (long, Some(shown))
        }
        8 => ("<system-reminder>for the model</system-reminder>".to_owned(), None),
        9 => ("[Request interrupted by user]".to_owned(), None),
        _ => {
            let words: Vec<String> = (0..random.between(2, 12)).map(|_| random.word()).collect();
            let text = words.join(" ");
            (text.clone(), Some(text))
        }
    }
}
