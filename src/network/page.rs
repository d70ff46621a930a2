//! A page that a host serves, read to be compared: bounded, over https alone.

use std::io::Read;
use std::path::Path;
use std::time::Duration;

use url::{Host, Url};

/// Longer than any page of ours.
const LONGEST: usize = 1 << 20;
const PATIENCE: Duration = Duration::from_secs(15);
const REDIRECTS: usize = 5;

/// Why a page could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// Plain http: whoever is on the way could show this machine one page and
    /// a phone another.
    #[error("only https can be trusted to show what a phone gets (http works for this machine itself)")]
    NotSecure,
    /// No answer.
    #[error("{0} does not answer")]
    Unreachable(String),
    /// Another answer than a page.
    #[error("the host answered with status {0}")]
    Status(u16),
    /// Over a megabyte.
    #[error("it is over a megabyte long")]
    TooLong,
    /// A file that cannot be read.
    #[error("{0}")]
    File(String),
}

/// What lies at an address. The fragment, which may hold a secret, is not sent.
pub async fn fetch(mut url: Url) -> Result<Vec<u8>, PageError> {
    url.set_fragment(None);
    if !is_secure(&url) {
        return Err(PageError::NotSecure);
    }
    let host = url.host_str().unwrap_or_default().to_owned();
    let unreachable = |_| PageError::Unreachable(host.clone());
    let follow = reqwest::redirect::Policy::custom(|attempt| {
        if attempt.previous().len() > REDIRECTS || !is_secure(attempt.url()) {
            attempt.stop()
        } else {
            attempt.follow()
        }
    });
    let client = super::http().redirect(follow).timeout(PATIENCE).build().map_err(unreachable)?;
    let mut response = client.get(url).send().await.map_err(unreachable)?;
    if !response.status().is_success() {
        return Err(PageError::Status(response.status().as_u16()));
    }
    let mut page = Vec::new();
    while let Some(part) = response.chunk().await.map_err(unreachable)? {
        page.extend_from_slice(&part);
        if page.len() > LONGEST {
            return Err(PageError::TooLong);
        }
    }
    Ok(page)
}

/// What a file holds.
pub fn read(path: &Path) -> Result<Vec<u8>, PageError> {
    let failed = |error: std::io::Error| PageError::File(format!("{}: {error}", path.display()));
    let mut page = Vec::new();
    let file = std::fs::File::open(path).map_err(failed)?;
    file.take(LONGEST as u64 + 1).read_to_end(&mut page).map_err(failed)?;
    if page.len() > LONGEST { Err(PageError::TooLong) } else { Ok(page) }
}

fn is_secure(url: &Url) -> bool {
    let here = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && here)
}
