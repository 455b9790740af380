//! The command line.

use std::path::PathBuf;

use clap::builder::Resettable;
use clap::{Arg, Args as ClapArgs, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

/// Convene decides what happens next in a contact centre's conversations: flows and rules that people can read.
#[derive(Debug, Parser)]
#[command(name = "convene", version, about, max_term_width = 100)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Args {
    /// Reads the command line and the environment; ends the process when they cannot be meant.
    pub(crate) fn read() -> Self {
        let mut command = Self::command();
        let names: Vec<String> = command.get_subcommands().map(|c| c.get_name().to_owned()).collect();
        for name in names {
            command = command.mut_subcommand(name, |command| command.mut_args(unless_empty));
        }
        Self::from_arg_matches(&command.get_matches()).unwrap_or_else(|problem| problem.exit())
    }
}

/// An environment variable that is set to nothing is not set, as compose files leave it.
fn unless_empty(arg: Arg) -> Arg {
    let empty =
        arg.get_env().is_some_and(|name| std::env::var_os(name).is_some_and(|value| value.is_empty()));
    if empty { arg.env(Resettable::Reset) } else { arg }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the engine; with --demo, watch a whole conversation first.
    Run(RunArgs),
    /// Check a deployment, single files, or messages; all findings at once.
    Validate(ValidateArgs),
    /// Run the cases and tests of the rules.
    Test(TestArgs),
    /// Play scenarios in virtual time, and compare what happens with their transcripts.
    Simulate(SimulateArgs),
    /// Draw a flow.
    Graph(GraphArgs),
    /// Publish CIM messages, to RabbitMQ or to a running engine.
    Send(SendArgs),
    /// Be a customer in the terminal, against a running engine.
    Chat(ChatArgs),
    /// Be an agent in the terminal, against a running engine.
    Agent(AgentArgs),
    /// Tell why a conversation or a task was routed as it was, or why it waits.
    Why(WhyArgs),
    /// Write the JSON Schemas of all files and messages.
    Schema(SchemaArgs),
    /// Bring the database schema up to date (`run` does it too).
    Migrate(MigrateArgs),
}

/// Where the engine's truth and its messages live.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct ServerArgs {
    /// Postgres; without it an SQLite file under ./.convene/ is used.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub(crate) database_url: Option<String>,
    /// RabbitMQ; without it messages come by HTTP alone.
    #[arg(long, env = "AMQP_URL", hide_env_values = true, value_name = "URL")]
    pub(crate) amqp_url: Option<String>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct RunArgs {
    /// Folder of the deployment: flows/ and rules/.
    #[arg(long, env = "CONVENE_DIR", default_value = ".", value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// Address of the HTTP interface.
    #[arg(long, env = "CONVENE_LISTEN", value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub(crate) listen: String,
    /// Play a complete conversation with its decisions on the terminal, then keep serving.
    #[arg(long)]
    pub(crate) demo: bool,
    /// Leave after the demo instead of serving on.
    #[arg(long, requires = "demo")]
    pub(crate) once: bool,
    #[command(flatten)]
    pub(crate) servers: ServerArgs,
}

/// Kind of message in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum MessageKind {
    /// A CimMessage.
    CimMessage,
    /// A CimEvent.
    CimEvent,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ValidateArgs {
    /// Deployment folders or files; when none is given the folder CONVENE_DIR names, or the current one.
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// The files are messages of this kind.
    #[arg(long, value_enum)]
    pub(crate) kind: Option<MessageKind>,
    /// How findings are written.
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: FindingFormat,
    /// Explain a code, such as flow::unknown_node, and check nothing.
    #[arg(long, value_name = "CODE", conflicts_with_all = ["paths", "kind"])]
    pub(crate) explain: Option<String>,
}

/// What is looked at: what is named, or else the folder `CONVENE_DIR` names, or the current one. No argument of clap takes
/// it, because it would then stand in conflict with others when nobody gave it.
pub(crate) fn paths(named: &[PathBuf]) -> Vec<PathBuf> {
    if !named.is_empty() {
        return named.to_vec();
    }
    let set = std::env::var_os("CONVENE_DIR").filter(|dir| !dir.is_empty());
    vec![set.map_or_else(|| PathBuf::from("."), PathBuf::from)]
}

/// How findings are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FindingFormat {
    /// For people.
    Text,
    /// One JSON document.
    Json,
    /// SARIF 2.1.0, which code hosts show beside the lines.
    Sarif,
}

