//! Trees on a disk, and what discovery makes of them.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::*;

struct Disk(TempDir);

impl Disk {
    fn new(files: &[(&str, &[u8])]) -> Self {
        let disk = Self(tempfile::tempdir().unwrap());
        for (path, bytes) in files {
            disk.write(path, bytes);
        }
        disk
    }

    fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn run_from(&self, cwd: &str, paths: &[&str], exclude: &[&str]) -> Result<Discovery, DiscoverError> {
        let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
        let exclude: Vec<String> = exclude.iter().map(ToString::to_string).collect();
        discover(&DiscoverRequest {
            cwd: &self.path(cwd),
            paths: &paths,
            exclude: &exclude,
            overlay: &Overlay::new(),
        })
    }

    fn run(&self, paths: &[&str]) -> Discovery {
        self.run_from("", paths, &[]).unwrap()
    }
}

fn names(found: &Discovery) -> Vec<&str> {
    found.sources.iter().map(|(_, file)| file.path.as_str()).collect()
}

fn info<'a>(found: &'a Discovery, project_path: &str) -> &'a FileInfo {
    found
        .files
        .iter()
        .find(|file| file.project_path == project_path)
        .unwrap()
}

#[test]
fn ignored_hidden_and_installed_files_are_left_out() {
    let disk = Disk::new(&[
        (".gitignore", b"build/\nlocal_*.py\n"),
        ("manage.py", b""),
        ("build/x.py", b""),
        ("dist/x.py", b""),
        ("local_settings.py", b""),
        (".hidden/x.py", b""),
        ("node_modules/a/x.py", b""),
        (".venv/lib/python3.12/site-packages/a/x.py", b""),
        ("myenv/pyvenv.cfg", b""),
        ("myenv/lib/x.py", b""),
        ("env/__init__.py", b""),
        ("shop/__pycache__/x.py", b""),
        ("shop/models.py", b""),
        ("shop/notes.txt", b""),
        ("shop/templates/shop/a.html", b""),
        ("shop/templates/shop/a.css", b""),
        ("shop/mail/templates/b.txt", b""),
    ]);
    let found = disk.run(&["."]);
    assert_eq!(
        names(&found),
        ["dist/x.py", "env/__init__.py", "manage.py", "shop/models.py"]
    );
    let candidates: Vec<&str> = found.candidates.iter().map(|c| c.path.as_str()).collect();
    assert_eq!(
        candidates,
        [
            "shop/mail/templates/b.txt",
            "shop/notes.txt",
            "shop/templates/shop/a.html"
        ]
    );
    assert_eq!(found.notes, Vec::<String>::new());
}

#[test]
fn exclude_matches_names_and_relative_paths() {
    let disk = Disk::new(&[
        ("manage.py", b""),
        ("shop/models.py", b""),
        ("shop/gen/a.py", b""),
        ("shop/gen_b.py", b""),
        ("blog/gen/a.py", b""),
        ("blog/models.py", b""),
    ]);
    let run = |exclude: &[&str]| {
        let found = disk.run_from("", &["."], exclude).unwrap();
        names(&found).join(" ")
    };
    assert_eq!(
        run(&["gen"]),
        "blog/models.py manage.py shop/gen_b.py shop/models.py"
    );
    assert_eq!(
        run(&["./blog/"]),
        "manage.py shop/gen/a.py shop/gen_b.py shop/models.py"
    );
    assert_eq!(
        run(&["gen_*.py", "blog/gen/**"]),
        "blog/models.py manage.py shop/gen/a.py shop/models.py"
    );
    let found = disk.run_from("", &["."], &["[", "blog"]).unwrap();
    assert_eq!(found.notes.len(), 1);
    assert!(
        found.notes[0].starts_with("exclude pattern ignored: "),
        "{:?}",
        found.notes
    );
}

