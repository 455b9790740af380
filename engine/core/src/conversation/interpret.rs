//! Walks the flows: reactions run to their end inside the step, journeys park durably at `ask` and `wait`.

mod walk;

use petgraph::graph::NodeIndex;
use serde_json::json;

use super::bots;
use super::state::{Position, Run};
use super::timers::RUN;
use super::work::{Happening, Work};
use crate::flow::{Ask, Edge, Flow, Verb, Wait};
use crate::model::{EventName, Json, emitter};
use walk::Walk;

/// The Controller's flow reacts to an event.
pub(super) fn react(work: &mut Work<'_>, event: &Happening) {
    let d = work.d;
    if let Some((flow, node)) = d.handler(&event.name) {
        entered(work, flow, event);
        Walk::enter(flow, event, None).go(work, Some(node));
    }
}

/// The flow that plays a SCRIPT bot hears an event.
pub(super) fn script(work: &mut Work<'_>, bot: &str, flow: &str, event: &Happening) {
    let d = work.d;
    let Some(flow) = d.flow(flow) else {
        work.note(format!("bot {bot}"), "has no flow", format!("no flow is called {flow:?}"));
        return;
    };
    if let Some(node) = flow.on.get(&event.name) {
        entered(work, flow, event);
        Walk::enter(flow, event, Some(bot.to_owned())).go(work, Some(*node));
    }
}

fn entered(work: &Work<'_>, flow: &Flow, event: &Happening) {
    if let Some(recorder) = &work.d.recorder {
        recorder.entry(flow, event.name.as_str());
    }
}

/// A reminder is due: the flow goes on where it was set, or the Controller reacts to REMINDER.
pub(super) fn reminder(work: &mut Work<'_>, name: &str, enter: Option<&Position>) {
    let event = own_event("REMINDER", work, json!({ "name": name }));
    work.note("timer", format!("reminder {name} is due"), "");
    let d = work.d;
    match enter.and_then(|p| find(d.flow(&p.flow)?, &p.node)) {
        Some((flow, node)) => Walk::enter(flow, &event, None).go(work, Some(node)),
        None => react(work, &event),
    }
}

fn find<'d>(flow: &'d Flow, node: &str) -> Option<(&'d Flow, NodeIndex)> {
    flow.nodes.get(node).map(|n| (flow, *n))
}

fn own_event(name: &str, work: &Work<'_>, data: Json) -> Happening {
    Happening {
        name: EventName::parse(name),
        emitter: emitter::controller(),
        session: work.c.current_session().map(|s| s.id.clone()),
        data,
        id: String::new(),
        delivers: false,
    }
}

/// A journey's deadline passed.
pub(super) fn deadline(work: &mut Work<'_>, id: &str) {
    let Some(run) = take(work, id) else { return };
    let event = own_event("DEADLINE", work, json!({}));
    let Some((mut walk, node)) = Walk::resume(work, &run, &event) else { return };
    let (to, delay) = match &walk.flow().graph[node].verb {
        Verb::Ask(ask) => (ask.on_timeout, false),
        Verb::Wait(wait) if wait.events.is_empty() => {
            (wait.on_timeout.or(walk.flow().graph[node].then), true)
        }
        Verb::Wait(wait) => (wait.on_timeout, false),
        _ => (None, false),
    };
    let waited = matches!(&walk.flow().graph[node].verb, Verb::Wait(wait) if wait.on_timeout.is_none());
    walk.took(work, node, if delay && waited { &Edge::Then } else { &Edge::Timeout });
    let what = if delay { "the wait is over" } else { "the deadline passed" };
    walk.note(work, node, what, walk.arrow(to));
    walk.go_on(work, to);
}

fn take(work: &mut Work<'_>, id: &str) -> Option<Run> {
    let index = work.c.runs.iter().position(|r| r.id == id)?;
    work.clear_timer(&format!("{RUN}{id}"));
    Some(work.c.runs.remove(index))
}

/// What an event means to a journey that waits.
enum Wake {
    /// Goes on there; `Some(text)` is the customer's answer.
    Go { to: Option<NodeIndex>, way: Edge, answer: Option<String>, why: String, consumed: bool },
    /// Not for it.
    Sleep,
}

