//! The figures of reports: scenarios are played in virtual time, their rows are written to a real store, and what the tables
//! and views say is held against the tables of the field (`domain.md` sections 4.12 and 4.13).

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use convene_core::diagnostic::Findings;
use convene_core::rules::Host;
use convene_core::simulate::{Scenario, play};
use convene_runtime::deployments;
use convene_runtime::ports::store::{Batch, Store as _};
use convene_tests::control::Control;
use convene_tests::engine::root;
use convene_tests::site::{Bus, Site, Store};
use convene_tests::truth::Truth;
use serde_json::{Value, json};

/// 4.13: offered, answered, abandoned, rona, no agent; within the service level: offered, answered, abandoned, rona.
#[rustfmt::skip]
const SERVICE_LEVEL: &[(&str, [i64; 9])] = &[
    ("routed within SL, accepted",                            [1, 1, 0, 0, 0, 1, 1, 0, 0]),
    ("queued, customer leaves before routing, before SL",     [1, 0, 1, 0, 0, 1, 0, 1, 0]),
    ("routed within SL, customer leaves before accept",       [1, 0, 1, 0, 0, 1, 0, 1, 0]),
    ("routed after SL, customer leaves before accept",        [1, 0, 1, 0, 0, 0, 0, 0, 0]),
    ("routed after SL, accepted",                             [1, 1, 0, 0, 0, 0, 0, 0, 0]),
    ("routed after SL, RONA",                                 [1, 0, 0, 1, 0, 0, 0, 0, 0]),
    ("routed within SL, RONA",                                [1, 0, 0, 1, 0, 1, 0, 0, 1]),
    ("no agent available",                                    [1, 0, 0, 0, 1, 0, 0, 0, 0]),
];

/// A played scenario, and the rows of tables it names.
struct Played {
    name: String,
    rows: Vec<String>,
    batch: Batch,
}

/// Every scenario that names a row beginning like this.
fn played(beginning: &str) -> Vec<Played> {
    let shipped = deployments::read_folder(&root()).unwrap();
    let mut paths: Vec<_> =
        fs::read_dir(root().join("tests/scenarios")).unwrap().map(|e| e.unwrap().path()).collect();
    paths.retain(|p| p.extension().is_some_and(|e| e == "yaml"));
    paths.sort();
    let mut all = Vec::new();
    for path in paths {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).unwrap();
        let scenario = Scenario::read(&name, &text, &mut Findings::new()).unwrap();
        let rows: Vec<String> =
            scenario.rows.iter().filter_map(|r| r.strip_prefix(beginning)).map(str::to_owned).collect();
        if rows.is_empty() {
            continue;
        }
        let deployment = scenario.deployment(&shipped, Arc::new(Host::new())).unwrap();
        let fired = play(&deployment, &scenario).fired;
        let reports = fired.into_iter().flat_map(|f| f.reports).collect();
        all.push(Played { name, rows, batch: Batch { reports, ..Batch::default() } });
    }
    all
}

/// Writes the rows of a scenario to a fresh store, and looks into its tables.
async fn written(control: Option<&Control>, played: &Played) -> (Site, Truth) {
    match control {
        None => {
            let site = Site::embedded(&format!("figures-{}", played.name));
            let file = site.sqlite_file();
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            let store = convene_sqlite::SqliteStore::open(&file).await.unwrap();
            store.migrate().await.unwrap();
            store.commit(&played.batch).await.unwrap();
            let truth = site.truth().await;
            (site, truth)
        }
        Some(control) => {
            let site = Site::on(control, "figures", Store::Postgres, Bus::Inproc).await;
            let url = site.options.database_url.clone().unwrap();
            let store = convene_postgres::PostgresStore::connect(&url).await.unwrap();
            store.migrate().await.unwrap();
            store.commit(&played.batch).await.unwrap();
            let truth = site.truth().await;
            (site, truth)
        }
    }
}

/// What the view says of the task that ended first.
async fn first_task(truth: &Truth) -> [i64; 9] {
    let flag = |name: &str| format!("sum(case when {name} then 1 else 0 end)");
    let within = |name: &str| format!("sum(case when {name} then within else 0 end)");
    let columns = [
        "count(*)".to_owned(),
        flag("answered"),
        flag("abandoned"),
        flag("rona"),
        flag("no_agent"),
        "sum(within)".to_owned(),
        within("answered"),
        within("abandoned"),
        within("rona"),
    ];
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    let first = "where task_end_time = (select min(task_end_time) from task_service_level)";
    let row = truth.rows("task_service_level", &columns, first).await.remove(0);
    let counts: Vec<i64> = row.iter().map(|n| n.as_i64().unwrap()).collect();
    counts.try_into().unwrap()
}

