//! The gate: one table of endpoints, looked at before any handler. What is not in the table is refused, whatever routes exist.
//!
//! Who asks is found out by a [`Doorkeeper`]; whether the permission reaches the particular case is decided by the room, which
//! knows the case. Here only: is this person's kind of work this operation at all?

use crate::figures::{EndpointFigures, Figures};
use access::{Endpoint, Needs, Principal};
use anyhow::bail;
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use base::{FailureKind, FieldError, Problem};
use futures_util::future::BoxFuture;
use std::collections::HashMap;
use std::sync::Arc;
use wire::Failure;

/// Who asks, found out.
pub type Identified<'a> = BoxFuture<'a, Result<Option<Arc<Principal>>, Problem>>;

/// Finds out who asks.
pub trait Doorkeeper: Send + Sync + 'static {
    /// The person behind the request's token or session; `None` when it carries neither. Errors: what it carries is not valid.
    fn identify<'a>(&'a self, parts: &'a Parts) -> Identified<'a>;

    /// The same for an open stream that looks whether its reader may still read: nobody did anything, so the session's idle
    /// time goes on.
    fn identify_again<'a>(&'a self, parts: &'a Parts) -> Identified<'a>;
}

/// An endpoint with its figures.
pub struct Entry {
    /// As the room declares it.
    pub endpoint: &'static Endpoint,
    /// Its figures.
    pub figures: EndpointFigures,
    /// What may stand in its query string; of a page, which is no part of the API, nothing is said.
    parameters: Option<Vec<String>>,
}

impl Entry {
    /// Refuses a query string in which something stands that the endpoint does not know: a filter that is misspelt would find everything.
    pub fn check_query(&self, query: &str) -> Result<(), Failure> {
        let Some(known) = &self.parameters else {
            return Ok(());
        };
        let mut unknown = wire::query_names(query);
        unknown.retain(|name| !known.contains(name));
        if unknown.is_empty() {
            return Ok(());
        }
        let takes = match &known[..] {
            [] => "this address takes no parameters".to_owned(),
            known => format!("known here: {}", known.join(", ")),
        };
        let detail = format!("There is no parameter {}; {takes}.", unknown.join(", "));
        let problem = Problem {
            fields: (unknown.into_iter())
                .map(|name| FieldError::new(name, "unknown_parameter", takes.clone()))
                .collect(),
            ..Problem::new(FailureKind::Invalid, "unknown_parameter", detail)
        };
        Err(Failure::with_status(problem, StatusCode::BAD_REQUEST))
    }
}

/// The table.
pub struct Gate {
    by_path: HashMap<&'static str, Vec<(Method, Entry)>>,
    doorkeeper: Arc<dyn Doorkeeper>,
}

impl Gate {
    /// The table of these endpoints. Errors: the same endpoint or operation twice, a method that is none.
    pub fn new(
        endpoints: impl IntoIterator<Item = &'static Endpoint>,
        figures: &Figures,
        doorkeeper: Arc<dyn Doorkeeper>,
    ) -> anyhow::Result<Self> {
        let mut by_path: HashMap<&'static str, Vec<(Method, Entry)>> = HashMap::new();
        let mut operations = HashMap::new();
        for endpoint in endpoints {
            let method: Method = endpoint.method.parse()?;
            let of_path = by_path.entry(endpoint.path).or_default();
            if of_path.iter().any(|(known, _)| *known == method) {
                bail!(
                    "{} {} stands twice in the table",
                    endpoint.method,
                    endpoint.path
                );
            }
            if operations
                .insert(endpoint.operation, endpoint.path)
                .is_some()
            {
                bail!(
                    "the operation {} stands twice in the table",
                    endpoint.operation
                );
            }
            let figures = figures.endpoint(endpoint.operation);
            let entry = Entry {
                endpoint,
                figures,
                parameters: None,
            };
            of_path.push((method, entry));
        }
        Ok(Self {
            by_path,
            doorkeeper,
        })
    }

    /// The same gate, which lets nothing into the query string of these (method, path) but these parameters.
    #[must_use]
    pub fn with_parameters(mut self, parameters: HashMap<(&str, String), Vec<String>>) -> Self {
        for ((method, path), names) in parameters {
            let of_path = self.by_path.get_mut(path.as_str());
            let entry = of_path.into_iter().flatten();
            let entry = entry.filter(|(known, _)| known.as_str() == method);
            entry.for_each(|(_, entry)| entry.parameters = Some(names.clone()));
        }
        self
    }

    /// The entry of a matched path; `HEAD` is asked like `GET`.
    pub fn entry(&self, method: &Method, matched_path: &str) -> Option<&Entry> {
        let method = if method == Method::HEAD {
            &Method::GET
        } else {
            method
        };
        let of_path = self.by_path.get(matched_path)?;
        of_path
            .iter()
            .find(|(known, _)| known == method)
            .map(|(_, entry)| entry)
    }

    /// The methods of a matched path, as `Allow` lists them; empty when the path is not in the table.
    pub fn methods(&self, matched_path: &str) -> String {
        let of_path = self.by_path.get(matched_path).into_iter().flatten();
        let names: Vec<&str> = of_path
            .map(|(method, _)| {
                if *method == Method::GET {
                    "GET, HEAD"
                } else {
                    method.as_str()
                }
            })
            .collect();
        names.join(", ")
    }

    /// Every endpoint of the table.
    pub fn endpoints(&self) -> impl Iterator<Item = &'static Endpoint> {
        self.by_path
            .values()
            .flatten()
            .map(|(_, entry)| entry.endpoint)
    }

    /// Lets the request in, with who asks when the endpoint needs to know.
    pub async fn admit(
        &self,
        endpoint: &Endpoint,
        parts: &Parts,
    ) -> Result<Option<Arc<Principal>>, Problem> {
        if endpoint.needs == Needs::Public {
            return Ok(None);
        }
        let principal = self.doorkeeper.identify(parts).await?;
        endpoint.check(principal.as_deref())?;
        Ok(principal)
    }
}
