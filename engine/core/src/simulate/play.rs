//! Plays a scenario and writes its transcript.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write;
use std::sync::Arc;

use serde_json::json;

use super::scenario::{Actor, BotScript, Scenario};
use super::transcript::{self, Names};
use super::world::{Fired, World};
use crate::conversation::{self, BotResult};
use crate::deployment::Deployment;
use crate::directory::DirectoryWrite;
use crate::effect::Reply;
use crate::model::{
    Body, CimEvent, CimMessage, ConversationState, Customer, EventName, Json, JsonMap, Timestamp,
};
use crate::routing;

/// When every scenario begins: 2026-01-05 09:00 UTC, a Monday.
const START: i64 = 1_767_603_600_000;

/// A played scenario.
#[derive(Debug)]
pub struct Outcome {
    /// The transcript.
    pub transcript: String,
    /// The world at the end.
    pub world: World,
    /// Everything that was reported, in order.
    pub fired: Vec<Fired>,
}

struct Stage<'s> {
    world: World,
    scenario: &'s Scenario,
    names: Names,
    out: String,
    fired: Vec<Fired>,
    scripts: BTreeMap<String, VecDeque<BotScript>>,
    /// Bot results to come: due, bot, conversation, call, result.
    results: Vec<(i64, String, String, String, BotResult)>,
    messages: u32,
}

/// Plays a scenario from its beginning to its end. The same scenario gives the same transcript, byte for byte.
#[must_use]
pub fn play(deployment: &Arc<Deployment>, scenario: &Scenario) -> Outcome {
    let mut stage = Stage {
        world: World::new(deployment.clone(), START),
        scenario,
        names: Names::default(),
        out: format!("{}\n\n", scenario.name),
        fired: Vec::new(),
        scripts: scenario.given.bots.iter().map(|(b, s)| (b.clone(), s.clone().into())).collect(),
        results: Vec::new(),
        messages: 0,
    };
    stage.given();
    for step in &scenario.steps {
        stage.run_to(START + step.at);
        stage.act(&step.actor);
    }
    stage.run_to(START + scenario.until);
    stage.ending();
    Outcome { transcript: stage.out, world: stage.world, fired: stage.fired }
}

