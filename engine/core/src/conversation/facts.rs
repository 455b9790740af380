//! The facts that flows and rules decide on: a narrow view, built for them. Every name is always there, with an empty
//! value when there is nothing to say, so that a rule never fails on a fact that is merely absent.

use std::collections::BTreeSet;

use serde_json::json;

use super::actions::is_known_action;
use super::input::{Input, Stamped};
use super::state::{CONVERSATION_FORMAT, Conversation, SeatKind, Session};
use super::work::{Happening, Work};
use crate::centre::{ChannelEntry, ChannelKind, Routing};
use crate::deployment::Deployment;
use crate::model::{EventName, Json, JsonMap, Sender};
use crate::rules::{FactSource, FactValue};

/// The facts of one moment, seen from an event. Nothing is built before somebody asks.
pub(super) struct View<'v> {
    work: &'v Work<'v>,
    event: &'v Happening,
}

/// A property of a fact and how it is read.
type Property = (&'static str, fn(&View<'_>) -> FactValue);

/// The facts that are maps, by name. Slots cannot hide them, nor the two below.
const MAPS: &[(&str, &[Property])] = &[
    ("centre", CENTRE),
    ("channel", CHANNEL),
    ("conversation", CONVERSATION),
    ("customer", CUSTOMER),
    ("event", EVENT),
    ("session", SESSION),
];
/// All slots as one map.
const SLOTS: &str = "slots";
/// The time of the step, in epoch milliseconds.
const NOW: &str = "now";

impl<'v> View<'v> {
    /// What is true at this moment.
    pub(super) fn of(work: &'v Work<'v>, event: &'v Happening) -> Self {
        Self { work, event }
    }

    fn session(&self) -> Option<&'v Session> {
        self.work.session_or_current(self.event.session.as_deref())
    }

    fn channel(&self) -> Option<&'v ChannelEntry> {
        self.work.d.centre.channels.get(&self.session()?.channel)
    }

    fn channel_type(&self) -> Option<&'v ChannelKind> {
        self.work.d.centre.channel_types.get(&self.channel()?.kind)
    }

    /// The agent the event is about.
    fn event_agent(&self) -> String {
        let paths = [
            "/agentParticipant/participant/id",
            "/conversationParticipant/participant/id",
            "/ccUser/id",
            "/agentId",
            "/task/assignedTo/id",
            "/agentPresence/agent/id",
            "/requestType/metadata/requestedBy",
        ];
        text_at(&self.event.data, &paths)
    }

    /// A text of the event's data: the first of these paths that is there.
    fn text(&self, paths: &[&str]) -> FactValue {
        text_at(&self.event.data, paths).as_str().into()
    }
}

