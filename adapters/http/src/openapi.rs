//! The description of the interface (OpenAPI 3.1), made of the table of routes.

use std::sync::OnceLock;

use axum::http::header;
use axum::response::{IntoResponse, Response};
use convene_core::model::{Json, JsonMap};
use convene_core::schema;
use serde_json::json;

use crate::answers::{Answer, SHAPES};
use crate::extract::IDEMPOTENCY_KEY;
use crate::problem::{CODES, MEDIA_TYPE};
use crate::route::{Field, Payload, Route};
use crate::routes::ROUTES;

/// `GET /openapi.json`
pub(crate) async fn serve() -> Response {
    static TEXT: OnceLock<String> = OnceLock::new();
    let text = TEXT.get_or_init(|| document().to_string());
    ([(header::CONTENT_TYPE, "application/json")], text.as_str()).into_response()
}

/// The document.
pub(crate) fn document() -> Json {
    let mut paths = JsonMap::new();
    for route in ROUTES {
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[route.verb.name()] = operation(route);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Convene",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Conversations of a contact centre. Every error is an application/problem+json with a stable `code`.",
        },
        "paths": paths,
        "components": { "schemas": schemas() },
    })
}

fn operation(route: &Route) -> Json {
    let places = route
        .places()
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }));
    let query = route.query.iter().map(|field| {
        json!({
            "name": field.name,
            "in": "query",
            "required": field.required,
            "description": field.about,
            "schema": { "type": kind(field) },
        })
    });
    let key = route.keyed.then(|| {
        json!({
            "name": IDEMPOTENCY_KEY,
            "in": "header",
            "description": "Names the call: one that was taken before is not done again.",
            "schema": { "type": "string", "maxLength": 255 },
        })
    });
    let mut operation = json!({
        "operationId": route.name,
        "summary": route.about,
        "tags": [route.path.split('/').nth(1)],
        "parameters": places.chain(query).chain(key).collect::<Vec<_>>(),
        "responses": responses(route),
    });
    if let Some(body) = request_body(&route.payload) {
        operation["requestBody"] = body;
    }
    operation
}

fn responses(route: &Route) -> Json {
    let problem = json!({ MEDIA_TYPE: { "schema": { "$ref": "#/components/schemas/Problem" } } });
    let mut responses = JsonMap::new();
    if route.status < 400 {
        let done = json!({ "description": "Done.", "content": { route.media: answer(&route.answer) } });
        responses.insert(route.status.to_string(), done);
    } else {
        let description = "Not in this release.";
        responses.insert(route.status.to_string(), json!({ "description": description, "content": problem }));
    }
    responses.insert("default".into(), json!({ "description": "Not done, and why.", "content": problem }));
    Json::Object(responses)
}

/// What is answered, as a media type object has it.
fn answer(answer: &Answer) -> Json {
    match answer {
        Answer::Other => json!({}),
        Answer::Told => {
            json!({ "schema": { "type": "object", "description": "What was done; {} when that says all." } })
        }
        Answer::One(shape) => json!({ "schema": reference(shape.name) }),
        Answer::Many(shape) => json!({ "schema": { "type": "array", "items": reference(shape.name) } }),
    }
}

