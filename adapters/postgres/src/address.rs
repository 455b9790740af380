//! What a database URL says of encryption, checked before the driver reads it: what it would skip in silence is refused.

use url::Url;

/// Values of `sslmode` with which the certificate of the server is checked or nobody expects it to be.
const MODES: [&str; 4] = ["disable", "prefer", "require", "verify-full"];
/// Other parameters the driver knows. What it does not know it would log, with the value.
const OTHERS: [&str; 9] = [
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
    "statement-cache-capacity",
];
/// Parameters that name a file.
const FILES: [&str; 3] = ["sslrootcert", "sslcert", "sslkey"];

/// Checks the parameters of a URL. Messages name the parameter and never its value, but for files: a value may be a
/// secret.
///
/// # Errors
/// What is wrong, and how to mend it.
pub(crate) fn check(url: &str) -> Result<(), String> {
    // The driver says what is wrong with a text that is no URL.
    let Ok(url) = Url::parse(url) else { return Ok(()) };
    let pairs: Vec<_> = url.query_pairs().collect();
    let given = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| &**value);
    for (key, value) in &pairs {
        match &**key {
            "sslmode" if MODES.contains(&&**value) => {}
            "sslmode" => {
                return Err(
                    "sslmode in the database URL is one of disable, prefer, require, verify-full; to have \
                     the server's certificate checked, write verify-full"
                        .into(),
                );
            }
            file if FILES.contains(&file) => readable(file, value)?,
            known if OTHERS.contains(&known) || known.starts_with("options[") => {}
            other => {
                return Err(format!("the database URL has a parameter {other}, which is not known here"));
            }
        }
    }
    if given("sslrootcert").is_some() && given("sslmode") != Some("verify-full") {
        return Err("the database URL names sslrootcert, and nothing would be checked with it: write \
             sslmode=verify-full"
            .into());
    }
    if FILES[1..].iter().any(|file| given(file).is_some())
        && !matches!(given("sslmode"), Some("require" | "verify-full"))
    {
        return Err(
            "the database URL names a certificate of ours, and the connection need not be encrypted: write \
             sslmode=verify-full"
                .into(),
        );
    }
    Ok(())
}

/// The file must be there, and be what its name says: of a wrong one the driver would make nothing.
fn readable(parameter: &str, file: &str) -> Result<(), String> {
    let text = std::fs::read_to_string(file).map_err(|why| format!("{parameter} {file}: {why}"))?;
    let (mark, what) = match parameter {
        "sslkey" => ("PRIVATE KEY-----", "private key"),
        _ => ("-----BEGIN CERTIFICATE-----", "certificate"),
    };
    if text.contains(mark) { Ok(()) } else { Err(format!("{parameter} {file}: it holds no {what}")) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_would_not_be_checked_is_refused() {
        let pem = concat!(env!("CARGO_MANIFEST_DIR"), "/src/address.rs");
        for (query, word) in [
            ("sslmode=verify-ca", "verify-full"),
            ("sslmode=allow", "verify-full"),
            ("sslmode=verify_full", "verify-full"),
            ("sslmod=verify-full", "sslmod"),
            ("passwd=s3cret", "passwd"),
            ("sslmode=verify-full&sslpassword=s3cret", "sslpassword"),
            ("sslmode=verify-full&sslrootcert=/nowhere/ca.pem", "/nowhere/ca.pem"),
            (&format!("sslrootcert={pem}"), "sslmode=verify-full"),
            (&format!("sslmode=require&sslrootcert={pem}"), "sslmode=verify-full"),
            (&format!("sslcert={pem}"), "sslmode=verify-full"),
            (concat!("sslkey=", env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"), "private key"),
        ] {
            let why = check(&format!("postgres://a:b@host/db?{query}")).unwrap_err();
            assert!(why.contains(word) && !why.contains("s3cret"), "{query}: {why}");
        }
        for query in ["", "?sslmode=disable", "?application_name=x&sslmode=verify-full", "?sslmode=require"] {
            check(&format!("postgres://a:b@host/db{query}")).unwrap();
        }
        check(&format!("postgres://host/db?sslmode=verify%2Dfull&sslrootcert={pem}")).unwrap();
    }
}
