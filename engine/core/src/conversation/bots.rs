//! Bots in a conversation (`domain.md` section 7): who hears what, calls and their answers.
//!
//! A SCRIPT bot is a flow of the deployment and answers inside the step. Every other bot is asked by an effect: the call
//! is journaled with a deadline, its answer comes back as an input in the one form all kinds are translated to, the first
//! result counts, and one call is out at a time (U41).

use serde_json::json;

use super::response::{Words, words};
use super::state::{BotQuestion, OpenCall, SeatKind};
use super::timers::BOT;
use super::work::{Happening, Work};
use super::{BotResult, actions, handoff, interpret, sessions, wire};
use crate::centre::{BotEntry, BotKind};
use crate::effect::{BotCall, Reply};
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

/// Intent that hands the conversation back to a bot, with the packet of [`handoff`].
const HANDED_BACK: &str = "HANDED_BACK";

/// Lets the bots of the conversation hear an event. A message that a journey was waiting for is not for them.
pub(super) fn hear(work: &mut Work<'_>, event: &Happening, consumed: bool) {
    if event.name == EventName::ChannelSessionEnded {
        work.ended.retain(|session| event.session.as_ref() != Some(session));
    }
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
            _ if spoken => {
                let question = message_question(work, event);
                ask(work, &name, question);
            }
            _ if bot.events && INTENTS.contains(&event.name) => {
                let question = intent_question(work, event);
                ask(work, &name, question);
            }
            _ => {}
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
    let request = intent(work, event.name.as_str(), entities);
    BotQuestion { request, session: event.session.clone(), expects_answer: false }
}

/// A question that tells a bot of something that happened.
fn intent(work: &Work<'_>, name: &str, entities: Json) -> Json {
    json!({
        "conversation": work.c.id,
        "type": "intent",
        "message": name,
        "entities": entities,
        "metadata": null,
    })
}

/// The conversation is the bot's again: it is told what happened meanwhile.
pub(super) fn handed_back(work: &mut Work<'_>, bot: &str) {
    if work.d.centre.bots.get(bot).is_some_and(|b| b.elsewhere() && b.events) {
        let request = intent(work, HANDED_BACK, handoff::packet(&work.c));
        let session = work.c.current_session().map(|s| s.id.clone());
        ask(work, bot, BotQuestion { request, session, expects_answer: false });
    }
}

