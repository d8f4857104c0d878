//! Messages as citizens of the demo city might send them. Every word is made up here; real messages come in by `import`.

use crate::dice::Dice;
use crate::subject::Subject;

/// One made-up message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// One line.
    pub title: String,
    /// What is wrong, in the citizen's words.
    pub detail: String,
    /// Where, in words.
    pub address: String,
    /// Who.
    pub name: String,
    /// A mobile number from a range that no operator gives out.
    pub phone: String,
}

/// Where somebody stands who writes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Spot<'a> {
    /// In a street of the town.
    Road,
    /// In a neighbourhood, by its name.
    Neighbourhood(&'a str),
    /// In a village, by its name.
    Village(&'a str),
}

const ROADS: &[&str] = &[
    "盈港路",
    "崧泽大道",
    "公园路",
    "城中东路",
    "青松路",
    "外青松公路",
    "华浦路",
    "浦仓路",
    "淀山湖大道",
    "徐泾北路",
];
const TOWN_SPOTS: &[&str] = &[
    "路口东北角",
    "公交站旁边",
    "小区北门外",
    "菜场门口",
    "学校对面",
    "桥下",
    "河边步道",
    "沿街商铺前",
    "幼儿园门口",
    "地下车库入口",
    "中心花园",
    "垃圾箱房旁",
];
const VILLAGE_SPOTS: &[&str] = &[
    "村委会旁边",
    "村口桥头",
    "河浜边",
    "健身点",
    "老年活动室门前",
    "主干道边",
    "农田边",
    "停车场",
];
const SINCE: &[&str] = &[
    "从昨天晚上开始",
    "已经三天了",
    "上个星期就这样",
    "今天早上发现的",
    "断断续续有半个月",
    "刚刚路过看到",
    "最近一直这样",
];
const PLEAS: &[&str] = &[
    "请尽快派人来看看。",
    "希望有关部门重视。",
    "麻烦处理一下，谢谢。",
    "之前打过一次电话，没有结果。",
    "盼回复。",
    "要求答复处理结果。",
    "居民意见很大。",
];
const OPENINGS: &[&str] = &[
    "",
    "你好，",
    "来电人反映：",
    "我是附近居民，",
    "想反映一个问题：",
];
const FAMILY: &[&str] = &[
    "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林",
    "何", "郭", "马", "罗", "陆", "沈", "顾", "蒋", "金", "俞", "钱", "严", "施", "曹",
];
const GIVEN: &[&str] = &[
    "建国", "秀英", "伟", "芳", "敏", "静", "丽", "强", "磊", "军", "洋", "勇", "艳", "杰", "娟",
    "涛", "明", "超", "霞", "平", "刚", "桂英", "文", "玲", "红", "斌", "晓东", "佳怡", "子豪",
    "思远", "雨晴", "志强", "海燕", "春华", "国平", "雪梅", "俊", "婷", "凯", "慧", "宁", "晨",
    "悦", "浩然", "一鸣", "云飞", "秋月", "立新",
];
const TITLES: &[&str] = &["女士", "先生", "阿姨", "师傅", "同志"];

fn word(dice: &Dice, from: &[&'static str]) -> &'static str {
    dice.pick(from).copied().unwrap_or_default()
}

fn text<'a>(dice: &Dice, from: &'a [String]) -> &'a str {
    dice.pick(from).map(String::as_str).unwrap_or_default()
}

/// The made-up name of a member of staff.
pub(crate) fn staff_name(dice: &Dice) -> String {
    format!("{}{}", word(dice, FAMILY), word(dice, GIVEN))
}

/// What the handlers of such a thing answer.
pub(crate) fn result(subject: &Subject, dice: &Dice) -> String {
    text(dice, &subject.done).to_owned()
}

/// Draws a message.
pub(crate) fn draw(subject: &Subject, spot: Spot<'_>, dice: &Dice) -> Message {
    let address = match spot {
        Spot::Road => format!(
            "{}{}号{}",
            word(dice, ROADS),
            dice.below(200) * 2 + 1,
            word(dice, TOWN_SPOTS)
        ),
        Spot::Neighbourhood(name) => format!(
            "{name}{}弄{}号{}",
            dice.below(80) * 10 + 8,
            dice.below(60) + 1,
            word(dice, TOWN_SPOTS)
        ),
        Spot::Village(name) => {
            format!(
                "{name}{}组{}",
                dice.below(18) + 1,
                word(dice, VILLAGE_SPOTS)
            )
        }
    };
    let what = text(dice, &subject.what);
    let how = text(dice, &subject.how);
    let (opening, since, plea) = (word(dice, OPENINGS), word(dice, SINCE), word(dice, PLEAS));
    let detail = match dice.below(4) {
        0 => format!("{opening}{address}{what}，{since}，{how}。{plea}"),
        1 => format!("{opening}{address}附近{what}，{how}，{since}。{plea}"),
        2 => format!("{opening}{since}，{address}{what}。{how}。{plea}"),
        _ => format!("{opening}{what}，就在{address}，{how}。{plea}"),
    };
    let tail = (0..8)
        .map(|_| char::from(b'0' + u8::try_from(dice.below(10)).unwrap_or_default()))
        .collect::<String>();
    let name = format!("{}{}", word(dice, FAMILY), word(dice, TITLES));
    Message {
        title: format!("{address}{what}"),
        detail,
        address,
        name,
        phone: format!("100{tail}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn tell(seed: u64) -> Vec<Message> {
        let subjects = Subject::built_in().unwrap();
        let dice = Dice::new(seed, 0);
        let one = |_| {
            let subject = dice.pick(&subjects).unwrap();
            draw(subject, Spot::Neighbourhood("东盛社区"), &dice)
        };
        (0..2_000).map(one).collect()
    }

    #[test]
    fn one_seed_tells_one_story_and_messages_hardly_repeat() {
        assert_eq!(tell(1), tell(1));
        assert_ne!(tell(1), tell(2));
        let told = tell(1);
        let details: BTreeSet<_> = told.iter().map(|message| &message.detail).collect();
        assert!(details.len() > 1_990, "{}", details.len());
    }

    #[test]
    fn phone_numbers_are_of_no_operator() {
        for message in tell(3) {
            let phone = message.phone;
            assert!(phone.len() == 11 && phone.starts_with("100"), "{phone}");
        }
    }
}
