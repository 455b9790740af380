//! Captured payloads, where they are at hand: every one is read and written back without loss.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::*;
use super::round_trip;

/// The captured payloads lie outside the repository. `VENDOR_FIXTURES` names another place.
fn captured() -> Option<PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/fixtures/vendor");
    let folder = std::env::var_os("VENDOR_FIXTURES").map_or_else(|| PathBuf::from(beside), PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: no captured payloads in {}", folder.display());
    None
}

fn parse(file: &Path) -> Json {
    read_json(&fs::read(file).unwrap()).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// Every payload in one folder, with its file name.
fn payloads(folder: &Path) -> Vec<(String, Json)> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| (file.file_name().unwrap().to_string_lossy().into_owned(), parse(file))).collect()
}

#[test]
fn captured_messages_come_back() {
    let Some(folder) = captured() else { return };
    let messages = payloads(&folder.join("cim-message"));
    assert!(messages.len() >= 20, "only {} messages", messages.len());
    for (file, value) in messages {
        if value.get("type").is_some() {
            let body: Body = round_trip(&value);
            assert_eq!(body.check(), Vec::<String>::new(), "{file}");
            continue;
        }
        let message: CimMessage = round_trip(&value);
        if let Some(data) = value.get("data").filter(|data| data.get("header").is_some()) {
            round_trip::<CimMessage>(data);
            continue;
        }
        let body = message.body.as_ref();
        assert!(body.is_some_and(|body| !body.kind().is_empty()) || message.action().is_some(), "{file}");
        assert_eq!(body.map(Body::check).unwrap_or_default(), Vec::<String>::new(), "{file}");
    }
}

#[test]
fn captured_events_come_back_with_what_they_carry() {
    let Some(folder) = captured() else { return };
    let events = payloads(&folder.join("cim-event"));
    assert!(events.len() >= 12, "only {} events", events.len());
    for (file, value) in events {
        if file.starts_with("data-") {
            for key in ["agentParticipant", "conversationParticipant"] {
                value.get(key).into_iter().for_each(|part| drop(round_trip::<ConversationParticipant>(part)));
            }
            continue;
        }
        let event: CimEvent = round_trip(&value);
        assert!(EventName::all().contains(&event.name) && event.kind == event.name.kind(), "{file}");
        let data = &value["data"];
        match event.name {
            EventName::ChannelSessionStarted => drop(round_trip::<ChannelSession>(data)),
            EventName::AgentReserved => drop(round_trip::<AgentReservedDto>(data)),
            EventName::TaskStateChanged => drop(round_trip::<TaskStateChangedDto>(data)),
            EventName::FindAgent | EventName::CallHold => {}
            _ => drop(round_trip::<CimMessage>(data)),
        }
    }
}

#[test]
fn captured_sessions_come_back() {
    let Some(folder) = captured() else { return };
    let sessions = payloads(&folder.join("channel-session"));
    assert!(sessions.len() >= 7, "only {} sessions", sessions.len());
    for (file, value) in sessions {
        let session: ChannelSession = round_trip(&value);
        assert_eq!(session.is_active(), Some(true), "{file}");
        assert!(session.conversation_id().is_some(), "{file}");
        assert_eq!(session.state.and_then(|state| state.name), Some(SessionStateName::Started), "{file}");
        assert_eq!(session.channel.unwrap().channel_type.unwrap().name.as_deref(), Some("WEB"), "{file}");
    }
}

#[test]
fn captured_tasks_agents_and_conversations_come_back() {
    let Some(folder) = captured() else { return };
    round_trip::<Task>(&parse(&folder.join("task/task-queued.json")));
    round_trip::<AgentReservedDto>(&parse(&folder.join("task/agent-reserved-dto.json")));
    round_trip::<AssignResourceRequest>(&parse(&folder.join("task/assign-resource-request.json")));
    round_trip::<AgentPresence>(&parse(&folder.join("socket-event/agentPresence-object.json")));
    for file in ["other/cc-user.json", "other/cc-user-with-mrds.json"] {
        assert!(round_trip::<CcUser>(&parse(&folder.join(file))).display_name().is_some());
    }
    for file in ["socket-event/onTopicData.json", "socket-event/onTopicData-2.json"] {
        let topic: ConversationDto = round_trip(&parse(&folder.join(file))["topicData"]);
        assert_eq!(topic.state, Some(ConversationState::Created));
        assert!(!topic.participants.is_empty() && !topic.topic_events.is_empty());
    }
}