fn reference(name: &str) -> Json {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn request_body(payload: &Payload) -> Option<Json> {
    let (required, schema) = match payload {
        Payload::Nothing => return None,
        Payload::CimMessage => (true, json!({ "$ref": "#/components/schemas/CimMessage" })),
        Payload::Fields([]) => (true, json!({ "type": ["object", "array"] })),
        Payload::Fields(fields) => (fields.iter().any(|f| f.required), object(fields)),
    };
    Some(json!({ "required": required, "content": { "application/json": { "schema": schema } } }))
}

/// One type, or a list of them.
fn kind(field: &Field) -> Json {
    let mut kinds: Vec<&str> = field.kinds().collect();
    if kinds.len() == 1 { kinds.remove(0).into() } else { kinds.into() }
}

/// A field of an answer: of a type, a shape, or a list of shapes.
fn property(field: &Field) -> Json {
    let named = field.kind.starts_with(char::is_uppercase);
    let mut schema = match field.kind.strip_suffix("[]") {
        Some(shape) => json!({ "type": "array", "items": reference(shape) }),
        None if named => reference(field.kind),
        None => json!({ "type": kind(field) }),
    };
    schema["description"] = field.about.into();
    schema
}

fn object(fields: &[Field]) -> Json {
    let properties: JsonMap = fields.iter().map(|f| (f.name.to_owned(), property(f))).collect();
    let required: Vec<&str> = fields.iter().filter(|f| f.required).map(|f| f.name).collect();
    json!({ "type": "object", "properties": properties, "required": required })
}

/// The schemas that the operations name.
fn schemas() -> JsonMap {
    let mut schemas = of_the_wire();
    for shape in SHAPES {
        let mut schema = object(shape.fields);
        schema["description"] = shape.about.into();
        schemas.insert(shape.name.into(), schema);
    }
    schemas.insert("Problem".into(), problem());
    schemas
}

/// Messages and events. They bring definitions of their own; in this document they stand beside each other.
fn of_the_wire() -> JsonMap {
    let mut schemas = JsonMap::new();
    for (file, mut schema) in schema::all() {
        let name = match file {
            "cim-message" => "CimMessage",
            "cim-event" => "CimEvent",
            _ => continue,
        };
        rename(&mut schema);
        if let Json::Object(whole) = &mut schema {
            whole.remove("$schema");
            whole.remove("$id");
            if let Some(Json::Object(parts)) = whole.remove("$defs") {
                schemas.extend(parts);
            }
        }
        schemas.insert(name.into(), schema);
    }
    schemas
}

fn problem() -> Json {
    let codes: Vec<&str> = CODES.iter().map(|(code, ..)| *code).collect();
    json!({
        "type": "object",
        "description": "RFC 9457.",
        "properties": {
            "type": { "type": "string", "format": "uri" },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "detail": { "type": "string", "description": "What, where, and how to mend it." },
            "code": { "type": "string", "description": "Stable, for programs.", "examples": codes },
            "current": { "description": "The state that made it impossible." },
            "path": { "type": "string", "description": "Where in the body." },
            "line": { "type": "integer", "description": "Line of the body, from 1." },
            "column": { "type": "integer", "description": "Column of the body in bytes, from 1." },
        },
        "required": ["type", "title", "status", "detail", "code"],
    })
}

/// References to definitions point at their new place.
fn rename(schema: &mut Json) {
    match schema {
        Json::Object(map) => {
            for (key, value) in map.iter_mut() {
                match value {
                    Json::String(to) if key == "$ref" => {
                        *to = to.replace("#/$defs/", "#/components/schemas/");
                    }
                    other => rename(other),
                }
            }
        }
        Json::Array(list) => list.iter_mut().for_each(rename),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_document_lists_exactly_the_routes_that_exist() {
        let document = document();
        let described: BTreeSet<(String, String)> = document["paths"]
            .as_object()
            .unwrap()
            .iter()
            .flat_map(|(path, verbs)| {
                verbs.as_object().unwrap().keys().map(move |verb| (path.clone(), verb.clone()))
            })
            .collect();
        let existing: BTreeSet<(String, String)> =
            ROUTES.iter().map(|r| (r.path.to_owned(), r.verb.name().to_owned())).collect();
        assert_eq!(described, existing);
        assert_eq!(described.len(), ROUTES.len());
    }

    #[test]
    fn every_place_of_a_path_is_described() {
        let document = document();
        let medium = &document["paths"]["/agents/{id}/mrds/{mrd}"]["put"];
        let names: Vec<&str> =
            medium["parameters"].as_array().unwrap().iter().map(|p| p["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["id", "mrd", IDEMPOTENCY_KEY]);
        assert_eq!(medium["requestBody"]["required"], true);
    }

    #[test]
    fn no_answer_has_the_name_of_something_on_the_wire() {
        let taken = of_the_wire();
        let names: BTreeSet<&str> = SHAPES.iter().map(|shape| shape.name).collect();
        assert_eq!(names.len(), SHAPES.len());
        let twice: Vec<&&str> = names.iter().filter(|name| taken.contains_key(**name)).collect();
        assert!(twice.is_empty(), "{twice:?}");
    }

    #[test]
    fn every_reference_leads_somewhere() {
        fn references<'a>(json: &'a Json, found: &mut Vec<&'a str>) {
            match json {
                Json::Object(map) => {
                    found.extend(map.get("$ref").and_then(Json::as_str));
                    map.values().for_each(|v| references(v, found));
                }
                Json::Array(list) => list.iter().for_each(|v| references(v, found)),
                _ => {}
            }
        }
        let document = document();
        let mut found = Vec::new();
        references(&document, &mut found);
        assert!(found.contains(&"#/components/schemas/CimMessage"));
        for reference in found {
            let pointer = reference.strip_prefix('#').unwrap_or("not local");
            assert!(document.pointer(pointer).is_some(), "{reference}");
        }
    }
}
