//! The contact centre of a deployment: what `flows/centre.yaml` says. Names refer to names.

pub mod address;
mod bots;
mod parse;

use std::collections::BTreeMap;

pub use bots::{BotEntry, BotKind, Breaker, LexBot, LlmBot, Outcome, Secret, Tool};
pub(crate) use parse::{Beside, parse};

use crate::model::Json;

/// Everything an environment needs to know about its contact centre. All maps are keyed by name.
#[derive(Debug, Clone, Default)]
pub struct Centre {
    /// Name shown to people.
    pub name: String,
    /// Media routing domains (`domain.md` section 1.14).
    pub media: BTreeMap<String, Media>,
    /// Routing attributes (1.13).
    pub attributes: BTreeMap<String, RoutingAttribute>,
    /// Push queues (1.13).
    pub queues: BTreeMap<String, Queue>,
    /// Pull lists (1.16).
    pub lists: BTreeMap<String, List>,
    /// Channel types (1.6).
    pub channel_types: BTreeMap<String, ChannelKind>,
    /// Channels (1.6).
    pub channels: BTreeMap<String, ChannelEntry>,
    /// Bots (section 7).
    pub bots: BTreeMap<String, BotEntry>,
    /// Hosts with their ports at which bots may be called although the address is private, such as `127.0.0.1:5005`.
    pub private_bots: Vec<String>,
    /// Agents (1.15).
    pub agents: BTreeMap<String, AgentEntry>,
    /// Teams (1.16).
    pub teams: BTreeMap<String, Team>,
    /// Customer schema (1.5).
    pub customers: Customers,
    /// Wrap-up form (1.16).
    pub wrap_up: WrapUpForm,
    /// Customer SLA thresholds (section 5), strictly rising.
    pub customer_sla: Vec<Threshold>,
    /// Agent SLA thresholds (section 5), strictly rising.
    pub agent_sla: Vec<Threshold>,
    /// How long an agent's offer rings (U21): 30 s unless said.
    pub ring_time_ms: i64,
    /// U21: an agent who let an offer ring out goes to NOT_READY on that medium.
    pub rona_not_ready: bool,
    /// Grace after a lost customer link (U05): 60 s unless said.
    pub network_grace_ms: i64,
    /// Grace after a lost desk (U30): 60 s unless said.
    pub agent_disconnect_ms: i64,
    /// Going READY makes every medium READY (1.15).
    pub auto_sync: bool,
    /// Queues come before each other by their priority (4.1.3); otherwise only tasks do, which is the default (1.13).
    pub queue_priority: bool,
    /// Texts and switches the flows read as `centre.…`; free.
    pub settings: BTreeMap<String, Json>,
    /// Reason codes for NOT_READY and LOGOUT (1.15).
    pub reason_codes: BTreeMap<String, ReasonCode>,
    /// Business calendars (1.16), kept as written until routing uses them.
    pub calendars: BTreeMap<String, Json>,
}

fn names<T>(of: &BTreeMap<String, T>) -> String {
    of.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
}

impl Centre {
    /// Whether a medium is one of calls: by the names of 1.14, or because a voice channel uses it.
    #[must_use]
    pub fn is_voice_medium(&self, mrd: &str) -> bool {
        ["CX_VOICE", "CISCO_CC"].contains(&mrd)
            || self.channel_types.values().any(|k| k.media == mrd && k.voice)
    }

    /// Says that there is no such agent, and where agents stand.
    #[must_use]
    pub fn no_agent(&self, id: &str) -> String {
        format!("no agent is called {id:?}; agents stand under `agents` in flows/centre.yaml")
    }

    /// Says that there is no such queue, and which there are.
    #[must_use]
    pub fn no_queue(&self, name: &str) -> String {
        format!("no queue is called {name:?}; there are {}", names(&self.queues))
    }

    /// Says that there is no such list, and which there are.
    #[must_use]
    pub fn no_list(&self, name: &str) -> String {
        format!("no list is called {name:?}; there are {}", names(&self.lists))
    }

    /// Whether somebody is primary or secondary supervisor of a team of this agent (1.16).
    #[must_use]
    pub fn supervises(&self, supervisor: &str, agent: &str) -> bool {
        let leads = |t: &Team| {
            t.supervisor.as_deref() == Some(supervisor) || t.secondary.iter().any(|s| s == supervisor)
        };
        self.teams.values().any(|t| leads(t) && t.agents.iter().any(|a| a == agent))
    }
}

/// A media routing domain.
#[derive(Debug, Clone, Default)]
pub struct Media {
    /// Name, case-sensitive.
    pub name: String,
    /// Most tasks one agent may have on it.
    pub max_tasks: u32,
    /// 4.8: whether a reservation elsewhere interrupts it.
    pub interruptible: bool,
    /// 4.8: whether a reservation on it interrupts others; unless said, it does.
    pub interrupts: bool,
    /// 1.14: an agent already in the conversation takes further sessions without an offer.
    pub auto_join: bool,
}

/// A routing attribute.
#[derive(Debug, Clone, Default)]
pub struct RoutingAttribute {
    /// Name.
    pub name: String,
    /// BOOLEAN (0/1) instead of PROFICIENCY_LEVEL (1..10).
    pub boolean: bool,
    /// Value when an agent is associated without one.
    pub default: i64,
}

