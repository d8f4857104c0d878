//! Messages as citizens of the demo city might send them. Every word is made up here; real messages come in by `import`.

use base::chance::{self, Chance};

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
    /// Which row of [`SUBJECTS`] it is about.
    pub subject: usize,
}

/// What people complain about: (kind, category code of the demo standard, what, how it shows).
pub const SUBJECTS: &[(&str, &str, &str, &str)] = &[
    (
        "component",
        "0101",
        "窨井盖不见了",
        "晚上路灯又暗，电动车差点掉进去",
    ),
    (
        "component",
        "0103",
        "雨水箅子堵了",
        "一下雨水就漫到人行道上",
    ),
    (
        "component",
        "0104",
        "路灯不亮",
        "连着三盏都是黑的，老人小孩不敢走",
    ),
    (
        "component",
        "0305",
        "垃圾桶满出来了",
        "两天没人来收，苍蝇很多",
    ),
    ("component", "0402", "行道树断枝", "树枝横在非机动车道上"),
    ("event", "0106", "有一堆生活垃圾", "味道很重，居民绕着走"),
    (
        "event",
        "0107",
        "建筑垃圾没人清",
        "堆了快一个星期，挡住半条路",
    ),
    (
        "event",
        "0109",
        "路面坑洼",
        "电瓶车骑过去颠得厉害，已经有人摔跤",
    ),
    ("event", "0117", "饭店油烟直接往外排", "楼上窗户都不敢开"),
    ("event", "0118", "广场舞音响太大", "晚上九点半还在放"),
    ("event", "0201", "墙上贴满小广告", "撕了又贴，很难看"),
    (
        "event",
        "0301",
        "工地半夜还在打桩",
        "孩子明天要上学，没法睡",
    ),
    ("event", "0304", "工地扬尘很大", "晾的衣服一层灰"),
    (
        "event",
        "0405",
        "店家把摊位摆到人行道上",
        "行人只能走机动车道",
    ),
    (
        "event",
        "0409",
        "车子停在消防通道上",
        "万一着火救护车进不来",
    ),
    ("event", "0410", "共享单车堆成一片", "盲道全被占了"),
    ("event", "0506", "路上积水", "水没过小腿，公交车都绕行"),
];

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
const SPOTS: &[&str] = &[
    "路口东北角",
    "公交站旁边",
    "小区北门外",
    "菜场门口",
    "学校对面",
    "桥下",
    "河边步道",
    "地铁站2号口",
];
const SINCE: &[&str] = &[
    "从昨天晚上开始",
    "已经三天了",
    "上个星期就这样",
    "今天早上发现的",
    "下雨之后",
];
const PLEAS: &[&str] = &[
    "请尽快派人来看看。",
    "希望有关部门重视。",
    "麻烦处理一下，谢谢。",
    "之前打过一次电话，没有结果。",
    "盼回复。",
];
const FAMILY: &[&str] = &["王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴"];
const TITLES: &[&str] = &["女士", "先生", "阿姨", "师傅"];

/// Draws a message.
pub fn draw(source: &dyn Chance) -> Message {
    let mut dice = chance::bytes::<16>(source).into_iter();
    let mut pick = |count: usize| usize::from(dice.next().unwrap_or_default()) % count.max(1);
    let subject = pick(SUBJECTS.len());
    let (_, _, what, how) = SUBJECTS.get(subject).copied().unwrap_or_default();
    let choose = |list: &[&'static str], n: usize| list.get(n).copied().unwrap_or_default();
    let road = choose(ROADS, pick(ROADS.len()));
    let number = pick(200) * 2 + 1;
    let spot = choose(SPOTS, pick(SPOTS.len()));
    let since = choose(SINCE, pick(SINCE.len()));
    let plea = choose(PLEAS, pick(PLEAS.len()));
    let name = format!(
        "{}{}",
        choose(FAMILY, pick(FAMILY.len())),
        choose(TITLES, pick(TITLES.len()))
    );
    let tail = (0..8)
        .map(|_| char::from(b'0' + u8::try_from(pick(10)).unwrap_or_default()))
        .collect::<String>();
    Message {
        title: format!("{road}{spot}{what}"),
        detail: format!("{road}{number}号{spot}{what}，{since}，{how}。{plea}"),
        address: format!("{road}{number}号{spot}"),
        name,
        phone: format!("100{tail}"),
        subject,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::chance::SeededChance;

    #[test]
    fn one_seed_tells_one_story_and_subjects_vary() {
        let tell = |seed| {
            let source = SeededChance::new(seed);
            (0..50).map(|_| draw(&source)).collect::<Vec<_>>()
        };
        assert_eq!(tell(1), tell(1));
        assert_ne!(tell(1), tell(2));
        let subjects: std::collections::BTreeSet<_> = tell(1).iter().map(|m| m.subject).collect();
        assert!(subjects.len() > 8, "{subjects:?}");
    }

    #[test]
    fn phone_numbers_are_of_no_operator() {
        let source = SeededChance::new(3);
        for _ in 0..100 {
            let phone = draw(&source).phone;
            assert!(phone.len() == 11 && phone.starts_with("100"), "{phone}");
        }
    }
}
