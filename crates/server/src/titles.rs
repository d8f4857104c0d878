//! Titles of problem codes in the caller's language. Each room translates its own codes; `cargo xtask tidy` sees to it that
//! none is missing.

use axum::http::{HeaderMap, header};
use std::collections::HashMap;
use std::sync::LazyLock;

/// A language of the platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Simplified Chinese, when nothing else is asked for.
    Chinese,
    /// English.
    English,
}

/// The words of one language.
#[derive(Debug, Default)]
pub struct LanguageTitles {
    problems: HashMap<String, String>,
    fields: HashMap<String, String>,
}

macro_rules! translations {
    ($language:literal: $($room:literal),+ $(,)?) => {
        LanguageTitles::read(&[$(include_str!(concat!("../../", $room, "/translations/", $language, ".toml"))),+])
    };
}

static CHINESE: LazyLock<LanguageTitles> = LazyLock::new(
    || translations!("zh-CN": "wire", "access", "registry", "casework", "portal", "server"),
);
static ENGLISH: LazyLock<LanguageTitles> = LazyLock::new(
    || translations!("en": "wire", "access", "registry", "casework", "portal", "server"),
);

impl Language {
    /// What `Accept-Language` prefers of the two.
    pub fn of(headers: &HeaderMap) -> Self {
        let wanted = headers
            .get(header::ACCEPT_LANGUAGE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let mut best = (Self::Chinese, 0.0);
        for part in wanted.split(',') {
            let mut pieces = part.split(';').map(str::trim);
            let tag = pieces.next().unwrap_or_default();
            let weight = pieces
                .find_map(|piece| piece.strip_prefix("q="))
                .map_or(1.0, |text| text.parse::<f64>().unwrap_or(0.0));
            let primary = tag.split('-').next().unwrap_or_default();
            let language = if primary.eq_ignore_ascii_case("en") {
                Self::English
            } else if primary.eq_ignore_ascii_case("zh") || tag == "*" {
                Self::Chinese
            } else {
                continue;
            };
            if weight > best.1 {
                best = (language, weight);
            }
        }
        best.0
    }

    /// Its words.
    pub fn titles(self) -> &'static LanguageTitles {
        match self {
            Self::Chinese => &CHINESE,
            Self::English => &ENGLISH,
        }
    }
}

impl LanguageTitles {
    fn read(files: &[&str]) -> Self {
        let mut titles = Self::default();
        for file in files {
            // The files are part of the binary and read by a test; a room whose file is broken shows its codes.
            let table: toml::Table = file.parse().unwrap_or_default();
            let rows = |name: &str| {
                let rows = table.get(name).and_then(toml::Value::as_table).cloned();
                rows.into_iter()
                    .flatten()
                    .filter_map(|(code, title)| Some((code, title.as_str()?.to_owned())))
            };
            titles.problems.extend(rows("problem"));
            titles.fields.extend(rows("field"));
        }
        titles
    }
}

impl wire::Titles for LanguageTitles {
    fn of_problem<'t>(&'t self, code: &'t str) -> &'t str {
        self.problems.get(code).map_or(code, String::as_str)
    }
    fn of_field<'t>(&'t self, code: &'t str) -> &'t str {
        self.fields.get(code).map_or(code, String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;
    use wire::Titles;

    #[test]
    fn the_language_is_what_the_caller_prefers_and_chinese_otherwise() {
        let cases = [
            ("", Language::Chinese),
            ("en", Language::English),
            ("en-GB,zh;q=0.8", Language::English),
            ("zh-CN,en;q=0.9", Language::Chinese),
            ("fr, en;q=0.3, *;q=0.1", Language::English),
            ("fr, de", Language::Chinese),
            ("en;q=x", Language::Chinese),
        ];
        for (header_text, language) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(
                header::ACCEPT_LANGUAGE,
                HeaderValue::from_static(header_text),
            );
            assert_eq!(Language::of(&headers), language, "{header_text:?}");
        }
    }

    #[test]
    fn codes_of_every_crate_have_words() {
        let lists = [
            wire::PROBLEM_CODES,
            access::PROBLEM_CODES,
            registry::PROBLEM_CODES,
            casework::PROBLEM_CODES,
            portal::PROBLEM_CODES,
            crate::PROBLEM_CODES,
        ];
        for code in lists.into_iter().flatten() {
            for language in [Language::Chinese, Language::English] {
                assert_ne!(language.titles().of_problem(code), *code, "{code}");
            }
        }
        assert_eq!(Language::Chinese.titles().of_field("required"), "必填");
    }
}
