//! What an installation may decide: from the command line, else `CHENGYUN_*` variables, else a TOML file, else a default.
//!
//! The only module of the product that reads the environment. Everything else is handed a [`Settings`].

use anyhow::Context;
use axum::http::Uri;
use clap::Args;
use config::{Config, Environment, File, FileFormat};
use serde::Deserialize;
use std::io::IsTerminal;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people at a terminal.
    Pretty,
    /// One JSON object a line, for machines.
    Json,
    /// Pretty at a terminal, else JSON.
    Auto,
}

/// Everything an installation may decide. Unknown keys in file or environment are errors, so that a typing slip is seen.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Where the embedded database, keys and files lie.
    pub data_dir: PathBuf,
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// `sqlite:<path>` or `postgres://user:password@host/database`; empty means `chengyun.db` in the data directory.
    pub database_url: String,
    /// PostgreSQL connections for writing.
    pub database_writers: usize,
    /// Database threads that read.
    pub database_readers: usize,
    /// File with the keys that seal personal data; empty means `keys` in the data directory.
    pub key_file: PathBuf,
    /// What is logged, e.g. `info` or `info,server=debug`.
    pub log_filter: String,
    /// How the log is written.
    pub log_format: LogFormat,
    /// Whether session cookies are only sent over HTTPS; set it when a proxy in front speaks HTTPS.
    pub secure_cookies: bool,
    /// Addresses of proxies in front whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// Division code of the city or district, 6 digits; what human numbers begin with.
    pub city_code: String,
    /// What the public pages and messages call the city.
    pub city_name: String,
    /// How the public reaches the server, `https://host` or `http://host:port`, for codes to scan; empty means by the address of the page
    /// that prints them.
    pub public_address: String,
    /// Code of the organisation that receives what the public tells; empty means the topmost.
    pub portal_organisation: String,
    /// Where messages to phones are sent: `http://host:port/path` of a gateway beside this machine; empty means that none are.
    pub sms_gateway: String,
    /// File with what the gateway is sent as `Authorization`; empty means nothing.
    pub sms_gateway_secret_file: PathBuf,
    /// Whether messages to phones are written into the log instead, codes and all: for trying out, never for a city.
    pub sms_to_log: bool,
    /// Seconds a request may take before it is given up.
    pub request_seconds_max: u64,
    /// Seconds open requests get to finish when the server is told to stop.
    pub shutdown_seconds_max: u64,
    /// Open connections; the next one waits.
    pub connections_max: usize,
    /// Open live streams; the next one is told to come back.
    pub live_streams_max: usize,
    /// Where the backup of the embedded database is kept up; empty means none.
    pub backup_dir: PathBuf,
    /// File with the passphrase that seals the keys in a backup.
    pub backup_passphrase_file: PathBuf,
    /// Seconds between two steps of the backup.
    pub backup_seconds: u64,
    /// Days that one can go back in the backup, at least.
    pub backup_days: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("var"),
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            database_url: String::new(),
            database_writers: 8,
            database_readers: 4,
            key_file: PathBuf::new(),
            log_filter: "info".to_owned(),
            log_format: LogFormat::Auto,
            secure_cookies: false,
            trusted_proxies: Vec::new(),
            city_code: "310100".to_owned(),
            city_name: "城运中心".to_owned(),
            public_address: String::new(),
            portal_organisation: String::new(),
            sms_gateway: String::new(),
            sms_gateway_secret_file: PathBuf::new(),
            sms_to_log: false,
            request_seconds_max: 30,
            shutdown_seconds_max: 20,
            connections_max: 10_000,
            live_streams_max: 2_000,
            backup_dir: PathBuf::new(),
            backup_passphrase_file: PathBuf::new(),
            backup_seconds: 20,
            backup_days: 7,
        }
    }
}

