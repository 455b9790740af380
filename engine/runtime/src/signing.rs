//! Signatures after Standard Webhooks (<https://www.standardwebhooks.com>): `webhook-id`, `webhook-timestamp` and
//! `webhook-signature`, an HMAC-SHA256 of `id.timestamp.body` with a shared key.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Header with the id of the message.
pub const ID: &str = "webhook-id";
/// Header with the time it was signed, seconds since 1970.
pub const TIMESTAMP: &str = "webhook-timestamp";
/// Header with the signatures, separated by blanks.
pub const SIGNATURE: &str = "webhook-signature";

/// How far a signed time may be from now, seconds: an old message that somebody kept is not taken.
const TOLERANCE_S: i64 = 300;

/// Now, in seconds since 1970, as signatures have it.
#[must_use]
pub fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    i64::try_from(now).unwrap_or(i64::MAX)
}

/// Signs a message. The key is `whsec_` and base64, as the standard has it; any other text is taken as it is.
///
/// # Errors
/// The key is empty or not what its prefix says; the sentence does not hold it.
pub fn sign(key: &str, id: &str, timestamp: i64, body: &[u8]) -> Result<String, String> {
    let mac = mac(key, id, timestamp, body)?;
    Ok(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

/// Checks the signatures of a message.
///
/// # Errors
/// Why it is not taken.
pub fn verify(
    key: &str,
    (id, timestamp, signatures): (&str, &str, &str),
    body: &[u8],
    now_s: i64,
) -> Result<(), String> {
    let at: i64 = timestamp.parse().map_err(|_| format!("{TIMESTAMP} is not a number of seconds"))?;
    if (now_s - at).abs() > TOLERANCE_S {
        return Err(format!("{TIMESTAMP} is more than {} minutes from now", TOLERANCE_S / 60));
    }
    let given = signatures.split(' ').filter_map(|s| s.strip_prefix("v1,"));
    for signature in given.filter_map(|s| STANDARD.decode(s).ok()) {
        // Compared in constant time.
        if mac(key, id, at, body)?.verify_slice(&signature).is_ok() {
            return Ok(());
        }
    }
    Err(format!("{SIGNATURE} does not fit the message"))
}

fn mac(key: &str, id: &str, timestamp: i64, body: &[u8]) -> Result<Hmac<Sha256>, String> {
    let bytes = match key.strip_prefix("whsec_") {
        Some(text) => {
            STANDARD.decode(text).map_err(|_| "the signing key is not base64 after `whsec_`".to_owned())?
        }
        None => key.as_bytes().to_vec(),
    };
    if bytes.is_empty() {
        return Err("the signing key is empty".to_owned());
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(&bytes).map_err(|e| e.to_string())?;
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(body);
    Ok(mac)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// The example that the standard prints.
    #[test]
    fn a_message_is_signed_as_the_standard_has_it() {
        let key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let body = br#"{"test": 2432232314}"#;
        let signed = sign(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body).unwrap();
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn what_is_changed_old_or_signed_by_others_is_not_taken() {
        let sent = |at: i64| sign("key", "m1", at, b"hello").unwrap();
        let check = |at: i64, signature: &str, body: &[u8]| {
            verify("key", ("m1", &at.to_string(), signature), body, 1_000)
        };
        assert_eq!(check(1_000, &sent(1_000), b"hello"), Ok(()));
        assert_eq!(check(1_000, &format!("v1,AAAA {}", sent(1_000)), b"hello"), Ok(()));
        assert!(check(1_000, &sent(1_000), b"hellO").is_err());
        assert!(check(1_001, &sent(1_000), b"hello").is_err());
        assert!(check(400, &sent(400), b"hello").unwrap_err().contains("5 minutes"));
        assert!(verify("other", ("m1", "1000", &sent(1_000)), b"hello", 1_000).is_err());
        assert!(verify("key", ("m1", "soon", &sent(1_000)), b"hello", 1_000).is_err());
        assert!(sign("whsec_%", "m", 0, b"").is_err() && sign("", "m", 0, b"").is_err());
    }
}
