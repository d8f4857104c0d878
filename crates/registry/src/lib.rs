//! The registry: areas, unit grids and zones, standards with their categories and rule rows, components, layers, and where a point lies.
//!
//! Areas, zones, rules and layers change seldom and are asked for by every command, so they are kept in memory as a [`Snapshot`] whose
//! parts are replaced whole when something changes; hot commands need no SQL for them. Components are up to millions and stay in the
//! database. What is a case, who may act, and what follows from a change are other rooms' matters.
//!
//! What other rooms call:
//!
//! | of [`Registry`] | what it gives |
//! |---|---|
//! | `area_at`, `area`, `zones_at`, `zone`, `duty_grid_at` | where a place lies and who answers for it; from memory |
//! | `category`, `rule_row`, `rule_rows_of`, `standard` | the rules; from memory |
//! | `component_in`, `component_by_code_in` | a component with its organisations, inside a transaction |
//! | `component`, `component_by_code`, `component_list`, `component_nearest` | the same and more, outside of one |
//! | `know` | to be told once where organisations and people are known |

mod area;
mod area_tree;
mod boundary;
pub mod component;
pub mod crosswalk;
mod export;
mod failure;
mod finding;
pub mod grid;
pub mod http;
pub mod import;
pub mod layer;
pub mod model;
mod rulebook;
mod service;
pub mod spatial;
mod store;
mod zone;

pub use area::AreaChange;
pub use area_tree::{AreaHit, AreaTree};
pub use boundary::{Boundary, BoundaryError};
pub use component::{CodeAssign, ComponentChange, ComponentFile, ComponentImport, ComponentNew};
pub use failure::RegistryError;
pub use finding::{FOUND_MAX, FoundKind, PlaceFound};
pub use import::{
    AreaImport, AreaParent, BoundaryImport, CrosswalkReport, GridGenerate, GridGeneration,
    GridImport, GriddedVillage, PlaceImport, Progress, Skipped, StandardImport, TaxonomyImport,
    UnmatchedCategory,
};
pub use layer::{LayerChange, LayerFeatures, LayerNew};
pub use model::*;
pub use rulebook::Rulebook;
pub use service::{Part, REGISTRY_CHANGED, Registry, Snapshot};
pub use spatial::SpatialIndex;
pub use store::history::ChangeEvent;
pub use store::lists::{ComponentCursor, ComponentFilter, Near};
pub use store::zones::ZoneEvent;
pub use zone::{ZoneChange, ZoneFilter, ZoneNew};

use ::store::{Migration, Room};

/// Every problem code this room gives, besides those of `wire` and `store`; each has a translation.
pub const PROBLEM_CODES: &[&str] = &["area_in_use", "unreadable_file"];

/// Codes of wrong fields this room gives, besides those of `wire` and `store`; each has a translation.
pub const FIELD_CODES: &[&str] = &[
    "ended",
    "no_unit_grid",
    "no_villages",
    "not_changeable",
    "not_for_duty_grids",
    "same",
    "taken",
];

/// The registry as the store sees it.
pub const ROOM: Room = Room {
    name: "registry",
    migrations: &[
        Migration {
            name: "0001_areas",
            sql: include_str!("../migrations/0001_areas.sql"),
        },
        Migration {
            name: "0002_standards",
            sql: include_str!("../migrations/0002_standards.sql"),
        },
        Migration {
            name: "0003_components",
            sql: include_str!("../migrations/0003_components.sql"),
        },
        Migration {
            name: "0004_zones_layers",
            sql: include_str!("../migrations/0004_zones_layers.sql"),
        },
    ],
    statements: store::STATEMENTS,
    tables: store::TABLES,
};