/// The settings that have a place on the command line.
#[derive(Args, Clone, Debug, Default)]
pub struct Options {
    /// TOML file with settings [variable: CHENGYUN_CONFIG]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where database, keys and files lie [variable: CHENGYUN_DATA_DIR, default: var]
    #[arg(long, global = true, value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,
    /// Address and port [variable: CHENGYUN_LISTEN, default: 127.0.0.1:8080]
    #[arg(long, global = true, value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,
    /// sqlite:<path> or postgres://… [variable: CHENGYUN_DATABASE_URL, default: the embedded database in the data directory]
    #[arg(long, global = true, value_name = "URL")]
    pub database_url: Option<String>,
    /// Where the backup of the embedded database is kept up [variable: CHENGYUN_BACKUP_DIR, default: none is]
    #[arg(long, global = true, value_name = "FOLDER")]
    pub backup_dir: Option<PathBuf>,
    /// File with the passphrase that seals the keys in a backup [variable: CHENGYUN_BACKUP_PASSPHRASE_FILE]
    #[arg(long, global = true, value_name = "FILE")]
    pub backup_passphrase_file: Option<PathBuf>,
}

const PREFIX: &str = "CHENGYUN";

impl Settings {
    /// Reads file and environment and lays the command line over them.
    ///
    /// Errors: a file that cannot be read, a key nobody knows, a value that does not fit.
    pub fn read(options: &Options) -> anyhow::Result<Self> {
        let variables = std::env::vars_os()
            .filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)))
            .filter(|(key, _)| key.starts_with("CHENGYUN_"))
            .collect();
        Self::from_sources(options, variables)
    }

    fn from_sources(options: &Options, mut variables: Variables) -> anyhow::Result<Self> {
        let file = variables.remove("CHENGYUN_CONFIG").map(PathBuf::from);
        let file = options.config.clone().or(file);
        let mut sources = Config::builder();
        if let Some(file) = &file {
            sources = sources.add_source(File::from(file.as_path()).format(FileFormat::Toml));
        }
        let environment = Environment::with_prefix(PREFIX)
            .try_parsing(true)
            .list_separator(",")
            .with_list_parse_key("trusted_proxies");
        let path_text = |path: &PathBuf| path.to_string_lossy().into_owned();
        let sources = sources
            .add_source(environment.source(Some(variables)))
            .set_override_option("data_dir", options.data_dir.as_ref().map(path_text))?
            .set_override_option("listen", options.listen.map(|address| address.to_string()))?
            .set_override_option("database_url", options.database_url.clone())?
            .set_override_option("backup_dir", options.backup_dir.as_ref().map(path_text))?
            .set_override_option(
                "backup_passphrase_file",
                options.backup_passphrase_file.as_ref().map(path_text),
            )?;
        let read = sources.build().context("settings")?;
        read.try_deserialize()
            .context("settings (file or CHENGYUN_* variables)")
    }

    /// Where the database is.
    pub fn database(&self) -> String {
        if self.database_url.is_empty() {
            format!("sqlite:{}", self.data_dir.join("chengyun.db").display())
        } else {
            self.database_url.clone()
        }
    }

    /// Where the keys are.
    pub fn keys(&self) -> PathBuf {
        if self.key_file.as_os_str().is_empty() {
            self.data_dir.join("keys")
        } else {
            self.key_file.clone()
        }
    }

    /// How the public reaches the server, as codes to scan begin; none when nothing was said. Errors: it is no address of a server, or
    /// more than that.
    pub fn public_address(&self) -> anyhow::Result<Option<String>> {
        let said = self.public_address.trim();
        if said.is_empty() {
            return Ok(None);
        }
        let wrong =
            || format!("public_address is `https://host` or `http://host:port`, not {said}");
        let address: Uri = said.parse().with_context(wrong)?;
        let scheme = address
            .scheme_str()
            .filter(|scheme| matches!(*scheme, "http" | "https"));
        let host = address
            .authority()
            .filter(|host| !host.as_str().contains('@'));
        let is_bare = address.path() == "/" && address.query().is_none() && !said.contains('#');
        match (scheme, host) {
            (Some(scheme), Some(host)) if is_bare => Ok(Some(format!("{scheme}://{host}"))),
            _ => anyhow::bail!(wrong()),
        }
    }

    /// The same, with nobody following.
    #[must_use]
    pub fn without_backup(&self) -> Self {
        Self {
            backup_dir: PathBuf::new(),
            ..self.clone()
        }
    }

    /// How long a request may take.
    pub fn request_time_max(&self) -> Duration {
        Duration::from_secs(self.request_seconds_max)
    }

    /// How long open requests get when stopping.
    pub fn shutdown_time_max(&self) -> Duration {
        Duration::from_secs(self.shutdown_seconds_max)
    }

    /// Whether the log is written for people.
    pub fn log_is_pretty(&self) -> bool {
        match self.log_format {
            LogFormat::Pretty => true,
            LogFormat::Json => false,
            LogFormat::Auto => std::io::stderr().is_terminal(),
        }
    }

    /// Where the index of words lies. It is made from the database at will and belongs into no backup.
    pub fn search_dir(&self) -> PathBuf {
        self.data_dir.join("search")
    }

    /// The data directory, made when missing and closed to other users.
    pub fn make_data_dir(&self) -> anyhow::Result<&Path> {
        let made = !self.data_dir.exists();
        std::fs::create_dir_all(&self.data_dir)
            .with_context(|| format!("making {}", self.data_dir.display()))?;
        #[cfg(unix)]
        if made {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(&self.data_dir, std::fs::Permissions::from_mode(0o700))?;
        }
        Ok(&self.data_dir)
    }
}

