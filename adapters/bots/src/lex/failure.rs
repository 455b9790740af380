//! What went wrong, in words that can be logged.

use std::error::Error;
use std::io;

use aws_sdk_lexruntimev2::config::http::HttpResponse;
use aws_sdk_lexruntimev2::error::{BuildError, ProvideErrorMetadata, SdkError};

use convene_runtime::ports::bots::Failure;

/// Longest message of the service that is passed on, in characters.
const MESSAGE_MAX: usize = 200;
/// Shortest text of the customer that is looked for in a message. Shorter ones are in every sentence.
const PRIVATE_MIN: usize = 4;
/// Lower-case words of messages that repeat session attributes or the signed request.
const TELLTALES: [&str; 3] = ["attribute", "aws4-hmac-sha256", "x-amz-security-token"];

/// Classifies an error of the SDK. `private` are texts a message must not repeat.
pub(super) fn explain<E>(error: &SdkError<E>, private: &[&str]) -> Failure
where
    E: ProvideErrorMetadata + Error + 'static,
{
    match error {
        SdkError::ServiceError(refused) => {
            let said = refused.err();
            told(said.code(), said.message(), refused.raw(), private)
        }
        SdkError::ResponseError(broken) => {
            let status = broken.raw().status().as_u16();
            let reason = format!("the answer cannot be read (HTTP {status})");
            Failure { reason, again: status >= 500, after_ms: retry_after(broken.raw()) }
        }
        _ => not_sent(error),
    }
}

/// A good status, but no answer of Lex. The bot may have acted, so asking again is not safe.
pub(super) fn unreadable() -> Failure {
    Failure { reason: "the answer cannot be read (HTTP 200)".to_owned(), again: false, after_ms: None }
}

/// The service answered with an error.
fn told(code: Option<&str>, message: Option<&str>, raw: &HttpResponse, private: &[&str]) -> Failure {
    let status = raw.status().as_u16();
    let mut reason = match code.and_then(|code| presentable(code, private)) {
        Some(code) => format!("{code} (HTTP {status})"),
        None => format!("HTTP {status}"),
    };
    if let Some(message) = message.and_then(|message| presentable(message, private)) {
        reason.push_str(": ");
        reason.push_str(&message);
    }
    let again = status == 429 || status >= 500 || code == Some("ThrottlingException");
    Failure { reason, again, after_ms: retry_after(raw) }
}

/// The request did not get through. The texts are our own: errors of the layers below may quote what they were
/// given, such as a line of a credentials file.
fn not_sent(error: &(dyn Error + 'static)) -> Failure {
    let failed = |reason: String, again: bool| Failure { reason, again, after_ms: None };
    for cause in chain(error) {
        if let Some(cause) = cause.downcast_ref::<io::Error>() {
            let kind = cause.kind();
            // Refused: no one has read the question. Any other failure may have come after it was acted upon.
            return failed(format!("no connection: {kind}"), kind == io::ErrorKind::ConnectionRefused);
        }
        if let Some(cause) = cause.downcast_ref::<BuildError>() {
            // Names a field, never its value.
            return failed(cause.to_string(), false);
        }
    }
    let says = |word: &str| chain(error).any(|cause| cause.to_string().to_lowercase().contains(word));
    if says("region") {
        failed("no AWS region is set".to_owned(), false)
    } else if says("credential") || says("identity") {
        failed("no usable AWS credentials were found".to_owned(), false)
    } else {
        failed("the request could not be sent".to_owned(), false)
    }
}

/// An error and what caused it, outermost first.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

/// A text of the service that can be shown: its first line, cut. Nothing when it may hold what must stay private.
/// AWS repeats the signed request, security token included, below the first line of a signature error.
fn presentable(text: &str, private: &[&str]) -> Option<String> {
    let line = text.lines().next()?.trim();
    let lower = line.to_lowercase();
    let quotes = |secret: &&str| secret.len() >= PRIVATE_MIN && line.contains(*secret);
    if line.is_empty() || TELLTALES.iter().any(|word| lower.contains(word)) || private.iter().any(quotes) {
        return None;
    }
    Some(line.chars().filter(|c| !c.is_control()).take(MESSAGE_MAX).collect())
}

/// `Retry-After` in milliseconds. AWS gives seconds; a date is not understood.
fn retry_after(raw: &HttpResponse) -> Option<u64> {
    let seconds: u64 = raw.headers().get("retry-after")?.trim().parse().ok()?;
    seconds.checked_mul(1000)
}

#[cfg(test)]
mod tests {
    use super::presentable;

    #[test]
    fn messages_keep_private_what_was_sent() {
        let shown = |text: &str| presentable(text, &["sesame seed", "1"]);
        assert_eq!(shown("Rate exceeded 1").as_deref(), Some("Rate exceeded 1"));
        assert_eq!(shown("Value 'sesame seed' is too long"), None);
        assert_eq!(shown("Value '{a=1}' at 'sessionState.sessionAttributes' failed"), None);
        assert_eq!(shown("Bad header: AWS4-HMAC-SHA256 Credential=AKID"), None);
        assert_eq!(
            shown("Signatures differ.\nx-amz-security-token:secret").as_deref(),
            Some("Signatures differ.")
        );
        assert_eq!(shown(&"é".repeat(900)).map(|text| text.chars().count()), Some(200));
        assert_eq!(shown("\n"), None);
    }
}
