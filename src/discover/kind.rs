//! What a file is for, judged by its path alone.

/// The role of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileKind {
    Source,
    Test,
    Migration,
    Template,
}

const TEST_DIRS: [&str; 8] = [
    "tests",
    "test",
    "testing",
    "testutils",
    "unittests",
    "unit_tests",
    "functional_tests",
    "e2e",
];

/// `migrations`, or what `MIGRATION_MODULES` usually names: `db_migrations`, `south_migrations`.
fn is_migration_dir(dir: &str) -> bool {
    dir == "migrations" || dir.ends_with("_migrations")
}

impl FileKind {
    /// Judges a `/`-separated path relative to the project root.
    pub fn of(path: &str) -> Self {
        let (dirs, name) = path.rsplit_once('/').unwrap_or(("", path));
        let in_dir = |names: &[&str]| dirs.split('/').any(|dir| names.contains(&dir));
        let stem = name.strip_suffix(".py").unwrap_or(name);
        let test_name = matches!(stem, "tests" | "conftest")
            || stem.starts_with("test_")
            || stem.ends_with("_test")
            || stem.ends_with("_tests");
        if test_name || in_dir(&TEST_DIRS) {
            Self::Test
        } else if dirs.split('/').any(is_migration_dir) {
            Self::Migration
        } else {
            Self::Source
        }
    }
}

/// The directories that hold templates by convention.
const TEMPLATE_DIRS: [&str; 2] = ["templates", "jinja2"];

/// Whether a template serves tests: directories below `templates` name what it shows, not what it is for.
pub(super) fn is_test_template(path: &str) -> bool {
    let dirs = path.rsplit_once('/').map_or("", |(dirs, _)| dirs);
    dirs.split('/')
        .take_while(|dir| !TEMPLATE_DIRS.contains(dir))
        .any(|dir| TEST_DIRS.contains(&dir))
}

/// Whether the path lies in `management/commands/`.
pub(super) fn is_command(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    parts
        .windows(3)
        .any(|three| three[0] == "management" && three[1] == "commands")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds() {
        for (path, kind) in [
            ("shop/models.py", FileKind::Source),
            ("shop/tests.py", FileKind::Test),
            ("shop/tests/factories.py", FileKind::Test),
            ("shop/test_views.py", FileKind::Test),
            ("shop/views_test.py", FileKind::Test),
            ("conftest.py", FileKind::Test),
            ("shop/factories.py", FileKind::Source),
            ("shop/testimonials.py", FileKind::Source),
            ("contest/views.py", FileKind::Source),
            ("shop/migrations/0001_initial.py", FileKind::Migration),
            ("shop/db_migrations/0001_initial.py", FileKind::Migration),
            ("shop/tests/migrations/0001_initial.py", FileKind::Test),
            ("shop/migrations.py", FileKind::Source),
        ] {
            assert_eq!(FileKind::of(path), kind, "{path}");
        }
        assert!(is_test_template("shop/tests/templates/a.html"));
        assert!(is_test_template("tests/a.html"));
        assert!(!is_test_template("shop/templates/test/a.html"));
        assert!(!is_test_template("shop/templates/shop/tests.html"));
        assert!(is_command("shop/management/commands/sync.py"));
        assert!(!is_command("shop/commands/sync.py"));
    }
}
