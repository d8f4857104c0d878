//! Components: surveys from files, changes with history, lists, what is near.

mod lists;
mod surveys;
mod wire;

use crate::city::*;
use access::Access;
use base::Id;
use registry::{
    AreaImport, BoundaryImport, Component, ComponentCode, ComponentFile, ComponentImport, Registry,
};
use store::testing::TestStore;
use table::Report;

const SQUARE: &str = r#"{"type":"Feature","properties":{"adcode":"310118","name":"青浦区"},"geometry":
    {"type":"Polygon","coordinates":[[[121,31],[121.4,31],[121.4,31.4],[121,31.4],[121,31]]]}}"#;

/// A district with two streets by centre, the old and the new standard, three organisations.
pub fn surveyed(registry: &Registry, access: &Access) {
    import_boundaries(registry, SQUARE.as_bytes(), &BoundaryImport::default()).unwrap();
    let streets =
        csv("code,name,lon,lat\n310118001,夏阳街道,121.1,31.1\n310118002,盈浦街道,121.3,31.3\n");
    import_areas(registry, &streets, &AreaImport::default()).unwrap();
    let old = csv("kind,class_code,class_name,code5,name\n\
         管理部件,01,公用设施,0101,上水井盖\n\
         管理部件,01,公用设施,0102,污水井盖\n");
    import_standard(registry, &old, &standard("GBT30428.2", "2013", "旧国标")).unwrap();
    let new = csv("kind,class_code,class_name,code5,name\n\
         管理部件,01,市政公用设施,01001,供水井盖\n\
         管理部件,01,市政公用设施,01037,路灯\n\
         管理部件,02,交通设施,02014,交通信号灯\n");
    import_standard(registry, &new, &standard("GBT47678.5", "2026", "国标")).unwrap();
    let centre = organisation(access, "QP", "青浦区城运中心", None);
    organisation(access, "WATER", "青浦自来水公司", Some(centre.id));
    organisation(access, "LIGHT", "路灯管理所", Some(centre.id));
}

pub fn on_surveyed(test: impl Fn(&TestStore, &Registry, &Access)) {
    on_each_engine_with_access(|fresh, registry, access| {
        surveyed(registry, access);
        test(fresh, registry, access);
    });
}

pub fn import(registry: &Registry, text: &str, options: &ComponentImport) -> Report {
    let table = csv(text);
    let file = ComponentFile::Table(&table);
    wait(registry.component_import(&console(), file, options, |_| ())).unwrap()
}

pub fn find(registry: &Registry, code: &str) -> Option<Component> {
    wait(registry.component_by_code(ComponentCode::parse(code).unwrap())).unwrap()
}

pub fn unit(access: &Access, code: &str) -> Id {
    wait(access.organisation_by_code(code)).unwrap().unwrap().id
}
