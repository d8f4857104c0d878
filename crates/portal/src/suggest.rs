//! Which category somebody means, by their words. A suggestion, never a decision: people choose, and the desk decides.
//!
//! Pairs of characters in common with the name of a category count most, with its filing conditions less, and a pair that many categories
//! have counts less than one that few have. What people say and standards do not is in a short table.

use base::Id;
use std::collections::{HashMap, HashSet};

/// What people say, and what it is called.
const SAID: &[(&str, &str)] = &[
    ("下水道", "污水井盖雨水箅子"),
    ("阴沟", "雨水箅子"),
    ("窨井", "井盖"),
    ("马葫芦", "井盖"),
    ("灯不亮", "路灯"),
    ("很黑", "路灯"),
    ("垃圾桶", "垃圾箱"),
    ("臭", "垃圾污染"),
    ("坑", "道路破损"),
    ("坑洼", "道路破损"),
    ("塌", "路面塌陷"),
    ("淹", "道路积水"),
    ("水很深", "道路积水"),
    ("摆摊", "占道经营"),
    ("乱停", "机动车乱停放"),
    ("共享单车", "非机动车乱停放"),
    ("吵", "噪声扰民"),
    ("太响", "噪声扰民"),
    ("施工声", "施工扰民"),
    ("红绿灯", "交通信号灯"),
    ("牛皮癣", "非法小广告"),
    ("违建", "私搭乱建"),
    ("违章建筑", "私搭乱建"),
    ("树倒", "行道树"),
    ("断枝", "行道树"),
    ("煤气", "燃气管道泄漏"),
    ("水管", "供水管道破裂"),
    ("电梯", "电梯困人或故障"),
    ("停电", "停电或电压不稳"),
    ("厕所", "公共厕所"),
    ("灰尘", "工地扬尘"),
    ("油烟", "油烟污染"),
];

/// A category that may be suggested.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Its id.
    pub id: Id,
    /// Its name.
    pub name: String,
    /// Its filing conditions.
    pub conditions: Vec<String>,
}

fn pairs(text: &str) -> HashSet<(char, char)> {
    let letters: Vec<char> = text
        .chars()
        .filter(|letter| letter.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect();
    letters
        .iter()
        .zip(letters.iter().skip(1))
        .map(|(a, b)| (*a, *b))
        .collect()
}

/// At most `most` categories, the likeliest first; none that nothing speaks for.
pub fn suggest(words: &str, candidates: &[Candidate], most: usize) -> Vec<Id> {
    let mut said = words.to_owned();
    for (word, name) in SAID {
        if words.contains(word) {
            said.push(' ');
            said.push_str(name);
        }
    }
    let told = pairs(&said);
    let mut common: HashMap<(char, char), f64> = HashMap::new();
    let known: Vec<(HashSet<_>, HashSet<_>)> = candidates
        .iter()
        .map(|each| (pairs(&each.name), pairs(&each.conditions.join(" "))))
        .collect();
    for (name, conditions) in &known {
        for pair in name.union(conditions) {
            *common.entry(*pair).or_default() += 1.0;
        }
    }
    let weight = |pair: &(char, char)| 1.0 / common.get(pair).copied().unwrap_or(1.0).sqrt();
    let mut scored: Vec<(f64, Id)> = candidates
        .iter()
        .zip(&known)
        .filter_map(|(each, (name, conditions))| {
            let by_name: f64 = name.intersection(&told).map(weight).sum();
            let by_condition: f64 = conditions.intersection(&told).map(weight).sum();
            let whole = if said.contains(&each.name) { 1.5 } else { 0.0 };
            let length = f64::max(1.0, name.len() as f64);
            let score = by_name * 2.0 / length.sqrt() + by_condition * 0.5 + whole;
            (score >= 0.4).then_some((score, each.id))
        })
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    scored.into_iter().take(most).map(|(_, id)| id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Vec<Candidate> {
        [
            ("上水井盖", "井盖缺失或移位，有安全隐患"),
            ("路灯", "单盏不亮"),
            ("暴露垃圾", "公共场所有成堆垃圾"),
            ("道路破损", "破损面积0.5平方米以上"),
            ("道路积水", "积水深15厘米以上"),
            ("噪声扰民", "商业活动噪声扰民"),
            ("机动车乱停放", "占用消防通道"),
            ("私搭乱建", "正在搭建"),
        ]
        .into_iter()
        .zip(1..)
        .map(|((name, condition), id)| Candidate {
            id: Id(id),
            name: name.to_owned(),
            conditions: vec![condition.to_owned()],
        })
        .collect()
    }

    #[test]
    fn what_people_say_is_what_they_mean() {
        let known = known();
        for (words, wanted) in [
            ("门口的井盖没了", "上水井盖"),
            ("路口积水没过脚踝", "道路积水"),
            ("小区门口的灯不亮", "路灯"),
            ("路上有个大坑，骑车摔了", "道路破损"),
            ("楼下成堆垃圾没人收", "暴露垃圾"),
            ("半夜唱歌太吵了", "噪声扰民"),
            ("车子乱停堵住消防通道", "机动车乱停放"),
            ("楼顶违建又盖了一间", "私搭乱建"),
        ] {
            let first = suggest(words, &known, 3).first().copied();
            let name = known.iter().find(|each| Some(each.id) == first);
            assert_eq!(name.map(|each| each.name.as_str()), Some(wanted), "{words}");
        }
        assert_eq!(suggest("您好", &known, 3), []);
        assert_eq!(suggest("", &known, 3), []);
        assert_eq!(
            suggest("路 井 灯 垃圾 道路破损 积水 噪声", &known, 2).len(),
            2
        );
    }
}
