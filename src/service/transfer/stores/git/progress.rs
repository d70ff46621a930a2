//! How far a git is, as it writes it for people.

use tokio::io::{AsyncRead, AsyncReadExt};

use crate::service::Result;

/// Of what it says so much is kept.
const LONGEST: usize = 64 * 1024;
/// A line that is longer tells nothing.
const LINE: usize = 1024;

/// Called with the bytes that have gone out, or come in; an error ends it.
pub(super) type Tell<'a> = &'a mut (dyn FnMut(u64) -> Result<()> + Send);

/// What a git says, without the lines that it writes over again: those tell how far it is.
pub(super) async fn heard(from: Option<impl AsyncRead + Unpin>, tell: Tell<'_>) -> Result<Vec<u8>> {
    let (mut kept, mut line, mut chunk) = (Vec::new(), Vec::new(), vec![0; 4096]);
    let Some(mut from) = from else { return Ok(kept) };
    let mut returned = false;
    while let Ok(read @ 1..) = from.read(&mut chunk).await {
        for byte in &chunk[..read] {
            // What is written over; ssh ends its lines with both.
            if std::mem::replace(&mut returned, *byte == b'\r') && *byte != b'\n' {
                if let Some(bytes) = moved(&line) {
                    tell(bytes)?;
                }
                line.clear();
            }
            match byte {
                b'\r' => {}
                b'\n' => {
                    keep(&mut kept, &line);
                    line.clear();
                }
                _ if line.len() < LINE => line.push(*byte),
                _ => {}
            }
        }
    }
    keep(&mut kept, &line);
    Ok(kept)
}

fn keep(kept: &mut Vec<u8>, line: &[u8]) {
    if kept.len() + line.len() < LONGEST {
        kept.extend_from_slice(line);
        kept.push(b'\n');
    }
}

/// `Writing objects:  33% (1/3), 4.10 MiB | 2.00 MiB/s`, as git 2.x writes it with
/// `LC_ALL=C`, from a quarter of a second on.
fn moved(line: &[u8]) -> Option<u64> {
    let line = std::str::from_utf8(line).ok()?;
    let told = line.strip_prefix("Writing objects:").or_else(|| line.strip_prefix("Receiving objects:"))?;
    let (amount, _) = told.split_once("), ")?.1.split_once(" |")?;
    let (number, unit) = amount.split_once(' ')?;
    let unit: u64 = match unit {
        "bytes" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    // Two digits behind the point.
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    let (whole, part): (u64, u64) = (whole.parse().ok()?, part.parse().ok().filter(|part| *part < 100)?);
    whole.checked_mul(unit)?.checked_add(part * unit / 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_written_over_again_tells_how_far_it_is() {
        let said = "Counting objects: 100% (3/3), done.\n\
            Writing objects:  33% (1/3)\rWriting objects:  33% (1/3), 4.10 MiB | 2.00 MiB/s\r\
            Receiving objects:  66% (2/3), 900 bytes | 1.00 KiB/s\r\
            remote: Receiving objects: 1% (1/2), 9.00 GiB | x\r\
            Writing objects:  33% (1/3), 99999999999999.99 GiB | x\r\
            Permission denied (publickey).\r\n\
            fatal: the remote end hung up";
        let mut told = Vec::new();
        let mut tell = |bytes| {
            told.push(bytes);
            Ok(())
        };
        let kept = heard(Some(said.as_bytes()), &mut tell).await.unwrap();
        assert_eq!(told, [4 * 1024 * 1024 + 104_857, 900]);
        assert_eq!(kept, b"Counting objects: 100% (3/3), done.\nPermission denied (publickey).\nfatal: the remote end hung up\n");
    }

    #[tokio::test]
    async fn whoever_is_told_ends_it() {
        let (reader, mut writer) = tokio::io::duplex(1024);
        tokio::io::AsyncWriteExt::write_all(&mut writer, b"Receiving objects:  66% (2/3), 9 bytes | x\r ")
            .await
            .unwrap();
        // The other end stays open: nothing but the error ends this.
        let mut tell = |_| Err(crate::service::Error::failed("Too much."));
        assert_eq!(heard(Some(reader), &mut tell).await.unwrap_err().message, "Too much.");
    }

    proptest::proptest! {
        #[test]
        fn no_line_is_too_strange(line in "(Writing objects: |Receiving objects:)?[(), .|0-9a-zKMGiB]{0,40}") {
            let _ = moved(line.as_bytes());
        }
    }
}
