//! Custom webhooks (`domain.md` section 7): the question is posted as it is, the answer is one response or a list, or comes
//! later.

use convene_core::model::Json;
use convene_runtime::ports::bots::{Failure, Question};
use convene_runtime::signing;
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use crate::http::Http;
use crate::{Told, failure};

pub(crate) async fn ask(http: &Http, question: Question<'_>) -> Result<Told, Failure> {
    let body = question.call.request.to_string().into_bytes();
    let headers = signed(question, &body)?;
    let answer = http.post(question, body, headers).await?;
    if question.bot.later && (answer.text.is_empty() || answer.status == StatusCode::ACCEPTED) {
        return Ok(Told::Later);
    }
    match answer.json()? {
        Json::Null if question.bot.later => Ok(Told::Later),
        // An empty answer: nothing to say, which is a valid answer.
        Json::Null => Ok(Told::Now(Vec::new())),
        Json::Array(responses) => Ok(Told::Now(responses)),
        one @ Json::Object(_) => Ok(Told::Now(vec![one])),
        _ => Err(failure("the answer is neither a response nor a list of them")),
    }
}

/// The signature, when the bot wants one.
fn signed(question: Question<'_>, body: &[u8]) -> Result<HeaderMap, Failure> {
    let mut headers = HeaderMap::new();
    let Some(key) = question.signing else { return Ok(headers) };
    let id = &question.call.id;
    let now = signing::now();
    let signature = signing::sign(key, id, now, body).map_err(failure)?;
    for (name, value) in
        [(signing::ID, id.clone()), (signing::TIMESTAMP, now.to_string()), (signing::SIGNATURE, signature)]
    {
        let value = HeaderValue::from_str(&value).map_err(|_| failure("the call cannot be signed"))?;
        headers.insert(HeaderName::from_static(name), value);
    }
    Ok(headers)
}