type Variables = config::Map<String, String>;

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(pairs: &[(&str, &str)]) -> Variables {
        pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn without_anything_the_defaults_hold() {
        let settings = Settings::from_sources(&Options::default(), variables(&[])).unwrap();
        assert_eq!(settings, Settings::default());
        assert_eq!(settings.database(), "sqlite:var/chengyun.db");
    }

    #[test]
    fn the_command_line_beats_the_environment_which_beats_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("settings.toml");
        std::fs::write(
            &file,
            "listen = \"127.0.0.1:1\"\ndata_dir = \"file\"\ndatabase_url = \"sqlite:file.db\"\nlog_format = \"json\"\n",
        )
        .unwrap();
        let options = Options {
            config: Some(file),
            data_dir: Some(PathBuf::from("line")),
            ..Options::default()
        };
        let given = variables(&[
            ("CHENGYUN_DATA_DIR", "variable"),
            ("CHENGYUN_LISTEN", "0.0.0.0:2"),
            ("CHENGYUN_REQUEST_SECONDS_MAX", "7"),
            ("CHENGYUN_TRUSTED_PROXIES", "10.0.0.1,10.0.0.2"),
            ("CHENGYUN_CITY_CODE", "420300"),
        ]);
        let settings = Settings::from_sources(&options, given).unwrap();
        assert_eq!(settings.data_dir, PathBuf::from("line"));
        assert_eq!(settings.listen, SocketAddr::from(([0, 0, 0, 0], 2)));
        assert_eq!(settings.database(), "sqlite:file.db");
        assert_eq!(settings.log_format, LogFormat::Json);
        assert_eq!(settings.request_seconds_max, 7);
        assert_eq!(settings.trusted_proxies.len(), 2);
        assert_eq!(
            settings.city_code, "420300",
            "a text of digits stays a text"
        );
    }

    #[test]
    fn the_public_address_is_that_of_a_server_and_no_more() {
        let said = |text: &str| {
            let settings = Settings {
                public_address: text.to_owned(),
                ..Settings::default()
            };
            settings.public_address()
        };
        assert_eq!(said("").unwrap(), None);
        for (text, address) in [
            ("https://city.example", "https://city.example"),
            ("https://city.example/", "https://city.example"),
            (" http://10.0.0.7:8080 ", "http://10.0.0.7:8080"),
        ] {
            assert_eq!(said(text).unwrap().as_deref(), Some(address));
        }
        for text in [
            "city.example",
            "ftp://city.example",
            "https://city.example/m",
            "https://city.example/?a=b",
            "https://city.example#m",
            "https://somebody@city.example",
            "https://",
        ] {
            assert!(said(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_slip_in_a_name_or_value_is_an_error() {
        for pair in [
            ("CHENGYUN_LISTN", "127.0.0.1:1"),
            ("CHENGYUN_LISTEN", "here"),
        ] {
            assert!(Settings::from_sources(&Options::default(), variables(&[pair])).is_err());
        }
    }
}
