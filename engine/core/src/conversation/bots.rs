//! Bots in a conversation (`domain.md` section 7): who hears what, calls and their answers.
//!
//! A SCRIPT bot is a flow of the deployment and answers inside the step. A WEBHOOK bot is asked by an effect: the call
//! is journaled with a deadline, its answer comes back as an input, the first result counts, and one call is out at a
//! time (U41).

use serde_json::json;

use super::state::{BotQuestion, OpenCall, SeatKind};
use super::timers::BOT;
use super::work::{Happening, Work};
use super::{BotResult, actions, interpret, wire};
use crate::centre::BotKind;
use crate::effect::BotCall;
use crate::model::{Body, EventName, Json, ParticipantRole, emitter};

/// Most questions that may wait behind a call.
const QUESTIONS_MAX: usize = 100;
/// Most responses of one answer that are acted upon.
const RESPONSES_MAX: usize = 20;

/// System intents that a bot with `events` is told (section 7).
const INTENTS: &[EventName] = &[
    EventName::ChannelSessionStarted,
    EventName::ChannelSessionEnded,
    EventName::AgentReserved,
    EventName::AgentSubscribed,
    EventName::AgentUnsubscribed,
];

/// Lets the bots of the conversation hear an event. A message that a journey was waiting for is not for them.
pub(super) fn hear(work: &mut Work<'_>, event: &Happening, consumed: bool) {
    let bots: Vec<String> =
        work.c.seats.iter().filter(|s| s.kind == SeatKind::Bot).map(|s| s.who.clone()).collect();
    for name in bots {
        let Some(bot) = work.d.centre.bots.get(&name) else { continue };
        let spoken = event.name == EventName::CustomerMessage;
        if spoken && consumed {
            continue;
        }
        match bot.kind {
            BotKind::Script => interpret::script(work, &name, bot.flow.as_deref().unwrap_or_default(), event),
            BotKind::Webhook if spoken => {
                let question = message_question(work, event);
                ask(work, &name, question);
            }
            BotKind::Webhook if bot.events && INTENTS.contains(&event.name) => {
                let question = intent_question(work, event);
                ask(work, &name, question);
            }
            BotKind::Webhook => {}
        }
    }
}

fn message_question(work: &Work<'_>, event: &Happening) -> BotQuestion {
    let request = json!({
        "conversation": work.c.id,
        "type": "message",
        "message": event.data["body"]["markdownText"].as_str().unwrap_or_default(),
        "entities": null,
        "metadata": event.data,
    });
    BotQuestion { request, session: event.session.clone(), expects_answer: true }
}

fn intent_question(work: &Work<'_>, event: &Happening) -> BotQuestion {
    let entities = match event.name {
        EventName::ChannelSessionStarted | EventName::ChannelSessionEnded => {
            json!({ "channelSession": event.data })
        }
        EventName::AgentReserved => event.data["ccUser"].clone(),
        _ => event.data["agentParticipant"]["participant"].clone(),
    };
    let request = json!({
        "conversation": work.c.id,
        "type": "intent",
        "message": event.name.as_str(),
        "entities": entities,
        "metadata": null,
    });
    BotQuestion { request, session: event.session.clone(), expects_answer: false }
}

/// Asks now, or after the call that is out.
fn ask(work: &mut Work<'_>, bot: &str, question: BotQuestion) {
    let line = work.c.bots.entry(bot.to_owned()).or_default();
    if line.call.is_some() {
        if line.queue.len() >= QUESTIONS_MAX {
            work.note(format!("bot {bot}"), "a question is dropped", format!("{QUESTIONS_MAX} wait already"));
            return;
        }
        line.queue.push(question);
        work.note(format!("bot {bot}"), "the question waits", "one call is out at a time (U41)");
        return;
    }
    call(work, bot, question);
}

fn call(work: &mut Work<'_>, bot: &str, question: BotQuestion) {
    let timeout = work.d.centre.bots.get(bot).map_or(0, |b| b.timeout_ms);
    let id = work.ids.fresh();
    let deadline = work.at + timeout;
    work.out.bot_calls.push(BotCall {
        id: id.clone(),
        bot: bot.to_owned(),
        conversation: work.c.id.clone(),
        request: question.request.clone(),
        deadline,
    });
    work.note(format!("bot {bot}"), "is asked", format!("answer within {} s", timeout / 1000));
    work.c.bots.entry(bot.to_owned()).or_default().call = Some(OpenCall { id, question });
    work.set_timer(format!("{BOT}{bot}"), timeout, None);
}

/// Takes the call of a bot off the table; `None` when it is not the one that is out.
fn close_call(work: &mut Work<'_>, bot: &str, call: &str) -> Option<BotQuestion> {
    let line = work.c.bots.get_mut(bot)?;
    if line.call.as_ref().is_none_or(|c| c.id != call) {
        return None;
    }
    let question = line.call.take()?.question;
    work.clear_timer(&format!("{BOT}{bot}"));
    work.out.bot_calls_done.push(call.to_owned());
    Some(question)
}

/// Asks what waited behind the call that is over.
fn next(work: &mut Work<'_>, bot: &str) {
    let Some(line) = work.c.bots.get_mut(bot) else { return };
    if line.queue.is_empty() {
        work.c.bots.remove(bot);
        return;
    }
    let question = line.queue.remove(0);
    call(work, bot, question);
}

