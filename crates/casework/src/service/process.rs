//! Processes as data: kept in the database by version, checked before they are saved, in memory for commands.

use super::routing::tell_nodes;
use super::{Call, Casework, answer_text, answered};
use crate::failure::CaseworkError;
use crate::input::processes::ProcessRequest;
use crate::model::ProcessRef;
use crate::process::{self, Process, ProcessError, ProcessFault};
use crate::store::routing::{self as rows, ProcessRow};
use crate::view::processes::{ProcessCheckView, ProcessFaultView, ProcessListView, ProcessView};
use ::store::idempotency;
use ::store::{AuditEntry, StoreError};
use access::RoleBook;
use base::FieldError;
use std::sync::Arc;

impl Casework {
    /// Reads what is kept of processes and routing, after putting there the processes that come with the product. To be
    /// called once before the first command.
    pub async fn recall(&self) -> Result<(), StoreError> {
        let now = self.now();
        let built_in = process::built_in()
            .map_err(|error| StoreError::Corrupt(error.to_string()))?
            .into_iter()
            .map(|(reference, document)| ProcessRow {
                reference,
                document: document.to_string(),
                is_built_in: true,
                saved_by: None,
                saved_at: now,
            })
            .collect::<Vec<_>>();
        self.store()
            .write(move |tx| {
                for row in &built_in {
                    rows::process_add(tx, row)?;
                }
                Ok::<_, StoreError>(())
            })
            .await?;
        self.reload_processes().await?;
        self.reload_routes().await
    }

    /// Reads the processes again. Every version stays: cases pin them.
    pub async fn reload_processes(&self) -> Result<(), StoreError> {
        let kept = self.store().read(rows::processes).await?;
        let mut known: Vec<Arc<Process>> = Vec::with_capacity(kept.len());
        for row in &kept {
            let document = serde_json::from_str(&row.document)
                .map_err(|error| unreadable(&row.reference, &error.to_string()))?;
            // Roles may have changed since it was saved; its cases go on with those that are left.
            let process = Process::of_json(&document, |_| true)
                .map_err(|error| unreadable(&row.reference, &error.to_string()))?;
            known.push(Arc::new(process));
        }
        let processes = &self.parts().processes;
        let order: Vec<String> = processes
            .newest()
            .iter()
            .map(|each| each.reference.code.clone())
            .collect();
        // As they stood, new ones after them: which of two serves a source first must not depend on names.
        known.sort_by_key(|each| {
            let place = order.iter().position(|code| *code == each.reference.code);
            (place.unwrap_or(usize::MAX), each.reference.version)
        });
        for each in processes.all().iter() {
            if !known.iter().any(|other| other.reference == each.reference) {
                known.push(each.clone());
            }
        }
        processes.replace(known);
        Ok(())
    }

    /// The newest version of every process.
    pub async fn process_list(&self) -> Result<Vec<ProcessListView>, CaseworkError> {
        let kept = self.store().read(rows::processes).await?;
        let newest = self.parts().processes.newest();
        let listed = newest.iter().filter_map(|process| {
            let row = kept.iter().find(|row| row.reference == process.reference)?;
            Some(ProcessListView::new(process, row))
        });
        Ok(listed.collect())
    }

    /// One version of a process with its document; the newest when none is named.
    pub async fn process_view(
        &self,
        code: String,
        version: Option<i64>,
    ) -> Result<ProcessView, CaseworkError> {
        let kept = self.store().read(rows::processes).await?;
        let of_code = || kept.iter().filter(|row| row.reference.code == code);
        let versions: Vec<i64> = of_code().map(|row| row.reference.version).collect();
        let wanted = version.or_else(|| versions.iter().copied().max());
        let row = of_code()
            .find(|row| Some(row.reference.version) == wanted)
            .ok_or(CaseworkError::NotFound("process"))?;
        let process = self
            .parts()
            .processes
            .get(&row.reference)
            .ok_or(CaseworkError::NotFound("process"))?;
        let document = serde_json::from_str(&row.document)
            .map_err(|error| unreadable(&row.reference, &error.to_string()))?;
        Ok(ProcessView {
            head: ProcessListView::new(&process, row),
            versions,
            document,
        })
    }

    /// Every fault of a document with its place; saves nothing.
    pub fn process_check(&self, input: &ProcessRequest) -> Result<ProcessCheckView, CaseworkError> {
        let faults = match self.checked(&input.document) {
            Ok(_) => Vec::new(),
            Err(ProcessError(faults)) => faults,
        };
        Ok(ProcessCheckView {
            faults: faults.into_iter().map(ProcessFaultView::from).collect(),
        })
    }

