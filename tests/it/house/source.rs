//! What a file names, and where it gives up: read with Rust's own grammar.

use proc_macro2::{TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::discouraged::Speculative;
use syn::parse::{ParseStream, Parser};
use syn::visit::{self, Visit};
use syn::{Attribute, Ident, Meta, Stmt, Token, UseTree};

fn line(word: &Ident) -> usize {
    word.span().start().line
}

/// Every path from the crate's root that is named, with its line: `crate::…`
/// (`krate` says how the root is called) and `super::…` seen from `module`.
pub fn paths(text: &str, krate: &str, module: &[String]) -> Vec<(usize, Vec<String>)> {
    let file = syn::parse_file(text).unwrap_or_else(|e| panic!("line {}: {e}", e.span().start().line));
    let mut reader = Paths { krate, module: module.to_vec(), found: Vec::new() };
    reader.visit_file(&file);
    reader.found
}

struct Paths<'a> {
    krate: &'a str,
    /// Where we are, with the modules that are written inside the file.
    module: Vec<String>,
    found: Vec<(usize, Vec<String>)>,
}

impl Paths<'_> {
    /// A path as it is written, by its segments.
    fn named(&mut self, line: usize, path: &[String]) {
        let start = path.iter().position(|word| word != "self").unwrap_or(path.len());
        let ups = path[start..].iter().take_while(|word| *word == "super").count();
        let (mut whole, rest) = match path.get(start) {
            Some(word) if word == self.krate => (Vec::new(), &path[start + 1..]),
            Some(_) if ups > 0 => {
                let above = self.module.len().saturating_sub(ups);
                (self.module[..above].to_vec(), &path[start + ups..])
            }
            _ => return,
        };
        // Alone they are no path: `pub(crate)`, `pub(super)`.
        if !rest.is_empty() {
            whole.extend(rest.iter().filter(|word| *word != "self").cloned());
            self.found.push((line, whole));
        }
    }

    fn tree(&mut self, line: usize, tree: &UseTree, before: &[String]) {
        let below = |name: &Ident| [before, &[name.unraw().to_string()]].concat();
        match tree {
            UseTree::Path(tree) => self.tree(line, &tree.tree, &below(&tree.ident)),
            UseTree::Name(tree) => self.named(line, &below(&tree.ident)),
            UseTree::Rename(tree) => self.named(line, &below(&tree.ident)),
            UseTree::Glob(_) => self.named(line, &[before, &["*".to_owned()]].concat()),
            UseTree::Group(tree) => tree.items.iter().for_each(|tree| self.tree(line, tree, before)),
        }
    }

    /// What a macro or an attribute is given: tokens, and paths among them.
    fn tokens(&mut self, tokens: TokenStream) {
        let read = |input: ParseStream<'_>| {
            while !input.is_empty() {
                let path = input.peek(Ident::peek_any) && input.peek2(Token![::]);
                let first = input.fork().call(Ident::parse_any);
                if let Some(first) = first.ok().filter(|_| path) {
                    let ahead = input.fork();
                    if let Ok(tree) = ahead.parse::<UseTree>() {
                        input.advance_to(&ahead);
                        self.tree(line(&first), &tree, &[]);
                    } else {
                        // With generic arguments behind it, which are read in their turn.
                        let mut words = Vec::new();
                        while let Ok(word) = input.call(Ident::parse_any) {
                            words.push(word.unraw().to_string());
                            if input.parse::<Token![::]>().is_err() {
                                break;
                            }
                        }
                        self.named(line(&first), &words);
                    }
                } else if let TokenTree::Group(group) = input.parse()? {
                    self.tokens(group.stream());
                }
            }
            Ok(())
        };
        read.parse2(tokens).unwrap_or_else(|e| panic!("line {}: {e}", e.span().start().line));
    }
}

impl<'ast> Visit<'ast> for Paths<'_> {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.module.push(item.ident.unraw().to_string());
        visit::visit_item_mod(self, item);
        self.module.pop();
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let line = item.use_token.span.start().line;
        self.tree(line, &item.tree, &[]);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let words: Vec<String> = path.segments.iter().map(|part| part.ident.unraw().to_string()).collect();
        self.named(line(&path.segments[0].ident), &words);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        visit::visit_macro(self, call);
        self.tokens(call.tokens.clone());
    }

    fn visit_meta_list(&mut self, list: &'ast syn::MetaList) {
        visit::visit_meta_list(self, list);
        self.tokens(list.tokens.clone());
    }
}

/// Places outside of tests where the program may end without a word, whether in
/// code or in what a macro is given.
pub fn gives_up(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    calls(text.parse().unwrap_or_else(|e| panic!("{e}:\n{text}")), &mut found);
    found
}

fn calls(tokens: TokenStream, found: &mut Vec<String>) {
    let read = |input: ParseStream<'_>| {
        let mut method = false;
        while !input.is_empty() {
            if input.peek(Token![#]) {
                let ahead = input.fork();
                let is_test = ahead.fork().call(Attribute::parse_outer).is_ok_and(|all| is_for_tests(&all));
                if is_test && ahead.parse::<Stmt>().is_ok() {
                    input.advance_to(&ahead);
                    continue;
                }
            }
            let dot = input.peek(Token![.]);
            match input.parse()? {
                TokenTree::Group(group) => calls(group.stream(), found),
                TokenTree::Ident(word)
                    if (method && word == "unwrap" && input.peek(syn::token::Paren))
                        || (["todo", "unimplemented", "dbg"].iter().any(|name| word == name)
                            && input.peek(Token![!])) =>
                {
                    found.push(format!("{}: {word}", line(&word)));
                }
                _ => {}
            }
            method = dot;
        }
        Ok(())
    };
    read.parse2(tokens).unwrap_or_else(|e| panic!("line {}: {e}", e.span().start().line));
}

/// `#[cfg(test)]`, with whatever else.
fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let Meta::List(list) = &attribute.meta else { return false };
        let condition = list.tokens.to_string();
        let has = |name| condition.split(|c: char| !c.is_alphanumeric()).any(|word| word == name);
        list.path.is_ident("cfg") && has("test") && !has("not")
    })
}
