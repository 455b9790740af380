//! Plays a scenario and writes its transcript.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write;
use std::sync::Arc;

use serde_json::json;

use super::expect::{self, Unmet};
use super::scenario::{Actor, BotScript, Scenario};
use super::transcript::{self, Names, clock};
use super::world::{Fired, World};
use crate::conversation::{self, BotResult};
use crate::deployment::Deployment;
use crate::diagnostic::Place;
use crate::directory::DirectoryWrite;
use crate::effect::{BotCall, Reply};
use crate::model::{
    Body, CimEvent, CimMessage, ConversationState, Customer, EventName, Json, JsonMap, Timestamp,
};
use crate::routing;

/// When every scenario begins: 2026-01-05 09:00 UTC, a Monday.
pub const START: i64 = 1_767_603_600_000;

/// Most steps of a scenario. One with more goes round in a circle.
pub const STEPS_MAX: usize = 10_000;

/// A played scenario.
#[derive(Debug)]
pub struct Outcome {
    /// The transcript.
    pub transcript: String,
    /// The world at the end.
    pub world: World,
    /// Everything that was stepped, in order.
    pub fired: Vec<Fired>,
    /// Expectations that were not met; that the scenario comes to its end is one of them.
    pub unmet: Vec<Unmet>,
}

/// A result of a bot that is on its way.
struct Coming {
    due: i64,
    conversation: String,
    bot: String,
    call: String,
    result: BotResult,
}

struct Stage<'s> {
    world: World,
    scenario: &'s Scenario,
    names: Names,
    out: String,
    fired: Vec<Fired>,
    scripts: BTreeMap<String, VecDeque<BotScript>>,
    coming: Vec<Coming>,
    messages: u32,
    unmet: Vec<Unmet>,
    /// Steps since it began.
    steps: usize,
    /// Customer whose conversation the step means.
    of: Option<String>,
}

/// Plays a scenario from its beginning to its end. The same scenario gives the same transcript, byte for byte.
#[must_use]
pub fn play(deployment: &Arc<Deployment>, scenario: &Scenario) -> Outcome {
    let mut stage = Stage {
        world: World::new(deployment.clone(), START),
        scenario,
        names: Names::default(),
        out: format!("{}\n", scenario.name),
        fired: Vec::new(),
        scripts: scenario.given.bots.iter().map(|(b, s)| (b.clone(), s.clone().into())).collect(),
        coming: Vec::new(),
        messages: 0,
        unmet: Vec::new(),
        steps: 0,
        of: None,
    };
    stage.given();
    for (i, step) in scenario.steps.iter().enumerate() {
        stage.run_to(START + step.at);
        if stage.steps > STEPS_MAX {
            break;
        }
        stage.world.defer(scenario.steps.get(i + 1).is_some_and(|next| next.at_once));
        stage.of.clone_from(&step.of);
        if let Actor::Customer { does, .. } = &step.actor {
            stage.unmet.extend(expect::pressed(&step.place, does, &stage.fired));
        }
        stage.act(&step.actor);
    }
    stage.run_to(START + scenario.until);
    if stage.steps > STEPS_MAX {
        stage.stopped();
    }
    stage.ending();
    Outcome { transcript: stage.out, world: stage.world, fired: stage.fired, unmet: stage.unmet }
}