#[test]
fn the_whole_project_is_read_and_the_asked_part_is_in_scope() {
    let disk = Disk::new(&[
        ("manage.py", b""),
        ("shop/models.py", b""),
        ("shop/views.py", b""),
        ("blog/models.py", b""),
        ("blog/management/commands/sync.py", b""),
    ]);
    let found = disk.run_from("shop", &["views.py"], &[]).unwrap();
    assert_eq!(
        names(&found),
        [
            "../blog/management/commands/sync.py",
            "../blog/models.py",
            "../manage.py",
            "models.py",
            "views.py"
        ]
    );
    let scope: Vec<&FileInfo> = found.files.iter().filter(|file| file.in_scope).collect();
    assert_eq!(scope.len(), 1);
    assert_eq!(scope[0].project_path, "shop/views.py");
    assert!(info(&found, "blog/management/commands/sync.py").command);
    assert_eq!(found.base, disk.path(""));
}

#[test]
fn repository_wins_over_inner_markers() {
    let disk = Disk::new(&[
        (".git/HEAD", b""),
        ("lib/pyproject.toml", b""),
        ("lib/lib/__init__.py", b""),
        ("one/manage.py", b""),
        ("one/app/models.py", b""),
        ("two/manage.py", b""),
        ("two/app/models.py", b""),
    ]);
    let found = disk.run(&["one/app"]);
    assert_eq!(found.roots, [disk.path("")]);
    assert_eq!(found.files.len(), 5);
    assert_eq!(found.files.iter().filter(|file| file.in_scope).count(), 1);
}

#[test]
fn a_package_without_markers_knows_its_own_name() {
    let disk = Disk::new(&[
        ("shop/__init__.py", b""),
        ("shop/api/__init__.py", b""),
        ("shop/api/views.py", b""),
    ]);
    let found = disk.run(&["shop/api"]);
    let paths = found.project_paths();
    assert_eq!(
        paths,
        ["shop/__init__.py", "shop/api/__init__.py", "shop/api/views.py"]
    );
}

#[test]
fn tests_above_the_project_do_not_matter() {
    let disk = Disk::new(&[
        ("tests/.git/HEAD", b""),
        ("tests/manage.py", b""),
        ("tests/shop/models.py", b""),
        ("tests/shop/tests/test_models.py", b""),
        ("tests/shop/migrations/0001_initial.py", b""),
    ]);
    let found = disk.run(&["tests"]);
    assert_eq!(info(&found, "shop/models.py").kind, FileKind::Source);
    assert_eq!(info(&found, "shop/tests/test_models.py").kind, FileKind::Test);
    assert_eq!(
        info(&found, "shop/migrations/0001_initial.py").kind,
        FileKind::Migration
    );
}

#[test]
fn a_test_project_asked_for_by_name_is_source() {
    let disk = Disk::new(&[
        (".git/HEAD", b""),
        ("lib/__init__.py", b""),
        ("tests/site/manage.py", b""),
        ("tests/site/shop/models.py", b""),
        ("tests/test_lib.py", b""),
    ]);
    let kind = |paths: &[&str]| info(&disk.run(paths), "tests/site/shop/models.py").kind;
    assert_eq!(kind(&["."]), FileKind::Test);
    assert_eq!(kind(&["tests"]), FileKind::Test);
    assert_eq!(kind(&["tests/site"]), FileKind::Source);
    assert_eq!(kind(&["tests/site/shop"]), FileKind::Source);
}

#[test]
fn an_ignored_directory_asked_for_by_name_is_a_project() {
    let disk = Disk::new(&[
        (".git/HEAD", b""),
        (".gitignore", b"scratch/\n"),
        ("shop/models.py", b""),
        ("scratch/site/manage.py", b""),
        ("scratch/site/blog/models.py", b""),
        ("scratch/loose.py", b""),
    ]);
    assert_eq!(
        names(&disk.run(&["scratch/site/blog"])),
        ["scratch/site/blog/models.py", "scratch/site/manage.py"]
    );
    assert_eq!(names(&disk.run(&["scratch"])).len(), 3);
    let both = disk.run(&["scratch/loose.py"]);
    assert_eq!(names(&both), ["scratch/loose.py", "shop/models.py"]);
    assert!(info(&both, "scratch/loose.py").in_scope);
}