/// How results of tests and scenarios are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ResultFormat {
    /// For people.
    Text,
    /// One JSON document.
    Json,
    /// JUnit XML, which every build server reads.
    Junit,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct TestArgs {
    /// Deployment folders, or files rules/*.cases.yaml and rules/*_test.rhai; when none is given the folder CONVENE_DIR
    /// names, or the current one.
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Run only tests whose names this regular expression finds something in.
    #[arg(long, value_name = "RE")]
    pub(crate) filter: Option<String>,
    /// How results are written.
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: TestFormat,
    /// Tell what the tests, and the scenarios beside the deployment, have walked of flows, tables and rules.
    #[arg(long)]
    pub(crate) coverage: bool,
    /// Fail with 3 when less than this percentage of nodes or of ways was walked; means --coverage.
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u64).range(0..=100))]
    pub(crate) min: Option<u64>,
    /// Folder of the scenarios that count toward coverage [default: tests/scenarios in the deployment].
    #[arg(long, value_name = "DIR")]
    pub(crate) scenarios: Option<PathBuf>,
    /// Flip comparisons and drop rows, one at a time, and list the faults no test and no scenario noticed.
    #[arg(long, conflicts_with_all = ["watch", "coverage", "min", "filter"])]
    pub(crate) mutate: bool,
    /// Test again whenever a file changes, only what the change can affect.
    #[arg(long, conflicts_with_all = ["format", "coverage", "min", "scenarios"])]
    pub(crate) watch: bool,
}

/// How results of tests are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TestFormat {
    /// For people.
    Text,
    /// One JSON document.
    Json,
    /// JUnit XML, which every build server reads.
    Junit,
    /// LCOV, which editors show beside the lines; means --coverage.
    Lcov,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct SimulateArgs {
    /// Scenario files, or folders of them.
    #[arg(required = true, value_name = "SCENARIO")]
    pub(crate) scenarios: Vec<PathBuf>,
    /// Folder of the deployment: flows/ and rules/.
    #[arg(long, env = "CONVENE_DIR", default_value = ".", value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// Keep what happens now as the transcripts.
    #[arg(long)]
    pub(crate) update: bool,
    /// How results are written.
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: ResultFormat,
}

/// How a flow is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Drawing {
    /// Mermaid, which GitHub and many wikis draw.
    Mermaid,
    /// DOT, for Graphviz.
    Dot,
    /// SVG, for a browser or a slide.
    Svg,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct GraphArgs {
    /// Name of the flow, or its file.
    #[arg(value_name = "FLOW")]
    pub(crate) flow: String,
    /// Folder of the deployment: flows/ and rules/.
    #[arg(long, env = "CONVENE_DIR", default_value = ".", value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// How it is drawn.
    #[arg(long, value_enum, default_value = "mermaid")]
    pub(crate) format: Drawing,
    /// Show how often tests and scenarios walked each node and way; what none walked is red.
    #[arg(long)]
    pub(crate) coverage: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct SendArgs {
    /// JSON files, each one message or a list of messages; `-` is standard input.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<String>,
    /// A running engine; without it AMQP is used.
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,
    /// RabbitMQ.
    #[arg(long, env = "AMQP_URL", hide_env_values = true, value_name = "URL")]
    pub(crate) amqp_url: Option<String>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ChatArgs {
    /// Channel of the deployment to write on.
    #[arg(long, default_value = "web", value_name = "NAME")]
    pub(crate) channel: String,
    /// Your identifier on that channel; a fresh one when left out.
    #[arg(long, value_name = "IDENTIFIER")]
    pub(crate) customer: Option<String>,
    /// Your name.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// The running engine.
    #[arg(long, default_value = "http://127.0.0.1:8080", value_name = "URL")]
    pub(crate) url: String,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct AgentArgs {
    /// The agent you are, as flows/centre.yaml names them.
    #[arg(long, default_value = "amal", value_name = "AGENT")]
    pub(crate) name: String,
    /// The running engine.
    #[arg(long, default_value = "http://127.0.0.1:8080", value_name = "URL")]
    pub(crate) url: String,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct WhyArgs {
    /// Id of a conversation or of a task.
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    /// The running engine.
    #[arg(long, default_value = "http://127.0.0.1:8080", value_name = "URL")]
    pub(crate) url: String,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct SchemaArgs {
    /// Folder to write to [default: schemas; with --live .convene/schemas].
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Write the schemas of files with the names of a deployment: its queues, bots, channels, agents, flows and rules.
    #[arg(long)]
    pub(crate) live: bool,
    /// Folder of the deployment for --live: flows/ and rules/.
    #[arg(long, env = "CONVENE_DIR", default_value = ".", value_name = "DIR", requires = "live")]
    pub(crate) dir: PathBuf,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct MigrateArgs {
    /// Postgres; without it the SQLite file under ./.convene/.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub(crate) database_url: Option<String>,
}
