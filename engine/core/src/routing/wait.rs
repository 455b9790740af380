//! Position in the queue and estimated wait (`domain.md` section 4.6).

use super::Tell;
use super::machine::Routing;
use super::state::{Global, Handled, Task, TaskPhase};
use super::work::Work;
use crate::deployment::Deployment;

const HOUR_MS: i64 = 3_600_000;
/// How far back handling times count.
const HOURS: i64 = 24;
/// Handling time of a queue in which nothing was handled yet (U27).
const HANDLING_DEFAULT_MS: i64 = 60_000;

impl Handled {
    /// Counts a task that took this long.
    pub(super) fn add(&mut self, at: i64, took: i64) {
        let hour = at.div_euclid(HOUR_MS);
        let (count, sum) = self.hours.entry(hour).or_default();
        *count += 1;
        *sum = sum.saturating_add(took.max(0));
        self.hours.retain(|h, _| *h > hour - HOURS);
    }

    /// Average of the last day, ms.
    #[must_use]
    pub fn average(&self, at: i64) -> Option<i64> {
        let now = at.div_euclid(HOUR_MS);
        let recent = self.hours.iter().filter(|(h, _)| **h > now - HOURS && **h <= now);
        let (count, sum) = recent.fold((0, 0_i64), |(n, s), (_, (count, sum))| (n + count, s + sum));
        (count > 0).then(|| sum / i64::try_from(count).unwrap_or(i64::MAX))
    }
}

/// Tasks that wait in a queue, in the order of 4.1.3.
#[must_use]
pub fn waiting<'r>(routing: &'r Routing, queue: &str) -> Vec<&'r Task> {
    let of_queue = |t: &&Task| t.phase == TaskPhase::Queued && t.queue.as_deref() == Some(queue);
    let mut tasks: Vec<&Task> = routing.tasks.values().filter(of_queue).collect();
    tasks.sort_by_key(|t| super::index::place(t));
    tasks
}

/// Whether an agent satisfies a step of a queue; one without steps is served by every agent.
#[must_use]
pub fn serves(d: &Deployment, queue: &str, agent: &str) -> bool {
    let plan = d.plan();
    plan.number(agent).is_some_and(|number| plan.serves_any(queue, usize::MAX, number))
}

/// The wait of whoever stands at a position: position × average handling time ÷ slots of the agents logged in, within the
/// bounds of the queue.
#[must_use]
pub fn estimate(d: &Deployment, routing: &Routing, queue: &str, position: usize, at: i64) -> i64 {
    let Some(entry) = d.centre.queues.get(queue) else { return 0 };
    let average = routing.handled.get(queue).and_then(|h| h.average(at)).unwrap_or(HANDLING_DEFAULT_MS);
    let slots: i64 = routing
        .agents
        .values()
        .filter(|a| a.state != Global::Logout && serves(d, queue, &a.id))
        .filter_map(|a| a.media.get(&entry.media))
        .map(|m| i64::from(m.max_tasks))
        .sum();
    let position = i64::try_from(position).unwrap_or(i64::MAX);
    let raw = position.saturating_mul(average) / slots.max(1);
    raw.clamp(entry.ewt_min_ms.unwrap_or(0), entry.ewt_max_ms.unwrap_or(i64::MAX))
}

/// Timer of the next estimate.
pub(super) fn timer_name(task: &str) -> String {
    format!("wait:{task}")
}

/// Sets the timer of the next estimate, when the queue tells it.
pub(super) fn arm(work: &mut Work<'_>, task: &mut Task) {
    let queue = task.queue.as_ref().and_then(|q| work.d.centre.queues.get(q));
    task.estimate =
        queue.and_then(|q| q.ewt_every_ms).map(|every| work.set_timer(timer_name(&task.id), every));
}

/// It is time to tell the wait. While an offer rings nothing is told: the wait may be over.
pub(super) fn due(work: &mut Work<'_>, mut task: Task) {
    if let (TaskPhase::Queued, Some(queue)) = (&task.phase, task.queue.clone()) {
        let position = work.r.index.position(&task);
        let wait_ms = estimate(work.d, work.r, &queue, position, work.at);
        work.note(
            "routing",
            format!("number {position} in {queue}"),
            format!("about {} s to wait", wait_ms / 1000),
        );
        let view = work.view(&task, None, false);
        work.tell(&task, Tell::Estimated { task: view, position, wait_ms });
    }
    arm(work, &mut task);
    work.put(task);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handling_times_of_the_last_day_count() {
        let mut handled = Handled::default();
        assert_eq!(handled.average(0), None);
        handled.add(HOUR_MS, 10_000);
        handled.add(HOUR_MS + 5, 30_000);
        assert_eq!(handled.average(2 * HOUR_MS), Some(20_000));
        assert_eq!(handled.average(30 * HOUR_MS), None, "a day later it is forgotten");
        handled.add(30 * HOUR_MS, 1_000);
        assert_eq!(handled.hours.len(), 1);
    }
}
