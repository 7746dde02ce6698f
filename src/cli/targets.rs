//! Where findings go: which format to standard output, and which to which file.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::CliError;
use super::args::Check;
use crate::config::{Config, nearest};
use crate::report::Format;

/// Names the format where neither the command line nor settings do better; see [`Targets::of`].
const FORMAT_VARIABLE: &str = "DJPERF_OUTPUT_FORMAT";
const FILE_VARIABLE: &str = "DJPERF_OUTPUT_FILE";
/// Standard output, where a file may be named.
const STDOUT: &str = "-";

/// One `--output FORMAT=FILE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub format: Format,
    pub path: PathBuf,
}

impl Target {
    /// The value of `--output`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let Some((name, path)) = text.split_once('=') else {
            return Err("write it as FORMAT=FILE, such as sarif=djperf.sarif".to_owned());
        };
        if path.is_empty() {
            return Err(format!(
                "no file is named behind `{name}=`; `-` is standard output"
            ));
        }
        let format = known(name)?;
        Ok(Self {
            format,
            path: path.into(),
        })
    }

    fn is_stdout(&self) -> bool {
        self.path.as_os_str() == STDOUT
    }
}

fn known(name: &str) -> Result<Format, String> {
    Format::parse(name).ok_or_else(|| {
        let hint =
            nearest(name, Format::NAMES).map_or_else(String::new, |near| format!(", did you mean `{near}`?"));
        format!(
            "unknown format `{name}`{hint}\nformats are: {}",
            Format::NAMES.join(", ")
        )
    })
}

/// Everything that is to be written.
#[derive(Debug)]
pub(super) struct Targets {
    pub stdout: Option<Format>,
    /// What `--output-format` and its like ask for: the format that `--statistics` is about.
    pub main: Format,
    /// The file that takes the place of standard output.
    main_file: Option<PathBuf>,
    others: Vec<Target>,
}

impl Targets {
    /// What arguments, then variables, then settings ask for; files that could not be written are told before
    /// anything is analysed.
    pub(super) fn of(check: &Check, config: &Config) -> Result<Self, CliError> {
        let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let from_variable = variable(FORMAT_VARIABLE)
            .map(|value| known(&value.to_string_lossy()))
            .transpose()
            .map_err(|reason| CliError::Usage(format!("{FORMAT_VARIABLE}: {reason}")))?;
        let asked = check.output_format();
        let mut main = asked.or(from_variable).unwrap_or(config.output_format);
        let (to_stdout, others): (Vec<Target>, Vec<Target>) =
            check.output.iter().cloned().partition(Target::is_stdout);
        let mut main_file = None;
        let mut stdout = None;
        if !check.diff && !check.fix_only {
            main_file = check
                .output_file
                .clone()
                .or_else(|| variable(FILE_VARIABLE).map(PathBuf::from))
                .filter(|path| path.as_os_str() != STDOUT);
            stdout = main_file.is_none().then_some(main);
        }
        let mut claimed = asked.is_some();
        for target in to_stdout {
            if let Some(taken) = stdout.filter(|_| claimed) {
                return Err(CliError::Usage(format!(
                    "standard output cannot be both {} and {}: write one of them to a file",
                    taken.as_str(),
                    target.format.as_str()
                )));
            }
            claimed = true;
            stdout = Some(target.format);
            if main_file.is_none() {
                main = target.format;
            }
        }
        let targets = Self {
            stdout,
            main,
            main_file,
            others,
        };
        targets.check()?;
        Ok(targets)
    }

    /// The files to be written, and whether each stands for standard output.
    fn files(&self) -> impl Iterator<Item = (Format, &Path, bool)> {
        let main = self.main_file.as_deref().map(|path| (self.main, path, true));
        main.into_iter()
            .chain(self.others.iter().map(|t| (t.format, &*t.path, false)))
    }

    /// Whether a format is written anywhere.
    pub(super) fn has(&self, format: Format) -> bool {
        self.stdout == Some(format) || self.files().any(|(other, ..)| other == format)
    }

    fn check(&self) -> Result<(), CliError> {
        let mut seen: Vec<PathBuf> = Vec::new();
        for (_, path, _) in self.files() {
            let place = Destination::of(path).map_err(|error| cannot_write(path, error))?;
            let Destination::File(real) = place else {
                continue;
            };
            if seen.contains(&real) {
                return Err(CliError::Usage(format!(
                    "two outputs would be written to {}: name a file for each",
                    path.display()
                )));
            }
            stage(&real, b"").map_err(|error| cannot_write(path, error))?;
            seen.push(real);
        }
        Ok(())
    }

