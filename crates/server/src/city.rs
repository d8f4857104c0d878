//! The rooms opened on one database, in the order they need each other.

use crate::backup;
use crate::files;
use crate::handover;
use crate::messages;
use crate::settings::Settings;
use access::{Access, AccessError, AccessOptions, PasswordCost, Principal, RoleBook, Sealer};
use anyhow::Context as _;
use base::chance::Chance;
use base::{Clock, Id, PageRequest, TreePath};
use calendar::WorkCalendar;
use casework::city::{KnownCity, OrganisationFacts, Pending};
use casework::model::OrganisationRef;
use casework::process::Processes;
use casework::{Casework, Parts};
use portal::{Portal, PortalParts};
use registry::Registry;
use std::sync::Arc;
use store::audit::{CheckpointKey, PublicKey};
use store::blobs::Blobs;
use store::{Options, Room, Store, StoreError, outbox};

/// Every room that has tables.
pub const ROOMS: &[Room] = &[access::ROOM, registry::ROOM, casework::ROOM, portal::ROOM];

/// How the city is called.
pub struct CityNames {
    /// Its division code.
    pub code: String,
    /// Its name for the public.
    pub name: String,
    /// Code of the organisation that receives what the public tells; empty for the topmost.
    pub portal_organisation: String,
    /// How the public reaches the server, if the installation says so.
    pub public_address: Option<String>,
}

/// All rooms, open. Cheap to clone.
#[derive(Clone)]
pub struct City {
    /// The database.
    pub store: Store,
    /// Where files lie.
    pub blobs: Blobs,
    /// People and what they may do.
    pub access: Access,
    /// Areas and rules.
    pub registry: Registry,
    /// Reports and cases.
    pub casework: Casework,
    /// What the public may call.
    pub portal: Portal,
    /// The end of the outbox before the rooms read anything: what came later they must be told of.
    pub opened_at_place: i64,
    /// Signs the audit chain.
    pub checkpoint_key: Arc<CheckpointKey>,
    /// What signed it before this installation took the city over.
    pub former_audit_keys: Arc<[PublicKey]>,
}

impl City {
    /// Opens the database that the settings name, brings its schema up to date, and opens the rooms.
    pub async fn open(
        settings: &Settings,
        clock: Arc<dyn Clock>,
        chance: Arc<dyn Chance>,
    ) -> anyhow::Result<Self> {
        let cost = PasswordCost::default();
        Self::open_at_cost(settings, clock, chance, cost).await
    }

    /// The same, and passwords set meanwhile cost so much to hash.
    pub async fn open_at_cost(
        settings: &Settings,
        clock: Arc<dyn Clock>,
        chance: Arc<dyn Chance>,
        password_cost: PasswordCost,
    ) -> anyhow::Result<Self> {
        settings.make_data_dir()?;
        // Before the database, because its backup takes them along.
        let sealer = Sealer::from_file(&settings.keys(), chance.clone())
            .context("reading the sealing keys")?;
        let checkpoint_key = CheckpointKey::load_or_create(&backup::audit_key(settings), &*chance)
            .context("reading the key of the audit chain")?;
        let options = Options {
            url: settings.database(),
            writers: settings.database_writers,
            readers: settings.database_readers,
            backup: backup::follow(settings, &checkpoint_key, &*chance)
                .context("preparing the backup")?,
        };
        let store =
            Store::open(&options, ROOMS, clock, chance.clone()).context("opening the database")?;
        let blobs = files::open(settings).context("opening the place of files")?;
        let options = AccessOptions {
            secure_cookies: settings.secure_cookies,
            password_cost,
            ..AccessOptions::default()
        };
        let former_audit_keys = handover::former_audit_keys(settings)?;
        let names = CityNames {
            code: settings.city_code.clone(),
            name: settings.city_name.clone(),
            portal_organisation: settings.portal_organisation.clone(),
            public_address: settings.public_address()?,
        };
        let city = Self::of(store, sealer, options, checkpoint_key, blobs, names).await?;
        if let Some(sender) = messages::sender(settings)? {
            city.portal.send_by(sender);
        }
        Ok(Self {
            former_audit_keys: former_audit_keys.into(),
            ..city
        })
    }

