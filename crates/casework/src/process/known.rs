//! The processes an installation knows, every version of them.

use super::{Process, ProcessError, family, json_of_toml};
use crate::model::ProcessRef;
use access::RoleBook;
use serde_json::Value;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

/// The processes of an installation, every version ever used. Clones share what they know.
#[derive(Clone, Debug, Default)]
pub struct Processes {
    known: Arc<RwLock<Arc<[Arc<Process>]>>>,
    roles: Arc<OnceLock<Arc<RoleBook>>>,
}

impl Processes {
    /// The processes that come with the product.
    pub const BUILT_IN: &'static [&'static str] = &[
        include_str!("../../processes/city-management.toml"),
        include_str!("../../processes/hotline.toml"),
        include_str!("../../processes/sensor.toml"),
        include_str!("../../processes/quick.toml"),
    ];

    /// Loads documents; see [`Process::load`].
    pub fn load<'a>(
        documents: impl IntoIterator<Item = &'a str>,
        role_is_known: impl Fn(&str) -> bool,
    ) -> Result<Self, ProcessError> {
        let mut known: Vec<Value> = Vec::new();
        let mut loaded = Vec::new();
        for text in documents {
            let document = family::whole(json_of_toml(text)?, &known)?;
            loaded.push(Arc::new(Process::of_json(&document, &role_is_known)?));
            known.push(document);
        }
        let processes = Self::default();
        processes.replace(loaded);
        Ok(processes)
    }

    /// Names the roles that documents saved from now on may bind. A second naming changes nothing.
    pub fn bound_to(&self, roles: Arc<RoleBook>) {
        let _ = self.roles.set(roles);
    }

    /// The roles documents may bind: those named, else the built-in ones.
    pub fn roles(&self) -> Arc<RoleBook> {
        let built_in = || Arc::new(RoleBook::built_in().unwrap_or_default());
        self.roles.get_or_init(built_in).clone()
    }

    /// All of them, every version.
    pub fn all(&self) -> Arc<[Arc<Process>]> {
        self.known
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Takes the place of what was known.
    pub fn replace(&self, processes: Vec<Arc<Process>>) {
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = processes.into();
    }

    /// The newest version of each, in the order in which they were loaded.
    pub fn newest(&self) -> Vec<Arc<Process>> {
        let mut newest: Vec<Arc<Process>> = Vec::new();
        for each in self.all().iter() {
            let same = newest
                .iter_mut()
                .find(|other| other.reference.code == each.reference.code);
            match same {
                None => newest.push(each.clone()),
                Some(other) if other.reference.version < each.reference.version => {
                    *other = each.clone();
                }
                Some(_) => {}
            }
        }
        newest
    }

    /// The process that reports of this source open cases of when nobody names one: the one that serves it by default, else
    /// the first that serves it; in its newest version.
    pub fn for_source(&self, source: &str) -> Option<Arc<Process>> {
        let newest = self.newest();
        let by_default = newest.iter().find(|each| each.serves_by_default(source));
        by_default
            .or_else(|| newest.iter().find(|each| each.serves(source)))
            .cloned()
    }

    /// The newest version of the process with this code.
    pub fn by_code(&self, code: &str) -> Option<Arc<Process>> {
        self.newest()
            .into_iter()
            .find(|each| each.reference.code == code)
    }

    /// The very version a case pinned.
    pub fn get(&self, reference: &ProcessRef) -> Option<Arc<Process>> {
        self.all()
            .iter()
            .find(|each| each.reference == *reference)
            .cloned()
    }

    /// Whether some process serves this source.
    pub fn knows_source(&self, source: &str) -> bool {
        self.all().iter().any(|each| each.serves(source))
    }
}
