//! Interruption of media (`domain.md` section 4.8): work on one medium comes before work on another.

use super::Tell;
use super::state::{MediaStatus, Task};
use super::work::Work;

/// An agent is reserved, or in at once: every other medium of theirs that is interruptible is INTERRUPTED.
pub(super) fn by(work: &mut Work<'_>, task: &Task, agent: &str) {
    let interrupts = work.d.centre.media.get(&task.mrd).is_some_and(|m| m.interrupts);
    if !interrupts || !task.takes_a_slot() {
        return;
    }
    let media = &work.d.centre.media;
    if !media.values().any(|m| m.interruptible && m.name != task.mrd) {
        return;
    }
    let Some(mut a) = work.r.agents.get(agent).cloned() else { return };
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
    work.keep(a);
    work.refresh(agent);
    for mrd in begun {
        tell(work, agent, &mrd, &task.conversation);
    }
}

/// Tells the conversations of an agent on a medium, but not the one the work comes from: the customer who calls is with
/// the agent already (4.1.1).
fn tell(work: &mut Work<'_>, agent: &str, mrd: &str, from: &str) {
    let tasks = running_on(work, agent, mrd, from);
    let conversations: Vec<String> = tasks.iter().map(|t| t.conversation.clone()).collect();
    for task in &tasks {
        let (agent, mrd, conversations) = (agent.to_owned(), mrd.to_owned(), conversations.clone());
        work.tell(task, Tell::Interrupted { agent, mrd, conversations });
    }
}

/// A task is closed: what it interrupted goes on (U29: also when the offer came to nothing).
pub(super) fn over(work: &mut Work<'_>, task: &Task, agent: &str) {
    let Some(a) = work.r.agents.get(agent) else { return };
    if !a.media.values().any(|m| m.interrupted_by.contains(&task.id)) {
        return;
    }
    let mut a = a.clone();
    let mut free = Vec::new();
    for (mrd, media) in &mut a.media {
        if media.interrupted_by.remove(&task.id) && media.interrupted_by.is_empty() {
            free.push(mrd.clone());
        }
    }
    work.keep(a);
    for mrd in free {
        let running: Vec<Task> = running_on(work, agent, &mrd, &task.conversation);
        for task in &running {
            work.tell(task, Tell::FreeAgain { agent: agent.to_owned(), mrd: mrd.clone() });
        }
    }
}

/// Tasks an agent is at on a medium, in other conversations than one.
fn running_on(work: &Work<'_>, agent: &str, mrd: &str, but: &str) -> Vec<Task> {
    let running = |t: &&Task| t.mrd == mrd && t.at_work() && t.added_to.is_none() && t.conversation != but;
    work.r.tasks_of_agent(agent).filter(running).cloned().collect()
}