impl FactSource for View<'_> {
    fn fact(&self, name: &str, only: Option<&BTreeSet<String>>) -> Option<FactValue> {
        if let Some((_, properties)) = MAPS.iter().find(|(map, _)| *map == name) {
            let wanted = properties.iter().filter(|(key, _)| only.is_none_or(|only| only.contains(*key)));
            return Some(FactValue::map(wanted.map(|(key, read)| (*key, read(self)))));
        }
        let slots = &self.work.c.slots;
        match name {
            SLOTS => Some(FactValue::entries(slots, only)),
            NOW => Some(self.work.at.into()),
            _ => Some(match slots.get(name)? {
                Json::Object(map) => FactValue::entries(map, only),
                value => value.into(),
            }),
        }
    }

    fn names(&self) -> Vec<&str> {
        let known = MAPS.iter().map(|(name, _)| *name).chain([SLOTS, NOW]);
        let slots = self.work.c.slots.keys().map(String::as_str);
        let mut names: Vec<&str> = known.chain(slots).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// The event at hand (domain.md 2.1, 2.3).
const EVENT: &[Property] = &[
    ("action", |v| action(v).as_str().into()),
    ("action_data", |v| {
        let d = &v.event.data;
        d.pointer("/data")
            .or_else(|| d.pointer("/body/data"))
            .map_or_else(FactValue::nothing_known, FactValue::from)
    }),
    ("agent", |v| v.event_agent().as_str().into()),
    ("agent_state", |v| v.text(&["/agentPresence/state/name"])),
    ("data", |v| {
        let d = &v.event.data;
        if weight(d) > DATA_CHARS_MAX { FactValue::nothing_known() } else { d.into() }
    }),
    ("direction", |v| v.text(&["/requestType/direction", "/task/activeMedia/0/type/direction"])),
    ("has_session", |v| v.event.session.is_some().into()),
    ("intent", |v| v.text(&["/header/intent"])),
    ("known_action", |v| is_known_action(&action(v)).into()),
    ("media_state", |v| v.text(&["/task/activeMedia/0/state"])),
    ("message", |v| v.text(&["/message"])),
    ("mode", |v| v.text(&["/requestType/mode", "/task/activeMedia/0/type/mode"])),
    ("mrd", |v| v.text(&["/mrdId"])),
    ("mrd_voice", |v| v.work.d.centre.is_voice_medium(&text_at(&v.event.data, &["/mrdId"])).into()),
    ("name", |v| v.event.name.as_str().into()),
    ("participant", |v| v.text(&["/conversationParticipant/type", "/agentParticipant/type"])),
    ("position", |v| v.event.data["position"].as_i64().unwrap_or(0).into()),
    ("priority", |v| {
        v.event.data.pointer("/additionalDetails/priority").and_then(Json::as_i64).unwrap_or(0).into()
    }),
    ("queue", |v| v.text(&["/queue/value", "/queue/name", "/queue"])),
    ("reason", |v| {
        v.text(&[
            "/reason",
            "/metadata/reason",
            "/reasonCode",
            "/state/reasonCode",
            "/agentPresence/state/reasonCode/name",
        ])
    }),
    ("reinitiated", |v| {
        v.event
            .data
            .pointer("/additionalDetails/isReinitiated")
            .and_then(Json::as_bool)
            .unwrap_or(false)
            .into()
    }),
    ("requested_by", |v| requested_by(&v.event.data).as_str().into()),
    ("routing", |v| {
        let agent = v.event_agent();
        super::served::routing_of(v.work, &agent).map_or("", routing_name).into()
    }),
    ("role", |v| v.text(&["/agentParticipant/role", "/conversationParticipant/role", "/role"])),
    ("sender", |v| v.event.emitter.sender_name.as_deref().unwrap_or("").into()),
    ("task_reason", |v| v.text(&["/task/state/reasonCode"])),
    ("task_state", |v| v.text(&["/task/state/name"])),
    ("text", |v| v.text(&["/body/markdownText"])),
    ("wait", |v| v.event.data["estimatedWaitTime"].as_i64().unwrap_or(0).into()),
    ("wanted_agent", |v| v.text(&["/requestType/metadata/agentId"])),
];

/// The conversation (domain.md 1.8).
const CONVERSATION: &[Property] = &[
    ("age", |v| ((v.work.at - v.work.c.created_at) / 1000).into()),
    ("agent_ever", |v| v.work.c.agent_ever.into()),
    ("agents", |v| count(v.work.c.agents_present())),
    ("all_sessions", |v| count(v.work.c.sessions.len())),
    ("bot", |v| v.work.c.bot_seat().map_or("", |b| b.who.as_str()).into()),
    ("bot_role", |v| v.work.c.bot_seat().map_or("", |b| b.role.as_str()).into()),
    ("customer_present", |v| (v.work.c.open_sessions() > 0).into()),
    ("data", |v| FactValue::map(v.work.c.data.iter().map(|(k, x)| (k.as_str(), x.as_str().into())))),
    ("direction", |v| if v.work.c.outbound { "OUTBOUND" } else { "INBOUND" }.into()),
    ("held", |v| v.work.c.hold.is_some().into()),
    ("id", |v| v.work.c.id.as_str().into()),
    ("monitors", |v| count(v.work.c.seats.iter().filter(|s| s.kind == SeatKind::Monitor).count())),
    ("previous", |v| {
        let previous = v.work.c.previous.as_ref();
        FactValue::map([
            ("agent", previous.and_then(|p| p.agent.as_deref()).unwrap_or("").into()),
            ("ended", previous.map_or(-1, |p| (v.work.at - p.ended_at) / 1000).into()),
            ("queue", previous.and_then(|p| p.queue.as_deref()).unwrap_or("").into()),
        ])
    }),
    ("primaries", |v| count(v.work.c.primaries())),
    ("queue", |v| v.work.c.last_task.as_ref().and_then(|t| t.queue.as_deref()).unwrap_or("").into()),
    ("request", |v| v.work.c.request.as_ref().map_or("", |r| r.direction.as_str()).into()),
    ("request_media", |v| {
        let session = v.work.c.request.as_ref().and_then(|r| v.work.c.session(&r.session));
        session.map_or_else(String::new, |s| super::seats::medium_of(v.work, s)).as_str().into()
    }),
    ("sessions", |v| count(v.work.c.open_sessions())),
    ("state", |v| v.work.c.state.as_str().into()),
    ("wrapping_up", |v| count(v.work.c.agents_wrapping_up())),
];

/// The customer (domain.md 1.4).
const CUSTOMER: &[Property] = &[
    ("anonymous", |v| v.work.c.customer.is_anonymous.unwrap_or(false).into()),
    ("attributes", |v| FactValue::entries(&v.work.c.customer.extra, None)),
    ("id", |v| v.work.c.customer.id.as_deref().unwrap_or("").into()),
    ("labels", |v| FactValue::list(v.work.c.customer.labels())),
    ("name", |v| v.work.c.customer.first_name.as_deref().unwrap_or("").into()),
    ("suggestions", |v| count(v.work.c.suggestions.len())),
];

/// The channel session the event is about, or the one last used (domain.md 1.7).
const SESSION: &[Property] = &[
    ("channel", |v| v.session().map_or("", |s| s.channel.as_str()).into()),
    ("first", |v| {
        let first = v.work.c.sessions.first();
        v.session().is_some_and(|s| first.is_some_and(|f| f.id == s.id)).into()
    }),
    ("id", |v| v.session().map_or("", |s| s.id.as_str()).into()),
    ("identifier", |v| v.session().map_or("", |s| s.identifier.as_str()).into()),
    ("latest_intent", |v| v.session().and_then(|s| s.latest_intent.as_deref()).unwrap_or("").into()),
    ("legs", |v| count(v.session().map_or(0, |s| s.legs.len()))),
    ("messages", |v| v.session().map_or(0, |s| i64::from(s.counts[2])).into()),
    ("open", |v| v.session().is_some_and(Session::open).into()),
    ("quiet", |v| v.session().is_some_and(|s| s.quiet).into()),
    ("request_priority", |v| {
        let asked = v.session().and_then(|s| s.channel_data.get("requestPriority"));
        asked.and_then(Json::as_i64).unwrap_or(0).into()
    }),
];

/// The channel of that session and its type (domain.md 1.6).
const CHANNEL: &[Property] = &[
    ("bot", |v| v.channel().map_or("", |c| c.bot.as_str()).into()),
    ("interactive", |v| v.channel_type().is_some_and(|k| k.interactive).into()),
    ("list", |v| v.channel().and_then(|c| c.list.as_deref()).unwrap_or("").into()),
    ("media", |v| v.channel_type().map_or("", |k| k.media.as_str()).into()),
    ("name", |v| v.channel().map_or("", |c| c.name.as_str()).into()),
    ("queue", |v| v.channel().and_then(|c| c.queue.as_deref()).unwrap_or("").into()),
    ("route_to_last_agent", |v| v.channel().is_some_and(|c| c.route_to_last_agent).into()),
    ("routing", |v| v.channel().map_or("", |c| routing_name(c.routing)).into()),
    ("service_identifier", |v| v.channel().map_or("", |c| c.service_identifier.as_str()).into()),
    ("type", |v| v.channel().map_or("", |c| c.kind.as_str()).into()),
    ("voice", |v| v.channel_type().is_some_and(|k| k.voice).into()),
];

/// What the deployment says of the contact centre.
const CENTRE: &[Property] = &[
    ("labels", |v| FactValue::of(&v.work.d.centre.customers.labels)),
    ("name", |v| v.work.d.centre.name.as_str().into()),
    ("settings", |v| {
        let settings: JsonMap =
            v.work.d.centre.settings.iter().map(|(k, x)| (k.clone(), x.clone())).collect();
        FactValue::entries(&settings, None)
    }),
    ("wrap_up", |v| v.work.d.centre.wrap_up.enabled.into()),
];

fn routing_name(routing: Routing) -> &'static str {
    match routing {
        Routing::Push => "PUSH",
        Routing::Pull => "PULL",
        Routing::External => "EXTERNAL",
    }
}