/// A push queue.
#[derive(Debug, Clone, Default)]
pub struct Queue {
    /// Name.
    pub name: String,
    /// Its medium.
    pub media: String,
    /// Formula of the service level report: 1, 2 or 3 (4.13).
    pub service_level_type: u8,
    /// Threshold of the service level.
    pub service_level_ms: i64,
    /// Agent SLA; `None` switches it off.
    pub agent_sla_ms: Option<i64>,
    /// 1..10 (4.4); counts where `queue_priority` is on.
    pub priority: u8,
    /// Least estimated wait that is told (4.6).
    pub ewt_min_ms: Option<i64>,
    /// Longest estimated wait that is told (4.6).
    pub ewt_max_ms: Option<i64>,
    /// How often those who wait are told their estimate (4.6); `None` for never.
    pub ewt_every_ms: Option<i64>,
    /// Steps in order; none means every agent of the medium.
    pub steps: Vec<Step>,
}

/// A step of a queue: a filter of agents, and how long until the next step opens.
#[derive(Debug, Clone, Default)]
pub struct Step {
    /// The step expression as written, such as `billing >= 5 AND english = 1`; empty means everybody.
    pub agents: String,
    /// Time until the next step opens.
    pub timeout_ms: i64,
}

/// A pull list.
#[derive(Debug, Clone, Default)]
pub struct List {
    /// Name.
    pub name: String,
    /// For people.
    pub description: Option<String>,
    /// Agent SLA for its conversations.
    pub agent_sla_ms: Option<i64>,
}

/// A channel type: the medium a connector speaks.
#[derive(Debug, Clone, Default)]
pub struct ChannelKind {
    /// Name, such as WEB or WHATSAPP.
    pub name: String,
    /// Its media routing domain.
    pub media: String,
    /// A session dies when a party leaves, as a call does.
    pub interactive: bool,
    /// Voice stops the SLA timers of the other sessions (U04: CX_VOICE, CISCO_CC, WEB_RTC unless said).
    pub voice: bool,
    /// Customer attribute that holds identifiers of this type (1.5).
    pub identifier: String,
    /// Most characters a message of this type carries; none when there is no limit worth knowing.
    pub text_max: Option<u32>,
}

/// How work of a channel reaches an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Routing {
    /// Offered by the routing machine.
    #[default]
    Push,
    /// Posted on a list.
    Pull,
    /// An outside system routes.
    External,
}

/// One configured address.
#[derive(Debug, Clone, Default)]
pub struct ChannelEntry {
    /// Name.
    pub name: String,
    /// Channel type.
    pub kind: String,
    /// Address customers reach; unique.
    pub service_identifier: String,
    /// Bot that joins every conversation.
    pub bot: String,
    /// How work is routed.
    pub routing: Routing,
    /// Queue (PUSH).
    pub queue: Option<String>,
    /// List (PULL).
    pub list: Option<String>,
    /// How long a request may look for an agent.
    pub request_ttl_ms: i64,
    /// Customer inactivity; `None` switches the customer SLA off.
    pub inactivity_ms: Option<i64>,
    /// 4.5.
    pub route_to_last_agent: bool,
    /// Used for agent-started contact of its type.
    pub default_outbound: bool,
    /// Calendar shown to customers.
    pub calendar: Option<String>,
}

/// An agent.
#[derive(Debug, Clone, Default)]
pub struct AgentEntry {
    /// Id and user name.
    pub name: String,
    /// Name shown to customers and colleagues.
    pub display_name: String,
    /// Limits by medium; a medium not named has the medium's own limit (1.14).
    pub media: BTreeMap<String, u32>,
    /// Routing attributes.
    pub attributes: BTreeMap<String, i64>,
    /// Telephone extension.
    pub extension: Option<String>,
}

/// A team.
#[derive(Debug, Clone, Default)]
pub struct Team {
    /// Name.
    pub name: String,
    /// Primary supervisor.
    pub supervisor: Option<String>,
    /// Secondary supervisors.
    pub secondary: Vec<String>,
    /// Members.
    pub agents: Vec<String>,
}

/// Customer schema and defaults.
#[derive(Debug, Clone, Default)]
pub struct Customers {
    /// First name of an anonymous profile when the connector gives none (1.5).
    pub default_name: String,
    /// Attributes by name.
    pub attributes: BTreeMap<String, CustomerAttribute>,
    /// Labels and the priority each gives (2.4).
    pub labels: BTreeMap<String, u8>,
}

/// An attribute of the customer schema (1.5).
#[derive(Debug, Clone, Default)]
pub struct CustomerAttribute {
    /// Name.
    pub name: String,
    /// Type name of 1.5, such as String or Phonenumber.
    pub kind: String,
    /// Masked where personal data must not show.
    pub personal: bool,
    /// Channel types whose identifiers it holds; empty for an ordinary attribute.
    pub identifies: Vec<String>,
}

/// Wrap-up settings (1.16, 4.11).
#[derive(Debug, Clone, Default)]
pub struct WrapUpForm {
    /// Whether agents wrap up.
    pub enabled: bool,
    /// How long they have: 60 s unless said.
    pub time_ms: i64,
    /// Categories and their values.
    pub categories: BTreeMap<String, Vec<String>>,
}

/// An SLA threshold (U36).
#[derive(Debug, Clone, Default)]
pub struct Threshold {
    /// Percent of the timer, 0..100.
    pub percent: u8,
    /// What happens, such as REMIND, CHANGE_COLOR, SHOW_POPUP, REMOVE_ALL_AGENTS.
    pub action: String,
    /// Text to send, for REMIND.
    pub message: Option<String>,
}

/// A reason code (1.15).
#[derive(Debug, Clone, Default)]
pub struct ReasonCode {
    /// Name.
    pub name: String,
    /// NOT_READY or LOGOUT.
    pub kind: String,
    /// For people.
    pub description: Option<String>,
}
