//! One walk through a flow, from where it was entered to its end or its next wait.

use petgraph::graph::NodeIndex;
use serde_json::json;

use crate::conversation::actions::{self, Order};
use crate::conversation::facts::View;
use crate::conversation::state::{Position, Run};
use crate::conversation::timers::{REMINDER, RUN};
use crate::conversation::work::{Happening, Work};
use crate::conversation::{CALL_DEPTH_MAX, ERROR_BUDGET, RUNS_MAX, STEP_BUDGET, bots};
use crate::flow::{Arg, Ask, Body as Said, By, Edge, Expr, Flow, Node, Part, Target, Template, Verb, fits};
use crate::model::{Body, Json, JsonMap};

/// Where a node leads.
enum Way {
    /// On to this node; `None` ends the flow.
    To(Option<NodeIndex>),
    /// Into another flow, then on.
    Into(NodeIndex),
    /// Parked until something wakes it.
    Parked,
}

/// A walk: the flow and its callers, whose voice it has, and the event it looks at.
pub(super) struct Walk<'d, 'e> {
    flow: &'d Flow,
    callers: Vec<(&'d Flow, NodeIndex)>,
    bot: Option<String>,
    event: &'e Happening,
}

impl<'d, 'e> Walk<'d, 'e> {
    /// A walk that begins.
    pub(super) fn enter(flow: &'d Flow, event: &'e Happening, bot: Option<String>) -> Self {
        Self { flow, callers: Vec::new(), bot, event }
    }

    /// A walk that was parked. `None` when its place is gone, which cannot happen while its deployment is kept.
    pub(super) fn resume(work: &Work<'d>, run: &Run, event: &'e Happening) -> Option<(Self, NodeIndex)> {
        let mut places = Vec::with_capacity(run.at.len());
        for position in &run.at {
            let flow = work.d.flow(&position.flow)?;
            places.push((flow, *flow.nodes.get(&position.node)?));
        }
        let (flow, node) = places.pop()?;
        Some((Self { flow, callers: places, bot: run.bot.clone(), event }, node))
    }

    /// The flow it is in.
    pub(super) fn flow(&self) -> &'d Flow {
        self.flow
    }

    /// Walks from where the flow is entered.
    pub(super) fn go(mut self, work: &mut Work<'d>, node: Option<NodeIndex>) {
        self.go_on(work, node);
    }

    /// Walks on until it ends or parks.
    pub(super) fn go_on(&mut self, work: &mut Work<'d>, node: Option<NodeIndex>) {
        let mut next = node;
        loop {
            let Some(node) = next else {
                match self.callers.pop() {
                    Some((flow, call)) => {
                        self.flow = flow;
                        self.took(work, call, &Edge::Then);
                        next = flow.graph[call].then;
                        continue;
                    }
                    None => return,
                }
            };
            if let Some(recorder) = &work.d.recorder {
                recorder.node(self.flow, &self.flow.graph[node].name);
            }
            next = match self.within_budget(work).and_then(|()| self.node(work, node)) {
                Ok(Way::To(to)) => to,
                Ok(Way::Into(start)) => Some(start),
                Ok(Way::Parked) => return,
                Err(problem) => match self.error_path(work, node, problem) {
                    Some(to) => Some(to),
                    None => return,
                },
            };
        }
    }

    fn within_budget(&self, work: &mut Work<'d>) -> Result<(), String> {
        if work.budget > 0 {
            work.budget -= 1;
            return Ok(());
        }
        let first = !work.over_budget;
        work.over_budget = true;
        work.budget = if first { ERROR_BUDGET } else { 0 };
        Err(format!(
            "more than {STEP_BUDGET} nodes for one event; does the flow go in a circle without a wait?"
        ))
    }

    /// The nearest place an error can go to: the node's, its flow's, then those of the callers.
    fn error_path(&mut self, work: &mut Work<'d>, node: NodeIndex, problem: String) -> Option<NodeIndex> {
        let at = format!("{}.{}", self.flow.name, self.flow.graph[node].name);
        work.c.slots.insert("error".into(), json!({ "at": at, "message": problem }));
        work.out.errors += 1;
        let spent = work.over_budget && work.budget == 0;
        let mut failed = node;
        loop {
            let here = &self.flow.graph[failed];
            let to = here.on_error.or(self.flow.on_error).filter(|to| *to != failed && !spent);
            if let Some(to) = to {
                if here.on_error.is_some() {
                    self.took(work, failed, &Edge::Error);
                }
                self.note(work, failed, &format!("ERROR, goes to {}", self.flow.graph[to].name), problem);
                return Some(to);
            }
            match self.callers.pop() {
                Some((flow, call)) => {
                    self.flow = flow;
                    failed = call;
                }
                None => {
                    work.note(at, "ERROR, the run ends", problem);
                    return None;
                }
            }
        }
    }

