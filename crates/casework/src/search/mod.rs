//! Searching and likeness, without I/O: how texts are cut, what a question asks for, where it is found, how alike two things are.
//!
//! Texts are compared as [`plain`]: full-width forms as their ASCII twins, capitals as small letters, one character for one, so that
//! a place in one is the same place in the other. Traditional characters are taken as they are written.
//!
//! What is indexed are single characters and pairs of neighbours, by which any run of characters is found, whatever a dictionary
//! would make of it: names of roads and shops are in none. A dictionary ([`Cutter`]) cuts what is *asked*, because people type
//! `盈港路井盖` without a space; every piece must be found as it stands. So a better dictionary needs no other index.

mod alike;
mod text;

pub use alike::{Alike, Kinship, RECENT_DAYS, alike};
pub use text::{Asked, Piece, Span, find_all, plain, tails, terms};

use jieba_rs::Jieba;
use std::cmp::Reverse;
use std::collections::HashSet;
use std::sync::OnceLock;

/// Words without a meaning of their own: asked for together with others they are left out.
const PARTICLES: &[&str] = &[
    "的", "了", "在", "是", "我", "有", "和", "就", "都", "也", "很", "到", "要", "去", "你", "会",
    "着", "没", "没有", "这", "那", "吗", "呢", "吧", "啊", "与", "及", "等", "被", "把", "从",
    "对", "请", "个",
];

/// Words that nearly every report has: to have them in common says nothing.
const COMMON: &[&str] = &[
    "一个", "我们", "你们", "他们", "希望", "现在", "已经", "目前", "问题", "反映", "情况", "市民",
    "来电", "诉求", "处理", "解决", "相关", "有关", "部门", "建议", "咨询", "投诉", "求助", "谢谢",
    "您好", "你好", "领导", "进行", "可以", "因为", "所以", "但是", "如果", "什么", "怎么", "这个",
    "那个", "尽快", "附近", "影响", "居民", "严重",
];

/// What the registry calls things.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// Categories and classes: what something is.
    pub kinds: Vec<String>,
    /// Areas: where it is, which likeness judges by distance.
    pub areas: Vec<String>,
}

struct Dictionary {
    jieba: Jieba,
    kinds: HashSet<String>,
    areas: HashSet<String>,
}

impl Dictionary {
    fn new(names: Names) -> Self {
        let mut jieba = Jieba::new();
        for name in names.kinds.iter().chain(&names.areas) {
            jieba.add_word(name, None, None);
        }
        Self {
            jieba,
            kinds: names.kinds.into_iter().collect(),
            areas: names.areas.into_iter().collect(),
        }
    }
}

/// Cuts what people type into words. The dictionary takes 30 MB and a tenth of a second, so it is read when first needed.
#[derive(Default)]
pub struct Cutter(OnceLock<Dictionary>);

impl Cutter {
    /// `names` are known beside the dictionary, as they were when the first text was cut.
    fn dictionary(&self, names: impl FnOnce() -> Names) -> &Dictionary {
        self.0.get_or_init(|| Dictionary::new(names()))
    }

    /// The words of a text, in its order, as it is written; without spaces and signs.
    pub fn words(&self, text: &[char], names: impl FnOnce() -> Names) -> Vec<String> {
        let dictionary = self.dictionary(names);
        let mut words = Vec::new();
        for run in text.split(|c| !c.is_alphanumeric()) {
            let run: String = run.iter().collect();
            let cut = dictionary.jieba.cut(&run, false).into_iter();
            words.extend(together(cut.map(|token| token.word)));
        }
        words
    }

    /// The words of a text that say what it is about, each once, and whether it is the name of a kind of things. Those come first, then
    /// the longer ones. Areas are left out: where something is says the distance.
    pub fn telling(&self, text: &[char], names: impl FnOnce() -> Names) -> Vec<(String, bool)> {
        let mut seen = HashSet::new();
        let words = self.words(text, names).into_iter();
        let Some(dictionary) = self.0.get() else {
            return Vec::new();
        };
        let mut words: Vec<_> = words
            .filter(|word| {
                word.chars().count() > 1
                    && !is_particle(word)
                    && !COMMON.contains(&word.as_str())
                    && !dictionary.areas.contains(word)
                    && !word.bytes().all(|byte| byte.is_ascii_digit())
                    && seen.insert(word.clone())
            })
            .map(|word| {
                let is_kind = dictionary.kinds.contains(&word);
                (word, is_kind)
            })
            .collect();
        words.sort_by_key(|(word, is_kind)| (!is_kind, Reverse(word.chars().count())));
        words
    }
}

/// What no dictionary knows falls apart into single characters: neighbours of those belong together (`盈` `港` `路`). The model that jieba
/// has for guessing at such words is left out: the same characters shall be cut in the same way.
fn together<'a>(cut: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut is_open = false;
    for word in cut {
        let is_single = word.chars().count() == 1 && !word.is_ascii() && !is_particle(word);
        match words.last_mut() {
            Some(last) if is_single && is_open => last.push_str(word),
            _ => words.push(word.to_owned()),
        }
        is_open = is_single;
    }
    words
}

fn is_particle(word: &str) -> bool {
    PARTICLES.contains(&word)
}

#[cfg(test)]
mod tests;
