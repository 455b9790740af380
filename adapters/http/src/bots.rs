//! Bots that answer later (`domain.md` section 7): `POST /bots/{name}/messages`. What customers read comes in here, so the
//! caller must prove to be the bot.

use axum::extract::State;
use axum::http::{HeaderMap, header};
use convene_core::centre::BotEntry;
use convene_core::model::{Json, read_json};
use convene_runtime::{calls, signing};
use serde_json::json;

use crate::app::App;
use crate::command::{Answered, give};
use crate::extract::{Bytes, Id, Key, object};
use crate::fields;
use crate::problem::Problem;
use crate::routes::BOT_ANSWER;

/// `POST /bots/{name}/messages`
pub(crate) async fn messages(
    State(app): State<App>,
    Id(name): Id,
    key: Key,
    headers: HeaderMap,
    Bytes(body): Bytes,
) -> Answered {
    let deployment = app.handle.deployment();
    let unknown = || Problem::new("unknown_bot", format!("no bot elsewhere is called {name:?}"));
    let bot = deployment.bot(&name).filter(|b| b.elsewhere()).ok_or_else(unknown)?;
    authenticate(bot, &headers, &body)?;
    let data = object(read_json(&body)?)?;
    fields::check(BOT_ANSWER, &data)?;
    let text = |key: &str| data.get(key).and_then(Json::as_str);
    let said = text("botId").unwrap_or(&name);
    if said != name {
        let detail = format!("botId is {said:?}, the path names {name:?}");
        return Err(Problem::new("wrong_bot", detail));
    }
    let missing = || Problem::new("missing_field", "conversationId is empty: it says what is answered");
    let command = json!({
        "conversationId": text("conversationId").filter(|id| !id.is_empty()).ok_or_else(missing)?,
        "botId": name,
        // The call it answers, when the bot says so: it got the id as `Idempotency-Key` and `webhook-id`.
        "callId": text("callId"),
        "BotMessage": data.get("BotMessage"),
    });
    give(&app, key, "BOT_MESSAGES", command).await
}

/// Whether the caller knows the bot's secret, its token or the key that signs, and does not put the token into the answer.
fn authenticate(bot: &BotEntry, headers: &HeaderMap, body: &[u8]) -> Result<(), Problem> {
    let missing = |problem: String| {
        tracing::error!(bot = bot.name, problem, "answers of the bot cannot be authenticated");
        Problem::new("bot_not_authenticated", "the engine does not have the bot's secret; its log says more")
    };
    let token = calls::read(bot.token.as_ref()).map_err(missing)?;
    let signing_key = calls::read(bot.signing.as_ref()).map_err(missing)?;
    if token.is_none() && signing_key.is_none() {
        let detail = format!(
            "bot {} has no secret: give it `token_env` or `signing_env` in flows/centre.yaml",
            bot.name
        );
        return Err(Problem::new("bot_not_authenticated", detail));
    }
    let refused = |detail: &str| Err(Problem::new("bot_not_authenticated", detail));
    if let Some(key) = signing_key {
        let text = |name| headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let signed = (text(signing::ID), text(signing::TIMESTAMP), text(signing::SIGNATURE));
        signing::verify(&key, signed, body, signing::now()).or_else(|problem| refused(&problem))?;
        return refuse_echo(token.as_deref(), body);
    }
    let given = match &bot.token_header {
        Some(name) => headers.get(name).and_then(|v| v.to_str().ok()),
        None => headers
            .get(header::AUTHORIZATION)
            .and_then(|v| v.to_str().ok())
            .and_then(|v| v.strip_prefix("Bearer ")),
    };
    match given.zip(token.as_deref()).is_some_and(|(given, token)| same(given.as_bytes(), token.as_bytes())) {
        true => refuse_echo(token.as_deref(), body),
        false => refused("the bot's token is missing or wrong"),
    }
}

fn refuse_echo(token: Option<&str>, body: &[u8]) -> Result<(), Problem> {
    match calls::echoes(token, body) {
        true => Err(Problem::new(
            "answer_holds_secret",
            "the answer holds the bot's own token; it is not looked at",
        )),
        false => Ok(()),
    }
}

/// Compares without telling by its time how much is right.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}
