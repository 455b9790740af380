//! A world with nothing but the core: conversations, routing, directory, timers, hops.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::conversation::{self, Conversation, Stamped};
use crate::deployment::Deployment;
use crate::directory::{Arrival, DirectoryWrite, MemoryDirectory};
use crate::effect::{BotCall, Publication, Reply, TimerSet, TraceLine};
use crate::hop::{self, Hop};
use crate::model::{CimMessage, Json};
use crate::report::ReportRow;
use crate::routing::{self, OWNER, Routing};

/// A step that was taken, as a journal keeps it.
#[derive(Debug, Clone)]
pub struct JournalEntry {
    /// Conversation id, or `routing`.
    pub key: String,
    /// The stamped input as JSON.
    pub input: Json,
    /// The state after it as JSON: of the conversation, or the records of the routing machine.
    pub state: String,
    /// What it published, as JSON.
    pub publications: String,
    /// Deployment that decided.
    pub deployment: Arc<Deployment>,
}

/// What one step showed.
#[derive(Debug, Clone)]
pub struct Fired {
    /// Conversation id, or `routing`.
    pub key: String,
    /// Epoch ms.
    pub at: i64,
    /// Kind of the input.
    pub input: String,
    /// The decision log.
    pub trace: Vec<TraceLine>,
    /// What was published.
    pub publications: Vec<Publication>,
    /// Bots that were asked.
    pub bot_calls: Vec<BotCall>,
    /// Reporting rows.
    pub reports: Vec<ReportRow>,
    /// The answer.
    pub reply: Option<Reply>,
}

/// The world.
#[derive(Debug)]
pub struct World {
    /// Deployment that decides.
    pub deployment: Arc<Deployment>,
    /// Now, epoch ms.
    pub now: i64,
    /// Conversations by id, closed ones too.
    pub conversations: BTreeMap<String, Conversation>,
    /// Routing machine.
    pub routing: Routing,
    /// Directory.
    pub directory: MemoryDirectory,
    /// Everything that was stepped.
    pub journal: Vec<JournalEntry>,
    older: BTreeMap<String, Arc<Deployment>>,
    timers: BTreeMap<(String, String), TimerSet>,
    hops: VecDeque<(String, Hop)>,
    inputs: u64,
    deferred: bool,
}

impl World {
    /// An empty world at a time.
    #[must_use]
    pub fn new(deployment: Arc<Deployment>, now: i64) -> Self {
        Self {
            deployment,
            now,
            conversations: BTreeMap::new(),
            routing: Routing::default(),
            directory: MemoryDirectory::default(),
            journal: Vec::new(),
            older: BTreeMap::new(),
            timers: BTreeMap::new(),
            hops: VecDeque::new(),
            inputs: 0,
            deferred: false,
        }
    }

    /// While this is on, what follows from an input waits until something happens with it off: two inputs race.
    pub fn defer(&mut self, on: bool) {
        self.deferred = on;
    }

    /// Takes what was deferred.
    pub fn settle(&mut self) -> Vec<Fired> {
        self.deferred = false;
        let mut fired = Vec::new();
        self.drain(&mut fired);
        fired
    }

    /// From now on another deployment decides; conversations that live keep theirs.
    pub fn change(&mut self, deployment: Arc<Deployment>) {
        let before = std::mem::replace(&mut self.deployment, deployment);
        self.older.insert(before.id.clone(), before);
    }

    /// The deployment of a conversation.
    fn deployment_of(&self, conversation: Option<&Conversation>) -> Arc<Deployment> {
        let kept = conversation.and_then(|c| self.older.get(&c.deployment));
        kept.filter(|d| d.id != self.deployment.id).unwrap_or(&self.deployment).clone()
    }

    fn input_id(&mut self) -> String {
        self.inputs += 1;
        format!("input-{}", self.inputs)
    }

    /// A message of a connector, and everything that follows at once.
    pub fn message(&mut self, message: CimMessage) -> Vec<Fired> {
        let id = self.input_id();
        let mut fired = vec![self.take_message(&id, message)];
        self.drain(&mut fired);
        fired
    }

    fn take_message(&mut self, id: &str, message: CimMessage) -> Fired {
        let arrival = self.arrival(&message);
        let live =
            arrival.live_session.clone().or_else(|| arrival.room.as_ref().and_then(|r| r.live.clone()));
        let key = live.map_or_else(|| conversation::new_id(id), |l| l.conversation);
        let input = conversation::Input::Message { message: Box::new(message), arrival: Box::new(arrival) };
        self.step_conversation(&key, id.to_owned(), input)
    }

    fn arrival(&self, message: &CimMessage) -> Arrival {
        let data = message.header.channel_data.as_ref();
        let service = data.and_then(|d| d.service_identifier.as_deref()).unwrap_or_default();
        let identifier = data.and_then(|d| d.channel_customer_identifier.as_deref()).unwrap_or_default();
        let Some(channel) = self.deployment.channel_by_service_identifier(service) else {
            return Arrival::default();
        };
        let attribute =
            self.deployment.centre.channel_types.get(&channel.kind).map_or("", |k| k.identifier.as_str());
        self.directory.arrival(&channel.name, attribute, identifier)
    }

    /// An input of one conversation, and everything that follows at once.
    pub fn conversation(&mut self, id: &str, input: conversation::Input) -> Vec<Fired> {
        let input_id = self.input_id();
        let mut fired = vec![self.step_conversation(id, input_id, input)];
        self.drain(&mut fired);
        fired
    }

    /// An input of the routing machine, and everything that follows at once.
    pub fn route(&mut self, input: routing::Input) -> Vec<Fired> {
        let id = self.input_id();
        let mut fired = vec![self.step_routing(id, input)];
        self.drain(&mut fired);
        fired
    }

