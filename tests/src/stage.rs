//! Plays inputs to an engine that may die and come back, as a careful client would: the same input again, under the
//! same id, until it is taken.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use convene_core::conversation;
use convene_core::model::Json;
use reqwest::Method;
use serde_json::json;
use tokio::time::sleep;

use crate::amqp::{Input, Publisher};
use crate::engine::Engine;
use crate::http::Http;
use crate::site::Site;
use crate::truth::Truth;
use crate::words::{call_of, command, message, seen_id};

/// How long an input may take until everything it caused is done, deaths of the engine included: the partitions of an
/// engine that was killed are free when its lease has run out.
const SETTLE_WAIT: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(15);

/// The door by which inputs go in.
enum Door {
    Http,
    Amqp(Box<Publisher>),
}

/// An engine on a site, and somebody who watches over it.
pub struct Stage<'a> {
    site: &'a Site,
    /// A look into its tables.
    pub truth: Truth,
    engine: Option<Engine>,
    door: Door,
    plugs: VecDeque<String>,
    thrice: bool,
    /// Points at which it died so far.
    pub deaths: Vec<String>,
}

impl std::fmt::Debug for Stage<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stage").field("deaths", &self.deaths).finish_non_exhaustive()
    }
}

impl<'a> Stage<'a> {
    /// Starts an engine on the site. Inputs go in over AMQP when the site has a broker, else over HTTP.
    pub async fn open(site: &'a Site) -> Self {
        let engine = site.engine().await;
        let door = match &site.options.amqp_url {
            Some(url) => Door::Amqp(Box::new(Publisher::new(url))),
            None => Door::Http,
        };
        let truth = site.truth().await;
        let plugs = VecDeque::new();
        Self { site, truth, engine: Some(engine), door, plugs, thrice: false, deaths: Vec::new() }
    }

    /// Restarts the engine so that it dies at these points (`point:n`), one after another.
    pub async fn pull_plugs_at(&mut self, points: impl IntoIterator<Item = String>) {
        self.stop().await;
        self.plugs = points.into_iter().collect();
        self.start().await;
    }

    /// Sends every input three times from now on: twice in its place, and once more afterwards under another routing
    /// key, so that it comes by another partition.
    pub fn repeat_everything(&mut self) {
        self.thrice = true;
    }

    /// Whether inputs go in over AMQP.
    #[must_use]
    pub fn over_amqp(&self) -> bool {
        matches!(self.door, Door::Amqp(_))
    }

    /// A client of the engine.
    ///
    /// # Panics
    /// The engine is down.
    #[must_use]
    pub fn http(&self) -> Http {
        Http::new(&self.engine.as_ref().unwrap().url)
    }

    /// Pulls the engine's plug.
    pub fn kill(&mut self) {
        if let Some(engine) = self.engine.take() {
            engine.kill();
        }
    }

    /// Kills the engine and starts it again.
    pub async fn restart_by_force(&mut self) {
        self.kill();
        self.start().await;
    }

    /// Starts the engine after [`Self::stop`].
    pub async fn start(&mut self) {
        self.engine = Some(match self.plugs.front() {
            Some(point) => self.site.engine_crashing_at(point).await,
            None => self.site.engine().await,
        });
    }

    /// Stops the engine politely, if it is alive.
    pub async fn stop(&mut self) {
        if let Some(mut engine) = self.engine.take()
            && engine.running()
        {
            engine.stop().await;
        }
    }

    /// Brings the engine back when it has died.
    async fn watch(&mut self) {
        if self.engine.as_mut().is_some_and(Engine::running) {
            return;
        }
        match self.plugs.pop_front() {
            Some(point) => self.deaths.push(point),
            None => panic!("the engine died without being told to"),
        }
        self.start().await;
    }

    /// Sends inputs, in order, at once.
    pub async fn send(&mut self, inputs: &[Input]) {
        if let Door::Amqp(publisher) = &mut self.door {
            publisher.publish(inputs).await;
            if self.thrice {
                publisher.publish(inputs).await;
            }
            return;
        }
        for input in inputs {
            self.call(input).await;
        }
    }

    /// Sends inputs and waits until everything that follows from them is done.
    pub async fn play(&mut self, inputs: &[Input]) {
        self.send(inputs).await;
        self.settle(&inputs.iter().map(seen_id).collect::<Vec<_>>()).await;
        if let (Door::Amqp(publisher), true) = (&mut self.door, self.thrice) {
            let strays: Vec<Input> =
                inputs.iter().map(|i| Input { key: format!("{} again", i.key), ..i.clone() }).collect();
            publisher.publish(&strays).await;
        }
    }

