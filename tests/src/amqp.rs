//! A plain AMQP client: publishes with confirms and repeats on doubt, and collects what is published.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use convene_core::model::Json;
use futures_util::StreamExt;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, ConfirmSelectOptions, ExchangeDeclareOptions,
    QueueBindOptions, QueueDeclareOptions,
};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{
    BasicProperties, Channel, Confirmation, Connection, ConnectionProperties, ExchangeKind, PublisherConfirm,
};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

/// How long one attempt at anything may take.
const ATTEMPT: Duration = Duration::from_secs(10);
/// How long a publisher tries before the test has failed.
const PATIENCE: Duration = Duration::from_secs(120);
/// Messages sent before their confirms are awaited.
const IN_FLIGHT_MAX: usize = 200;

/// A message for `convene.in`.
#[derive(Debug, Clone)]
pub struct Input {
    /// AMQP `type`.
    pub kind: String,
    /// `message_id`; none when empty.
    pub id: String,
    /// Routing key.
    pub key: String,
    /// The bytes.
    pub body: Vec<u8>,
}

/// Publishes to `convene.in`.
pub struct Publisher {
    url: String,
    open: Option<(Connection, Channel)>,
}

impl std::fmt::Debug for Publisher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Publisher").finish_non_exhaustive()
    }
}

/// Connects, and opens a channel.
///
/// # Errors
/// The broker does not answer, or does not want us.
pub async fn connect(url: &str) -> lapin::Result<(Connection, Channel)> {
    let connection = Connection::connect(url, ConnectionProperties::default()).await?;
    let channel = connection.create_channel().await?;
    Ok((connection, channel))
}

/// Sends one input. What is returned tells whether the broker has it: see [`confirmed`].
///
/// # Errors
/// The connection is lost.
pub async fn send(channel: &Channel, exchange: &str, input: &Input) -> lapin::Result<PublisherConfirm> {
    let mut properties = BasicProperties::default()
        .with_delivery_mode(2)
        .with_content_type(short("application/json"))
        .with_type(short(&input.kind));
    if !input.id.is_empty() {
        properties = properties.with_message_id(short(&input.id));
    }
    let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
    channel.basic_publish(short(exchange), short(&input.key), options, &input.body, properties).await
}

/// Waits until the broker has an input.
///
/// # Errors
/// It has not, or nobody knows.
pub async fn confirmed(confirm: PublisherConfirm) -> Result<(), String> {
    match confirm.await.map_err(|e| e.to_string())? {
        Confirmation::Ack(None) => Ok(()),
        other => Err(format!("not confirmed: {other:?}")),
    }
}

fn short(text: &str) -> ShortString {
    ShortString::from(text)
}

impl Publisher {
    /// A publisher; it connects when it has something to say.
    #[must_use]
    pub fn new(url: &str) -> Self {
        Self { url: url.to_owned(), open: None }
    }

    /// Publishes all in order and returns when every one is confirmed. In doubt everything is published again.
    ///
    /// # Panics
    /// It does not succeed for a long time.
    pub async fn publish(&mut self, inputs: &[Input]) {
        let begun = Instant::now();
        for chunk in inputs.chunks(IN_FLIGHT_MAX) {
            while let Err(problem) = self.attempt(chunk).await {
                self.open = None;
                assert!(begun.elapsed() < PATIENCE, "nothing can be published: {problem}");
                sleep(Duration::from_millis(200)).await;
            }
        }
    }

    async fn attempt(&mut self, inputs: &[Input]) -> Result<(), String> {
        timeout(ATTEMPT, self.once(inputs)).await.map_err(|_| "it took too long".to_owned())?
    }

    async fn once(&mut self, inputs: &[Input]) -> Result<(), String> {
        if self.open.is_none() {
            let (connection, channel) = connect(&self.url).await.map_err(|e| e.to_string())?;
            channel.confirm_select(ConfirmSelectOptions::default()).await.map_err(|e| e.to_string())?;
            self.open = Some((connection, channel));
        }
        let Some((_, channel)) = &self.open else { return Err("not connected".into()) };
        let mut confirms = Vec::new();
        for input in inputs {
            confirms.push(send(channel, "convene.in", input).await.map_err(|e| e.to_string())?);
        }
        for confirm in confirms {
            confirmed(confirm).await?;
        }
        Ok(())
    }
}

/// Something the engine published.
#[derive(Debug, Clone)]
pub struct Heard {
    /// Message id.
    pub id: String,
    /// Routing key.
    pub key: String,
    /// AMQP `type`.
    pub kind: String,
    /// JSON body; null when it is none.
    pub body: Json,
    /// Bytes as they came.
    pub raw: Vec<u8>,
    /// Headers that are texts.
    pub headers: BTreeMap<String, String>,
}

