//! Just enough of Rust's grammar to see which paths a file names.

/// What is left of a file when comments and literals are gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    Word(String),
    /// `::`
    Path,
    Mark(char),
}

/// A file as tokens, each with its line.
pub struct Source(Vec<(usize, Token)>);

impl Source {
    pub fn new(text: &str) -> Self {
        let mut reader = Reader { chars: text.chars().collect(), at: 0, line: 1, out: Vec::new() };
        while reader.at < reader.chars.len() {
            reader.token();
        }
        Self(reader.out)
    }

    pub fn tokens(&self) -> &[(usize, Token)] {
        &self.0
    }

    fn word(&self, at: usize) -> Option<&str> {
        match self.0.get(at) {
            Some((_, Token::Word(word))) => Some(word),
            _ => None,
        }
    }

    fn is(&self, at: usize, mark: char) -> bool {
        self.0.get(at).is_some_and(|(_, token)| *token == Token::Mark(mark))
    }

    fn is_path(&self, at: usize) -> bool {
        self.0.get(at).is_some_and(|(_, token)| *token == Token::Path)
    }

    /// Behind the bracket that closes the one at `at`.
    fn behind(&self, at: usize) -> usize {
        let mut depth = 0;
        for (i, (_, token)) in self.0.iter().enumerate().skip(at) {
            match token {
                Token::Mark('(' | '[' | '{') => depth += 1,
                Token::Mark(')' | ']' | '}') => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return i + 1;
            }
        }
        self.0.len()
    }

    /// The same without what stands under `#[cfg(test)]`.
    pub fn without_tests(&self) -> Self {
        let mut out = Vec::new();
        let mut at = 0;
        while at < self.0.len() {
            if self.is(at, '#') && self.is(at + 1, '[') {
                let end = self.behind(at + 1);
                let has = |name: &str| (at..end).any(|i| self.word(i) == Some(name));
                if has("cfg") && has("test") && !has("not") {
                    at = end;
                    // More attributes, then the item, to its end.
                    while at < self.0.len() && !self.is(at, ';') && !self.is(at, '{') {
                        at = if self.is(at, '[') || self.is(at, '(') { self.behind(at) } else { at + 1 };
                    }
                    at = if self.is(at, '{') { self.behind(at) } else { at + 1 };
                    continue;
                }
            }
            out.push(self.0[at].clone());
            at += 1;
        }
        Self(out)
    }

    /// Every path from the crate's root that is named, with its line: `crate::…`
    /// (`krate` says how the root is called) and `super::…` seen from `module`.
    pub fn paths(&self, krate: &str, module: &[String]) -> Vec<(usize, Vec<String>)> {
        let mut found = Vec::new();
        // Modules written inside the file, with the depth of their braces.
        let mut inside: Vec<(String, usize)> = Vec::new();
        let mut depth = 0;
        let mut at = 0;
        while at < self.0.len() {
            let (line, token) = &self.0[at];
            match token {
                Token::Mark('{') => depth += 1,
                Token::Mark('}') => {
                    depth -= 1;
                    inside.retain(|(_, opened)| *opened <= depth);
                }
                Token::Word(word) if word == "mod" && self.is(at + 2, '{') => {
                    let name = self.word(at + 1).unwrap_or_default().to_owned();
                    inside.push((name, depth + 1));
                }
                Token::Word(word) if word == krate && self.is_path(at + 1) => {
                    let mut paths = Vec::new();
                    at = self.tree(at + 2, &[], &mut paths);
                    found.extend(paths.into_iter().map(|path| (*line, path)));
                    continue;
                }
                Token::Word(word) if word == "super" && self.is_path(at + 1) => {
                    let mut base: Vec<String> =
                        module.iter().cloned().chain(inside.iter().map(|(name, _)| name.clone())).collect();
                    while self.word(at) == Some("super") && self.is_path(at + 1) {
                        base.pop();
                        at += 2;
                    }
                    let mut paths = Vec::new();
                    at = self.tree(at, &base, &mut paths);
                    found.extend(paths.into_iter().map(|path| (*line, path)));
                    continue;
                }
                _ => {}
            }
            at += 1;
        }
        found
    }