fn count(n: impl TryInto<i64>) -> FactValue {
    n.try_into().unwrap_or(i64::MAX).into()
}

/// The name of the action that is ordered (2.3).
fn action(v: &View<'_>) -> String {
    let paths: &[&str] =
        if v.event.name == EventName::ActionMessage { &["/name", "/body/name"] } else { &["/action"] };
    text_at(&v.event.data, paths)
}

/// The facts of a conversation in which nothing has happened: every name a flow or rule can read, with an empty value.
/// Tests of rules begin with them.
#[must_use]
pub fn blank(d: &Deployment) -> Json {
    let empty = json!({ "format": CONVERSATION_FORMAT, "id": "", "home": 0, "deployment": "", "state": "CREATED", "room": "",
                        "customer": {}, "sessions": [], "slots": {}, "createdAt": 0 });
    serde_json::from_value(empty).map_or_else(|_| json!({}), |c| facts_at(d, c, 0))
}

/// The facts of a conversation at a moment at which nothing happens, as tests of flows and scenarios see it.
#[must_use]
pub fn facts_at(d: &Deployment, c: Conversation, at: i64) -> Json {
    let nothing = Stamped { id: String::new(), at, input: Input::Archived };
    let work = Work::on(d, c, &nothing);
    let event = Happening {
        name: EventName::CustomerMessage,
        emitter: Sender::default(),
        session: None,
        data: json!({}),
        id: String::new(),
        delivers: false,
    };
    let view = View::of(&work, &event);
    let mut facts: JsonMap = view
        .names()
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), view.fact(name, None)?.to_json().unwrap_or_default())))
        .collect();
    facts["event"]["name"] = json!("");
    Json::Object(facts)
}

/// Longest text of an event that a rule sees. The customer may write more than a rule may read.
const TEXT_CHARS_MAX: usize = 4_000;
/// Largest data of an event that a rule sees as a whole, in characters of all its texts.
const DATA_CHARS_MAX: usize = 16_000;

fn text_at(data: &Json, paths: &[&str]) -> String {
    let found = paths.iter().find_map(|p| data.pointer(p).and_then(Json::as_str).filter(|t| !t.is_empty()));
    found.unwrap_or_default().chars().take(TEXT_CHARS_MAX).collect()
}

/// Characters of all texts in a value, roughly what it weighs.
fn weight(value: &Json) -> usize {
    match value {
        Json::String(text) => text.len(),
        Json::Array(items) => items.iter().map(weight).sum::<usize>() + items.len(),
        Json::Object(map) => map.iter().map(|(key, value)| key.len() + weight(value)).sum(),
        _ => 8,
    }
}

/// The agent who asked for another one (1.12 `metadata.requestedBy`); empty when no agent did.
pub(super) fn requested_by(data: &Json) -> String {
    text_at(data, &["/requestType/metadata/requestedBy"])
}