/// A durable queue of the test's own on `convene.out` and `convene.dead`, emptied all the time.
#[derive(Debug)]
pub struct Mailbox {
    heard: Arc<Mutex<Vec<Heard>>>,
    reader: JoinHandle<()>,
}

/// Queue and exchange names of the mailbox.
const QUEUE: &str = "test.mailbox";

impl Mailbox {
    /// Whether a customer has read something.
    #[must_use]
    pub fn has_greeted(&self, customer: &str) -> bool {
        let at = "/header/channelData/channelCustomerIdentifier";
        let to = |h: &Heard| h.body.pointer(at).is_some_and(|v| v == customer);
        self.heard().iter().any(|h| h.body["body"]["type"] == "PLAIN" && to(h))
    }

    /// Waits until a customer has read something.
    ///
    /// # Panics
    /// Nobody says anything to them.
    pub async fn greeted(&self, customer: &str) {
        let limit = Duration::from_secs(40);
        crate::eventually("the customer is greeted", limit, async || {
            self.has_greeted(customer).then_some(())
        })
        .await;
    }

    /// Binds `out` keys to `convene.out`, and everything of `convene.dead`. The exchanges are declared as the engine
    /// declares them, so that a mailbox can be there first.
    pub async fn open(url: &str, out: &[&str]) -> Self {
        let heard: Arc<Mutex<Vec<Heard>>> = Arc::default();
        declare(url, out).await.unwrap();
        let (url, into) = (url.to_owned(), heard.clone());
        let reader = tokio::spawn(async move {
            loop {
                // Ends with its connection; then it connects anew, and what was not acknowledged comes again.
                let _ = read(&url, &into).await;
                sleep(Duration::from_millis(200)).await;
            }
        });
        Self { heard, reader }
    }

    /// Everything that came, in order, repeats included.
    #[must_use]
    pub fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }

    /// What came after the first `known` ones.
    #[must_use]
    pub fn since(&self, known: usize) -> Vec<Heard> {
        self.heard.lock().unwrap().get(known..).unwrap_or_default().to_vec()
    }

    /// Waits for the first message that `wanted` likes.
    pub async fn wait(&self, what: &str, wanted: impl Fn(&Heard) -> bool) -> Heard {
        crate::eventually(what, Duration::from_secs(40), async || {
            self.heard.lock().unwrap().iter().find(|h| wanted(h)).cloned()
        })
        .await
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

async fn declare(url: &str, out: &[&str]) -> lapin::Result<()> {
    let (connection, channel) = connect(url).await?;
    let durable = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
    for exchange in ["convene.out", "convene.dead"] {
        channel
            .exchange_declare(short(exchange), ExchangeKind::Topic, durable, FieldTable::default())
            .await?;
    }
    let options = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    channel.queue_declare(short(QUEUE), options, FieldTable::default()).await?;
    let keys = out.iter().map(|key| ("convene.out", *key)).chain([("convene.dead", "#")]);
    for (exchange, key) in keys {
        let (queue, bind) = (short(QUEUE), QueueBindOptions::default());
        channel.queue_bind(queue, short(exchange), short(key), bind, FieldTable::default()).await?;
    }
    connection.close(200, short("declared")).await
}

async fn read(url: &str, into: &Mutex<Vec<Heard>>) -> lapin::Result<()> {
    let (_connection, channel) = connect(url).await?;
    let options = BasicConsumeOptions::default();
    let mut consumer =
        channel.basic_consume(short(QUEUE), short("test"), options, FieldTable::default()).await?;
    while let Some(delivery) = consumer.next().await {
        let delivery = delivery?;
        let text = |value: &Option<ShortString>| value.as_ref().map(ToString::to_string).unwrap_or_default();
        let mut headers = BTreeMap::new();
        for (name, value) in delivery.properties.headers().iter().flat_map(FieldTable::inner) {
            if let AMQPValue::LongString(value) = value {
                headers.insert(name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned());
            }
        }
        into.lock().unwrap().push(Heard {
            id: text(delivery.properties.message_id()),
            key: delivery.routing_key.to_string(),
            kind: text(delivery.properties.kind()),
            body: serde_json::from_slice(&delivery.data).unwrap_or_default(),
            raw: delivery.data.clone(),
            headers,
        });
        channel.basic_ack(delivery.delivery_tag, BasicAckOptions::default()).await?;
    }
    Ok(())
}
