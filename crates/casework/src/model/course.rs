//! What is known of a case because of how its process runs it and how it was routed.

use base::Id;
use serde::{Deserialize, Serialize};

words! {
    /// On what a suggestion of who should get a case rests.
    Basis {
        /// The component's maintainer (养护单位), else its owner (权属单位).
        Component = "component",
        /// The responsible units of the rule row (权责清单).
        RuleRow = "rule_row",
        /// The routing table.
        Route = "route",
        /// The fallback organisation of the area (兜底).
        Fallback = "fallback",
        /// Another room's advice, asked when all else is silent.
        Advice = "advice",
    }
}

/// A component with who has to do with it, as it was when the case began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComponentPinned {
    /// The component.
    pub id: Id,
    /// 养护单位.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maintainer_id: Option<Id>,
    /// 权属单位.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_id: Option<Id>,
}

/// What routing said when a case was dispatched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SuggestionNoted {
    /// Who should get it.
    pub organisation_id: Id,
    /// On what that rests.
    pub basis: Basis,
    /// Whether that organisation became the lead.
    pub followed: bool,
}

/// Of a case.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CaseCourse {
    /// The component it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub component: Option<ComponentPinned>,
    /// Why the last result needed no inspection, in the words of the process; none when it is or was inspected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uninspected: Option<String>,
}
