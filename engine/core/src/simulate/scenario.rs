//! Scenario files: who is there, what happens when (`tests/scenarios/*.yaml`).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::mentions::Mention;
use crate::centre::{BotEntry, BotKind};
use crate::coverage::Recorder;
use crate::deployment::Deployment;
use crate::diagnostic::Place;
use crate::flow::Expr;
use crate::model::Json;
use crate::rules::Host;

/// A scenario.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// The promise it keeps, in one line.
    pub name: String,
    /// Rows of `domain.md` section 3 that it walks.
    pub rows: Vec<String>,
    /// What is there before it begins.
    pub given: Given,
    /// What happens, in the order of time.
    pub steps: Vec<ScenarioStep>,
    /// The clock runs on to here, ms from the start.
    pub until: i64,
    /// Where its name is written.
    pub place: Place,
    /// Names it uses on purpose although the centre has none of them.
    pub unknown: Vec<String>,
    /// Names of the centre it uses.
    pub(super) mentions: Vec<Mention>,
}

/// What is there before.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// Agents who are logged in, and whether they are READY.
    pub agents: Vec<(String, bool)>,
    /// Customer profiles.
    pub customers: Vec<Profile>,
    /// What WEBHOOK bots answer, in the order they are asked. A bot the centre does not know is added to it.
    pub bots: Vec<(String, Vec<BotScript>)>,
    /// Whether agents wrap up; as the centre says when absent.
    pub wrap_up: Option<bool>,
    /// Another bot for every channel.
    pub bot: Option<String>,
    /// Files that replace those of the deployment, or are added to it.
    pub files: Vec<(String, String)>,
    /// Changes of single places in files of the deployment.
    pub edits: Vec<Edit>,
}

/// A change of one place in a file.
#[derive(Debug, Clone)]
pub struct Edit {
    /// Path of the file.
    pub file: String,
    /// Text that stands in it exactly once.
    pub find: String,
    /// Text that takes its place.
    pub put: String,
}

/// A customer profile.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Id.
    pub id: String,
    /// First name.
    pub name: String,
    /// Labels.
    pub labels: Vec<String>,
    /// Identifiers by attribute.
    pub identifiers: Vec<(String, String)>,
}

/// What a WEBHOOK bot does when asked.
#[derive(Debug, Clone)]
pub struct BotScript {
    /// After how long, ms.
    pub after: i64,
    /// The answer; `None` is silence.
    pub answer: Option<Json>,
    /// It fails for this reason.
    pub fails: Option<String>,
    /// The same answer comes once more, this long after the first, ms.
    pub again: Option<i64>,
}

/// One thing that happens.
#[derive(Debug, Clone)]
pub struct ScenarioStep {
    /// When, ms from the start.
    pub at: i64,
    /// Who does what.
    pub actor: Actor,
    /// It happens before anything that follows from the step above: a race.
    pub at_once: bool,
    /// The customer whose conversation is meant; the youngest when absent.
    pub of: Option<String>,
    /// Where it is written.
    pub place: Place,
}

/// Who does what.
#[derive(Debug, Clone)]
pub enum Actor {
    /// A customer, on a channel.
    Customer {
        /// Identifier.
        who: String,
        /// Channel name.
        on: String,
        /// What: an intent or a text.
        does: Json,
    },
    /// An agent.
    Agent {
        /// Agent id.
        who: String,
        /// Command and its data; the agent's id, task and conversation are filled in.
        command: String,
        /// Data.
        data: Json,
    },
    /// An event from outside.
    Event {
        /// Name.
        name: String,
        /// Data.
        data: Json,
        /// Session it is about: `current`, or none.
        session: bool,
    },
    /// An administrator: places in files of the deployment change while it runs.
    Change(Vec<Edit>),
    /// Nobody: something must hold at this moment.
    Expect(Expectation),
    /// Any command.
    Command {
        /// Name.
        name: String,
        /// Data.
        data: Json,
    },
}

/// Something that must hold.
#[derive(Debug, Clone)]
pub struct Expectation {
    /// The expression.
    pub source: String,
    /// The same, compiled.
    pub expr: Arc<Expr>,
    /// Where it is written.
    pub place: Place,
}

/// The actions a customer has, by the word of the file and the intent it sends.
pub(super) const CUSTOMER_DOES: &[(&str, &str)] = &[
    ("start_chat", "START_CHAT"),
    ("start_conversation", "START_CONVERSATION"),
    ("end_chat", "END_CHAT"),
    ("lose_link", "NETWORK_DISCONNECT"),
    ("call_begins", "CALL_LEG_STARTED"),
    ("call_ends", "CALL_LEG_ENDED"),
    ("call_wants_agent", "ASSIGN_RESOURCE_REQUESTED"),
];

