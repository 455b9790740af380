//! Every body type, complete, minimal and incomplete.

use std::collections::BTreeSet;

use serde_json::json;

use super::super::{Body, JsonMap, NotificationType, Wire};
use super::{complaint, round_trip, with_strangers};
use crate::model::Json;

/// One complete example of every type: every field of the specification, and nothing else.
fn complete() -> Vec<Json> {
    let attachment = json!({
        "mediaUrl": "https://files.example/1", "thumbnail": "https://files.example/1s",
        "mimeType": "image/png", "size": 4711, "mediaLabel": "bill", "mediaName": "bill.png",
    });
    let button = json!({
        "title": "Yes", "payload": "yes", "type": "String", "additionalButtonDetails": { "sectionNo": 1 },
    });
    let mut bodies = vec![
        json!({ "type": "PLAIN", "markdownText": "*hello*" }),
        json!({
            "type": "STICKER", "markdownText": "", "mediaUrl": "https://files.example/s", "stickerId": "9",
            "additionalDetails": { "pack": 1 },
        }),
        json!({ "type": "URL", "markdownText": "look", "mediaUrl": "https://www.example" }),
        json!({
            "type": "LOCATION", "markdownText": "here", "location": { "latitude": 47, "longitude": 8.5 },
            "additionalDetails": { "name": "Lake" },
        }),
        json!({
            "type": "CONTACT", "markdownText": "us", "additionalDetails": {},
            "contacts": [{
                "name": { "formattedName": "Ada L.", "additionalNameDetails": { "first_name": "Ada" } },
                "phones": [{ "phone": "+4144", "additionalPhoneDetails": { "type": "CELL" } }],
                "additionalContactDetails": { "emails": [] },
            }],
        }),
        json!({
            "type": "BUTTON", "markdownText": "Sure?", "buttonMessageType": "QUICK_REPLIES",
            "buttons": [button], "additionalDetails": { "textAlignment": "left" },
        }),
        json!({
            "type": "CAROUSEL", "markdownText": "Choose", "carouselMessageType": "GENERIC_RICH_MEDIA",
            "additionalDetails": 1,
            "elements": [{
                "text": "One", "url": "https://files.example/c", "buttons": [button],
                "defaultAction": { "type": "web_url", "url": "https://www.example" },
                "additionalCarouselElementDetails": { "subtitle": "first" },
            }],
        }),
        json!({
            "type": "TEMPLATE", "markdownText": "t", "namespace": "ns", "name": "appointment",
            "language": { "code": "de", "policy": "deterministic" },
            "components": [{
                "type": "body", "additionalComponentDetails": { "sub_type": "x" },
                "parameters": [{ "parameterType": "text", "additionalParameterDetails": { "text": "5 pm" } }],
            }],
        }),
        json!({
            "type": "RECEIPT", "markdownText": "r", "templateType": "receipt", "sharable": true,
            "recipientName": "Ada", "merchantName": "Shop", "orderNumber": "17", "currency": "CHF",
            "paymentMethode": "card", "timestamp": 1_700_000_000_000_i64,
            "elements": [{
                "title": "Tea", "subtitle": "green", "quantity": 2, "price": 9.5, "currency": "CHF",
                "imageUrl": "https://files.example/t",
            }],
            "address": {
                "street1": "Street 1", "street2": "back", "city": "Zug", "postalCode": "6300", "state": "ZG",
                "country": "CH",
            },
            "summary": { "subtotal": 19, "shippingCost": 1.5, "totalTax": "1.20", "totalCost": 21.7 },
            "adjustments": [{ "name": "welcome", "amount": 1 }],
        }),
        json!({
            "type": "EMAIL", "markdownText": "text", "subject": "Bill", "from": "a@mail.example",
            "replyTo": ["r@mail.example"], "receivingDate": 1_700_000_000_000_i64, "htmlBody": "<p>text</p>",
            "recipientsTo": ["b@mail.example"], "recipientsCc": ["c@mail.example"],
            "recipientsBcc": ["d@mail.example"], "emailThreads": [{ "id": 1 }], "attachments": [attachment],
            "additionalDetails": {},
        }),
        json!({
            "type": "COMMENT", "markdownText": "nice", "postId": "p1", "attachment": attachment,
            "itemType": "PRIVATE_REPLY",
        }),
        json!({
            "type": "VOICE", "markdownText": "", "callId": "c1", "leg": "agent", "reasonCode": "DIALOG_ENDED",
        }),
        json!({
            "type": "WRAPUP", "markdownText": "", "wrapups": [{ "categoryName": "bill", "value": "wrong" }],
            "note": "call back",
        }),
        json!({
            "type": "NOTIFICATION", "markdownText": "typing", "notificationType": "TYPING_STARTED",
            "notificationData": { "who": "agent" },
        }),
        json!({
            "type": "DELIVERYNOTIFICATION", "markdownText": "", "messageId": "m1", "status": "FAILED",
            "reasonCode": "404",
        }),
        json!({
            "type": "DELETEDNOTIFICATION", "markdownText": "", "messageId": "m1",
            "timestamp": "2024-01-18T13:11:31.882+00:00",
        }),
        json!({ "type": "ACTION", "markdownText": "", "name": "FIND_AGENT", "data": { "priority": 1 } }),
        json!({ "type": "CUSTOM", "markdownText": "", "jsonNode": { "anything": [1, 2] } }),
    ];
    for kind in ["IMAGE", "VIDEO", "AUDIO", "FILE", "MULTIMEDIA"] {
        bodies.push(json!({
            "type": kind, "markdownText": "see", "caption": "Bill", "attachment": attachment,
            "additionalDetails": { "timestamp": "1" },
        }));
    }
    bodies
}

