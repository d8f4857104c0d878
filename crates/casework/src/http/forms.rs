//! The description of what stands beside an action's own fields: `form` where it may have one, `attachment_ids` where it takes files.

use crate::model::TAKE_FILES;
use crate::process::takes_form;
use base::limits::ATTACHMENTS_MAX;
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema, Type};
use utoipa::openapi::{OpenApi, RefOr};

/// Adds them to the requests of the actions that take them.
pub(super) fn describe(api: &mut OpenApi) {
    let form = ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some(
            "What was filled in of the form that the process asks for with this action, by key; with a new report that of `report_accept`, where it opens its case.",
        ))
        .build();
    let takes_a_form = |operation: &str| operation == "report_create" || takes_form(operation);
    add(api, "form", &form.into(), takes_a_form);
    let files = ArrayBuilder::new()
        .items(ObjectBuilder::new().schema_type(Type::String))
        .max_items(Some(ATTACHMENTS_MAX))
        .description(Some(
            "Files that you have uploaded and that go with this action, by id; each once.",
        ))
        .build();
    let takes_files =
        |operation: &str| operation == "report_create" || TAKE_FILES.contains(&operation);
    add(api, "attachment_ids", &files.into(), takes_files);
}

/// Adds a field to the requests of some operations.
fn add(api: &mut OpenApi, field: &str, schema: &RefOr<Schema>, of: impl Fn(&str) -> bool) {
    let mut names = Vec::new();
    for item in api.paths.paths.values() {
        let is_one = |operation: &&Operation| operation.operation_id.as_deref().is_some_and(&of);
        names.extend(item.post.as_ref().filter(is_one).and_then(request_name));
    }
    let Some(components) = &mut api.components else {
        return;
    };
    for name in names {
        if let Some(RefOr::T(Schema::Object(object))) = components.schemas.get_mut(&name) {
            object.properties.insert(field.to_owned(), schema.clone());
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