/// The conversation ends: a bot that remembers it elsewhere is told, of the sessions that end with it first. Nobody
/// waits for its answers.
pub(super) fn conversation_ends(work: &mut Work<'_>) {
    let told = |b: &&BotEntry| b.kind == BotKind::Lex || (b.elsewhere() && b.events);
    let Some(bot) = work.c.bot_seat().and_then(|s| work.d.centre.bots.get(&s.who)).filter(told) else {
        return;
    };
    for id in std::mem::take(&mut work.ended).into_iter().filter(|_| bot.events) {
        let session = wire::session_by_id(work, &id, true);
        let name = EventName::ChannelSessionEnded;
        let mut request = intent(work, name.as_str(), json!({ "channelSession": session }));
        send(work, bot, &mut request);
    }
    let session = work.c.sessions.last().map(|s| wire::session_by_id(work, &s.id, true));
    let mut request = intent(work, "END_CONVERSATION", json!({ "channelSession": session }));
    send(work, bot, &mut request);
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

fn call(work: &mut Work<'_>, bot: &str, mut question: BotQuestion) {
    let Some(entry) = work.d.centre.bots.get(bot) else { return };
    let id = send(work, entry, &mut question.request);
    work.note(format!("bot {bot}"), "is asked", format!("answer within {} s", entry.timeout_ms / 1000));
    work.c.bots.entry(bot.to_owned()).or_default().call = Some(OpenCall { id, question });
    work.set_timer(format!("{BOT}{bot}"), entry.timeout_ms, None);
}

/// Puts a question to a bot; returns the id of the call.
fn send(work: &mut Work<'_>, bot: &BotEntry, request: &mut Json) -> String {
    set_the_scene(work, bot, request);
    let id = work.ids.fresh();
    work.out.bot_calls.push(BotCall {
        id: id.clone(),
        bot: bot.name.clone(),
        conversation: work.c.id.clone(),
        request: request.clone(),
        deadline: work.at + bot.timeout_ms,
    });
    id
}

/// What a bot may need beside the question, as it is at this moment: its role, conversation data, and for a bot that
/// remembers nothing itself the latest lines and how often it answered.
fn set_the_scene(work: &Work<'_>, bot: &BotEntry, request: &mut Json) {
    request["role"] = json!(role_of(work, &bot.name).map(|role| role.as_str().to_owned()));
    request["data"] = json!(work.c.data);
    if let Some(llm) = &bot.llm {
        let story = &work.c.story;
        let lines = story.lines.all();
        request["history"] = json!(lines[lines.len().saturating_sub(llm.history)..]);
        request["turns"] = json!(story.turns.get(&bot.name).copied().unwrap_or_default());
    }
}

/// The role of a bot; `None` when it is not in the conversation.
fn role_of(work: &Work<'_>, bot: &str) -> Option<ParticipantRole> {
    work.c.seats.iter().find(|s| s.kind == SeatKind::Bot && s.who == bot).map(|s| s.role)
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

/// A call came to its end. Late and second results are recorded and ignored. Returns why nothing of an answer was of use.
pub(super) fn answered(work: &mut Work<'_>, bot: &str, call: &str, result: &BotResult) -> Option<String> {
    let Some(question) = close_call(work, bot, call) else {
        work.note(
            format!("bot {bot}"),
            "a late or second answer",
            "its call is over already; recorded and ignored (U41)",
        );
        work.out.bot_calls_done.push(call.to_owned());
        return None;
    };
    let mut useless = None;
    match result {
        BotResult::Answered { answer } => useless = act_upon(work, bot, &question, answer),
        BotResult::TimedOut => silent(work, bot, &question),
        BotResult::Failed { reason } => {
            work.note(format!("bot {bot}"), "is not available", reason.clone());
            fallback(work, bot, &question, EventName::BotNotAvailable, reason);
        }
    }
    next(work, bot);
    useless
}

/// BOT_MESSAGES `{botId, callId?, BotMessage}`: a bot that took the question answers it now. What answers no open call is
/// recorded and not delivered (U41).
pub(super) fn answers_later(work: &mut Work<'_>, data: &Json) -> Result<Json, Reply> {
    let bot = data["botId"].as_str().unwrap_or_default();
    if work.d.centre.bots.get(bot).is_none_or(|b| !b.elsewhere()) {
        let detail = format!("no bot elsewhere is called {bot:?}");
        return Err(Reply::refused("unknown_bot", detail, Json::Null));
    }
    let answer = &data["BotMessage"];
    if !answer.is_array() && !answer.is_object() {
        let detail = "`BotMessage` is missing: a response or a list of responses is needed";
        return Err(Reply::refused("missing_field", detail, Json::Null));
    }
    let open = work.c.bots.get(bot).and_then(|line| line.call.as_ref()).map(|call| call.id.clone());
    let meant = data["callId"].as_str();
    match open.filter(|id| meant.is_none_or(|meant| meant == id)) {
        Some(call) => match answered(work, bot, &call, &BotResult::Answered { answer: answer.clone() }) {
            Some(why) => Ok(json!({ "delivered": false, "detail": why })),
            None => Ok(json!({ "delivered": true })),
        },
        None => {
            let why = "no question is open; recorded and not delivered (U41)";
            work.note(format!("bot {bot}"), "a late or second answer", why);
            Ok(json!({ "delivered": false, "detail": why }))
        }
    }
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

/// Acts upon an answer: one response or a list. Actions are ordered, words said in their order; suggestions go together,
/// the surest first. An answer of which nothing can be used is none: whoever asked is not left without one.
fn act_upon(work: &mut Work<'_>, bot: &str, question: &BotQuestion, answer: &Json) -> Option<String> {
    let responses = match answer {
        Json::Array(list) => list.as_slice(),
        Json::Null => &[],
        one => std::slice::from_ref(one),
    };
    work.note(format!("bot {bot}"), format!("answers with {} responses", responses.len()), "");
    if question.expects_answer {
        *work.c.story.turns.entry(bot.to_owned()).or_default() += 1;
    }
    let left_out = responses.len().saturating_sub(RESPONSES_MAX);
    if left_out > 0 {
        let why = format!("an answer has at most {RESPONSES_MAX}");
        work.note(format!("bot {bot}"), format!("the last {left_out} responses are left out"), why);
    }
    let role = role_of(work, bot);
    let (mut suggested, mut faults, mut used) = (Vec::new(), Vec::new(), false);
    for response in responses.iter().take(RESPONSES_MAX) {
        handoff::learn(work, response);
        remember(work, response);
        let fault = match words(response) {
            Words::Unusable(fault) => Some(fault),
            Words::None => None,
            Words::Action(name, data) => {
                ordered(work, bot, question, name, &data);
                None
            }
            Words::Said(body) if matches!(role, Some(ParticipantRole::Primary) | None) => {
                speak(work, bot, question, &body).err()
            }
            Words::Said(body) => body.fault().or_else(|| {
                suggested.push((*body, response["intent"]["confidence"].as_f64()));
                None
            }),
        };
        used |= fault.is_none();
        if let Some(fault) = fault {
            work.note(format!("bot {bot}"), "a response is unusable", fault.clone());
            faults.push(fault);
        }
    }
    suggest(work, bot, question, suggested);
    if used || faults.is_empty() {
        return None;
    }
    let why = format!("its answer is unusable: {}", faults.join("; "));
    fallback(work, bot, question, EventName::BotNotAvailable, &why);
    Some(why)
}

/// Conversation data that a response sets.
fn remember(work: &mut Work<'_>, response: &Json) {
    let text = |v: &Json| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
    let data = response["data"].as_object().into_iter().flatten();
    let pairs: Vec<(String, String)> = data.map(|(k, v)| (k.clone(), text(v))).collect();
    if !pairs.is_empty() {
        sessions::merge_data(work, pairs);
    }
}

/// An order. One that was asked for while the bot talked to the customer is too late once an agent does.
fn ordered(work: &mut Work<'_>, bot: &str, question: &BotQuestion, name: &str, data: &Json) {
    let role = role_of(work, bot);
    if question.request["role"] == "PRIMARY" && role != Some(ParticipantRole::Primary) {
        let why = "an agent came while it was asked; recorded and not carried out";
        work.note(format!("bot {bot}"), format!("orders {name} too late"), why);
        return;
    }
    order(work, bot, question.session.as_deref(), name, data);
}

/// Suggestions of one answer to the agents: the surest first, as many as the centre wants.
fn suggest(work: &mut Work<'_>, bot: &str, question: &BotQuestion, mut bodies: Vec<(Body, Option<f64>)>) {
    // Stable: those of the same confidence keep the bot's order.
    bodies.sort_by(|(_, a), (_, b)| b.unwrap_or(0.0).total_cmp(&a.unwrap_or(0.0)));
    let most = work.d.centre.bots.get(bot).map_or(1, |b| b.suggestions.max(1));
    if bodies.len() > most {
        work.note(format!("bot {bot}"), format!("{} suggestions are left out", bodies.len() - most), "");
        bodies.truncate(most);
    }
    if bodies.is_empty() {
        return;
    }
    let id = work.ids.fresh();
    let data = wire::suggestion(work, &id, bot, question, &bodies);
    let session = question.session.clone();
    work.raise(EventName::BotSuggestion, emitter::bot(bot, bot), session.as_deref(), data);
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
) -> Result<(), String> {
    let role = role_of(work, bot);
    match role {
        Some(ParticipantRole::Primary) => {
            let session = question.session.clone().or_else(|| work.c.current_session().map(|s| s.id.clone()));
            let sessions: Vec<String> = session.into_iter().collect();
            actions::say(work, &sessions, body, Some(bot))
        }
        Some(_) => {
            body.fault().map_or(Ok(()), Err)?;
            suggest(work, bot, question, vec![(body.clone(), None)]);
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
    handoff::learn(work, data);
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