/// The actions an agent has, by the word of the file and the command it sends.
pub(super) const AGENT_DOES: &[(&str, &str)] = &[
    ("login", "AGENT_LOGIN"),
    ("logout", "AGENT_LOGOUT"),
    ("ready", "AGENT_STATE"),
    ("not_ready", "AGENT_STATE"),
    ("accept", "TASK_ACCEPT"),
    ("reject", "TASK_REJECT"),
    ("leave", "AGENT_LEAVE"),
    ("desk_lost", "AGENT_DISCONNECT"),
    ("desk_back", "AGENT_CONNECT"),
    ("hand_over", "CONSULT_TRANSFER"),
    ("bring_in", "CONSULT_CONFERENCE"),
    ("listen", "MONITOR"),
    ("step_in", "BARGE_IN"),
    ("hand_up", "HAND_RAISE"),
    ("hand_down", "HAND_DOWN"),
    ("whisper_in", "WHISPER_JOIN"),
    ("watch_list", "LIST_SUBSCRIBE"),
    ("leave_list", "LIST_UNSUBSCRIBE"),
    ("pick", "LIST_JOIN"),
    ("end_request", "LIST_END"),
    ("resume", "RESUME"),
    ("stay", "RESET_AGENT_SLA"),
];

/// The requests of an agent for another one, by the word of the file and the command it sends.
pub(super) const AGENT_ASKS: &[(&str, &str)] =
    &[("transfers", "TRANSFER"), ("consults", "CONSULT"), ("confers", "CONFERENCE")];

impl Given {
    /// What of it changes the deployment: scenarios of the same key share one.
    pub fn deployment_key(&self) -> String {
        let bots: Vec<&String> = self.bots.iter().map(|(name, _)| name).collect();
        format!("{:?}", (&self.files, &self.edits, self.wrap_up, &self.bot, bots))
    }
}

impl Scenario {
    /// Whether it says itself what it expects; then it needs no transcript.
    #[must_use]
    pub fn expects(&self) -> bool {
        self.steps.iter().any(|step| matches!(step.actor, Actor::Expect(_)))
    }

    /// The deployment this scenario plays in: the shipped files, changed as `given` says.
    ///
    /// # Errors
    /// What is wrong with the changed files, for people.
    pub fn deployment(
        &self,
        shipped: &BTreeMap<String, String>,
        host: Arc<Host>,
    ) -> Result<Arc<Deployment>, String> {
        self.loaded(shipped, host).map(Arc::new)
    }

    /// Like [`Scenario::deployment`], and what is walked is counted. What the scenario itself changed is not: rules and
    /// tables count when they are the shipped ones, flows by their content.
    ///
    /// # Errors
    /// As [`Scenario::deployment`].
    pub fn recorded(
        &self,
        shipped: &BTreeMap<String, String>,
        recorder: &Arc<Recorder>,
    ) -> Result<Arc<Deployment>, String> {
        let changed =
            self.given.files.iter().map(|(file, _)| file).chain(self.given.edits.iter().map(|e| &e.file));
        let own_rules = changed.into_iter().any(|file| file.starts_with("rules/"));
        let host = if own_rules { Host::new() } else { Host::recording(recorder.clone()) };
        let mut deployment = self.loaded(shipped, Arc::new(host))?;
        deployment.recorder = (!own_rules).then(|| recorder.clone());
        Ok(Arc::new(deployment))
    }

    /// The deployment after changes of its files, loaded as an engine would load it.
    ///
    /// # Errors
    /// What is wrong with the changed files, for people.
    pub(super) fn changed(&self, now: &Deployment, edits: &[Edit]) -> Result<Deployment, String> {
        let mut files = now.files.clone();
        change(&mut files, edits)?;
        let loaded = Deployment::load_with(files.clone(), now.host.clone());
        let mut deployment = loaded.deployment.ok_or_else(|| loaded.findings.render(&files))?;
        self.adapt(&mut deployment);
        deployment.recorder.clone_from(&now.recorder);
        Ok(deployment)
    }

    fn loaded(&self, shipped: &BTreeMap<String, String>, host: Arc<Host>) -> Result<Deployment, String> {
        let mut files = shipped.clone();
        files.extend(self.given.files.iter().cloned());
        change(&mut files, &self.given.edits)?;
        let loaded = Deployment::load_with(files.clone(), host);
        let mut deployment = loaded.deployment.ok_or_else(|| loaded.findings.render(&files))?;
        self.adapt(&mut deployment);
        Ok(deployment)
    }

    fn adapt(&self, deployment: &mut Deployment) {
        let centre = &mut deployment.centre;
        if let Some(enabled) = self.given.wrap_up {
            centre.wrap_up.enabled = enabled;
        }
        for (name, _) in &self.given.bots {
            centre.bots.entry(name.clone()).or_insert_with(|| BotEntry {
                name: name.clone(),
                kind: BotKind::Webhook,
                ..BotEntry::default()
            });
        }
        if let Some(bot) = &self.given.bot {
            for channel in centre.channels.values_mut() {
                channel.bot.clone_from(bot);
            }
        }
    }
}

fn change(files: &mut BTreeMap<String, String>, edits: &[Edit]) -> Result<(), String> {
    for edit in edits {
        let text = files.get_mut(&edit.file).ok_or_else(|| format!("there is no file {}", edit.file))?;
        if text.matches(&edit.find).count() != 1 {
            return Err(format!("{:?} does not stand in {} exactly once", edit.find, edit.file));
        }
        *text = text.replace(&edit.find, &edit.put);
    }
    Ok(())
}