impl Stage<'_> {
    fn given(&mut self) {
        let profiles = self.scenario.given.customers.clone();
        for profile in &profiles {
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
                self.write_directory(&DirectoryWrite::Identity { attribute, identifier, customer });
            }
            self.write_directory(&DirectoryWrite::Customer { customer: Box::new(customer) });
        }
        for (agent, ready) in self.scenario.given.agents.clone() {
            let fired = self.world.route(command("AGENT_LOGIN", json!({ "agentId": agent })));
            self.fired.extend(fired);
            if ready {
                let fired = self.ready(&agent);
                self.fired.extend(fired);
            }
        }
    }

    /// Before the play nobody else writes, so that nothing can be in the way.
    fn write_directory(&mut self, write: &DirectoryWrite) {
        let _ = self.world.directory.apply(write);
    }

    /// The agent is READY, on every medium with a place.
    fn ready(&mut self, agent: &str) -> Vec<Fired> {
        let mut fired =
            self.world.route(command("AGENT_STATE", json!({ "agentId": agent, "state": "READY" })));
        let media: Vec<String> = self.world.deployment.centre.media.keys().cloned().collect();
        for mrd in media {
            let data = json!({ "agentId": agent, "mrd": mrd, "state": "READY" });
            fired.extend(self.world.route(command("AGENT_MRD_STATE", data)).into_iter().filter(|f| {
                // An agent without a place on a medium cannot become READY there; nobody misses it.
                !matches!(&f.reply, Some(Reply::Refused { .. }))
            }));
        }
        fired
    }

    /// Lets time pass: timers and bots' answers in the order they are due.
    fn run_to(&mut self, to: i64) {
        while self.steps <= STEPS_MAX {
            self.coming.sort_by_key(|c| c.due);
            let bot = self.coming.first().map(|c| c.due).filter(|due| *due <= to);
            let timer = self.world.next_due().filter(|due| *due <= to);
            match (timer, bot) {
                (Some(timer), bot) if bot.is_none_or(|bot| timer <= bot) => {
                    let fired = self.world.fire();
                    let title = fired.first().map_or("a timer is due", |f| timer_title(&f.input)).to_owned();
                    self.write(&title, fired);
                }
                (_, Some(due)) => {
                    self.world.advance(due);
                    self.bot_comes_back();
                }
                _ => break,
            }
        }
        if self.steps <= STEPS_MAX {
            self.world.advance(to);
        }
    }

    /// Says that it does not come to an end, and where it went round.
    fn stopped(&mut self) {
        let Place { file, line, .. } = &self.scenario.place;
        let mut visits: BTreeMap<&str, usize> = BTreeMap::new();
        let flows = &self.world.deployment.flows;
        for line in self.fired.iter().flat_map(|step| &step.trace) {
            if line.at.split_once('.').is_some_and(|(flow, _)| flows.contains_key(flow)) {
                *visits.entry(&line.at).or_default() += 1;
            }
        }
        let most = visits.into_iter().max_by_key(|(_, visits)| *visits);
        let most = most.map(|(node, _)| format!(", most of them in `{node}`")).unwrap_or_default();
        let at = clock(self.world.now - START);
        let why = format!("stopped at {at} after {STEPS_MAX} steps{most}; does a flow go round in a circle?");
        self.unmet.push(Unmet { file: file.to_string(), line: *line, why });
    }

    fn bot_comes_back(&mut self) {
        if self.coming.is_empty() {
            return;
        }
        let Coming { conversation, bot, call, result, .. } = self.coming.remove(0);
        let title = format!("bot {bot} comes back");
        let input = conversation::Input::Bot { bot, call, outcome: result };
        let fired = self.world.conversation(&conversation, input);
        self.write(&title, fired);
    }

    fn write(&mut self, title: &str, fired: Vec<Fired>) {
        self.steps += fired.len();
        self.names.learn(&self.world);
        let at = clock(self.world.now - START);
        let title = self.names.tidy(title);
        let _ = writeln!(self.out, "\n{at:>6}  {title}");
        transcript::write(&mut self.out, &fired, &self.world, &mut self.names);
        for step in fired {
            if let Some(Reply::Refused { code, detail, .. }) = &step.reply {
                let text = self.names.tidy(&format!("refused: {code} — {detail}"));
                let _ = writeln!(self.out, "      ✗ {text}");
            }
            for call in &step.bot_calls {
                self.ask_bot(call);
            }
            self.fired.push(step);
        }
    }

    /// What a scripted bot will answer. Without a line left it is silent.
    fn ask_bot(&mut self, call: &BotCall) {
        let script = self.scripts.get_mut(&call.bot).and_then(VecDeque::pop_front);
        let Some(script) = script else { return };
        let result = match (script.fails, script.answer) {
            (Some(reason), _) => BotResult::Failed { reason },
            (None, Some(answer)) => BotResult::Answered { answer },
            (None, None) => return,
        };
        let first = self.world.now + script.after;
        for due in std::iter::once(first).chain(script.again.map(|again| first + again)) {
            self.coming.push(Coming {
                due,
                conversation: call.conversation.clone(),
                bot: call.bot.clone(),
                call: call.id.clone(),
                result: result.clone(),
            });
        }
    }

    fn act(&mut self, actor: &Actor) {
        match actor {
            Actor::Customer { who, on, does } => self.customer(who, on, does),
            Actor::Agent { who, command, data } => self.agent(who, command, data),
            Actor::Event { name, data, session } => self.event(name, data, *session),
            Actor::Expect(expected) => {
                let of = self.conversation_of(None);
                let of = of.and_then(|id| self.world.conversations.get(&id));
                self.unmet.extend(expect::check(expected, &self.world, of, &self.fired));
            }
            Actor::Change(edits) => self.change(edits),
            Actor::Command { name, data } => {
                let fired = self.command(name, data.clone());
                self.write(&format!("command {name}"), fired);
            }
        }
    }

    /// The files change: conversations keep what they began with, routing follows at once.
    fn change(&mut self, edits: &[super::scenario::Edit]) {
        let title = "the configuration changes";
        match self.scenario.changed(&self.world.deployment, edits) {
            Ok(deployment) if !self.world.routing.in_the_way_of(&deployment).is_empty() => {
                let problem = self.world.routing.in_the_way_of(&deployment).join("; ");
                self.write(title, Vec::new());
                let _ = writeln!(self.out, "      ✗ {problem}");
            }
            Ok(deployment) => {
                self.world.change(Arc::new(deployment));
                let fired = self
                    .world
                    .route(routing::Input::Command { name: "RECONFIGURE".into(), data: Json::Null });
                self.write(title, fired);
            }
            Err(problem) => {
                self.write(title, Vec::new());
                let _ = writeln!(self.out, "      ✗ {problem}");
            }
        }
    }

    fn customer(&mut self, who: &str, on: &str, does: &Json) {
        self.messages += 1;
        let message = self.message(who, on, does);
        let title = match (does["text"].as_str(), does["intent"].as_str()) {
            (Some(text), None) => format!("{who} on {on} writes {text:?}"),
            (Some(text), Some(_)) => format!("{who} on {on} presses [{text}]"),
            (None, Some(intent)) => format!("{who} on {on}: {intent}"),
            (None, None) => {
                let kind = message.body.as_ref().map_or("nothing", Body::kind);
                let intent = message.intent().map(|i| format!(" with intent {i}")).unwrap_or_default();
                format!("{who} on {on} sends {kind}{intent}")
            }
        };
        let fired = self.world.message(message);
        self.write(&title, fired);
    }

    /// The message a connector would send.
    fn message(&self, who: &str, on: &str, does: &Json) -> CimMessage {
        let service = self.world.deployment.centre.channels.get(on).map(|c| c.service_identifier.clone());
        let service = service.unwrap_or_else(|| on.to_owned());
        let mut message: CimMessage =
            does.get("message").and_then(|m| serde_json::from_value(m.clone()).ok()).unwrap_or_default();
        let id = format!("message-{}", self.messages);
        message.id.get_or_insert(id);
        let mut data = does["channelData"].as_object().cloned().unwrap_or_default();
        data.insert("channelCustomerIdentifier".into(), json!(who));
        data.insert("serviceIdentifier".into(), json!(service));
        message.header.channel_data = serde_json::from_value(Json::Object(data)).ok();
        message.header.timestamp = Some(Timestamp::from_millis(self.world.now));
        if let Some(intent) = does["intent"].as_str() {
            message.header.intent = Some(intent.to_owned());
        }
        if let Some(entities) = does["entities"].as_object() {
            message.header.entities = Some(entities.clone());
        }
        if let Some(text) = does["text"].as_str() {
            message.body = Some(Body::plain(text));
        }
        message
    }

    fn agent(&mut self, who: &str, name: &str, data: &Json) {
        let mut data = data.clone();
        data["agentId"] = json!(who);
        let what = match (&data["body"]["markdownText"], &data["state"]) {
            (Json::String(text), _) => format!("agent {who} writes {text:?}"),
            (_, Json::String(state)) => match data["mrd"].as_str() {
                Some(mrd) => format!("agent {who}: {state} on {mrd}"),
                None => format!("agent {who}: {state}"),
            },
            _ => format!("agent {who}: {name}"),
        };
        if name == "AGENT_STATE" && data["state"] == "READY" {
            let fired = self.ready(who);
            self.write(&what, fired);
            return;
        }
        let offered = self
            .world
            .routing
            .tasks
            .values()
            .find(|t| t.agent() == Some(who) && matches!(t.phase, routing::TaskPhase::Reserved { .. }));
        if name.starts_with("TASK_") && data.get("taskId").is_none() {
            data["taskId"] = json!(offered.map_or("none", |t| t.id.as_str()));
        }
        if ["LIST_JOIN", "LIST_END"].contains(&name) && data.get("requestId").is_none() {
            data["requestId"] = json!(self.conversation_of(None).unwrap_or_else(|| "none".to_owned()));
        }
        let fired = self.command(name, data);
        self.write(&what, fired);
    }

    fn command(&mut self, name: &str, data: Json) -> Vec<Fired> {
        if routing::COMMANDS.contains(&name) {
            return self.world.route(command(name, data));
        }
        let agent = data["agentId"].as_str().map(str::to_owned);
        let id = self.conversation_of(agent.as_deref()).unwrap_or_else(|| "nobody".to_owned());
        self.world.conversation(&id, conversation::Input::Command { name: name.into(), data })
    }

    /// The conversation of the customer a step names, or that an agent is in, or the youngest live one.
    fn conversation_of(&self, agent: Option<&str>) -> Option<String> {
        let age = |c: &&conversation::Conversation| (c.created_at, c.state != ConversationState::Closed);
        let all = || self.world.conversations.values();
        let of = self.of.as_deref();
        let of =
            of.and_then(|of| all().filter(|c| c.sessions.iter().any(|s| s.identifier == of)).max_by_key(age));
        let with = agent.and_then(|a| all().filter(|c| c.agent(a).is_some()).max_by_key(age));
        let live = || all().filter(|c| c.state != ConversationState::Closed).max_by_key(age);
        of.or(with).or_else(live).or_else(|| all().max_by_key(age)).map(|c| c.id.clone())
    }

    fn event(&mut self, name: &str, data: &Json, with_session: bool) {
        let id = self.conversation_of(None).unwrap_or_else(|| "nobody".to_owned());
        let mut event =
            CimEvent { name: EventName::parse(name), data: Some(data.clone()), ..CimEvent::default() };
        if with_session {
            let session =
                self.world.conversations.get(&id).and_then(|c| c.current_session()).map(|s| s.id.clone());
            event.channel_session =
                serde_json::from_value(json!({ "participantType": "ChannelSession", "id": session })).ok();
        }
        let fired = self.world.conversation(&id, conversation::Input::Event { event: Box::new(event) });
        self.write(&format!("event {name} comes from outside"), fired);
    }

    /// How everything stands at the end, and what the reports say.
    fn ending(&mut self) {
        let at = clock(self.world.now - START);
        let _ = writeln!(self.out, "\n{at:>6}  the end");
        let mut conversations: Vec<_> = self.world.conversations.values().cloned().collect();
        conversations.sort_by_key(|c| c.created_at);
        for c in conversations {
            let seats: Vec<String> =
                c.seats.iter().map(|s| format!("{} {}", s.who, s.role.as_str())).collect();
            let with = if seats.is_empty() { String::new() } else { format!(", with {}", seats.join(", ")) };
            let line = format!("{} is {}{with}", c.id, c.state.as_str());
            let line = self.names.tidy(&line);
            let _ = writeln!(self.out, "        {line}");
        }
        for line in self.fired.iter().flat_map(|f| &f.reports).filter_map(transcript::report) {
            let _ = writeln!(self.out, "        report  {line}");
        }
    }
}

fn command(name: &str, data: Json) -> routing::Input {
    routing::Input::Command { name: name.into(), data }
}

/// What a timer means to people, by the kind of the input.
fn timer_title(input: &str) -> &str {
    match input {
        "configuration" => "the configuration changed",
        "timer grace" => "the time to come back is over",
        "timer customer-sla" => "the customer has been silent",
        "timer agent-sla" => "the agent has been silent",
        "timer run" => "the time for an answer is over",
        "timer reminder" => "a reminder is due",
        "timer hold" => "the time of the hold is over",
        "timer bot" => "the bot has not answered",
        "timer ring" => "the offer has rung long enough",
        "timer ttl" => "the request has looked long enough",
        "timer wait" => "it is time to tell the wait",
        "timer step" => "the next step of the queue opens",
        "timer wrap" => "the time for the wrap-up is over",
        other => other,
    }
}