    fn node(&mut self, work: &mut Work<'d>, index: NodeIndex) -> Result<Way, String> {
        let flow = self.flow;
        let node = &flow.graph[index];
        match &node.verb {
            Verb::Say { body, to } => self.say(work, node, body, *to)?,
            Verb::Ask(ask) => return self.ask(work, index, ask),
            Verb::Choose(arms) => {
                for (position, arm) in arms.iter().enumerate() {
                    let holds = match &arm.when {
                        Some(when) => self.truth(work, when)?,
                        None => true,
                    };
                    if holds {
                        let because = self.because(work, arm.because.as_ref())?;
                        let condition = arm.when.as_ref().map_or("otherwise", |w| w.code.source());
                        let why = if because.is_empty() { condition.to_owned() } else { because };
                        let way = if arm.when.is_some() { Edge::When(position) } else { Edge::Otherwise };
                        self.took(work, index, &way);
                        self.note(work, index, &self.arrow(arm.go), why);
                        return Ok(Way::To(arm.go));
                    }
                }
                self.note(work, index, "→ end", "no arm holds".to_owned());
                return Ok(Way::To(None));
            }
            Verb::Decide { by, into } => self.decide(work, index, by, into.as_deref())?,
            Verb::Wait(wait) => {
                self.park(work, index, wait.timeout_ms)?;
                return Ok(Way::Parked);
            }
            Verb::Call { flow: called } => return self.call(work, index, called),
            Verb::Set(slots) => self.set(work, node, slots)?,
            Verb::Act { action, data, goto } => self.act(work, node, action, data, *goto)?,
            Verb::Perform { action, data } => self.perform(work, node, action, data)?,
            Verb::Note(text) => {
                let said = self.text(work, text)?;
                self.note(work, index, &said, String::new());
            }
            Verb::End => return Ok(Way::To(None)),
        }
        self.took(work, index, &Edge::Then);
        Ok(Way::To(node.then))
    }

    /// Counts a way that is taken, where somebody counts.
    pub(super) fn took(&self, work: &Work<'d>, node: NodeIndex, way: &Edge) {
        if let Some(recorder) = &work.d.recorder {
            recorder.way(self.flow, &self.flow.graph[node].name, way);
        }
    }

    fn say(&self, work: &mut Work<'d>, node: &Node, said: &Said, to: Target) -> Result<(), String> {
        let body = self.body(work, said)?;
        self.because_note(work, node, "says something")?;
        self.speak(work, &body, to)
    }

    fn speak(&self, work: &mut Work<'d>, body: &Body, to: Target) -> Result<(), String> {
        if let Some(bot) = &self.bot {
            return super::bot_says(work, bot, self.event, body);
        }
        let sessions: Vec<String> = match to {
            Target::Event => {
                let session = work.session_or_current(self.event.session.as_deref());
                session.map(|s| s.id.clone()).into_iter().collect()
            }
            Target::LastUsed => work.c.current_session().map(|s| s.id.clone()).into_iter().collect(),
            Target::All => work.c.sessions.iter().filter(|s| s.open()).map(|s| s.id.clone()).collect(),
        };
        actions::say(work, &sessions, body, None)
    }

    fn ask(&mut self, work: &mut Work<'d>, index: NodeIndex, ask: &Ask) -> Result<Way, String> {
        let mut body = self.body(work, &ask.body)?;
        if ask.buttons {
            let text = body.markdown_text().unwrap_or_default().to_owned();
            let choices: Vec<(String, String)> =
                ask.answers.iter().map(|(answer, _)| (answer.clone(), answer.clone())).collect();
            body = Body::buttons(text, choices);
        }
        self.speak(work, &body, Target::Event)?;
        self.park(work, index, ask.timeout_ms)?;
        Ok(Way::Parked)
    }