#[test]
fn every_type_comes_back_as_it_was_and_every_field_is_known() {
    let mut seen = BTreeSet::new();
    for value in complete() {
        let body: Body = round_trip(&value);
        assert_eq!(body.kind(), value["type"]);
        assert!(body.extra().is_empty(), "{} leaves {:?} unknown", body.kind(), body.extra());
        assert_eq!(body.markdown_text(), value["markdownText"].as_str());
        assert_eq!(body.check(), Vec::<String>::new());
        seen.insert(body.kind().to_owned());
    }
    assert_eq!(seen, Body::KINDS.iter().map(|kind| (*kind).to_owned()).collect());
}

#[test]
fn unknown_fields_nulls_and_empty_lists_of_every_type_come_back() {
    for kind in Body::KINDS {
        let body: Body = round_trip(&with_strangers(json!({ "type": kind, "markdownText": null })));
        assert_eq!(body.markdown_text(), None);
    }
    for value in complete() {
        let nulls: JsonMap = value
            .as_object()
            .unwrap()
            .iter()
            .map(|(key, value)| (key.clone(), if key == "type" { value.clone() } else { Json::Null }))
            .collect();
        round_trip::<Body>(&Json::Object(nulls));
        let empties = value.as_object().unwrap().iter().map(|(key, value)| match value {
            Json::Array(_) => (key.clone(), json!([])),
            other => (key.clone(), other.clone()),
        });
        round_trip::<Body>(&Json::Object(empties.collect()));
    }
}

#[test]
fn other_types_are_kept_whole() {
    let value =
        json!({ "type": "VOICE_RECORDING", "markdownText": "rec", "mediaUrl": "https://files.example/r" });
    let body: Body = round_trip(&value);
    assert_eq!((body.kind(), body.markdown_text()), ("VOICE_RECORDING", Some("rec")));
    assert!(body.check().is_empty());
    for untyped in [json!({}), json!({ "type": null }), json!({ "type": "", "markdownText": "hi" })] {
        let body: Body = round_trip(&untyped);
        assert_eq!(body.kind(), "");
        assert_eq!(body.check(), ["body.type: is required"]);
    }
    assert_eq!(complaint::<Body>(json!({ "type": 5 })), "type: expected a string, found 5");
    assert_eq!(complaint::<Body>(json!([])), "expected an object, found a list");
}

#[test]
fn what_is_missing_is_named_with_its_path() {
    for (value, missing) in [
        (json!({ "type": "IMAGE" }), vec!["body.attachment: is required"]),
        (
            json!({ "type": "FILE", "attachment": { "size": 3 } }),
            vec!["body.attachment.mediaUrl: is required"],
        ),
        (json!({ "type": "STICKER" }), vec!["body.mediaUrl: is required"]),
        (json!({ "type": "URL", "mediaUrl": null }), vec!["body.mediaUrl: is required"]),
        (
            json!({ "type": "LOCATION", "location": {} }),
            vec!["body.location.latitude: is required", "body.location.longitude: is required"],
        ),
        (
            json!({ "type": "CONTACT", "contacts": [{ "name": { "formattedName": "A" } }, { "name": {} }] }),
            vec!["body.contacts[1].name.formattedName: is required"],
        ),
        (
            json!({ "type": "BUTTON", "buttons": [{ "title": "A", "type": "String" }] }),
            vec!["body.buttons[0].payload: is required"],
        ),
        (
            json!({ "type": "TEMPLATE", "name": "n", "language": { "code": "de" } }),
            vec!["body.namespace: is required", "body.language.policy: is required"],
        ),
        (json!({ "type": "COMMENT", "postId": "p" }), vec!["body.itemType: is required"]),
        (
            json!({ "type": "WRAPUP", "wrapups": [{ "value": "v" }] }),
            vec!["body.wrapups[0].categoryName: is required"],
        ),
        (
            json!({ "type": "WRAPUP", "wrapups": vec![json!({ "categoryName": "c", "value": "v" }); 6] }),
            vec!["body.wrapups: at most 5, found 6"],
        ),
        (json!({ "type": "DELIVERYNOTIFICATION" }), vec!["body.messageId: is required"]),
        (json!({ "type": "DELETEDNOTIFICATION" }), vec!["body.messageId: is required"]),
        (json!({ "type": "ACTION", "data": {} }), vec!["body.name: is required"]),
    ] {
        assert_eq!(round_trip::<Body>(&value).check(), missing, "{value}");
    }
}

#[test]
fn ours_are_written_strictly() {
    assert_eq!(Body::plain("hi").to_json(), json!({ "type": "PLAIN", "markdownText": "hi" }));
    assert_eq!(
        Body::buttons("Sure?", [("Yes", "y")]).to_json(),
        json!({
            "type": "BUTTON", "markdownText": "Sure?", "buttonMessageType": "QUICK_REPLIES",
            "buttons": [{ "title": "Yes", "payload": "y", "type": "String" }],
        })
    );
    assert_eq!(
        Body::notification(NotificationType::TaskEnqueued, "wait", JsonMap::new()).to_json(),
        json!({
            "type": "NOTIFICATION", "markdownText": "wait", "notificationType": "TASK_ENQUEUED",
            "notificationData": {},
        })
    );
}