impl Stage<'_> {
    fn given(&mut self) {
        for profile in &self.scenario.given.customers {
            let mut extra = JsonMap::new();
            if !profile.labels.is_empty() {
                extra.insert("labelNames".into(), json!(profile.labels));
            }
            let mut customer = Customer {
                id: Some(profile.id.clone()),
                first_name: Some(profile.name.clone()),
                is_anonymous: Some(false),
                extra,
                ..Customer::default()
            };
            for (attribute, identifier) in &profile.identifiers {
                customer.add_identifier(attribute, identifier);
                let customer = profile.id.clone();
                let (attribute, identifier) = (attribute.clone(), identifier.clone());
                let _ =
                    self.world.directory.apply(&DirectoryWrite::Identity { attribute, identifier, customer });
            }
            let _ = self.world.directory.apply(&DirectoryWrite::Customer { customer: Box::new(customer) });
        }
        for (agent, ready) in self.scenario.given.agents.clone() {
            let command = |name: &str, data: Json| routing::Input::Command { name: name.into(), data };
            self.world.route(command("AGENT_LOGIN", json!({ "agentId": agent })));
            if ready {
                self.world.route(command("AGENT_STATE", json!({ "agentId": agent, "state": "READY" })));
                let media: Vec<String> = self.world.deployment.centre.media.keys().cloned().collect();
                for mrd in media {
                    let data = json!({ "agentId": agent, "mrd": mrd, "state": "READY" });
                    self.world.route(command("AGENT_MRD_STATE", data));
                }
            }
        }
    }

    /// Lets time pass: timers and bots' answers in the order they are due.
    fn run_to(&mut self, to: i64) {
        loop {
            self.results.sort_by_key(|r| r.0);
            let bot_due = self.results.first().map(|r| r.0).filter(|due| *due <= to);
            let timer_due = self.world.next_due().filter(|due| *due <= to);
            match (timer_due, bot_due) {
                (Some(timer), bot) if bot.is_none_or(|b| timer <= b) => {
                    let fired = self.world.advance(timer);
                    self.write(
                        &format!("{} is due", fired.first().map_or("a timer", |f| f.input.as_str())),
                        fired,
                    );
                }
                (_, Some(due)) => {
                    self.world.advance(due);
                    let (_, bot, conversation, call, outcome) = self.results.remove(0);
                    let title = format!("bot {bot} comes back");
                    let input = conversation::Input::Bot { bot, call, outcome };
                    let fired = self.world.conversation(&conversation, input);
                    self.write(&title, fired);
                }
                _ => break,
            }
        }
        self.world.advance(to);
    }

    fn write(&mut self, title: &str, fired: Vec<Fired>) {
        let seconds = (self.world.now - START) as f64 / 1000.0;
        let title = self.names.tidy(title);
        let _ = writeln!(self.out, "{seconds:>5}s {title}");
        for step in fired {
            transcript::write(&mut self.out, &step, &mut self.names);
            if let Some(Reply::Refused { code, detail, .. }) = &step.reply {
                let text = self.names.tidy(&format!("REFUSED {code}: {detail}"));
                let _ = writeln!(self.out, "     ! {text}");
            }
            for call in &step.bot_calls {
                let script = self.scripts.get_mut(&call.bot).and_then(VecDeque::pop_front);
                let Some(script) = script else { continue };
                let result = match (script.fails, script.answer) {
                    (Some(reason), _) => BotResult::Failed { reason },
                    (None, Some(answer)) => BotResult::Answered { answer },
                    (None, None) => continue,
                };
                let due = self.world.now + script.after;
                self.results.push((
                    due,
                    call.bot.clone(),
                    call.conversation.clone(),
                    call.id.clone(),
                    result,
                ));
            }
            self.fired.push(step);
        }
    }

    fn act(&mut self, actor: &Actor) {
        match actor {
            Actor::Customer { who, on, does } => self.customer(who, on, does),
            Actor::Agent { who, command, data } => self.agent(who, command, data),
            Actor::Event { name, data, session } => self.event(name, data, *session),
            Actor::Command { name, data } => {
                let fired = self.command(name, data.clone());
                self.write(&format!("command {name}"), fired);
            }
        }
    }

    fn customer(&mut self, who: &str, on: &str, does: &Json) {
        self.messages += 1;
        let id = format!("message-{}", self.messages);
        let service = self.world.deployment.centre.channels.get(on).map(|c| c.service_identifier.clone());
        let service = service.unwrap_or_else(|| on.to_owned());
        let mut message: CimMessage =
            does.get("message").and_then(|m| serde_json::from_value(m.clone()).ok()).unwrap_or_default();
        message.id.get_or_insert(id);
        let mut data = does["channelData"].as_object().cloned().unwrap_or_default();
        data.insert("channelCustomerIdentifier".into(), json!(who));
        data.insert("serviceIdentifier".into(), json!(service));
        message.header.channel_data = serde_json::from_value(Json::Object(data)).ok();
        message.header.timestamp = Some(Timestamp::from_millis(self.world.now));
        if let Some(intent) = does["intent"].as_str() {
            message.header.intent = Some(intent.to_owned());
        }
        if let Some(text) = does["text"].as_str() {
            message.body = Some(Body::plain(text));
        }
        let title = match (does["text"].as_str(), does["intent"].as_str()) {
            (Some(text), None) => format!("{who} on {on} says {text:?}"),
            (Some(text), Some(_)) => format!("{who} on {on} presses {text:?}"),
            (None, Some(intent)) => format!("{who} on {on}: {intent}"),
            (None, None) => format!("{who} on {on} sends {}", message.body.as_ref().map_or("", Body::kind)),
        };
        let fired = self.world.message(message);
        self.write(&title, fired);
    }

    fn agent(&mut self, who: &str, command: &str, data: &Json) {
        let mut data = data.clone();
        data["agentId"] = json!(who);
        let offered = self
            .world
            .routing
            .tasks
            .values()
            .find(|t| t.agent() == Some(who) && matches!(t.phase, routing::TaskPhase::Reserved { .. }));
        if command.starts_with("TASK_") && data.get("taskId").is_none() {
            data["taskId"] = json!(offered.map_or("none", |t| t.id.as_str()));
        }
        let what = match (&data["body"]["markdownText"], &data["state"]) {
            (Json::String(text), _) => format!("{who} {command} {text:?}"),
            (_, Json::String(state)) => format!("{who} {command} {state}"),
            _ => format!("{who} {command}"),
        };
        let fired = self.command(command, data);
        self.write(&what, fired);
    }

    fn command(&mut self, name: &str, data: Json) -> Vec<Fired> {
        if routing::COMMANDS.contains(&name) {
            return self.world.route(routing::Input::Command { name: name.into(), data });
        }
        let mut data = data;
        if let Some(customer) = data["customerId"].as_str() {
            let profile = self.world.directory.customer(customer).cloned();
            let room = self.world.directory.room_of(customer);
            data["customer"] = json!(profile);
            data["room"] = json!(room);
        }
        let agent = data["agentId"].as_str().map(str::to_owned);
        let Some(id) = self.conversation_of(agent.as_deref()) else { return Vec::new() };
        self.world.conversation(&id, conversation::Input::Command { name: name.into(), data })
    }

    /// The conversation an agent is in, or the youngest live one, or the youngest.
    fn conversation_of(&self, agent: Option<&str>) -> Option<String> {
        let all = || self.world.conversations.values();
        let with = agent.and_then(|a| all().filter(|c| c.agent(a).is_some()).max_by_key(|c| c.created_at));
        let live = || all().filter(|c| c.state != ConversationState::Closed).max_by_key(|c| c.created_at);
        with.or_else(live).or_else(|| all().max_by_key(|c| c.created_at)).map(|c| c.id.clone())
    }

    fn event(&mut self, name: &str, data: &Json, with_session: bool) {
        let Some(id) = self.conversation_of(None) else { return };
        let mut event =
            CimEvent { name: EventName::parse(name), data: Some(data.clone()), ..CimEvent::default() };
        if with_session {
            let session =
                self.world.conversations.get(&id).and_then(|c| c.current_session()).map(|s| s.id.clone());
            event.channel_session =
                serde_json::from_value(json!({ "participantType": "ChannelSession", "id": session })).ok();
        }
        let fired = self.world.conversation(&id, conversation::Input::Event { event: Box::new(event) });
        self.write(&format!("event {name}"), fired);
    }

    /// How everything stands at the end.
    fn ending(&mut self) {
        let seconds = (self.world.now - START) as f64 / 1000.0;
        let _ = writeln!(self.out, "\nat the end ({seconds}s)");
        let conversations: Vec<_> = self.world.conversations.values().cloned().collect();
        let mut conversations = conversations;
        conversations.sort_by_key(|c| c.created_at);
        for c in conversations {
            let seats: Vec<String> =
                c.seats.iter().map(|s| format!("{} {}", s.who, s.role.as_str())).collect();
            let line = format!(
                "conversation {} {} sessions {} with {}",
                c.id,
                c.state.as_str(),
                c.open_sessions(),
                if seats.is_empty() { "nobody".to_owned() } else { seats.join(", ") }
            );
            let line = self.names.tidy(&line);
            let _ = writeln!(self.out, "  {line}");
        }
        for report in self.fired.iter().flat_map(|f| &f.reports) {
            use crate::report::ReportRow as R;
            let line = match report {
                R::Conversation(r) => {
                    format!("report: conversation {}, {} s", r.disposition, r.conversation_duration)
                }
                R::ChannelSession(r) => format!(
                    "report: session {}, bot {} agent {} customer {}",
                    r.disposition, r.bot_activity_count, r.agent_activity_count, r.customer_activity_count
                ),
                R::AgentTask(r) => format!(
                    "report: task {} {} {}, queued {} s, rang {} s, wrap-up {} s",
                    r.task_disposition,
                    r.task_direction,
                    r.agent_id.as_deref().unwrap_or("nobody"),
                    r.task_queue_duration,
                    r.task_alert_duration,
                    r.wrapup_duration
                ),
                R::WrapupDetail(r) => {
                    format!("report: wrap-up {}", r.wrapup_label.as_deref().unwrap_or("note"))
                }
                _ => continue,
            };
            let _ = writeln!(self.out, "  {line}");
        }
    }
}
