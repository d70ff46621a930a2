//! HKDF-SHA256 without salt, the only key derivation besides Argon2id.

use super::hidden::Hidden;
use hkdf::Hkdf;
use sha2::Sha256;

/// 32 secret bytes that are wiped when dropped.
pub type Secret = Hidden<[u8; 32]>;

/// Extract and expand: from uneven key material to a secret.
pub fn extract_and_expand(material: &[u8], info: &[&[u8]]) -> Secret {
    fill(&Hkdf::<Sha256>::new(None, material), info)
}

/// `Expand(secret, info)`: from a secret to one of its children.
pub fn expand(secret: &Secret, info: &[&[u8]]) -> Secret {
    match Hkdf::<Sha256>::from_prk(secret.as_slice()) {
        Ok(hkdf) => fill(&hkdf, info),
        Err(_) => unreachable!("a secret is as long as the hash"),
    }
}

fn fill(hkdf: &Hkdf<Sha256>, info: &[&[u8]]) -> Secret {
    let mut out = Hidden::new([0; 32]);
    match hkdf.expand_multi_info(info, out.as_mut_slice()) {
        Ok(()) => out,
        Err(_) => unreachable!("32 bytes are within HKDF's limit"),
    }
}
