//! Masks personal data for those who need not read it: `张*`, `138****1234`, first six and last four of an identity number,
//! and the same within running text (GB/T 22239-2019 level 3 practice; the forms are the usual ones of public bodies).
//!
//! It sees numbers however they are typed: full-width digits, `+86`, spaces and dashes within. It does not understand numbers
//! written in Chinese characters, nor names or addresses in running text. When in doubt it masks.

/// How many characters may stand between the parts of one number, as in `(0510) 8686-1234`.
const GAP_MAX: usize = 2;
/// Digits of the longest number looked for (an identity number), with its longest prefix.
const DIGITS_MAX: usize = 22;
/// Words that make an otherwise ordinary number somebody's.
const CONTACT_WORDS: &[&str] = &[
    "电话", "手机", "联系", "号码", "座机", "来电", "致电", "微信", "扣扣", "qq", "tel", "phone",
];
/// Words that make fifteen digits an identity number of the old kind.
const ID_WORDS: &[&str] = &["身份", "证件", "证号"];
/// How far before a number such a word may stand, in characters.
const WORD_DISTANCE: usize = 8;

/// A person's name: the first character, e.g. `张*`. A single character is hidden altogether.
pub fn name(name: &str) -> String {
    let mut characters = name.trim().chars();
    match (characters.next(), characters.next()) {
        (None, _) => String::new(),
        (Some(_), None) => "*".to_owned(),
        (Some(first), Some(_)) => format!("{first}*"),
    }
}

/// A phone number: `138****1234`; of a landline area code and the last four, `0510****1234`. What is no phone number is
/// hidden but for its last two characters.
pub fn phone(phone: &str) -> String {
    let Some(digits) = normalised_phone(phone) else {
        return hide_all_but_end(phone.trim(), 2);
    };
    let kept = match NumberKind::of(&digits) {
        Some(kind) => kind.kept(digits.chars().count()),
        None => Kept { head: 0, tail: 4 },
    };
    hide_middle(&digits, kept)
}

/// An identity number: first six and last four.
pub fn id_number(number: &str) -> String {
    let compact: String = number
        .chars()
        .map(half_width)
        .filter(char::is_ascii_alphanumeric)
        .collect();
    if compact.len() < 12 {
        return hide_all_but_end(&compact, 2);
    }
    hide_middle(&compact, Kept { head: 6, tail: 4 })
}

/// Running text with the phone numbers, identity numbers and mail addresses in it masked; its length in characters stays.
///
/// ```
/// assert_eq!(access::mask::text("请打１３８ 1234-5678找我"), "请打１３８ ****-5678找我");
/// ```
pub fn text(text: &str) -> String {
    let original: Vec<char> = text.chars().collect();
    let plain: Vec<char> = original.iter().copied().map(half_width).collect();
    let mut hidden = vec![false; plain.len()];
    hide_mail_addresses(&plain, &mut hidden);
    hide_numbers(&plain, &mut hidden);
    original
        .iter()
        .zip(&hidden)
        .map(|(c, hide)| if *hide { '*' } else { *c })
        .collect()
}

/// A phone number as it is compared: digits only, without the country's prefix when it is a mobile number of China; `None`
/// when it has fewer than 7 or more than 15 digits or anything but digits and separators.
///
/// ```
/// assert_eq!(access::mask::normalised_phone("+86 138-1234 5678").as_deref(), Some("13812345678"));
/// assert_eq!(access::mask::normalised_phone("（０５１０）86861234").as_deref(), Some("051086861234"));
/// ```
pub fn normalised_phone(phone: &str) -> Option<String> {
    let mut digits = String::new();
    for c in phone.trim().chars().map(half_width) {
        match c {
            '0'..='9' => digits.push(c),
            '+' if digits.is_empty() => {}
            c if is_gap(c) => {}
            _ => return None,
        }
    }
    let mobile = ["0086", "86"]
        .into_iter()
        .filter_map(|prefix| digits.strip_prefix(prefix))
        .find(|rest| is_mobile(rest));
    let digits = mobile.map_or(digits.clone(), str::to_owned);
    (7..=15).contains(&digits.len()).then_some(digits)
}

/// Full-width forms to their ASCII twins, one character for one.
fn half_width(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '\u{3000}' | '\u{a0}' | '\u{2002}'..='\u{200a}' => ' ',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        _ => c,
    }
}

/// What people put within numbers.
fn is_gap(c: char) -> bool {
    matches!(
        c,
        ' ' | '-' | '.' | '_' | '(' | ')' | '·' | '\t' | '\u{200b}' | '\u{feff}'
    )
}

