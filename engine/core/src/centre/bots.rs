//! Bots as the centre describes them (`contract.md` section 5, `domain.md` section 7).

use crate::model::Json;

/// Kind of a bot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BotKind {
    /// A flow of this deployment plays it.
    #[default]
    Script,
    /// Called over HTTP in the custom-connector format of section 7.
    Webhook,
    /// Rasa, by its REST channel.
    Rasa,
    /// Amazon Lex V2.
    Lex,
    /// A language model behind an address that speaks the chat-completions format.
    Llm,
}

impl BotKind {
    /// All kinds by the names they have in `flows/centre.yaml`.
    pub const NAMES: &[(&str, Self)] = &[
        ("SCRIPT", Self::Script),
        ("WEBHOOK", Self::Webhook),
        ("RASA", Self::Rasa),
        ("LEX", Self::Lex),
        ("LLM", Self::Llm),
    ];
}

/// A bot.
#[derive(Debug, Clone)]
pub struct BotEntry {
    /// Name.
    pub name: String,
    /// Kind.
    pub kind: BotKind,
    /// The flow that plays it (SCRIPT).
    pub flow: Option<String>,
    /// Its address, http or https (WEBHOOK, RASA, LLM; for LEX another endpoint than Amazon's own).
    pub url: Option<String>,
    /// Where its token is: sent with every call, wanted with every answer that comes later.
    pub token: Option<Secret>,
    /// Header that carries the token as it is; without one it is a bearer token.
    pub token_header: Option<String>,
    /// Where the key is that signs calls after Standard Webhooks (WEBHOOK).
    pub signing: Option<Secret>,
    /// It confirms a question and answers later, by `POST /bots/{name}/messages` (WEBHOOK).
    pub later: bool,
    /// How long it may take to answer (U41): 10 s unless said.
    pub timeout_ms: i64,
    /// Send the system intents of section 7 too.
    pub events: bool,
    /// Calls that may be out at the same time; others wait within their deadline.
    pub at_once: u32,
    /// How often a call is repeated that the bot certainly did not take.
    pub retries: u32,
    /// When it is left alone.
    pub breaker: Breaker,
    /// Most suggestions that one answer gives to agents, the surest first.
    pub suggestions: usize,
    /// Amazon Lex.
    pub lex: Option<LexBot>,
    /// Language model.
    pub llm: Option<LlmBot>,
}

impl Default for BotEntry {
    /// A bot of which nothing is said.
    fn default() -> Self {
        Self {
            name: String::new(),
            kind: BotKind::Script,
            flow: None,
            url: None,
            token: None,
            token_header: None,
            signing: None,
            later: false,
            timeout_ms: 10_000,
            events: false,
            at_once: 100,
            retries: 2,
            breaker: Breaker { failures: 5, pause_ms: 10_000 },
            suggestions: 3,
            lex: None,
            llm: None,
        }
    }
}

impl BotEntry {
    /// Whether it is a program elsewhere that is called, and not a flow of the deployment.
    #[must_use]
    pub fn elsewhere(&self) -> bool {
        self.kind != BotKind::Script
    }
}

/// Where a secret is. The secret itself never stands in a file of the deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Secret {
    /// In this environment variable.
    Environment(String),
    /// In this file, without the white space around it.
    File(String),
}

/// A bot that fails again and again is left alone for a while: its customers need not wait for another time-out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Breaker {
    /// Failures in a row after which it is left alone; 0 for never.
    pub failures: u32,
    /// For how long, ms. After that one call tries whether it is back.
    pub pause_ms: i64,
}

/// What Amazon Lex needs to know.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LexBot {
    /// Bot id.
    pub id: String,
    /// Alias id.
    pub alias: String,
    /// Locale, such as `en_US`.
    pub locale: String,
    /// Region; as the environment says when left out.
    pub region: Option<String>,
    /// What becomes an action. The first one that fits counts.
    pub outcomes: Vec<Outcome>,
}

/// What a bot ends with becomes an action. All conditions that are given must hold.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outcome {
    /// Name of the intent.
    pub intent: Option<String>,
    /// State of the intent, such as Fulfilled or Failed.
    pub state: Option<String>,
    /// A session attribute and its value.
    pub attribute: Option<(String, String)>,
    /// The action.
    pub action: String,
    /// Its data.
    pub data: Json,
}

/// What a language model needs to know.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LlmBot {
    /// Model.
    pub model: String,
    /// What it is told first: the text of the prompt file.
    pub prompt: String,
    /// Lines of the conversation that it is shown.
    pub history: usize,
    /// Answers it gives in one conversation; after that it does not answer any more.
    pub turns: u32,
    /// Tokens of one answer.
    pub tokens: u32,
    /// What it may call, by name.
    pub tools: Vec<Tool>,
}

/// Something a language model may call: an action of the controller.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tool {
    /// Name.
    pub name: String,
    /// What it is for, in words for the model.
    pub description: String,
    /// The action.
    pub action: String,
    /// Its data; what the model gives as arguments comes on top.
    pub data: Json,
    /// Names of arguments the model fills, each with a description.
    pub arguments: Vec<(String, String)>,
}