    /// Saves the next version of a process. Cases that have begun keep theirs.
    pub async fn process_save(
        &self,
        call: &Call,
        input: ProcessRequest,
    ) -> Result<ProcessView, CaseworkError> {
        let by = call.principal.acting_anywhere("process_save")?;
        let once = self.once(call, "process_save", None, &input)?;
        let process = self
            .checked(&input.document)
            .map_err(|ProcessError(faults)| invalid(faults))?;
        let now = self.now();
        let row = ProcessRow {
            reference: process.reference,
            document: input.document.to_string(),
            is_built_in: false,
            saved_by: Some(by.account_id),
            saved_at: now,
        };
        let (object, reference) = (self.next_id(), row.reference.clone());
        let saved: ProcessRef = self
            .store()
            .write(move |tx| {
                if let Some(once) = &once
                    && let Some(answer) = idempotency::lookup(tx, once)?
                {
                    return answered(&answer);
                }
                let next = rows::process_newest(tx, &row.reference.code)? + 1;
                if row.reference.version != next {
                    return Err(invalid(vec![ProcessFault {
                        place: "version".to_owned(),
                        reason: format!("the next version of this process is {next}"),
                    }]));
                }
                rows::process_add(tx, &row)?;
                let detail = serde_json::json!({
                    "code": row.reference.code, "version": row.reference.version,
                });
                tx.audit(&AuditEntry {
                    at: now,
                    actor: by.account_id,
                    action: "process_save",
                    object,
                    detail: &detail.to_string(),
                })?;
                tell_nodes(tx, "processes", now);
                if let Some(once) = &once {
                    idempotency::remember(tx, once, &answer_text(&row.reference))?;
                }
                Ok::<_, CaseworkError>(row.reference.clone())
            })
            .await?;
        self.reload_processes().await?;
        debug_assert_eq!(saved.code, reference.code);
        self.process_view(saved.code, Some(saved.version)).await
    }

    /// The document read and checked against the roles there are and against the other processes.
    fn checked(&self, document: &serde_json::Value) -> Result<Process, ProcessError> {
        let roles = self.parts().processes.roles();
        let process = Process::of_json(document, |role| roles.get(role).is_some())?;
        let mut faults = unable(&process, &roles);
        for other in self.parts().processes.newest() {
            if other.reference.code == process.reference.code {
                continue;
            }
            for source in process.sources() {
                if process.serves_by_default(source) && other.serves_by_default(source) {
                    faults.push(ProcessFault {
                        place: "default_sources".to_owned(),
                        reason: format!(
                            "{source:?} is served by default by {:?}: save that without it first",
                            other.reference.code
                        ),
                    });
                }
            }
        }
        if faults.is_empty() {
            Ok(process)
        } else {
            Err(ProcessError(faults))
        }
    }
}

/// The roles that an action is given to without having the permission: they would be told to do what they are refused.
fn unable(process: &Process, roles: &RoleBook) -> Vec<ProcessFault> {
    let is_permission = |operation: &str| access::PermissionSet::all().contains(operation);
    let may = |role: &str, operation: &str| {
        let role = roles.get(role);
        role.is_some_and(|role| role.permissions.contains(operation))
    };
    process
        .actions()
        .filter(|(operation, _)| is_permission(operation))
        .flat_map(|(operation, rule)| {
            let unable = rule.roles.iter().filter(move |role| !may(role, operation));
            unable.map(move |role| ProcessFault {
                place: format!("actions.{operation}.roles"),
                reason: format!("the role {role} lacks the permission {operation}"),
            })
        })
        .collect()
}

fn invalid(faults: Vec<ProcessFault>) -> CaseworkError {
    let fields = faults.into_iter().map(|fault| {
        FieldError::new(
            format!("document.{}", fault.place),
            "process_fault",
            fault.reason,
        )
    });
    CaseworkError::Invalid(fields.collect())
}

fn unreadable(reference: &ProcessRef, why: &str) -> StoreError {
    StoreError::Corrupt(format!(
        "process {} version {}: {why}",
        reference.code, reference.version
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_that_a_built_in_process_names_may_do_what_it_is_named_for() {
        let built_in = crate::Processes::BUILT_IN.iter().copied();
        let processes = crate::Processes::load(built_in, |_| true).unwrap();
        let roles = processes.roles();
        for process in processes.all().iter() {
            assert_eq!(unable(process, &roles), [], "{}", process.reference.code);
        }
    }
}