/// Whether it is the number of a mobile telephone of the mainland, which messages can be sent to.
pub fn is_mobile(digits: &str) -> bool {
    let mut start = digits.bytes();
    digits.len() == 11 && start.next() == Some(b'1') && matches!(start.next(), Some(b'3'..=b'9'))
}

/// Area code of three or four digits beginning with 0, then seven or eight that begin neither with 0 nor 1.
fn area_code_length(digits: &str) -> Option<usize> {
    let of_three = digits.starts_with("01") || digits.starts_with("02");
    let length = if of_three { 3 } else { 4 };
    let (code, local) = digits.split_at_checked(length)?;
    let local_fits = matches!(local.len(), 7 | 8) && !local.starts_with(['0', '1']);
    (code.starts_with('0') && !code.starts_with("00") && local_fits).then_some(length)
}

/// Eighteen characters: region, birth date, order, check character. The check itself is not asked for: typing errors are
/// somebody's number too. Or the fifteen digits of the years before 2000, which look like the code of a unit grid.
fn is_id_number(text: &str) -> bool {
    let within = |at: std::ops::Range<usize>, from: u32, to: u32| {
        text.get(at)
            .and_then(|part| part.parse().ok())
            .is_some_and(|n: u32| n >= from && n <= to)
    };
    let digits_but_last = text
        .char_indices()
        .all(|(i, c)| c.is_ascii_digit() || (i == 17 && matches!(c, 'x' | 'X')));
    match text.len() {
        18 => {
            digits_but_last
                && within(0..2, 11, 91)
                && within(6..10, 1900, 2099)
                && within(10..12, 1, 12)
                && within(12..14, 1, 31)
        }
        15 => {
            digits_but_last && within(0..2, 11, 91) && within(8..10, 1, 12) && within(10..12, 1, 31)
        }
        _ => false,
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NumberKind {
    /// Mobile number after a prefix of this many digits.
    Mobile {
        prefix: usize,
    },
    /// Landline with an area code of this many digits.
    Landline {
        area_code: usize,
    },
    IdNumber,
    /// Somebody's because of a word before it.
    Contact,
}

#[derive(Clone, Copy)]
struct Kept {
    head: usize,
    tail: usize,
}

impl NumberKind {
    /// What `digits` is by its shape alone.
    fn of(digits: &str) -> Option<Self> {
        for prefix in ["", "86", "0086", "0"] {
            if digits.strip_prefix(prefix).is_some_and(is_mobile) {
                return Some(Self::Mobile {
                    prefix: prefix.len(),
                });
            }
        }
        if digits.len() == 18 && is_id_number(digits) {
            return Some(Self::IdNumber);
        }
        area_code_length(digits).map(|area_code| Self::Landline { area_code })
    }

    fn kept(self, length: usize) -> Kept {
        match self {
            Self::Mobile { prefix } => Kept {
                head: prefix + 3,
                tail: 4,
            },
            Self::Landline { area_code } => Kept {
                head: area_code,
                tail: 4,
            },
            Self::IdNumber => Kept { head: 6, tail: 4 },
            Self::Contact => Kept {
                head: 0,
                tail: length.min(8) / 2,
            },
        }
    }
}

fn hide_middle(text: &str, kept: Kept) -> String {
    let length = text.chars().count();
    text.chars()
        .enumerate()
        .map(|(i, c)| {
            if i >= kept.head && i + kept.tail < length {
                '*'
            } else {
                c
            }
        })
        .collect()
}

fn hide_all_but_end(text: &str, tail: usize) -> String {
    let tail = if text.chars().count() > 2 * tail {
        tail
    } else {
        0
    };
    hide_middle(text, Kept { head: 0, tail })
}

/// Digits that stand together: from here to before there.
#[derive(Clone, Copy)]
struct Group {
    from: usize,
    to: usize,
}

fn digit_groups(plain: &[char], hidden: &[bool]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (i, (c, hide)) in plain.iter().zip(hidden).enumerate() {
        // The check character X of an identity number belongs to its digits.
        let is_check =
            matches!(c, 'x' | 'X') && groups.last().is_some_and(|g| g.to == i && i - g.from == 17);
        if *hide || !(c.is_ascii_digit() || is_check) {
            continue;
        }
        match groups.last_mut() {
            Some(group) if group.to == i => group.to = i + 1,
            _ => groups.push(Group { from: i, to: i + 1 }),
        }
    }
    groups
}

fn hide_numbers(plain: &[char], hidden: &mut [bool]) {
    let groups = digit_groups(plain, hidden);
    let mut taken = vec![false; groups.len()];
    // First what is whole: a number that stands for itself is not torn up to make another.
    for (group, taken) in groups.iter().zip(&mut taken) {
        let digits = digits_of(plain, &[*group]);
        if let Some(kind) = NumberKind::of(&digits) {
            hide(&[*group], kind, hidden);
            *taken = true;
        }
    }
    hide_joined(plain, &groups, &mut taken, hidden);
    for (group, taken) in groups.iter().zip(&taken) {
        let length = group.to - group.from;
        if *taken || !(6..=20).contains(&length) {
            continue;
        }
        if length == 15
            && follows(plain, group.from, ID_WORDS)
            && is_id_number(&digits_of(plain, &[*group]))
        {
            hide(&[*group], NumberKind::IdNumber, hidden);
        } else if follows(plain, group.from, CONTACT_WORDS) {
            hide(&[*group], NumberKind::Contact, hidden);
        }
    }
}

/// Numbers whose parts stand apart: the longest run of neighbouring groups that makes one, from left to right.
fn hide_joined(plain: &[char], groups: &[Group], taken: &mut [bool], hidden: &mut [bool]) {
    let mut first = 0;
    while first < groups.len() {
        let run = joined_run(
            plain,
            groups.get(first..).unwrap_or_default(),
            taken.get(first..).unwrap_or_default(),
        );
        let longest = (2..=run.len()).rev().find_map(|count| {
            let part = run.get(..count)?;
            NumberKind::of(&digits_of(plain, part)).map(|kind| (part, kind))
        });
        let Some((part, kind)) = longest else {
            first += 1;
            continue;
        };
        hide(part, kind, hidden);
        for taken in taken.iter_mut().skip(first).take(part.len()) {
            *taken = true;
        }
        first += part.len();
    }
}

/// The groups from the first on that are near enough to each other and not too long to be one number.
fn joined_run<'a>(plain: &[char], groups: &'a [Group], taken: &[bool]) -> &'a [Group] {
    let mut end = 0;
    let mut last: Option<Group> = None;
    let mut digits = 0;
    for (group, taken) in groups.iter().zip(taken) {
        digits += group.to - group.from;
        let near = last.is_none_or(|last| {
            let gap = plain.get(last.to..group.from).unwrap_or_default();
            gap.len() <= GAP_MAX && gap.iter().all(|c| is_gap(*c))
        });
        if *taken || !near || digits > DIGITS_MAX {
            break;
        }
        end += 1;
        last = Some(*group);
    }
    groups.get(..end).unwrap_or_default()
}

