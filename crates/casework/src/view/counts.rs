//! How many cases the boxes hold.

use crate::service::CaseBox;
use serde::Serialize;
use utoipa::ToSchema;

/// How many cases each of the caller's boxes holds; 1000 stands for 999 and more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct CaseCountsView {
    /// 待办.
    pub todo: i64,
    /// 在办.
    pub doing: i64,
    /// 已办.
    pub done: i64,
    /// 超期.
    pub overdue: i64,
    /// 关注.
    pub watched: i64,
}

impl CaseCountsView {
    pub(crate) fn new(counts: impl IntoIterator<Item = (CaseBox, i64)>) -> Self {
        let mut view = Self::default();
        for (of_box, count) in counts {
            match of_box {
                CaseBox::Todo => view.todo = count,
                CaseBox::Doing => view.doing = count,
                CaseBox::Done => view.done = count,
                CaseBox::Overdue => view.overdue = count,
                CaseBox::Watched => view.watched = count,
            }
        }
        view
    }
}