    /// Writes all files, each at once; `render` makes the text of a format, and is told whether it stands for standard
    /// output.
    pub(super) fn write(&self, render: impl Fn(Format, bool) -> String) -> Result<(), CliError> {
        let mut staged = Vec::new();
        for (format, path, main) in self.files() {
            let text = render(format, main);
            let failed = |error| cannot_write(path, error);
            match Destination::of(path).map_err(failed)? {
                Destination::File(real) => {
                    let file = stage(&real, text.as_bytes()).map_err(failed)?;
                    staged.push((path, real, file));
                }
                Destination::Device(mut device) => device.write_all(text.as_bytes()).map_err(failed)?,
            }
        }
        for (path, real, file) in staged {
            file.persist(real)
                .map_err(|error| cannot_write(path, error.error))?;
        }
        Ok(())
    }
}

fn cannot_write(path: &Path, error: io::Error) -> CliError {
    CliError::Usage(format!("cannot write {}: {error}", path.display()))
}

/// What a name leads to, behind all links.
enum Destination {
    /// A file that is there or will be.
    File(PathBuf),
    /// A pipe, a terminal, `/dev/null`, what stderr is sent to: nothing that could be replaced.
    Device(File),
}

impl Destination {
    fn of(path: &Path) -> io::Result<Self> {
        let told = |text: &str| Err(io::Error::other(text.to_owned()));
        match std::fs::metadata(path) {
            Ok(found) if found.is_dir() => told("it is a directory"),
            Ok(found) if !found.is_file() || is_channel(path) => {
                Ok(Self::Device(OpenOptions::new().append(true).open(path)?))
            }
            Ok(found) if found.permissions().readonly() => told("it is read-only"),
            Ok(_) => Ok(Self::File(path.canonicalize()?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let Some(name) = path.file_name() else {
                    return told("it is a directory");
                };
                let dir = match path.parent() {
                    Some(dir) if !dir.as_os_str().is_empty() => dir,
                    _ => Path::new("."),
                };
                match dir.canonicalize() {
                    Ok(dir) => Ok(Self::File(dir.join(name))),
                    Err(_) => told(&format!("there is no directory {}", dir.display())),
                }
            }
            Err(error) => Err(error),
        }
    }
}

/// A file that this process has open already, as the shell redirected it.
fn is_channel(path: &Path) -> bool {
    ["/dev/stdout", "/dev/stderr"]
        .iter()
        .any(|name| path == Path::new(name))
        || ["/dev/fd", "/proc/self/fd"]
            .iter()
            .any(|dir| path.starts_with(dir))
}

/// Content in a file beside its destination, with the permissions of the one it will replace.
fn stage(real: &Path, content: &[u8]) -> io::Result<NamedTempFile> {
    let dir = real.parent().unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".djperf-");
    if let Some(permissions) = permissions(real) {
        builder.permissions(permissions);
    }
    let mut file = builder.tempfile_in(dir)?;
    file.write_all(content)?;
    Ok(file)
}

/// Those of the file that is there; those of any new file otherwise, as temporary ones are private.
fn permissions(real: &Path) -> Option<std::fs::Permissions> {
    let found = std::fs::metadata(real).ok().map(|found| found.permissions());
    #[cfg(unix)]
    let found = found.or_else(|| {
        use std::os::unix::fs::PermissionsExt;
        Some(std::fs::Permissions::from_mode(0o666))
    });
    found
}

#[cfg(test)]
mod tests {
    use super::Target;
    use crate::report::Format;

    #[test]
    fn targets_name_a_format_and_a_file() {
        let target = Target::parse("sarif=a=b.sarif").unwrap();
        assert_eq!(
            (target.format, target.path.to_str()),
            (Format::Sarif, Some("a=b.sarif"))
        );
        assert!(!target.is_stdout() && Target::parse("json=-").unwrap().is_stdout());
        let told = |text| Target::parse(text).unwrap_err();
        assert!(
            told("sarf=x").starts_with("unknown format `sarf`, did you mean `sarif`?\nformats are: full, ")
        );
        assert!(told("report.sarif").contains("FORMAT=FILE"));
        assert!(told("json=").contains("no file"));
    }
}
