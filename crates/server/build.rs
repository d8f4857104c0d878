//! Takes the built console into the binary: a table of the files of `web/dist` with their packed forms. `make` builds them first; a
//! binary built without them says on its first page how to get them.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/dist");
    // The folder always exists: it is kept by its own .gitignore.
    println!("cargo:rerun-if-changed={}", root.display());
    let mut files = Vec::new();
    gather(&root, &mut files)?;
    files.sort();
    let mut table = String::from("&[\n");
    for file in files.iter().filter(|file| is_served(file)) {
        let name = file.strip_prefix(&root).map_err(io::Error::other)?;
        let name = name.to_string_lossy().replace('\\', "/");
        let path = file.to_string_lossy();
        let packed = |ending: &str| {
            let other = format!("{path}{ending}");
            if Path::new(&other).exists() {
                format!("Some(include_bytes!({other:?}))")
            } else {
                "None".to_owned()
            }
        };
        let line = writeln!(
            table,
            "ConsoleFile {{ name: {name:?}, tag: {:?}, plain: include_bytes!({path:?}), br: {}, gz: {} }},",
            tag_of(&fs::read(file)?),
            packed(".br"),
            packed(".gz")
        );
        line.map_err(io::Error::other)?;
    }
    table.push(']');
    let folder = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("OUT_DIR is not set"))?;
    fs::write(Path::new(&folder).join("console_files.rs"), table)
}

fn gather(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            gather(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

/// Packed forms belong to the file they are made of; hidden files are not of the console.
fn is_served(path: &Path) -> bool {
    let name = path
        .file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let is_packed = path
        .extension()
        .is_some_and(|ending| ending == "br" || ending == "gz");
    !name.starts_with('.') && !is_packed
}

/// FNV-1a over the content: tells one version of a file from the next, and nothing more is asked of it.
fn tag_of(bytes: &[u8]) -> String {
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("\"{hash:016x}\"")
}
