//! The description of `form`: every action that may have one takes it beside its own fields.

use crate::process::takes_form;
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::openapi::{OpenApi, RefOr};

/// Adds `form` to the requests of the actions that may have one.
pub(super) fn describe(api: &mut OpenApi) {
    let mut names = Vec::new();
    for item in api.paths.paths.values() {
        let is_action = |operation: &&Operation| {
            let id = operation.operation_id.as_deref();
            id.is_some_and(takes_form)
        };
        names.extend(item.post.as_ref().filter(is_action).and_then(request_name));
    }
    let Some(components) = &mut api.components else {
        return;
    };
    for name in names {
        if let Some(RefOr::T(Schema::Object(object))) = components.schemas.get_mut(&name) {
            let form = ObjectBuilder::new()
                .schema_type(Type::Object)
                .description(Some(
                    "What was filled in of the form that the case's process asks for with this action, by key.",
                ))
                .build();
            object.properties.insert("form".to_owned(), form.into());
        }
    }
}

/// The name of the schema of an operation's body.
fn request_name(operation: &Operation) -> Option<String> {
    let RefOr::T(body) = operation.request_body.as_ref()? else {
        return None;
    };
    let RefOr::T(content) = body.content.get("application/json")? else {
        return None;
    };
    match content.schema.as_ref()? {
        RefOr::Ref(reference) => reference.ref_location.rsplit('/').next().map(str::to_owned),
        RefOr::T(_) => None,
    }
}