    /// Parks this walk durably.
    fn park(&mut self, work: &mut Work<'d>, index: NodeIndex, timeout_ms: i64) -> Result<(), String> {
        if work.c.runs.len() >= RUNS_MAX {
            return Err(format!("more than {RUNS_MAX} journeys wait in this conversation"));
        }
        let id = work.ids.fresh();
        let position = |flow: &Flow, node: NodeIndex| Position {
            flow: flow.name.clone(),
            node: flow.graph[node].name.clone(),
        };
        let mut at: Vec<Position> = self.callers.iter().map(|(flow, node)| position(flow, *node)).collect();
        at.push(position(self.flow, index));
        let session = self.event.session.clone();
        work.c.runs.push(Run { id: id.clone(), at, bot: self.bot.clone(), session });
        work.set_timer(format!("{RUN}{id}"), timeout_ms, None);
        self.note(work, index, &format!("waits up to {}", span(timeout_ms)), String::new());
        Ok(())
    }

    fn decide(
        &self,
        work: &mut Work<'d>,
        index: NodeIndex,
        by: &By,
        into: Option<&str>,
    ) -> Result<(), String> {
        let facts = self.facts(work);
        let verdict = match by {
            By::Rule { module, function } => {
                let rules = work.d.rules.get(module);
                let rules = rules.ok_or_else(|| format!("rules/{module}.rhai is not in the deployment"))?;
                work.d.host.call(rules, function, &facts).map_err(|e| e.to_string())?
            }
            By::Table(name) => {
                let table = work.d.tables.get(name);
                let table =
                    table.ok_or_else(|| format!("rules/{name}.table.yaml is not in the deployment"))?;
                let decided = table.decide(&work.d.host, &facts)?;
                if let Some(recorder) = &work.d.recorder {
                    recorder.rows(&table.file, &decided.rows, table.rows.len());
                }
                decided.verdict
            }
        };
        let why = verdict.why.unwrap_or_default();
        self.note(work, index, &format!("decides by {by}"), why);
        if let Some(slot) = into {
            work.c.slots.insert(slot.to_owned(), verdict.value);
        }
        Ok(())
    }

    fn call(&mut self, work: &mut Work<'d>, index: NodeIndex, called: &str) -> Result<Way, String> {
        if self.callers.len() >= CALL_DEPTH_MAX {
            return Err(format!("flows call each other more than {CALL_DEPTH_MAX} deep"));
        }
        let flow = work.d.flow(called).ok_or_else(|| format!("no flow is called {called:?}"))?;
        let start = flow.start.ok_or_else(|| format!("flow {called} has no start"))?;
        self.callers.push((self.flow, index));
        self.flow = flow;
        Ok(Way::Into(start))
    }

    fn set(&self, work: &mut Work<'d>, node: &Node, slots: &[(String, Arg)]) -> Result<(), String> {
        for (slot, value) in slots {
            let value = self.value(work, value)?;
            work.c.slots.insert(slot.clone(), value);
        }
        let names: Vec<&str> = slots.iter().map(|(n, _)| n.as_str()).collect();
        self.because_note(work, node, &format!("sets {}", names.join(", ")))
    }

    fn act(
        &mut self,
        work: &mut Work<'d>,
        node: &Node,
        action: &str,
        data: &[(String, Arg)],
        goto: Option<NodeIndex>,
    ) -> Result<(), String> {
        let mut map = JsonMap::new();
        for (key, value) in data {
            let value = self.value(work, value)?;
            fits(action, key, &value)?;
            if !value.is_null() {
                map.insert(key.clone(), value);
            }
        }
        self.because_note(work, node, action)?;
        let data = Json::Object(map);
        match action {
            "SCHEDULE_REMINDER" => self.remind(work, &data, goto),
            "UNSCHEDULE_REMINDER" => {
                work.clear_timer(&format!("{REMINDER}{}", data["name"].as_str().unwrap_or_default()));
                Ok(())
            }
            _ => self.order(work, action, &data, false),
        }
    }

    fn remind(&mut self, work: &mut Work<'d>, data: &Json, goto: Option<NodeIndex>) -> Result<(), String> {
        let name = data["name"].as_str().ok_or("the reminder has no name")?;
        let after = data["after"].as_i64().ok_or("the reminder has no time")?;
        let enter = goto
            .map(|node| Position { flow: self.flow.name.clone(), node: self.flow.graph[node].name.clone() });
        work.set_timer(format!("{REMINDER}{name}"), after, enter);
        Ok(())
    }

    fn perform(&mut self, work: &mut Work<'d>, node: &Node, action: &Arg, data: &Arg) -> Result<(), String> {
        let name = self.value(work, action)?;
        let name = name.as_str().ok_or("the action's name is not a text")?.to_owned();
        let data = self.value(work, data)?;
        self.because_note(work, node, &format!("performs {name}"))?;
        self.order(work, &name, &data, true)
    }