/// A call came to its end. Late and second results are recorded and ignored.
pub(super) fn answered(work: &mut Work<'_>, bot: &str, call: &str, result: &BotResult) {
    let Some(question) = close_call(work, bot, call) else {
        work.note(
            format!("bot {bot}"),
            "a late or second answer",
            "its call is over already; recorded and ignored (U41)",
        );
        work.out.bot_calls_done.push(call.to_owned());
        return;
    };
    match result {
        BotResult::Answered { answer } => {
            let responses = match answer {
                Json::Array(list) => list.clone(),
                Json::Null => Vec::new(),
                one => vec![one.clone()],
            };
            work.note(format!("bot {bot}"), format!("answers with {} responses", responses.len()), "");
            for response in responses.iter().take(RESPONSES_MAX) {
                act(work, bot, &question, response);
            }
        }
        BotResult::TimedOut => silent(work, bot, &question),
        BotResult::Failed { reason } => {
            work.note(format!("bot {bot}"), "is not available", reason.clone());
            fallback(work, bot, &question, EventName::BotNotAvailable, reason);
        }
    }
    next(work, bot);
}

/// The deadline of a call passed.
pub(super) fn timed_out(work: &mut Work<'_>, bot: &str) {
    let Some(call) = work.c.bots.get(bot).and_then(|l| l.call.as_ref()).map(|c| c.id.clone()) else { return };
    if let Some(question) = close_call(work, bot, &call) {
        silent(work, bot, &question);
        next(work, bot);
    }
}

fn silent(work: &mut Work<'_>, bot: &str, question: &BotQuestion) {
    work.note(format!("bot {bot}"), "did not answer in time", "");
    fallback(work, bot, question, EventName::BotTimeout, "no answer in time");
}

fn fallback(work: &mut Work<'_>, bot: &str, question: &BotQuestion, name: EventName, why: &str) {
    if question.expects_answer {
        let session = question.session.clone();
        work.raise(name, emitter::bot(bot, bot), session.as_deref(), json!(why));
    }
}

/// One response: an action, or something to say. The role decides where it goes (U39).
fn act(work: &mut Work<'_>, bot: &str, question: &BotQuestion, response: &Json) {
    let body = &response["body"];
    let kind = body["type"].as_str().unwrap_or_default();
    if kind == "ACTION" {
        let data = if body["data"].is_object() { body["data"].clone() } else { json!({}) };
        order(work, bot, question.session.as_deref(), body["name"].as_str().unwrap_or_default(), &data);
        return;
    }
    let parsed = serde_json::from_value::<Body>(body.clone()).map_err(|e| e.to_string());
    let fault = match parsed {
        Ok(parsed) if !kind.is_empty() => {
            let confidence = response["intent"]["confidence"].as_f64();
            speak(work, bot, question, &parsed, confidence).err()
        }
        Ok(_) => Some("the response has no body with a type".to_owned()),
        Err(problem) => Some(problem),
    };
    if let Some(fault) = fault {
        work.note(format!("bot {bot}"), "a response is unusable", fault);
    }
}

/// What a bot says: to the customer when PRIMARY, as a suggestion to the agents when ASSISTANT.
///
/// # Errors
/// The body lacks a required field.
pub(super) fn speak(
    work: &mut Work<'_>,
    bot: &str,
    question: &BotQuestion,
    body: &Body,
    confidence: Option<f64>,
) -> Result<(), String> {
    let role = work.c.seats.iter().find(|s| s.kind == SeatKind::Bot && s.who == bot).map(|s| s.role);
    match role {
        Some(ParticipantRole::Primary) => {
            let session = question.session.clone().or_else(|| work.c.current_session().map(|s| s.id.clone()));
            let sessions: Vec<String> = session.into_iter().collect();
            actions::say(work, &sessions, body, Some(bot))
        }
        Some(_) => {
            let id = work.ids.fresh();
            let data = wire::suggestion(work, &id, bot, question, body, confidence);
            let session = question.session.clone();
            work.raise(EventName::BotSuggestion, emitter::bot(bot, bot), session.as_deref(), data);
            Ok(())
        }
        None => {
            work.note(
                format!("bot {bot}"),
                "is not in the conversation any more",
                "its answer is not delivered",
            );
            Ok(())
        }
    }
}

/// A bot orders an action: an ACTION_MESSAGE, which the Controller's flow carries out or not.
pub(super) fn order(work: &mut Work<'_>, bot: &str, session: Option<&str>, name: &str, data: &Json) {
    let id = work.ids.fresh();
    let message = wire::action_message(work, &id, bot, session, name, data);
    work.note(format!("bot {bot}"), format!("orders {name}"), "");
    work.raise(EventName::ActionMessage, emitter::bot(bot, bot), session, message);
}

/// The bot leaves or assists from now on: its journeys and questions end.
pub(super) fn silence(work: &mut Work<'_>, bot: &str) {
    let parked: Vec<String> =
        work.c.runs.iter().filter(|r| r.bot.as_deref() == Some(bot)).map(|r| r.id.clone()).collect();
    for run in parked {
        work.clear_timer(&format!("{}{run}", super::timers::RUN));
        work.c.runs.retain(|r| r.id != run);
        work.note(format!("bot {bot}"), "its journey ends", "it is not PRIMARY any more");
    }
    if let Some(line) = work.c.bots.get_mut(bot) {
        line.queue.clear();
    }
}