/// Wakes the journeys that wait for this event. Returns whether one of them took a customer's message as its answer.
pub(super) fn wake(work: &mut Work<'_>, event: &Happening) -> bool {
    let mut consumed = false;
    let waiting: Vec<Run> = work.c.runs.clone();
    for run in waiting {
        let Some((mut walk, node)) = Walk::resume(work, &run, event) else {
            take(work, &run.id);
            continue;
        };
        let wake = match &walk.flow().graph[node].verb {
            Verb::Ask(ask) => wake_ask(ask, walk.flow().graph[node].then, event, consumed),
            Verb::Wait(wait) => wake_wait(work, &mut walk, wait, node, event),
            _ => Wake::Sleep,
        };
        let Wake::Go { to, way, answer, why, consumed: takes } = wake else { continue };
        if take(work, &run.id).is_none() {
            continue;
        }
        consumed |= takes;
        walk.took(work, node, &way);
        if let Some(answer) = answer {
            walk.keep_answer(work, node, &answer);
        }
        walk.note(work, node, &format!("wakes by {}", event.name.as_str()), why);
        walk.go_on(work, to);
    }
    consumed
}

fn until(list: &[(EventName, Option<NodeIndex>)], event: &Happening) -> Option<Wake> {
    let (name, to) = list.iter().find(|(name, _)| *name == event.name)?;
    let (way, why) = (Edge::Until(name.clone()), format!("until {}", name.as_str()));
    Some(Wake::Go { to: *to, way, answer: None, why, consumed: false })
}

fn wake_ask(ask: &Ask, then: Option<NodeIndex>, event: &Happening, consumed: bool) -> Wake {
    if let Some(wake) = until(&ask.until, event) {
        return wake;
    }
    if event.name != EventName::CustomerMessage || consumed {
        return Wake::Sleep;
    }
    let said = event.data["body"]["markdownText"].as_str().unwrap_or_default().trim().to_owned();
    let intent = event.data["header"]["intent"].as_str().unwrap_or_default().trim().to_owned();
    let is = |answer: &str, text: &str| answer.to_lowercase() == text.to_lowercase();
    if let Some((answer, to)) = ask.answers.iter().find(|(a, _)| is(a, &said) || is(a, &intent)) {
        let why = format!("the answer is {answer:?}");
        let way = Edge::Answer(answer.clone());
        return Wake::Go { to: Some(*to), way, answer: Some(answer.clone()), why, consumed: true };
    }
    let go = |to, why: &str| Wake::Go {
        to,
        way: Edge::Otherwise,
        answer: Some(said.clone()),
        why: why.into(),
        consumed: true,
    };
    match (ask.answers.is_empty(), ask.otherwise) {
        (true, _) => go(then, "any answer will do"),
        (false, Some(otherwise)) => go(Some(otherwise), "none of the answers"),
        (false, None) => Wake::Sleep,
    }
}

fn wake_wait<'d>(
    work: &mut Work<'d>,
    walk: &mut Walk<'d, '_>,
    wait: &Wait,
    node: NodeIndex,
    event: &Happening,
) -> Wake {
    if let Some(wake) = until(&wait.until, event) {
        return wake;
    }
    if !wait.events.contains(&event.name) {
        return Wake::Sleep;
    }
    if let Some(when) = &wait.when {
        match walk.truth(work, when) {
            Ok(true) => {}
            Ok(false) => return Wake::Sleep,
            Err(problem) => {
                walk.note(work, node, "the condition of the wait failed", problem);
                return Wake::Sleep;
            }
        }
    }
    let to = walk.flow().graph[node].then;
    Wake::Go { to, way: Edge::Then, answer: None, why: "what it waited for".into(), consumed: false }
}

/// What a bot's flow says goes the way of all bots.
fn bot_says(
    work: &mut Work<'_>,
    bot: &str,
    event: &Happening,
    body: &crate::model::Body,
) -> Result<(), String> {
    let question = super::state::BotQuestion {
        request: json!({ "metadata": event.data }),
        session: event.session.clone(),
        expects_answer: false,
    };
    bots::speak(work, bot, &question, body)
}
