//! The description of the API: what the rooms declare, and what holds for every operation.

use access::{Endpoint, Needs};
use std::collections::HashMap;
use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{
    Components, ContentBuilder, Info, InfoBuilder, OpenApi, PathItem, Ref, RefOr, ResponseBuilder,
};

const DESCRIPTION: &str = "城市运行管理平台 / city operations platform.\n\n\
    Times are RFC 3339 with an offset, ids are strings, lists are read by cursor (`limit`, `after`; `next` in the answer). \
    Changes take `If-Match` with the `ETag` of what was read; creating takes an `Idempotency-Key`. \
    Errors are problem+json (RFC 9457) with a stable `code`.";

/// As `access` names it where the platform speaks plain HTTP; behind HTTPS it is `__Host-` and this.
const SESSION_COOKIE: &str = "chengyun_session";

/// Completes the collected description with what the table of endpoints knows.
pub fn complete<'e>(api: &mut OpenApi, endpoints: impl Iterator<Item = &'e Endpoint>) {
    api.info = info();
    let components = api.components.get_or_insert_with(Components::default);
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("The token of a sign-in or an API token"))
        .build();
    components.add_security_scheme("token", SecurityScheme::Http(bearer));
    let cookie = ApiKey::Cookie(ApiKeyValue::new(SESSION_COOKIE));
    components.add_security_scheme("session", SecurityScheme::ApiKey(cookie));
    let needs: HashMap<(&str, String), Needs> = endpoints
        .map(|endpoint| ((endpoint.path, endpoint.method.to_owned()), endpoint.needs))
        .collect();
    for (path, item) in &mut api.paths.paths {
        for (method, operation) in operations(item) {
            let needs = needs.get(&(path.as_str(), method.to_owned()));
            complete_operation(operation, needs.copied().unwrap_or(Needs::SignedIn));
        }
    }
}

fn info() -> Info {
    InfoBuilder::new()
        .title("Chengyun 城运")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(DESCRIPTION))
        .build()
}

/// The operations of a path with their methods.
pub fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    [
        ("GET", &mut item.get),
        ("POST", &mut item.post),
        ("PUT", &mut item.put),
        ("PATCH", &mut item.patch),
        ("DELETE", &mut item.delete),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

/// What may stand in the query string of each method and path, sorted.
pub fn query_parameters(api: &mut OpenApi) -> HashMap<(&'static str, String), Vec<String>> {
    let mut all = HashMap::new();
    for (path, item) in &mut api.paths.paths {
        for (method, operation) in operations(item) {
            let described = operation.parameters.iter().flatten();
            let asked = described.filter_map(|known| match known {
                RefOr::T(known) if known.parameter_in == ParameterIn::Query => Some(&known.name),
                RefOr::T(_) | RefOr::Ref(_) => None,
            });
            let mut names: Vec<String> = asked.cloned().collect();
            names.sort();
            all.insert((method, path.clone()), names);
        }
    }
    all
}

fn complete_operation(operation: &mut Operation, needs: Needs) {
    let mut common = vec![
        ("500", "We broke; quote the request id"),
        (
            "400",
            "`unknown_parameter`: the query string holds something that is not known here; what is, is named",
        ),
    ];
    if operation.request_body.is_some()
        || operation
            .parameters
            .as_ref()
            .is_some_and(|all| !all.is_empty())
    {
        common.push(("422", "Some fields are wrong; all are named"));
    }
    match needs {
        Needs::Public => operation.security = Some(vec![SecurityRequirement::default()]),
        Needs::SignedIn | Needs::Permission(_) => {
            common.push(("401", "Sign in first"));
            let none: [&str; 0] = [];
            operation.security = Some(vec![
                SecurityRequirement::new("token", none),
                SecurityRequirement::new("session", none),
            ]);
        }
    }
    if let Needs::Permission(permission) = needs {
        common.push(("403", "The caller's roles do not allow it"));
        let text = operation.description.take().unwrap_or_default();
        let permission = format!("Needs the permission `{permission}`.");
        operation.description = Some(format!("{text}\n\n{permission}").trim().to_owned());
    }
    for (status, description) in common {
        let problem = Ref::from_schema_name("ProblemView");
        let content = ContentBuilder::new()
            .schema(Some(RefOr::Ref(problem)))
            .build();
        let response = ResponseBuilder::new()
            .description(description)
            .content("application/problem+json", content)
            .build();
        let responses = &mut operation.responses.responses;
        responses
            .entry(status.to_owned())
            .or_insert(RefOr::T(response));
    }
    as_problem_json(operation);
}

/// Rooms say `body = ProblemView`; its media type is the same for all and set here. So are the words of answers that need none.
fn as_problem_json(operation: &mut Operation) {
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else {
            continue;
        };
        if response.description.is_empty() {
            "Done".clone_into(&mut response.description);
        }
        if !status.starts_with('4') && !status.starts_with('5') {
            continue;
        }
        if let Some(content) = response.content.shift_remove("application/json") {
            response
                .content
                .insert("application/problem+json".to_owned(), content);
        }
    }
}