    fn drain(&mut self, fired: &mut Vec<Fired>) {
        while !self.deferred {
            let Some((id, hop)) = self.hops.pop_front() else { break };
            fired.push(match hop {
                Hop::Routing { input } => self.step_routing(id, *input),
                Hop::Conversation { conversation, input, .. } => {
                    self.step_conversation(&conversation, id, *input)
                }
                Hop::Message { message } => self.take_message(&id, *message),
            });
        }
    }

    /// LINK_CUSTOMER names a profile; the facts about it ride in with the command.
    fn add_customer(&self, input: &mut conversation::Input) {
        let conversation::Input::Command { name, data } = input else { return };
        if name == "LINK_CUSTOMER"
            && let Some(customer) = data["customerId"].as_str().map(str::to_owned)
        {
            data["customer"] = serde_json::json!(self.directory.customer(&customer));
            data["room"] = serde_json::json!(self.directory.room_of(&customer));
        }
    }

    fn step_conversation(&mut self, key: &str, id: String, mut input: conversation::Input) -> Fired {
        self.add_customer(&mut input);
        let kind = input.kind();
        let stamped = Stamped { id: id.clone(), at: self.now, input };
        let before = self.conversations.get(key);
        let deployment = self.deployment_of(before);
        let step = conversation::step(&deployment, before, 0, &stamped);
        let state = step.state.as_ref().or(before).map(written).unwrap_or_default();
        self.keep(key, &stamped, state, &step.publications, deployment);
        for (i, hop) in hop::of_conversation(key, 0, &step).into_iter().enumerate() {
            self.hops.push_back((format!("{id}/{i}"), hop));
        }
        self.keep_timers(key, &step.timers_set, &step.timers_cleared);
        self.keep_directory(&step.directory);
        if let Some(state) = step.state {
            self.conversations.insert(key.to_owned(), state);
        }
        Fired {
            key: key.to_owned(),
            at: self.now,
            input: kind,
            trace: step.trace,
            publications: step.publications,
            bot_calls: step.bot_calls,
            reports: step.reports,
            reply: step.reply,
        }
    }

    fn step_routing(&mut self, id: String, input: routing::Input) -> Fired {
        let kind = input.kind();
        let stamped = Stamped { id: id.clone(), at: self.now, input };
        let step = routing::step(&self.deployment, &mut self.routing, &stamped);
        let state = written(&self.routing.records());
        self.keep(OWNER, &stamped, state, &step.publications, self.deployment.clone());
        for (i, hop) in hop::of_routing(&step).into_iter().enumerate() {
            self.hops.push_back((format!("{id}/{i}"), hop));
        }
        self.keep_timers(OWNER, &step.timers_set, &step.timers_cleared);
        Fired {
            key: OWNER.to_owned(),
            at: self.now,
            input: kind,
            trace: step.trace,
            publications: step.publications,
            bot_calls: Vec::new(),
            reports: step.reports,
            reply: step.reply,
        }
    }

    /// Writes the journal.
    fn keep(
        &mut self,
        key: &str,
        input: &impl serde::Serialize,
        state: String,
        publications: &[Publication],
        deployment: Arc<Deployment>,
    ) {
        let input = serde_json::json!(input);
        let publications = written(publications);
        self.journal.push(JournalEntry { key: key.to_owned(), input, state, publications, deployment });
    }

    fn keep_timers(&mut self, owner: &str, set: &[TimerSet], cleared: &[String]) {
        for name in cleared {
            self.timers.remove(&(owner.to_owned(), name.clone()));
        }
        for timer in set {
            self.timers.insert((owner.to_owned(), timer.name.clone()), timer.clone());
        }
    }

    /// Alone in the world nobody is faster, so that no change can fail.
    fn keep_directory(&mut self, writes: &[DirectoryWrite]) {
        for write in writes {
            let _ = self.directory.apply(write);
        }
    }

    /// Timers that are set: owner, name, due time.
    pub fn timers(&self) -> impl Iterator<Item = (&str, &str, i64)> {
        self.timers.iter().map(|((owner, name), timer)| (owner.as_str(), name.as_str(), timer.due))
    }

    /// When the next timer is due.
    #[must_use]
    pub fn next_due(&self) -> Option<i64> {
        self.timers.values().map(|t| t.due).min()
    }

    /// Jumps to a time and fires what is due on the way, in order.
    pub fn advance(&mut self, to: i64) -> Vec<Fired> {
        let mut fired = Vec::new();
        while self.next_due().is_some_and(|due| due <= to) {
            fired.extend(self.fire());
        }
        self.now = self.now.max(to);
        fired
    }

    /// Jumps to the next timer and fires it, with everything that follows at once.
    pub fn fire(&mut self) -> Vec<Fired> {
        let first = self.timers.iter().min_by(|a, b| (a.1.due, a.0).cmp(&(b.1.due, b.0)));
        let Some(((owner, name), timer)) = first.map(|(k, t)| (k.clone(), t.clone())) else {
            return Vec::new();
        };
        self.now = self.now.max(timer.due);
        self.timers.remove(&(owner.clone(), name.clone()));
        let id = format!("timer:{}", timer.id);
        let mut fired = vec![if owner == OWNER {
            self.step_routing(id, routing::Input::Timer { name, timer: timer.id })
        } else {
            self.step_conversation(&owner, id, conversation::Input::Timer { name, timer: timer.id })
        }];
        self.drain(&mut fired);
        fired
    }
}

/// As the store would write it. A state that cannot be written is an empty text, which a replay finds.
fn written(value: &(impl serde::Serialize + ?Sized)) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