    /// The public keys that checkpoints of the audit chain may be signed with: ours last.
    pub fn audit_keys(&self) -> Vec<PublicKey> {
        let ours = self.checkpoint_key.public();
        self.former_audit_keys
            .iter()
            .cloned()
            .chain([ours])
            .collect()
    }

    /// The rooms on an open store.
    pub async fn of(
        store: Store,
        sealer: Sealer,
        options: AccessOptions,
        checkpoint_key: CheckpointKey,
        blobs: Blobs,
        names: CityNames,
    ) -> anyhow::Result<Self> {
        let opened_at_place = store.read(outbox::last_place).await?;
        let access =
            Access::open(store.clone(), sealer.clone(), options).context("opening access")?;
        let registry = Registry::open(store.clone())
            .await
            .context("opening the registry")?;
        registry.know(access.clone());
        let roles: Arc<RoleBook> = access.roles();
        let processes = Processes::load(Processes::BUILT_IN.iter().copied(), |role| {
            roles.get(role).is_some()
        })
        .context("loading the processes")?;
        processes.bound_to(roles);
        let parts = Parts {
            store: store.clone(),
            sealer: sealer.clone(),
            city: Arc::new(known_city(&access, registry.clone())),
            processes,
            reckoner: Arc::new(WorkCalendar::china().context("loading the working calendar")?),
            blobs: blobs.clone(),
            number_prefix: names.code,
        };
        let casework = Casework::new(parts);
        casework
            .recall()
            .await
            .context("reading processes and routes")?;
        let portal = Portal::new(PortalParts {
            store: store.clone(),
            sealer,
            access: access.clone(),
            registry: registry.clone(),
            casework: casework.clone(),
            desk_code: names.portal_organisation,
            city_name: names.name,
            public_address: names.public_address,
        });
        Ok(Self {
            store,
            blobs,
            access,
            registry,
            casework,
            portal,
            opened_at_place,
            checkpoint_key: Arc::new(checkpoint_key),
            former_audit_keys: Arc::new([]),
        })
    }

    /// Whoever sits at this machine, acting for the topmost organisation, or for none while there is none.
    pub async fn console(&self) -> anyhow::Result<Principal> {
        let nobody = Principal::console(Id(0), TreePath::root(1).context("the first root")?);
        let all = PageRequest {
            limit: Some(base::page::LIMIT_MAX),
            after: None,
        };
        let known = self
            .access
            .organisation_list(&nobody, None, None, &all)
            .await?;
        let top = known
            .items
            .into_iter()
            .min_by(|a, b| a.path.as_str().cmp(b.path.as_str()));
        Ok(top.map_or(nobody, |top| Principal::console(top.id, top.path)))
    }

    /// Whether nobody has used it yet.
    pub async fn is_empty(&self) -> anyhow::Result<bool> {
        let nobody = self.console().await?;
        let first = PageRequest {
            limit: Some(1),
            after: None,
        };
        let organisations = self
            .access
            .organisation_list(&nobody, None, None, &first)
            .await?;
        Ok(organisations.items.is_empty() && self.registry.snapshot().areas.is_empty())
    }

    /// Signs what the audit chain has grown by, finishes what is queued and closes the database. Blocks.
    pub fn close(&self) {
        if let Err(error) = store::audit::checkpoint(&self.store, &self.checkpoint_key) {
            tracing::warn!(%error, "the last checkpoint of the audit chain could not be written");
        }
        self.store.close();
    }
}

/// Casework looks organisations up inside its transactions, so from memory alone.
fn known_city(access: &Access, registry: Registry) -> KnownCity {
    let people = access.clone();
    let works_for = move |staff_id: Id| -> Pending<'static, Vec<TreePath>> {
        let people = people.clone();
        Box::pin(async move {
            let found = people.staff(staff_id).await.map_err(|error| match error {
                AccessError::Store(error) => error,
                other => StoreError::Corrupt(other.to_string()),
            })?;
            let memberships = found.into_iter().flat_map(|staff| staff.memberships);
            Ok(memberships.map(|each| each.organisation_path).collect())
        })
    };
    let access = access.clone();
    let lookup = move |id: Id| {
        let known = access.organisation_known(id)?;
        Some(OrganisationFacts {
            organisation: OrganisationRef {
                id: known.id,
                path: known.path.clone(),
            },
            name: known.name.clone(),
        })
    };
    KnownCity::new(registry, Box::new(lookup), Box::new(works_for))
}
