//! How fast is a commit? A measurement, not a promise.

use std::time::{Duration, Instant};

use convene_core::report::{ConversationRow, ReportRow};
use convene_runtime::ports::store::{Batch, Store, Wanted};

use super::Fixture;
use super::make::*;

/// How long each size is measured.
const FOR: Duration = Duration::from_secs(4);

/// A body of the size a live conversation has: about 3 KB.
fn body(version: i64) -> String {
    let entry =
        |n: i64| format!("{{\"id\":\"{:016x}\",\"state\":\"ACTIVE\",\"since\":{}}}", n * 7_919_317, NOW + n);
    format!("[{}]", (version..version + 50).map(entry).collect::<Vec<_>>().join(","))
}

/// What a step of each of `size` conversations writes.
fn batch(size: usize, round: i64, whole: bool) -> Batch {
    let mut batch = Batch::default();
    for n in 0..size {
        let key = format!("conversation-{n:05}");
        let mut row = journal(&key, round);
        row.input = body(round)[..900].into();
        row.output = body(round)[..1500].into();
        batch.seen.push((format!("{key}-{round}"), NOW));
        batch.journal.push(row);
        let mut next = state(&key, round);
        next.body = body(round);
        batch.states.push(write(next, round - 1));
        batch.timers.push(set(&key, (n % 16) as u32, timer("customer_sla", "id", NOW + round)));
        // One conversation in ten begins or ends.
        if whole && n % 10 == 0 {
            let id = format!("{key}-{round}");
            batch.directory.extend([customer(&id), identity(&id, &id), room(&id, &id), open(&id, &id)]);
            batch.directory.push(session_open(&id, &id));
            batch.reports.push(ReportRow::Conversation(ConversationRow {
                conversation_id: id,
                ..ConversationRow::default()
            }));
        }
    }
    for partition in 0..size.min(16) as u32 {
        let rows: Vec<_> = batch.journal.iter().skip(partition as usize).step_by(16).collect();
        let rows: Vec<_> = rows.iter().map(|row| (0, row.key.as_str(), row.version)).collect();
        batch.unpublished.push(unpublished(&round.to_string(), partition, &rows));
        if round > 1 {
            batch.published.push(parcel(&(round - 1).to_string(), partition));
        }
    }
    batch
}

pub async fn print<F: Fixture>(fixture: &F) {
    let store = fixture.store();
    let held = store.lease("me", 16, 600_000).await.unwrap();
    let mut round = 0;
    for (size, whole) in [(1, false), (16, false), (256, false), (256, true)] {
        let (started, mut times) = (Instant::now(), Vec::new());
        let mut found = Duration::ZERO;
        // All states begin at the same version: make those a smaller size did not touch.
        fixture.column("delete from conversation_state returning key").await;
        fixture.column("delete from outbox returning batch").await;
        round = (round / 1_000_000 + 1) * 1_000_000;
        let mut first = batch(size, round, whole);
        first.states.iter_mut().for_each(|write| write.based_on = 0);
        store.commit(&first).await.unwrap();
        while started.elapsed() < FOR {
            round += 1;
            let mut batch = batch(size, round, whole);
            batch.fence = held.iter().map(|lease| (lease.partition, lease.epoch)).collect();
            let wanted = Wanted {
                inputs: batch.seen.iter().map(|(id, _)| id.clone()).collect(),
                states: batch.states.iter().take(size / 8).map(|write| write.row.key.clone()).collect(),
                arrivals: batch.seen.iter().take(size / 8).map(|(id, _)| sender(id)).collect(),
            };
            let before = Instant::now();
            store.find(&wanted).await.unwrap();
            found += before.elapsed();
            let before = Instant::now();
            store.commit(&batch).await.unwrap();
            times.push(before.elapsed());
        }
        times.sort();
        let count = times.len() as u32;
        println!(
            "batch of {size}{}: find {:.2} ms, commit fastest {:.2} ms, median {:.2} ms, 99% {:.2} ms, {:.0} commits/s, {:.0} inputs/s",
            if whole { " with directory and reports" } else { "" },
            found.as_secs_f64() * 1e3 / f64::from(count),
            times[0].as_secs_f64() * 1e3,
            times[times.len() / 2].as_secs_f64() * 1e3,
            times[times.len() * 99 / 100].as_secs_f64() * 1e3,
            f64::from(count) / times.iter().sum::<Duration>().as_secs_f64(),
            f64::from(count) * size as f64 / times.iter().sum::<Duration>().as_secs_f64(),
        );
    }
}