fn digits_of(plain: &[char], groups: &[Group]) -> String {
    groups
        .iter()
        .flat_map(|group| plain.get(group.from..group.to).unwrap_or_default())
        .collect()
}

fn hide(groups: &[Group], kind: NumberKind, hidden: &mut [bool]) {
    let places: Vec<usize> = groups
        .iter()
        .flat_map(|group| group.from..group.to)
        .collect();
    let kept = kind.kept(places.len());
    let end = places.len().saturating_sub(kept.tail);
    for place in places.get(kept.head..end).unwrap_or_default() {
        if let Some(hide) = hidden.get_mut(*place) {
            *hide = true;
        }
    }
}

/// Whether one of `words` stands shortly before place `at`.
fn follows(plain: &[char], at: usize, words: &[&str]) -> bool {
    let from = at.saturating_sub(WORD_DISTANCE);
    let lead: String = plain.get(from..at).unwrap_or_default().iter().collect();
    let lead = lead.to_ascii_lowercase();
    words.iter().any(|word| lead.contains(word))
}

/// Of `zhang.san@example.com` only the first character and the domain stay.
fn hide_mail_addresses(plain: &[char], hidden: &mut [bool]) {
    let is_local = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '%' | '+' | '-');
    let is_domain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    for (at, _) in plain.iter().enumerate().filter(|(_, c)| **c == '@') {
        let local = plain
            .iter()
            .take(at)
            .rev()
            .take_while(|c| is_local(c))
            .count();
        let domain: String = plain
            .iter()
            .skip(at + 1)
            .take_while(|c| is_domain(c))
            .collect();
        if local == 0 || !domain.trim_end_matches('.').contains('.') {
            continue;
        }
        for hide in hidden
            .iter_mut()
            .take(at)
            .skip(at - local + usize::from(local > 1))
        {
            *hide = true;
        }
    }
}

#[cfg(test)]
#[path = "mask_tests.rs"]
mod tests;
