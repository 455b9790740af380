//! A compiled flow: what the interpreter walks and the tools draw.

use std::collections::BTreeMap;
use std::sync::Arc;

use petgraph::graph::{DiGraph, NodeIndex};

use crate::diagnostic::Place;
use crate::model::{EventName, Json};
use crate::rules::Expression;
use crate::yaml::Scalar;

/// One flow: a graph of nodes with entries by event.
#[derive(Debug)]
pub struct Flow {
    /// Name by which other flows, bots and reports call it.
    pub name: String,
    /// One line for people.
    pub title: String,
    /// Who is acting when this flow acts.
    pub kind: FlowKind,
    /// File it came from, relative to the deployment.
    pub file: String,
    /// Content address of this flow alone: layout, comments and the order of nodes do not change it.
    pub version: String,
    /// Event to the node where the flow is entered.
    pub on: BTreeMap<EventName, NodeIndex>,
    /// First node when the flow is called by another one; `None` when it cannot be called.
    pub start: Option<NodeIndex>,
    /// Where an error goes when the node that failed has no `on_error` of its own.
    pub on_error: Option<NodeIndex>,
    /// Nodes and the ways between them. The indices follow the order of node names. When a way must tell the end
    /// of the run from "no way", there is one more node at the end, called `done`, that only ends.
    pub graph: DiGraph<Node, Edge>,
    /// Node names.
    pub nodes: BTreeMap<String, NodeIndex>,
}

/// Whose voice a flow speaks with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlowKind {
    /// Decides for the Controller; its actions are executed.
    Controller,
    /// Plays a SCRIPT bot; what it says comes from the bot, its actions become ACTION_MESSAGEs (`domain.md` section 2.1).
    Bot,
}

/// One box of the graph: one verb, and where to go next.
#[derive(Debug)]
pub struct Node {
    /// Name, unique in its flow.
    pub name: String,
    /// Where it is written.
    pub place: Place,
    /// What it does.
    pub verb: Verb,
    /// The next node; `None` ends the run.
    pub then: Option<NodeIndex>,
    /// Where an error of this node goes.
    pub on_error: Option<NodeIndex>,
    /// The analyst's own reason (`because:`), shown with the decision.
    pub because: Option<Template>,
}

/// Why two nodes are joined; what `convene graph` writes on the arrow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edge {
    /// Plain continuation.
    Then,
    /// Arm of a `choose`, by its position.
    When(usize),
    /// Last arm of a `choose`, or an answer that matched nothing.
    Otherwise,
    /// Answer to an `ask`.
    Answer(String),
    /// The deadline passed.
    Timeout,
    /// Another event ended the wait.
    Until(EventName),
    /// The node failed.
    Error,
    /// A reminder set here enters there.
    Reminder,
}

/// What a node does.
#[derive(Debug)]
pub enum Verb {
    /// Sends a message to the customer.
    Say {
        /// What is said.
        body: Body,
        /// To which sessions.
        to: Target,
    },
    /// Sends a message and waits for the customer's answer.
    Ask(Box<Ask>),
    /// Takes the first arm whose condition holds. Falling through all arms ends the run.
    Choose(Vec<Arm>),
    /// Asks a rule or a table and keeps what it says.
    Decide {
        /// What decides.
        by: By,
        /// Slot that receives what it returns.
        into: Option<String>,
    },
    /// Waits for time to pass, or for an event.
    Wait(Box<Wait>),
    /// Runs another flow from its `start`, then goes on.
    Call {
        /// Name of the flow.
        flow: String,
    },
    /// Sets slots of the conversation. All values are computed from the facts before; the order has no meaning.
    Set(Vec<(String, Arg)>),
    /// An action of `domain.md` section 2.3 or one of ours; `data` holds the wire keys.
    Act {
        /// Name of the action on the wire.
        action: &'static str,
        /// Its data by wire keys. Defaults are filled in; constant durations are milliseconds.
        data: Vec<(String, Arg)>,
        /// Where a reminder enters this flow.
        goto: Option<NodeIndex>,
    },
    /// An action whose name is computed, such as the one a bot orders.
    Perform {
        /// Gives the name of the action.
        action: Arg,
        /// Gives its data; an empty map when left out.
        data: Arg,
    },
    /// Writes a line into the decision log and does nothing else.
    Note(Template),
    /// Ends this run.
    End,
}

