//! The benchmark: durable events per second against a bare pipe, latency, memory. Figures are of one run, on one
//! machine, with the servers on the same machine.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

mod outside;
mod pipe;

use std::collections::{HashMap, HashSet, VecDeque};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use convene_tests::amqp::{Input, confirmed};
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use outside::{Outside, Reply};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Partitions, as the engine has them.
const PARTITIONS: u32 = 8;
/// Inputs of one batch of the pipe, as the engine's.
const BATCH: usize = 256;
/// Measurements of each throughput, in turns with what it is compared with.
const ROUNDS: usize = 3;

struct Bench {
    amqp: String,
    database: String,
    port: u16,
    load: usize,
    many: usize,
    /// Only many open conversations.
    crowds: bool,
    /// Only how long answers take.
    latency: bool,
    /// Only the engine between the two pipes.
    throughput: bool,
    run: String,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let quick = std::env::args().any(|a| a == "--quick");
    let divide = if quick { 10 } else { 1 };
    let bench = Bench {
        amqp: std::env::var("AMQP_URL")?,
        database: std::env::var("DATABASE_URL")?,
        port: free_port()?,
        load: 30_000 / divide,
        many: 100_000 / divide,
        crowds: std::env::args().any(|a| a == "--crowds"),
        latency: std::env::args().any(|a| a == "--latency"),
        throughput: std::env::args().any(|a| a == "--throughput"),
        run: uuid::Uuid::new_v4().to_string()[..8].to_owned(),
    };
    let cores = std::thread::available_parallelism()?;
    println!("{cores} cores; engine, RabbitMQ, PostgreSQL and this program share them");
    bench.all().await
}

fn free_port() -> Result<u16, Failure> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// A customer's message as a connector sends it.
fn message(id: String, customer: String, text: &str) -> Input {
    let body = json!({
        "id": id,
        "header": {
            "sender": { "id": "bench", "type": "CONNECTOR", "senderName": "WEB_CONNECTOR", "additionalDetail": null },
            "channelData": {
                "channelCustomerIdentifier": customer,
                "serviceIdentifier": "bench",
                "requestPriority": 0,
                "customerFirstName": "Nina",
                "customerLastName": "Weber",
                "additionalAttributes": [],
            },
            "language": {}, "securityInfo": {}, "stamps": [],
            "timestamp": 1_795_300_000_000_i64,
            "intent": null, "entities": null, "channelSessionId": null, "conversationId": null, "customer": null,
            "originalMessageId": null, "providerMessageId": null, "roomId": null, "schedulingMetaData": null,
        },
        "body": { "type": "PLAIN", "markdownText": text },
    })
    .to_string()
    .into_bytes();
    Input { kind: "cim-message".into(), id, key: customer, body }
}

impl Bench {
    async fn all(&self) -> Result<(), Failure> {
        let engine = self.engine()?;
        self.ready().await?;
        sleep(Duration::from_secs(2)).await;
        println!("memory idle: {} MiB resident", resident(&engine)?);
        self.open("few", 1_000).await?;
        if self.throughput {
            return self.pipes(&engine).await;
        }
        if !self.crowds {
            // Before the floods: for minutes after them the disk works off what they wrote, and whoever waits for it
            // waits for that.
            self.waits().await?;
        }
        if self.latency {
            return Ok(());
        }
        if !self.crowds {
            self.pipes(&engine).await?;
        }
        self.open("many", self.many).await?;
        let mib = resident(&engine)?;
        println!(
            "memory with {} more conversations open: {mib} MiB resident (goal: at most 250 MiB)",
            self.many
        );
        self.crowds(&engine).await?;
        println!("memory after it: {} MiB resident", resident(&engine)?);
        drop(engine);
        Ok(())
    }