    /// A bot's flow orders, the Controller's flow does.
    fn order(&mut self, work: &mut Work<'d>, action: &str, data: &Json, ordered: bool) -> Result<(), String> {
        if let Some(bot) = &self.bot {
            bots::order(work, bot, self.event.session.as_deref(), action, data);
            return Ok(());
        }
        let order = Order { data, event: self.event };
        if ordered {
            actions::perform_ordered(work, action, &order)
        } else {
            actions::perform(work, action, &order)
        }
    }

    /// Keeps the customer's answer in the slot the `ask` names.
    pub(super) fn keep_answer(&mut self, work: &mut Work<'d>, node: NodeIndex, answer: &str) {
        if let Verb::Ask(ask) = &self.flow.graph[node].verb
            && let Some(slot) = &ask.into
        {
            work.c.slots.insert(slot.clone(), json!(answer));
        }
    }

    /// What is true at this moment.
    fn facts<'v>(&'v self, work: &'v Work<'d>) -> View<'v> {
        View::of(work, self.event)
    }

    /// Evaluates a condition. An error is never `false`.
    pub(super) fn truth(&self, work: &Work<'d>, expr: &Expr) -> Result<bool, String> {
        work.d.host.truth(&expr.code, &self.facts(work)).map_err(|e| located(expr, &e.message))
    }

    fn eval(&self, work: &Work<'d>, expr: &Expr) -> Result<Json, String> {
        work.d.host.eval(&expr.code, &self.facts(work)).map_err(|e| located(expr, &e.message))
    }

    fn value(&self, work: &Work<'d>, arg: &Arg) -> Result<Json, String> {
        match arg {
            Arg::Json(value) => Ok(value.clone()),
            Arg::Expr(expr) => self.eval(work, expr),
            Arg::Text(template) => self.text(work, template).map(Json::String),
            Arg::List(items) => items.iter().map(|i| self.value(work, i)).collect(),
            Arg::Map(entries) => {
                let mut map = JsonMap::new();
                for (key, value) in entries {
                    map.insert(key.clone(), self.value(work, value)?);
                }
                Ok(Json::Object(map))
            }
        }
    }

    fn text(&self, work: &Work<'d>, template: &Template) -> Result<String, String> {
        let mut text = String::new();
        for part in &template.parts {
            match part {
                Part::Text(said) => text.push_str(said),
                Part::Expr(expr) => match self.eval(work, expr)? {
                    Json::String(said) => text.push_str(&said),
                    Json::Null => {}
                    other => text.push_str(&other.to_string()),
                },
            }
        }
        Ok(text)
    }

    fn body(&self, work: &Work<'d>, said: &Said) -> Result<Body, String> {
        match said {
            Said::Text(template) => Ok(Body::plain(self.text(work, template)?)),
            Said::Cim(arg) => {
                let value = self.value(work, arg)?;
                serde_json::from_value(value).map_err(|e| format!("not a message body: {e}"))
            }
        }
    }

    fn because(&self, work: &Work<'d>, because: Option<&Template>) -> Result<String, String> {
        because.map_or_else(|| Ok(String::new()), |t| self.text(work, t))
    }

    fn because_note(&self, work: &mut Work<'d>, node: &Node, what: &str) -> Result<(), String> {
        let why = self.because(work, node.because.as_ref())?;
        work.note(format!("{}.{}", self.flow.name, node.name), what, why);
        Ok(())
    }

    /// Writes what a node did into the decision log.
    pub(super) fn note(&self, work: &mut Work<'d>, node: NodeIndex, what: &str, why: impl Into<String>) {
        work.note(format!("{}.{}", self.flow.name, self.flow.graph[node].name), what, why);
    }

    /// `→ node`, for the log.
    pub(super) fn arrow(&self, to: Option<NodeIndex>) -> String {
        to.map_or_else(|| "→ end".to_owned(), |n| format!("→ {}", self.flow.graph[n].name))
    }
}

/// A time span for the log.
fn span(ms: i64) -> String {
    if ms % 60_000 == 0 { format!("{} min", ms / 60_000) } else { format!("{} s", ms / 1000) }
}

fn located(expr: &Expr, message: &str) -> String {
    format!(
        "{}:{}:{}: `{}`: {message}",
        expr.place.file,
        expr.place.line,
        expr.place.column,
        expr.code.source()
    )
}