/// What a `decide` asks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum By {
    /// A function of a rule file.
    Rule {
        /// Stem of the rule file: `queues` is `rules/queues.rhai`.
        module: String,
        /// The function in it, which takes the facts alone.
        function: String,
    },
    /// A decision table: `leaving` is `rules/leaving.table.yaml`.
    Table(String),
}

impl std::fmt::Display for By {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Rule { module, function } => write!(f, "{module}.{function}"),
            Self::Table(name) => f.write_str(name),
        }
    }
}

/// What is said: a text, or a whole message body.
#[derive(Debug)]
pub enum Body {
    /// A PLAIN body with this text.
    Text(Template),
    /// A body of any type, in wire form.
    Cim(Arg),
}

/// Which sessions a message goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// The session of the event, or the last used one.
    Event,
    /// The session the customer used last.
    LastUsed,
    /// Every open session.
    All,
}

/// A question with a durable wait behind it.
#[derive(Debug)]
pub struct Ask {
    /// The question.
    pub body: Body,
    /// Answers by text, compared without case and outer space; a button's payload counts as text. A question
    /// without listed answers takes any text: it goes to `otherwise`, which is then always there.
    pub answers: Vec<(String, NodeIndex)>,
    /// Show the answers as buttons.
    pub buttons: bool,
    /// Where an answer goes that matched nothing; `None` leaves the question open until its deadline.
    pub otherwise: Option<NodeIndex>,
    /// Slot that receives the answer's text.
    pub into: Option<String>,
    /// Milliseconds to wait. Every wait has a deadline.
    pub timeout_ms: i64,
    /// Where the deadline leads; `None` ends the run.
    pub on_timeout: Option<NodeIndex>,
    /// Events that end the wait, and where they lead (`None` ends the run).
    pub until: Vec<(EventName, Option<NodeIndex>)>,
}

/// A durable wait.
#[derive(Debug)]
pub struct Wait {
    /// Events waited for; empty for a plain delay.
    pub events: Vec<EventName>,
    /// The event counts only when this holds.
    pub when: Option<Expr>,
    /// Milliseconds to wait: the delay itself, or the deadline of the event.
    pub timeout_ms: i64,
    /// Where the deadline leads; `None` is `then` for a delay, and ends the run otherwise.
    pub on_timeout: Option<NodeIndex>,
    /// Events that end the wait, and where they lead (`None` ends the run).
    pub until: Vec<(EventName, Option<NodeIndex>)>,
}

/// One arm of a `choose`.
#[derive(Debug)]
pub struct Arm {
    /// The condition; `None` for `otherwise`.
    pub when: Option<Expr>,
    /// Where it leads; `None` ends the run.
    pub go: Option<NodeIndex>,
    /// The analyst's reason for this arm.
    pub because: Option<Template>,
}

/// A compiled expression and where it stands.
#[derive(Debug)]
pub struct Expr {
    /// Place of its first character.
    pub place: Place,
    /// The expression.
    pub code: Expression,
    /// The scalar it stands in, which knows the place of each of its characters.
    pub(crate) scalar: Arc<Scalar>,
    /// The character of the scalar it begins with.
    pub(crate) from: usize,
}

/// A value of a node: a constant, an expression (`"=…"`), a text with `{{…}}`, or a list or map of these.
#[derive(Debug)]
pub enum Arg {
    /// A constant.
    Json(Json),
    /// Computed.
    Expr(Expr),
    /// A text with places to fill.
    Text(Template),
    /// A list.
    List(Vec<Arg>),
    /// A map.
    Map(Vec<(String, Arg)>),
}

/// A text with places to fill: `"Good day {{customer.name}}"`.
#[derive(Debug)]
pub struct Template {
    /// The text as written.
    pub source: String,
    /// Its parts in order.
    pub parts: Vec<Part>,
}

/// One part of a template.
#[derive(Debug)]
pub enum Part {
    /// Said as it is.
    Text(String),
    /// Filled in.
    Expr(Expr),
}