#[test]
fn encodings() {
    let disk = Disk::new(&[
        ("manage.py", b""),
        ("bad.py", b"x = '\xff'\n"),
        ("bom.py", b"\xef\xbb\xbfx = 1\r\n"),
        ("empty.py", b""),
        ("latin.py", b"# coding: latin-1\nx = '\xe9'\n"),
        ("nul.py", b"x = 1\0\n"),
    ]);
    let found = disk.run(&["."]);
    let text = |name: &str| {
        found
            .sources
            .iter()
            .find(|(_, file)| file.path == name)
            .map(|(_, file)| file.text.to_string())
            .unwrap()
    };
    assert_eq!(text("bom.py"), "x = 1\r\n");
    assert_eq!(text("empty.py"), "");
    assert_eq!(text("latin.py"), "# coding: latin-1\nx = 'é'\n");
    assert_eq!(text("nul.py"), "x = 1\0\n");
    assert_eq!(found.notes, ["bad.py: skipped: not UTF-8 and no coding line"]);
    assert_eq!(found.files.len(), found.sources.len());
}

#[test]
fn large_files_are_skipped() {
    let disk = Disk::new(&[("manage.py", b"")]);
    let file = fs::File::create(disk.path("large.py")).unwrap();
    file.set_len(10 * 1024 * 1024 + 1).unwrap();
    assert_eq!(disk.run(&["."]).notes, ["large.py: skipped: larger than 10 MB"]);
}

#[test]
fn directory_that_looks_like_a_file() {
    let disk = Disk::new(&[("x.py/a.py", b""), ("b.py", b"")]);
    assert_eq!(names(&disk.run(&["."])), ["b.py", "x.py/a.py"]);
    assert_eq!(names(&disk.run(&["x.py"])), ["x.py/a.py"]);
}

#[cfg(unix)]
#[test]
fn links() {
    use std::os::unix::fs::symlink;
    let disk = Disk::new(&[
        ("site/manage.py", b""),
        ("site/shop/models.py", b""),
        ("other/far.py", b""),
    ]);
    symlink(disk.path("site"), disk.path("site/shop/loop")).unwrap();
    symlink(disk.path("site/shop/models.py"), disk.path("site/shop/again.py")).unwrap();
    symlink(disk.path("other/far.py"), disk.path("site/shop/near.py")).unwrap();
    symlink(disk.path("nowhere.py"), disk.path("site/shop/dangling.py")).unwrap();
    symlink(disk.path("site"), disk.path("alias")).unwrap();
    assert_eq!(
        names(&disk.run(&["site"])),
        ["site/manage.py", "site/shop/models.py", "site/shop/near.py"]
    );
    assert_eq!(names(&disk.run(&["alias"])).len(), 3);
}

#[cfg(unix)]
#[test]
fn unreadable_files_cost_a_note() {
    use std::os::unix::fs::PermissionsExt;
    let disk = Disk::new(&[("manage.py", b""), ("secret.py", b"")]);
    fs::set_permissions(disk.path("secret.py"), fs::Permissions::from_mode(0o0)).unwrap();
    if fs::read(disk.path("secret.py")).is_ok() {
        return;
    }
    let found = disk.run(&["."]);
    assert_eq!(names(&found), ["manage.py"]);
    assert!(
        found.notes[0].starts_with("secret.py: skipped: "),
        "{:?}",
        found.notes
    );
}

#[test]
fn errors() {
    let disk = Disk::new(&[("readme.md", b""), ("bad/x.py", b"\xff")]);
    let error = |path: &str| disk.run_from("", &[path], &[]).unwrap_err();
    assert_eq!(error("gone"), DiscoverError::MissingPath("gone".to_owned()));
    assert_eq!(error("readme.md").to_string(), "no Python files under readme.md");
    let notes = vec!["bad/x.py: skipped: not UTF-8 and no coding line".to_owned()];
    assert_eq!(
        error("bad"),
        DiscoverError::NothingToRead {
            path: "bad".to_owned(),
            notes
        }
    );
}

