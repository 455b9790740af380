//! The queues a report shows (`domain.md` section 6): those of the deployment, and those it no longer has.

use std::collections::BTreeMap;

use super::machine::QUEUES;
use super::work::Work;
use crate::centre::Centre;
use crate::report::{QueueRow, ReportRow};

/// Writes a row for each queue of a deployment that is new to this machine, and one for each queue that is gone: old tasks
/// still name it, so its row stays and says so.
pub(super) fn report(work: &mut Work<'_>) {
    let now = rows(&work.d.centre);
    let gone = work.r.queues.iter().filter(|(id, _)| !now.contains_key(*id));
    let gone: Vec<QueueRow> = gone.map(|(_, row)| QueueRow { is_deleted: true, ..row.clone() }).collect();
    work.out.reports.extend(now.values().cloned().chain(gone).map(ReportRow::Queue));
    remember(work, now);
}

/// A machine that an older engine wrote does not know which queues it has reported: those of its deployment.
pub(super) fn known(work: &mut Work<'_>) {
    if work.r.queues.is_empty() && !work.d.centre.queues.is_empty() {
        let now = rows(&work.d.centre);
        remember(work, now);
    }
}

fn remember(work: &mut Work<'_>, queues: BTreeMap<String, QueueRow>) {
    work.r.queues = queues;
    work.out.changed.insert(QUEUES.to_owned());
}

fn rows(centre: &Centre) -> BTreeMap<String, QueueRow> {
    let row = |q: &crate::centre::Queue| QueueRow {
        queue_id: q.name.clone(),
        queue_name: q.name.clone(),
        sl_type: i64::from(q.service_level_type),
        sl_threshold: q.service_level_ms / 1000,
        is_deleted: false,
    };
    centre.queues.values().map(|q| (q.name.clone(), row(q))).collect()
}