    /// Waits until these inputs are taken and what they caused is done.
    pub async fn settle(&mut self, ids: &[String]) {
        self.settle_within(ids, SETTLE_WAIT).await;
    }

    /// As [`Self::settle`], for many inputs at once.
    ///
    /// # Panics
    /// It takes longer.
    pub async fn settle_within(&mut self, ids: &[String], limit: Duration) {
        let begun = Instant::now();
        while !self.truth.settled(ids).await {
            self.watch().await;
            let some = &ids[..ids.len().min(8)];
            assert!(
                begun.elapsed() < limit,
                "not done after {limit:?}: {} inputs, such as {some:?}",
                ids.len()
            );
            sleep(LOOK_EVERY).await;
        }
    }

    /// Waits until the engine has died at every point it was told to, and is back.
    pub async fn until_all_plugs_are_pulled(&mut self) {
        let begun = Instant::now();
        while !self.plugs.is_empty() {
            self.watch().await;
            assert!(begun.elapsed() < SETTLE_WAIT, "it does not die at {:?}", self.plugs);
            sleep(LOOK_EVERY).await;
        }
    }

    /// Waits until everything is published, then stops the engine.
    pub async fn close(&mut self) {
        let begun = Instant::now();
        while !self.truth.published().await {
            self.watch().await;
            assert!(begun.elapsed() < SETTLE_WAIT, "not published after {SETTLE_WAIT:?}");
            sleep(LOOK_EVERY).await;
        }
        self.watch().await;
        self.plugs.clear();
        self.stop().await;
    }

    /// One HTTP call, repeated under its id until there is an answer that is one.
    async fn call(&mut self, input: &Input) {
        let body: Json = serde_json::from_slice(&input.body).unwrap_or_default();
        let (method, path, body, id) = match input.kind.as_str() {
            "command" => {
                let name = body["name"].as_str().unwrap_or_default().to_owned();
                let (method, path, body) = call_of(&name, &body["data"]);
                (method, path, body, Some(input.id.as_str()))
            }
            _ => (Method::POST, "/cim-messages".to_owned(), body, None),
        };
        let begun = Instant::now();
        loop {
            self.watch().await;
            let bytes = body.to_string().into_bytes();
            match self.http().send(method.clone(), &path, id, bytes).await {
                Ok(answer) if answer.status < 500 => return,
                Ok(_) | Err(_) => sleep(LOOK_EVERY).await,
            }
            assert!(begun.elapsed() < SETTLE_WAIT, "no answer to {path}");
        }
    }

    /// A command, as an agent's desk gives it.
    pub async fn order(&mut self, id: &str, name: &str, data: Json) {
        self.play(&[command(id, name, &data)]).await;
    }

    /// Agent `agent` comes to work, ready for chats.
    pub async fn agent_comes(&mut self, id: &str, agent: &str) {
        self.order(&format!("{id}-login"), "AGENT_LOGIN", json!({ "agentId": agent })).await;
        let ready = json!({ "agentId": agent, "state": "READY" });
        self.order(&format!("{id}-ready"), "AGENT_STATE", ready).await;
        let chat = json!({ "agentId": agent, "mrd": "CHAT", "state": "READY" });
        self.order(&format!("{id}-chat"), "AGENT_MRD_STATE", chat).await;
    }

    /// A customer begins a chat and asks for a person; returns the conversation.
    pub async fn asks_for_a_person(&mut self, id: &str, customer: &str) -> String {
        let start = format!("{id}-start");
        self.play(&[
            message(&start, customer, Some("START_CHAT"), None),
            message(&format!("{id}-hello"), customer, None, Some("Hello, I have a question")),
            message(&format!("{id}-person"), customer, None, Some("Talk to a person")),
        ])
        .await;
        conversation::new_id(&format!("m:{start}"))
    }

    /// The offer that rings for a conversation: task and agent.
    pub async fn offer(&mut self, conversation: &str) -> (String, String) {
        let begun = Instant::now();
        loop {
            if let Some(offer) = self.truth.offer(conversation).await {
                return offer;
            }
            self.watch().await;
            assert!(begun.elapsed() < SETTLE_WAIT, "nobody is offered {conversation}");
            sleep(LOOK_EVERY).await;
        }
    }
}