#[test]
fn settings_names_and_environment() {
    let disk = Disk::new(&[
        ("pytest.ini", b"[pytest]\nDJANGO_SETTINGS_MODULE = conf.test\n"),
        (
            "setup.cfg",
            b"[tool:pytest]\nDJANGO_SETTINGS_MODULE = conf.test\n",
        ),
        (
            "tox.ini",
            b"[testenv]\nsetenv =\n    DJANGO_SETTINGS_MODULE=conf.tox\n",
        ),
        ("manage.py", b""),
        (".venv/pyvenv.cfg", b""),
        (".venv/lib/python3.12/site-packages/taggit/__init__.py", b""),
        (
            ".venv/lib/python3.12/site-packages/taggit/models.py",
            b"class Tag: pass\n",
        ),
        (".venv/lib/python3.12/site-packages/taggit/views.py", b""),
        (
            ".venv/lib/python3.12/site-packages/taggit/migrations/__init__.py",
            b"",
        ),
        (".venv/lib/python3.12/site-packages/blog/models/post.py", b""),
        (".venv/lib/python3.12/site-packages/django/db/models/base.py", b""),
    ]);
    let found = disk.run(&["."]);
    assert_eq!(found.settings_names, ["conf.test", "conf.tox"]);
    let venv = found.venv.unwrap();
    let files = site_package_sources(&venv, &["taggit", "blog", "django", "gone", "../x"]);
    let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(
        paths,
        ["blog/models/post.py", "taggit/__init__.py", "taggit/models.py"]
    );
    let views = find_module(&venv, "taggit.views").unwrap();
    assert_eq!(load(&venv, Path::new(&views)).unwrap().path, "taggit/views.py");
    assert_eq!(
        find_module(&venv, "taggit").unwrap(),
        venv.site_packages.join("taggit/__init__.py")
    );
    assert_eq!(find_module(&venv, "taggit.gone"), None);
    assert_eq!(find_module(&venv, "..etc.passwd"), None);
}

#[test]
fn templates_come_behind_python_when_they_are_accepted() {
    let disk = Disk::new(&[
        ("manage.py", b""),
        ("zoo/models.py", b""),
        ("shop/templates/shop/b.html", b"<b>"),
        ("shop/templates/shop/a.html", b"<a>"),
        ("shop/templates/bad.html", b"\xff"),
        ("shop/tests/templates/t.html", b""),
        ("notes.txt", b""),
    ]);
    let mut found = disk.run(&["shop/templates"]);
    found.read_templates(|path| path.starts_with("shop/"));
    assert_eq!(
        names(&found),
        [
            "manage.py",
            "zoo/models.py",
            "shop/templates/shop/a.html",
            "shop/templates/shop/b.html"
        ]
    );
    assert_eq!(found.files.len(), found.sources.len());
    assert_eq!(
        info(&found, "shop/templates/shop/a.html").kind,
        FileKind::Template
    );
    assert!(info(&found, "shop/templates/shop/a.html").in_scope);
    assert!(!info(&found, "zoo/models.py").in_scope);
    assert_eq!(
        found.notes,
        ["shop/templates/bad.html: skipped: not UTF-8 and no coding line"]
    );
    assert_eq!(names(&disk.run(&["shop/templates/shop/a.html"])).len(), 2);
}

#[test]
fn given_texts_count_instead_of_those_on_disk() {
    let disk = Disk::new(&[
        ("manage.py", b""),
        ("a.py", b"x = 1\n"),
        ("b.py", b"\xff"),
        ("templates/a.html", b"old"),
    ]);
    let given = |path: &str, text: &str| (disk.path(path), Arc::from(text));
    let overlay = Overlay::from([
        given("a.py", "x = 2\n"),
        given("b.py", "y = 2\n"),
        given("gone/c.py", "z = 2\n"),
        given("new.py", "z = 3\n"),
        given("new.html", "new"),
        given("templates/a.html", "new"),
    ]);
    let mut found = discover(&DiscoverRequest {
        cwd: disk.0.path(),
        paths: &[PathBuf::from(".")],
        exclude: &[],
        overlay: &overlay,
    })
    .unwrap();
    found.read_templates(|_| true);
    let texts: Vec<(&str, &str)> = found
        .sources
        .iter()
        .map(|(_, file)| (file.path.as_str(), &*file.text))
        .collect();
    assert_eq!(
        texts,
        [
            ("a.py", "x = 2\n"),
            ("b.py", "y = 2\n"),
            ("manage.py", ""),
            ("new.py", "z = 3\n"),
            ("templates/a.html", "new")
        ]
    );
    let absolute: Vec<PathBuf> = found.files.iter().map(|file| file.absolute.clone()).collect();
    assert_eq!(absolute[0], disk.path("a.py"));
    assert_eq!(absolute[3], disk.path("new.py"));
    assert!(found.files[3].in_scope);
    assert_eq!(absolute[4], disk.path("templates/a.html"));
}
