//! How much the boxes hold.

use crate::service::{CaseBox, ReportBox, TaskBox};
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
    /// 督办.
    pub supervised: i64,
    /// 挂账.
    pub suspended: i64,
    /// 待审批.
    pub to_decide: i64,
    /// 逐级提醒.
    pub escalated: i64,
    /// 关注.
    pub watched: i64,
}

/// How many reports each box holds; 1000 stands for 999 and more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReportCountsView {
    /// 诉求池.
    pub pool: i64,
    /// 我认领的.
    pub mine: i64,
    /// 超期.
    pub overdue: i64,
    /// 待回访.
    pub callback: i64,
    /// 办理中.
    pub doing: i64,
    /// 已办.
    pub done: i64,
}

/// How many tasks each box holds; 1000 stands for 999 and more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct TaskCountsView {
    /// Those of the caller's organisations and those below them.
    pub ours: TaskBoxesView,
    /// Those the caller works on.
    pub mine: TaskBoxesView,
}

/// A number for each box.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct TaskBoxesView {
    /// 待办.
    pub todo: i64,
    /// 在办.
    pub doing: i64,
    /// 已办.
    pub done: i64,
    /// 退回.
    pub returned: i64,
    /// 超期.
    pub overdue: i64,
}

impl TaskBoxesView {
    /// From a number for each of [`TaskBox::ALL`].
    pub(crate) fn new(counts: &[i64]) -> Self {
        let mut view = Self::default();
        for (of_box, count) in TaskBox::ALL.iter().zip(counts) {
            *match of_box {
                TaskBox::Todo => &mut view.todo,
                TaskBox::Doing => &mut view.doing,
                TaskBox::Done => &mut view.done,
                TaskBox::Returned => &mut view.returned,
                TaskBox::Overdue => &mut view.overdue,
            } = *count;
        }
        view
    }
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
                CaseBox::Supervised => view.supervised = count,
                CaseBox::Suspended => view.suspended = count,
                CaseBox::ToDecide => view.to_decide = count,
                CaseBox::Escalated => view.escalated = count,
                CaseBox::Watched => view.watched = count,
            }
        }
        view
    }
}

impl ReportCountsView {
    pub(crate) fn new(counts: impl IntoIterator<Item = (ReportBox, i64)>) -> Self {
        let mut view = Self::default();
        for (of_box, count) in counts {
            match of_box {
                ReportBox::Pool => view.pool = count,
                ReportBox::Mine => view.mine = count,
                ReportBox::Overdue => view.overdue = count,
                ReportBox::Callback => view.callback = count,
                ReportBox::Doing => view.doing = count,
                ReportBox::Done => view.done = count,
            }
        }
        view
    }
}
