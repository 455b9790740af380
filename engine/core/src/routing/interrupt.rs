//! Interruption of media (`domain.md` section 4.8): work on one medium comes before work on another.

use super::Tell;
use super::state::{MediaStatus, Task, TaskPhase};
use super::work::Work;

/// An agent is reserved, or in at once: every other medium of theirs that is interruptible is INTERRUPTED.
pub(super) fn by(work: &mut Work<'_>, task: &Task, agent: &str) {
    let interrupts = work.d.centre.media.get(&task.mrd).is_some_and(|m| m.interrupts);
    if !interrupts || !task.takes_a_slot() {
        return;
    }
    let Some(mut a) = work.r.agents.get(agent).cloned() else { return };
    let media = &work.d.centre.media;
    let mut begun = Vec::new();
    for (mrd, of_agent) in &mut a.media {
        let interruptible = *mrd != task.mrd && media.get(mrd).is_some_and(|m| m.interruptible);
        if interruptible && of_agent.state != MediaStatus::Logout {
            if of_agent.interrupted_by.is_empty() {
                begun.push(mrd.clone());
            }
            of_agent.interrupted_by.insert(task.id.clone());
        }
    }
    work.out.changed.insert(format!("agent:{agent}"));
    work.r.agents.insert(agent.to_owned(), a);
    work.refresh(agent);
    for mrd in begun {
        tell(work, agent, &mrd);
    }
}

/// Tells the conversations of an agent on a medium.
fn tell(work: &mut Work<'_>, agent: &str, mrd: &str) {
    let tasks = running_on(work, agent, mrd);
    let conversations: Vec<String> = tasks.iter().map(|t| t.conversation.clone()).collect();
    for task in &tasks {
        let (agent, mrd, conversations) = (agent.to_owned(), mrd.to_owned(), conversations.clone());
        work.tell(task, Tell::Interrupted { agent, mrd, conversations });
    }
}

/// A task is closed: what it interrupted goes on (U29: also when the offer came to nothing).
pub(super) fn over(work: &mut Work<'_>, task: &str, agent: &str) {
    let Some(a) = work.r.agents.get(agent) else { return };
    if !a.media.values().any(|m| m.interrupted_by.contains(task)) {
        return;
    }
    let mut a = a.clone();
    let mut free = Vec::new();
    for (mrd, media) in &mut a.media {
        if media.interrupted_by.remove(task) && media.interrupted_by.is_empty() {
            free.push(mrd.clone());
        }
    }
    work.out.changed.insert(format!("agent:{agent}"));
    work.r.agents.insert(agent.to_owned(), a);
    for mrd in free {
        let running: Vec<Task> = running_on(work, agent, &mrd);
        for task in &running {
            work.tell(task, Tell::FreeAgain { agent: agent.to_owned(), mrd: mrd.clone() });
        }
    }
}

/// Tasks an agent is at, on a medium.
fn running_on(work: &Work<'_>, agent: &str, mrd: &str) -> Vec<Task> {
    let running = |t: &&Task| t.mrd == mrd && t.takes_a_slot() && matches!(t.phase, TaskPhase::Active { .. });
    work.r.tasks_of_agent(agent).filter(running).cloned().collect()
}