    /// Reads a path or a group of them from `at`; returns where it ends.
    fn tree(&self, mut at: usize, prefix: &[String], out: &mut Vec<Vec<String>>) -> usize {
        let mut path = prefix.to_vec();
        loop {
            if self.is(at, '{') {
                let end = self.behind(at);
                at += 1;
                while at + 1 < end {
                    at = self.tree(at, &path, out);
                    // To the next of the group: behind `as name` and the comma.
                    while at + 1 < end && !self.is(at, ',') {
                        at += 1;
                    }
                    at += 1;
                }
                return end;
            }
            match self.word(at) {
                Some("self") => {}
                Some(word) => path.push(word.to_owned()),
                None if self.is(at, '*') => path.push("*".to_owned()),
                None => {
                    out.push(path);
                    return at;
                }
            }
            at += 1;
            // Generic arguments end a path as far as rooms go.
            let goes_on = self.is_path(at)
                && (self.word(at + 1).is_some() || self.is(at + 1, '{') || self.is(at + 1, '*'));
            if !goes_on {
                out.push(path);
                return at;
            }
            at += 1;
        }
    }
}

struct Reader {
    chars: Vec<char>,
    at: usize,
    line: usize,
    out: Vec<(usize, Token)>,
}

impl Reader {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn step(&mut self) {
        if self.peek(0) == Some('\n') {
            self.line += 1;
        }
        self.at += 1;
    }

    fn steps(&mut self, count: usize) {
        for _ in 0..count {
            self.step();
        }
    }

    fn token(&mut self) {
        let line = self.line;
        let Some(c) = self.peek(0) else { return };
        match (c, self.peek(1)) {
            ('/', Some('/')) => {
                while self.peek(0).is_some_and(|c| c != '\n') {
                    self.step();
                }
            }
            ('/', Some('*')) => self.block_comment(),
            ('"', _) => self.string(0, false),
            ('\'', _) => self.char_or_lifetime(),
            (':', Some(':')) => {
                self.out.push((line, Token::Path));
                self.steps(2);
            }
            _ if c.is_alphanumeric() || c == '_' => self.word(),
            _ => {
                if !c.is_whitespace() {
                    self.out.push((line, Token::Mark(c)));
                }
                self.step();
            }
        }
    }

    fn block_comment(&mut self) {
        let mut depth = 0;
        while self.at < self.chars.len() {
            match (self.peek(0), self.peek(1)) {
                (Some('/'), Some('*')) => {
                    depth += 1;
                    self.steps(2);
                }
                (Some('*'), Some('/')) => {
                    depth -= 1;
                    self.steps(2);
                    if depth == 0 {
                        return;
                    }
                }
                _ => self.step(),
            }
        }
    }

    /// A string from its opening quote; a raw one ends with as many `#`.
    fn string(&mut self, hashes: usize, raw: bool) {
        self.step();
        while let Some(c) = self.peek(0) {
            if c == '\\' && !raw {
                self.steps(2);
            } else if c == '"' && (1..=hashes).all(|n| self.peek(n) == Some('#')) {
                self.steps(1 + hashes);
                return;
            } else {
                self.step();
            }
        }
    }

    fn char_or_lifetime(&mut self) {
        if self.peek(1) == Some('\\') {
            self.steps(3);
            while self.peek(0).is_some_and(|c| c != '\'') {
                self.step();
            }
            self.step();
        } else if self.peek(2) == Some('\'') {
            self.steps(3);
        } else {
            self.step();
        }
    }

    fn word(&mut self) {
        let line = self.line;
        let mut word = String::new();
        while let Some(c) = self.peek(0).filter(|c| c.is_alphanumeric() || *c == '_') {
            word.push(c);
            self.step();
        }
        let hashes = (0..255).take_while(|n| self.peek(*n) == Some('#')).count();
        let raw = word.ends_with('r');
        match word.as_str() {
            "r" | "br" | "cr" | "b" | "c" if self.peek(hashes) == Some('"') && (raw || hashes == 0) => {
                self.steps(hashes);
                self.string(hashes, raw);
            }
            "b" if self.peek(0) == Some('\'') => self.char_or_lifetime(),
            // A raw identifier: the word behind the mark.
            "r" if hashes == 1 => self.step(),
            _ => self.out.push((line, Token::Word(word))),
        }
    }
}