    /// The engine between the two pipes, as often as there are rounds: each ratio is of neighbours, since the machine
    /// drifts while it is measured.
    async fn pipes(&self, engine: &Engine) -> Result<(), Failure> {
        println!("bare pipe: consume, one batched commit, confirmed publish, acknowledge");
        println!("full pipe: the engine's own rows and messages for each event; nothing decided");
        println!("engine:    ten nodes, three rules, one answer each; 1,000 conversations open");
        let (mut of_bare, mut of_full) = (Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            let bare = pipe::bare(self, round).await?;
            let own = self.throughput(engine, "few", 1_000).await?;
            let full = pipe::full(self, round).await?;
            let (to_bare, to_full) = (own / bare, own / full);
            println!(
                "durable events/s: bare pipe {bare:.0}, engine {own:.0}, full pipe {full:.0}; \
                 engine ÷ bare {to_bare:.2}, ÷ full {to_full:.2}"
            );
            of_bare.push(to_bare);
            of_full.push(to_full);
        }
        println!("ratio:      {:.2} of the bare pipe (median; goal: at least 0.5)", median(&mut of_bare));
        println!("ratio:      {:.2} of the full pipe (median)", median(&mut of_full));
        Ok(())
    }

    /// Latency of the engine, and of a bare pipe for comparison: that much the servers and the machine take.
    async fn waits(&self) -> Result<(), Failure> {
        let (mut p50, mut p99) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            println!("latency at 200 events/s, bare pipe: {}", pipe::waiting(self).await?);
            let engine = self.latency("convene").await?;
            println!("latency at 200 events/s, engine:    {engine} from publish to outgoing message");
            p50.push(engine.p50);
            p99.push(engine.p99);
        }
        println!(
            "latency:    p50 {:.1} ms, p99 {:.1} ms (medians; goal: p99 at most 60 ms)",
            median(&mut p50),
            median(&mut p99)
        );
        Ok(())
    }

    /// The engine with a few customers who write and with many, in turns.
    async fn crowds(&self, engine: &Engine) -> Result<(), Failure> {
        let mut ratios = Vec::new();
        for _ in 0..ROUNDS {
            let few = self.throughput(engine, "few", 1_000).await?;
            let many = self.throughput(engine, "many", self.many).await?;
            println!(
                "durable events/s: {few:.0} in 1,000 conversations, {many:.0} in {}; {:.2}",
                self.many,
                many / few
            );
            ratios.push(many / few);
        }
        println!("ratio:      {:.2} of the rate in 1,000 (median; goal: at least 0.9)", median(&mut ratios));
        Ok(())
    }

    fn engine(&self) -> Result<Engine, Failure> {
        let binary = std::env::current_exe()?.with_file_name("convene");
        let log =
            std::fs::File::create(std::env::temp_dir().join(format!("convene-bench-{}.log", self.run)))?;
        let child = Command::new(binary)
            .args(["run", "--dir", "tests/bench.d", "--listen", &format!("127.0.0.1:{}", self.port)])
            .env("AMQP_URL", &self.amqp)
            .env("DATABASE_URL", &self.database)
            .env("CONVENE_LOG", "warn")
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()?;
        Ok(Engine(child))
    }

    async fn ready(&self) -> Result<(), Failure> {
        for _ in 0..300 {
            if tokio::net::TcpStream::connect(("127.0.0.1", self.port)).await.is_ok() {
                return Ok(());
            }
            sleep(Duration::from_millis(100)).await;
        }
        Err("the engine does not answer".into())
    }

    /// Opens conversations by a first message each.
    async fn open(&self, name: &str, count: usize) -> Result<(), Failure> {
        let begun = Instant::now();
        let mut outside = Outside::open(&self.amqp, "convene").await?;
        let messages: Vec<Input> = (0..count)
            .map(|i| message(format!("{}-open-{name}-{i}", self.run), self.customer(name, i), "hello"))
            .collect();
        outside.publish(&messages).await?;
        let mut seen = HashSet::new();
        while seen.len() < count {
            seen.insert(next(&mut outside).await?.customer);
        }
        println!("   opened {count} conversations in {:.1} s", begun.elapsed().as_secs_f64());
        outside.close().await;
        Ok(())
    }

    fn customer(&self, name: &str, i: usize) -> String {
        format!("{}-{name}-{i}", self.run)
    }

    /// Events per second of the engine: it stands still while the messages are laid into its queues.
    async fn throughput(&self, engine: &Engine, name: &str, open: usize) -> Result<f64, Failure> {
        signal(engine, "STOP");
        let mut outside = Outside::open(&self.amqp, "convene").await?;
        outside.publish(&self.load(name, open)).await?;
        signal(engine, "CONT");
        let rate = rate(&mut outside, self.load).await?;
        outside.close().await;
        Ok(rate)
    }

    /// Messages of customers taken at random.
    fn load(&self, name: &str, customers: usize) -> Vec<Input> {
        let mut spread: u64 = 0x9e37_79b9_7f4a_7c15;
        let one = |_| {
            spread = spread.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let customer = self.customer(name, usize::try_from(spread >> 33).unwrap_or(0) % customers);
            let id = format!("{}-load-{}", self.run, uuid::Uuid::new_v4());
            message(id, customer, "I have a question about my bill, could you help me please?")
        };
        (0..self.load).map(one).collect()
    }

    /// How long customers wait for their answer, 200 of them writing in each second.
    async fn latency(&self, prefix: &str) -> Result<Waits, Failure> {
        let mut outside = Outside::open(&self.amqp, prefix).await?;
        // Each customer is answered in the order of what they wrote.
        let mut sent: HashMap<String, VecDeque<Instant>> = HashMap::new();
        let mut took: Vec<f64> = Vec::new();
        let mut tick = tokio::time::interval(Duration::from_millis(5));
        let total = 200 * 15;
        let mut confirms = JoinSet::new();
        let mut i = 0;
        while took.len() < total {
            tokio::select! {
                _ = tick.tick(), if i < total => {
                    let customer = self.customer("few", i % 1_000);
                    let id = format!("{}-latency-{}", self.run, uuid::Uuid::new_v4());
                    sent.entry(customer.clone()).or_default().push_back(Instant::now());
                    let message = message(id, customer, "one more question");
                    confirms.spawn(confirmed(outside.send(&message).await?));
                    i += 1;
                }
                Some(confirm) = confirms.join_next() => confirm??,
                reply = next(&mut outside) => {
                    let reply = reply?;
                    let begun = sent.get_mut(&reply.customer).and_then(VecDeque::pop_front);
                    took.extend(begun.map(|begun| reply.at.duration_since(begun).as_secs_f64() * 1000.0));
                }
            }
        }
        outside.close().await;
        took.sort_by(f64::total_cmp);
        let at = |percent: usize| took[took.len() * percent / 100];
        Ok(Waits { p50: at(50), p99: at(99), longest: took[took.len() - 1] })
    }
}

