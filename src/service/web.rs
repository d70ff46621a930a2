//! The page that opens a handoff in a phone's browser: written for any static
//! host, and compared with what one serves.

use std::path::Path;

use serde::Serialize;
use sha2::{Digest, Sha256};
use url::Url;

use super::{Error, ErrorKind, Result, Service, blocking};
use crate::network::page::{self, PageError};
use crate::text;

/// Made from `assets/web/src` by its `build.mjs`.
const PAGE: &str = include_str!("../../assets/web/cclink.html");
/// Where its relays stand: the page reads the first, the browser enforces the
/// second.
const RELAYS: (&str, &str) = ("<meta name=\"cclink-relays\" content=\"", "\"");
const ORIGINS: (&str, &str) = ("connect-src ", ";");

/// A page, and what it is known by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WebPage {
    /// The file.
    pub html: String,
    /// SHA-256 of its bytes, in hex.
    pub sha256: String,
    /// The relays that it asks.
    pub relays: Vec<String>,
}

/// What a host serves, beside what this cclink would write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WebCheck {
    /// Whether both are the same, byte for byte, for the relays that it names.
    pub same: bool,
    /// SHA-256 of what is served, in hex.
    pub sha256: String,
    /// SHA-256 of what this cclink would write for these relays.
    pub expected: String,
    /// The relays that it asks.
    pub relays: Vec<String>,
}

impl Service {
    /// The page, asking these relays; none leaves those that it was built with.
    pub fn web_page(&self, relays: &[String]) -> Result<WebPage> {
        if relays.is_empty() {
            return Ok(page_with(PAGE.to_owned(), named_relays(PAGE)));
        }
        let urls = relays.iter().map(|relay| relay_address(relay)).collect::<Result<Vec<_>>>()?;
        let relays: Vec<String> =
            urls.iter().map(|url| url.as_str().trim_end_matches('/').to_owned()).collect();
        let mut origins: Vec<String> = urls.iter().map(|url| url.origin().ascii_serialization()).collect();
        origins.dedup();
        let html = replaced(PAGE, RELAYS, &relays.join(" "))
            .and_then(|html| replaced(&html, ORIGINS, &origins.join(" ")))
            .ok_or_else(|| Error::failed("The built-in page names no relays."))?;
        Ok(page_with(html, relays))
    }

    /// Compares what lies at an https address or in a file with the page that
    /// this cclink writes.
    pub async fn check_web(&self, place: &str, relays: &[String]) -> Result<WebCheck> {
        let served = if place.starts_with("http://") || place.starts_with("https://") {
            let url = Url::parse(place).map_err(|_| {
                Error::usage("Not the address of a page, such as https://example.org/cclink/.")
            })?;
            page::fetch(url).await.map_err(|error| unfetched(&error))?
        } else {
            let path = place.to_owned();
            blocking(move || page::read(Path::new(&path))).await?.map_err(|error| unfetched(&error))?
        };
        // A page that names relays of its own is ours if everything else is.
        let named = String::from_utf8(served.clone()).map(|html| named_relays(&html)).unwrap_or_default();
        let wanted = if relays.is_empty() { &named } else { relays };
        let expected = self.web_page(wanted).or_else(|_| self.web_page(&[]))?;
        let same = expected.html.as_bytes() == served;
        let relays = named.iter().map(|relay| text::fit(&text::clean(relay), 200)).collect();
        Ok(WebCheck { same, sha256: sha256(&served), expected: expected.sha256, relays })
    }
}

fn page_with(html: String, relays: Vec<String>) -> WebPage {
    WebPage { sha256: sha256(html.as_bytes()), relays, html }
}

fn sha256(bytes: &[u8]) -> String {
    text::hex(&Sha256::digest(bytes))
}

/// What stands between two marks.
fn between<'a>(html: &'a str, (start, end): (&str, &str)) -> Option<&'a str> {
    let (_, rest) = html.split_once(start)?;
    rest.split_once(end).map(|(inner, _)| inner)
}

fn replaced(html: &str, marks: (&str, &str), with: &str) -> Option<String> {
    let inner = between(html, marks)?;
    Some(html.replacen(
        &format!("{}{inner}{}", marks.0, marks.1),
        &format!("{}{with}{}", marks.0, marks.1),
        1,
    ))
}

fn named_relays(html: &str) -> Vec<String> {
    between(html, RELAYS).unwrap_or_default().split_ascii_whitespace().take(20).map(str::to_owned).collect()
}

/// An address that means the same in a page's head, its policy and a request.
fn relay_address(typed: &str) -> Result<Url> {
    let fits = |url: &Url| {
        matches!(url.scheme(), "http" | "https")
            && url.host_str().is_some_and(|host| !host.contains('*'))
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
            && url.as_str().bytes().all(|b| b.is_ascii_alphanumeric() || b":/.-_~%[]".contains(&b))
    };
    Url::parse(typed).ok().filter(fits).ok_or_else(|| {
        Error::usage(format!("`{}` is not the address of a relay.", text::fit(&text::clean(typed), 80)))
            .advise("Write it like https://relay.example.org, without `?` or `#`.")
    })
}

fn unfetched(error: &PageError) -> Error {
    let kind = match error {
        PageError::NotSecure => ErrorKind::Usage,
        PageError::Unreachable(_) => ErrorKind::Unreachable,
        _ => ErrorKind::Failed,
    };
    Error::new(kind, format!("The page could not be read: {error}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relays_stand_where_the_page_and_the_browser_look() {
        assert_eq!(named_relays(PAGE), pkarr::DEFAULT_RELAYS);
        assert_eq!(between(PAGE, ORIGINS), Some(pkarr::DEFAULT_RELAYS.join(" ").as_str()));
        assert_eq!(PAGE.matches(RELAYS.0).count(), 1);
        // The first is the policy's own: it stands before any script.
        let at = PAGE.find(ORIGINS.0).unwrap();
        assert!(at < PAGE.find("<script>").unwrap() && PAGE[..at].contains("Content-Security-Policy"));
    }

    #[test]
    fn only_an_address_gets_into_the_page() {
        for good in ["https://relay.example.org", "http://127.0.0.1:6881/", "https://[::1]:1/some/path"] {
            assert!(relay_address(good).is_ok(), "{good}");
        }
        for bad in [
            "relay.example.org",
            "ftp://x.example",
            "https://a:b@x.example",
            "https://x.example/?q",
            "https://x.example/#f",
            "https://x.example/a;script-src",
            "https://x.example/a,b",
            "https://x.example/'unsafe-inline'",
            "https://*.example",
            "javascript:alert(1)",
        ] {
            assert!(relay_address(bad).is_err(), "{bad}");
        }
        // What could end an attribute is escaped by then.
        assert!(!relay_address("https://x.example/\"><script>").is_ok_and(|url| url.as_str().contains('"')));
    }
}
