//! `chengyun template`: a table or mapping to fill in, each readable by the import of its name, with an example.

use crate::cli::say;
use access::import::{Column, ORGANISATION_COLUMNS, STAFF_COLUMNS};
use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

/// Which table to write.
#[derive(Args, Debug)]
pub(super) struct Template {
    /// What will stand in it
    #[arg(value_enum)]
    kind: Kind,
    /// CSV or XLSX, by its ending; a mapping is TOML [default: CSV or TOML to standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    /// For `chengyun import areas`
    Areas,
    /// For `chengyun import organisations`
    Organisations,
    /// For `chengyun import staff`
    Staff,
    /// For `chengyun import standard`
    Standard,
    /// For `chengyun import taxonomy`
    Taxonomy,
    /// For `chengyun import components`
    Components,
    /// For `chengyun import appeals`
    Appeals,
    /// The mapping of `chengyun import cases`
    Cases,
}

/// Column and example.
type Columns = &'static [(&'static str, &'static str)];

const AREAS: Columns = &[
    ("区划代码", "310118001"),
    ("名称", "夏阳街道"),
    ("上级代码", "310118"),
    ("级别", "street"),
    ("经度", "121.1135"),
    ("纬度", "31.1410"),
];

const STANDARD: Columns = &[
    ("类型", "部件"),
    ("大类代码", "01"),
    ("大类名称", "公用设施"),
    ("小类代码", "01"),
    ("小类名称", "上水井盖"),
    ("责任主体", "水务局"),
    ("监管主体", "水务局"),
    ("立案条件", "缺失、移位、开裂"),
    ("结案条件", "恢复"),
    ("处置时限", "2紧急工作时"),
];

const TAXONOMY: Columns = &[
    ("一级分类", "城乡建设"),
    ("二级分类", "市政管理"),
    ("三级分类", "道路养护"),
];

const COMPONENTS: Columns = &[
    ("标识码", "3101180101000001"),
    ("名称", "上水井盖"),
    ("状态", "完好"),
    ("主管部门代码", "CYZX"),
    ("权属单位代码", ""),
    ("养护单位代码", ""),
    ("所在单元网格", ""),
    ("初始日期", "2026-01-01"),
    ("数据来源", "实测"),
    ("备注", ""),
    ("经度", "121.1135"),
    ("纬度", "31.1410"),
];

const APPEALS: Columns = &[
    ("留言编号", "1"),
    ("留言用户", "王晓"),
    ("留言主题", "路灯不亮"),
    ("留言时间", "2026-11-20 20:15:00"),
    ("留言详情", "城中路 1 号门口的路灯三天没亮了"),
];

impl Kind {
    /// Columns with examples; none of what is no table.
    fn columns(self) -> Option<(Vec<&'static str>, Vec<&'static str>)> {
        // The Chinese name where there is one: the file is filled in by people of the city.
        let of_access = |columns: &'static [Column]| {
            let name = |column: &Column| *column.names.get(1).unwrap_or(&column.names[0]);
            let examples = columns.iter().map(|column| column.example);
            (columns.iter().map(name).collect(), examples.collect())
        };
        let of_other = |columns: Columns| columns.iter().copied().unzip();
        Some(match self {
            Self::Organisations => of_access(ORGANISATION_COLUMNS),
            Self::Staff => of_access(STAFF_COLUMNS),
            Self::Areas => of_other(AREAS),
            Self::Standard => of_other(STANDARD),
            Self::Taxonomy => of_other(TAXONOMY),
            Self::Components => of_other(COMPONENTS),
            Self::Appeals => of_other(APPEALS),
            Self::Cases => return None,
        })
    }
}

pub(super) fn template(template: &Template) -> anyhow::Result<ExitCode> {
    let ends_with = |wanted: &str| {
        let ending = template.out.as_ref().and_then(|path| path.extension());
        ending.is_some_and(|end| end.eq_ignore_ascii_case(wanted))
    };
    let bytes = match template.kind.columns() {
        None if ends_with("xlsx") || ends_with("csv") => {
            bail!("a mapping is no table: give a file whose name ends in .toml")
        }
        None => casework::records::TEMPLATE.as_bytes().to_vec(),
        Some((header, example)) if ends_with("xlsx") => table::workbook(&header, &[&example])?,
        Some((header, example)) => {
            format!("\u{feff}{}\r\n{}\r\n", header.join(","), example.join(",")).into_bytes()
        }
    };
    let Some(path) = &template.out else {
        say(String::from_utf8_lossy(&bytes).trim_end())?;
        return Ok(ExitCode::SUCCESS);
    };
    fs::write(path, bytes).with_context(|| format!("writing {}", path.display()))?;
    say(&format!("written: {}", path.display()))?;
    Ok(ExitCode::SUCCESS)
}