/// Both stores, the server only when there is one.
async fn service_levels(control: Option<&Control>) {
    let mut seen = BTreeMap::new();
    for played in played("4.13 / ") {
        let (site, truth) = written(control, &played).await;
        seen.insert(played.rows[0].clone(), first_task(&truth).await);
        site.clean().await;
    }
    let expected: BTreeMap<String, [i64; 9]> =
        SERVICE_LEVEL.iter().map(|(name, counts)| ((*name).to_owned(), *counts)).collect();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn the_service_level_is_that_of_the_field() {
    service_levels(None).await;
    let Some(control) = Control::from_env() else { return };
    let _servers = control.shared().await;
    service_levels(Some(&control)).await;
}

/// 4.12: the reasons of the tasks in the order in which they ended, and the disposition of the conversation; none while it
/// goes on.
#[rustfmt::skip]
const OUTCOMES: &[(&str, &str, &str)] = &[
    ("active, agent SLA expires",                                        "DONE",                         "AGENT-SLA_EXPIRED"),
    ("active, agent leaves, applies wrap-up",                            "DONE",                         "AGENT-HANDLED"),
    ("active, agent leaves, leaves without wrap-up",                     "DONE",                         "AGENT-HANDLED"),
    ("active, agent leaves, wrap-up timer expires",                      "DONE",                         "AGENT-HANDLED"),
    ("active, agent logs out",                                           "AGENT_LOGOUT",                 "AGENT-HANDLED"),
    ("active, browser closed",                                           "AGENT_LOGOUT",                 "ABANDONED"),
    ("chat queued, voice call of the same customer starts",              "CANCELLED",                    ""),
    ("chat ringing, voice call of the same customer starts",             "CANCELLED",                    ""),
    ("no task at all, bot only",                                         "",                             "BOT-HANDLED"),
    ("queue flushed",                                                    "FORCE_CLOSED",                 "ABANDONED"),
    ("queued, TTL expires",                                              "NO_AGENT_AVAILABLE",           "ABANDONED"),
    ("queued, customer ends",                                            "CANCELLED",                    "ABANDONED"),
    ("re-routed for other reasons",                                      "REROUTE DONE",                 "AGENT-HANDLED"),
    ("ringing, RONA",                                                    "TRANSFERRED RONA",             "RONA"),
    ("ringing, TTL expires, then RONA",                                  "NO_AGENT_AVAILABLE",           "ABANDONED"),
    ("ringing, browser closed",                                          "AGENT_LOGOUT CANCELLED",       "ABANDONED"),
    ("ringing, customer ends",                                           "CANCELLED",                    "ABANDONED"),
    ("the accept came before the customer left",                         "DONE",                         "AGENT-HANDLED"),
    ("the accept came before the customer left, another agent wraps up", "DONE TRANSFERRED",             "AGENT-HANDLED"),
    ("transferred away",                                                 "TRANSFERRED TRANSFERRED DONE", "AGENT-HANDLED"),
    ("wrap-up off, agent leaves",                                        "DONE",                         "AGENT-HANDLED"),
];

/// Reasons and disposition as the tables have them.
async fn outcome(truth: &Truth) -> (String, String) {
    let tasks = truth.texts("agent_task", "task_disposition", "order by task_end_time, agent_task_id").await;
    let dispositions = truth.texts("conversation", "disposition", "order by end_time").await;
    (tasks.join(" "), dispositions.join(" "))
}

#[tokio::test]
async fn the_outcome_of_tasks_and_conversations_is_that_of_the_field() {
    let mut seen = Vec::new();
    for played in played("4.12 / ") {
        let (site, truth) = written(None, &played).await;
        let (reasons, disposition) = outcome(&truth).await;
        for row in &played.rows {
            seen.push((row.clone(), reasons.clone(), disposition.clone()));
        }
        site.clean().await;
    }
    seen.sort();
    let own = |(row, reasons, disposition): &(&str, &str, &str)| {
        ((*row).to_owned(), (*reasons).to_owned(), (*disposition).to_owned())
    };
    let mut expected: Vec<_> = OUTCOMES.iter().map(own).collect();
    expected.sort();
    assert_eq!(seen, expected);
}

/// The states of an agent follow each other without a gap, and the last one lasts.
#[tokio::test]
async fn the_states_of_agents_follow_each_other_without_a_gap() {
    let played = played("4.8 / ").into_iter().next().unwrap();
    let (site, truth) = written(None, &played).await;
    let columns = ["agent_id", "mrd_id", "agent_mrd_state", "duration"];
    let order = "order by agent_id, mrd_id, state_change_time, duration desc";
    let rows = truth.rows("agent_mrd_state", &columns, order).await;
    let mut last: BTreeMap<String, Value> = BTreeMap::new();
    for row in &rows {
        let key = json!([row[0], row[1]]).to_string();
        let before = last.insert(key, row[3].clone());
        assert!(
            before.is_none_or(|duration| duration != -1),
            "a state lasts although another began: {row:?}"
        );
    }
    assert!(!last.is_empty() && last.values().all(|duration| *duration == -1), "{last:?}");
    site.clean().await;
}
