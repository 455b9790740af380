//! The names a scenario uses of what the centre defines. They are looked up before it plays: a customer on a channel that
//! nobody has would go unheard, and the transcript would not say why.

use crate::centre::Centre;
use crate::diagnostic::{Finding, Findings, Place, codes, did_you_mean};
use crate::yaml::{Kind, Node, shortened};

/// A name and where it is written.
#[derive(Debug, Clone)]
pub(super) struct Mention {
    what: What,
    name: String,
    place: Place,
}

/// What is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Agent,
    Attribute,
    Bot,
    Channel,
    Label,
    List,
    Media,
    Queue,
}

/// The channel of a step that names none.
pub(super) const CHANNEL: &str = "web";

/// The names in a scenario file.
pub(super) fn of(root: &Node) -> Vec<Mention> {
    let mut found = Vec::new();
    if let Some(given) = inside(root, "given") {
        keys(given, "agents", What::Agent, &mut found);
        value(given, "bot", What::Bot, &mut found);
        let customers = inside(given, "customers").map_or(&[][..], Node::entries);
        for customer in customers {
            keys(&customer.value, "known_as", What::Attribute, &mut found);
            for label in items(inside(&customer.value, "labels")) {
                mention(label, What::Label, &mut found);
            }
        }
    }
    for step in items(inside(root, "when")) {
        of_step(step, &mut found);
    }
    found
}

fn of_step(step: &Node, found: &mut Vec<Mention>) {
    for (key, what) in
        [("agent", What::Agent), ("by", What::Agent), ("medium", What::Media), ("list", What::List)]
    {
        value(step, key, what, found);
    }
    for key in ["transfers", "consults", "confers"] {
        let Some(whom) = inside(step, key) else { continue };
        value(whom, "queue", What::Queue, found);
        value(whom, "agent", What::Agent, found);
    }
    match (inside(step, "on"), step.entry("customer").or(step.entry("calls"))) {
        (Some(on), _) => mention(on, What::Channel, found),
        (None, Some(who)) => {
            let place = who.key.place.clone();
            found.push(Mention { what: What::Channel, name: CHANNEL.to_owned(), place });
        }
        (None, None) => {}
    }
}

fn inside<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    node.entry(key).map(|entry| &entry.value)
}

fn items(node: Option<&Node>) -> &[Node] {
    match node.map(|node| &node.kind) {
        Some(Kind::List(items)) => items,
        _ => &[],
    }
}

fn keys(node: &Node, key: &str, what: What, found: &mut Vec<Mention>) {
    for entry in inside(node, key).map_or(&[][..], Node::entries) {
        let (name, place) = (entry.key.text.clone(), entry.key.place.clone());
        found.push(Mention { what, name, place });
    }
}

fn value(node: &Node, key: &str, what: What, found: &mut Vec<Mention>) {
    if let Some(node) = inside(node, key) {
        mention(node, what, found);
    }
}

fn mention(node: &Node, what: What, found: &mut Vec<Mention>) {
    let name = node.text().map(str::to_owned);
    found.extend(name.map(|name| Mention { what, name, place: node.place.clone() }));
}

impl Mention {
    /// Finds a name that no centre has. `unknown` are those that are unknown on purpose.
    pub(super) fn look_up(&self, centres: &[&Centre], unknown: &[String], findings: &mut Findings) {
        let known: Vec<&str> = centres.iter().flat_map(|centre| self.what.names(centre)).collect();
        if known.contains(&self.name.as_str()) || unknown.contains(&self.name) {
            return;
        }
        let near = did_you_mean(&self.name, known.iter().copied());
        let (word, code) = self.what.told();
        let message = format!("there is no {word} `{}`", shortened(&self.name));
        if self.what == What::Label {
            // Customers may have labels the centre does nothing with; only one that looks like a slip is told.
            let same = known.iter().any(|known| known.eq_ignore_ascii_case(&self.name));
            if !same && near.is_some() {
                findings.push(Finding::warning(code, &self.place, message).cure_if(near));
            }
            return;
        }
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        let cure = near.unwrap_or_else(|| {
            format!("a name that is unknown on purpose stands in the scenario's `unknown: [{}]`", self.name)
        });
        let cause = format!("the centre has {known}");
        findings.push(Finding::error(code, &self.place, message).because(shortened_list(&cause)).cure(cure));
    }
}

/// A list of names, not longer than a line or two.
fn shortened_list(text: &str) -> String {
    const SHOWN: usize = 160;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

impl What {
    fn told(self) -> (&'static str, &'static str) {
        match self {
            Self::Agent => ("agent", codes::UNKNOWN_AGENT),
            Self::Attribute => ("customer attribute", codes::UNKNOWN_IDENTIFIER),
            Self::Bot => ("bot", codes::UNKNOWN_BOT),
            Self::Channel => ("channel", codes::UNKNOWN_CHANNEL),
            Self::Label => ("customer label", codes::UNKNOWN_LABEL),
            Self::List => ("list", codes::UNKNOWN_LIST),
            Self::Media => ("medium", codes::UNKNOWN_MEDIA),
            Self::Queue => ("queue", codes::UNKNOWN_QUEUE),
        }
    }

    fn names(self, centre: &Centre) -> Vec<&str> {
        fn keys<V>(map: &std::collections::BTreeMap<String, V>) -> Vec<&str> {
            map.keys().map(String::as_str).collect()
        }
        match self {
            Self::Agent => keys(&centre.agents),
            Self::Attribute => keys(&centre.customers.attributes),
            Self::Bot => keys(&centre.bots),
            Self::Channel => keys(&centre.channels),
            Self::Label => keys(&centre.customers.labels),
            Self::List => keys(&centre.lists),
            Self::Media => keys(&centre.media),
            Self::Queue => keys(&centre.queues),
        }
    }
}