/// Milliseconds from publish to reply.
struct Waits {
    p50: f64,
    p99: f64,
    longest: f64,
}

impl std::fmt::Display for Waits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "p50 {:.1} ms, p99 {:.1} ms, longest {:.1} ms", self.p50, self.p99, self.longest)
    }
}

fn median(of: &mut [f64]) -> f64 {
    of.sort_by(f64::total_cmp);
    of[of.len() / 2]
}

/// The next reply.
async fn next(outside: &mut Outside) -> Result<Reply, Failure> {
    let reply = timeout(Duration::from_secs(60), outside.heard.recv()).await;
    let reply = reply.map_err(|_| "nobody was answered for a minute")?;
    Ok(reply.ok_or("the connection to the broker is gone")?)
}

/// Events per second from the first to the last reply.
async fn rate(outside: &mut Outside, count: usize) -> Result<f64, Failure> {
    let first = next(outside).await?.at;
    let mut last = first;
    for _ in 1..count {
        last = next(outside).await?.at;
    }
    #[allow(clippy::cast_precision_loss)]
    Ok(count as f64 / last.duration_since(first).as_secs_f64())
}

/// Resident memory in MiB.
fn resident(engine: &Engine) -> Result<u64, Failure> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", engine.0.id()))?;
    let line = status.lines().find(|l| l.starts_with("VmRSS:")).ok_or("no VmRSS")?;
    let kib: u64 = line.split_whitespace().nth(1).ok_or("no figure")?.parse()?;
    Ok(kib / 1024)
}

/// The engine. It ends with this program, also when that fails.
struct Engine(Child);

impl Drop for Engine {
    fn drop(&mut self) {
        signal(self, "CONT");
        signal(self, "TERM");
        let _ = self.0.wait();
    }
}

fn signal(engine: &Engine, name: &str) {
    let _ = Command::new("kill").args([&format!("-{name}"), &engine.0.id().to_string()]).status();
}
