//! The built program as a child process: started, asked what it costs, stopped or killed.

use anyhow::{Context, Result, bail};
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running `chengyun`.
pub struct Program {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// From the start of the process to its first healthy answer.
    pub ready_after: Duration,
    /// Where its output goes.
    pub log: PathBuf,
}

/// How to start it.
pub struct Launch<'a> {
    /// The binary.
    pub binary: &'a Path,
    /// `serve` or `demo`.
    pub command: &'a str,
    /// Its data directory.
    pub data_dir: &'a Path,
    /// PostgreSQL, or the embedded database when none.
    pub database_url: Option<&'a str>,
}

impl Launch<'_> {
    /// Starts it on a free port of the loopback address and waits until it is ready.
    pub fn start(&self) -> Result<Program> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        fs::create_dir_all(self.data_dir)?;
        let log = self.data_dir.join("output.log");
        let output = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&log)?;
        let mut command = Command::new(self.binary);
        command.arg(self.command);
        if self.command == "demo" {
            // What is measured and tested is the program, not how long two months last.
            command.arg("--small");
        }
        command
            .arg("--data-dir")
            .arg(self.data_dir)
            .arg("--listen")
            .arg(address.to_string());
        if let Some(url) = self.database_url {
            command.arg("--database-url").arg(url);
        }
        let started = Instant::now();
        let child = command
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .with_context(|| format!("cannot start {}", self.binary.display()))?;
        let mut program = Program {
            child,
            address,
            ready_after: Duration::ZERO,
            log,
        };
        program.wait_until_ready(started)?;
        Ok(program)
    }
}

impl Program {
    fn wait_until_ready(&mut self, started: Instant) -> Result<()> {
        use std::io::{Read as _, Write as _};
        while started.elapsed() < Duration::from_mins(2) {
            if let Some(status) = self.child.try_wait()? {
                bail!(
                    "it ended with {status}: {}",
                    fs::read_to_string(&self.log).unwrap_or_default()
                );
            }
            if let Ok(mut stream) = std::net::TcpStream::connect(self.address) {
                let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
                let _ = stream.write_all(
                    b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
                );
                let mut answer = String::new();
                if stream.read_to_string(&mut answer).is_ok() && answer.starts_with("HTTP/1.1 200")
                {
                    self.ready_after = started.elapsed();
                    return Ok(());
                }
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        bail!(
            "not ready within two minutes: {}",
            fs::read_to_string(&self.log).unwrap_or_default()
        )
    }

    /// Processor time used so far, user and system.
    pub fn cpu(&self) -> Result<Duration> {
        cpu_of(self.child.id())
    }

    /// Resident memory now, in bytes.
    pub fn resident_bytes(&self) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .context("no VmRSS")?;
        Ok(line.trim().trim_end_matches(" kB").trim().parse::<u64>()? * 1024)
    }

    /// `kill -9`: no goodbye.
    pub fn kill(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// SIGTERM, and waits for the end. Errors when it does not end by itself or not with success.
    pub fn stop(mut self) -> Result<Duration> {
        let started = Instant::now();
        Command::new("kill")
            .arg("-TERM")
            .arg(self.child.id().to_string())
            .status()?;
        while started.elapsed() < Duration::from_secs(30) {
            if let Some(status) = self.child.try_wait()? {
                if status.success() {
                    return Ok(started.elapsed());
                }
                bail!(
                    "it ended with {status}: {}",
                    fs::read_to_string(&self.log).unwrap_or_default()
                );
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        self.child.kill()?;
        bail!("it did not end within 30 seconds of SIGTERM")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Clock ticks a second in /proc: fixed at 100 on every Linux we know.
const TICKS_PER_SECOND: u64 = 100;

fn cpu_of(process: u32) -> Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    let after_name = stat.rsplit_once(") ").context("unreadable stat")?.1;
    let mut fields = after_name.split(' ').skip(11);
    let mut next = || {
        fields
            .next()
            .and_then(|field| field.parse::<u64>().ok())
            .context("unreadable stat")
    };
    Ok(Duration::from_millis(
        (next()? + next()?) * 1000 / TICKS_PER_SECOND,
    ))
}

/// Processor time of every process named `postgres`, living or reaped by its parent.
pub fn postgres_cpu() -> Result<Duration> {
    let mut total = Duration::ZERO;
    for entry in fs::read_dir("/proc")?.flatten() {
        let Some(process) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse::<u32>().ok())
        else {
            continue;
        };
        let name = fs::read_to_string(format!("/proc/{process}/comm")).unwrap_or_default();
        if name.trim() == "postgres" {
            total += cpu_of(process).unwrap_or_default();
        }
    }
    Ok(total)
}
