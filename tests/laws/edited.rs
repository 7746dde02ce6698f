//! A project that is held while it is edited has the findings of a fresh run over the same texts, whatever was edited.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use djperf::discover::Overlay;
use djperf::fix::Fix;
use djperf::report::diagnostic::Diagnostic;
use djperf::session::{self, Live, Outcome, Request, SessionError, Stop};
use djperf::source::Site;
use tempfile::TempDir;

use crate::kept::{Dice, typed};
use crate::support::{PROJECTS, copy, document, files_below, request, write};

/// States that are compared in one sequence.
const STEPS: usize = 6;

/// What somebody types into a function, key by key.
const LINES: [&str; 5] = [
    "for row in rows: print(row.pk, row.author.name)",
    "rows = self.get_queryset().select_related(\"author\")",
    "if count: return [item.order.customer for item in order.items.all()]",
    "x = {% if",
    "# cost",
];

/// More by `DJPERF_SEQUENCES`.
fn sequences() -> u64 {
    let number = std::env::var("DJPERF_SEQUENCES").ok();
    number.and_then(|n| n.parse().ok()).unwrap_or(12)
}

/// The first one, by `DJPERF_SEQUENCE`: what failed is run again by its number.
fn first() -> u64 {
    let number = std::env::var("DJPERF_SEQUENCE").ok();
    number.and_then(|n| n.parse().ok()).unwrap_or(0)
}

/// Another project than the fixtures, by `DJPERF_TREE`.
fn project(number: u64) -> String {
    let own = || PROJECTS[number as usize % PROJECTS.len()].to_owned();
    std::env::var("DJPERF_TREE").unwrap_or_else(|_| own())
}

#[test]
fn held_projects_say_what_fresh_runs_say() {
    let mut settled = 0;
    let (first, count) = (first(), sequences());
    for number in first..first + count {
        settled += run(number);
    }
    assert!(settled >= count, "only {settled} states could be analysed");
}

/// One sequence; how many of its states are those of a project.
fn run(number: u64) -> u64 {
    let project = project(number);
    let mut editor = Editor::new(&project, number);
    let mut live = Live::open(editor.request.clone()).unwrap();
    let mut settled = 0;
    for step in 0..STEPS {
        let mut told = Vec::new();
        // Several edits at once, as when keys follow each other.
        for _ in 0..=editor.dice.below(3) {
            told.push(editor.edit());
        }
        let mut what = format!("sequence {number} of {project}, step {step}: {}", told.join("; "));
        live.change(editor.request.overlay.clone(), editor.on_disk);
        editor.on_disk = false;
        match editor.dice.below(4) {
            0 => {}
            1 => {
                if let Some(path) = editor.last.clone() {
                    live.ahead(&path);
                }
            }
            _ => {
                let (path, texts) = editor.keys();
                let _ = write!(what, "; {} keys in {}", texts.len(), path.display());
                for text in texts {
                    editor.put(&path, &text);
                    live.change(editor.request.overlay.clone(), false);
                    live.ahead(&path);
                }
            }
        }
        if editor.dice.below(3) == 0 {
            // Whatever it has done when it is stopped, it goes on from there.
            let stop = Stop::default();
            stop.ask();
            let _ = live.settle(&stop);
        }
        match (live.settle(&Stop::default()), session::check(&editor.request)) {
            (Ok(done), Ok(fresh)) => {
                assert!(done, "{what}: nobody asked it to stop");
                assert_same(live.outcome(), &fresh, &what);
                settled += 1;
            }
            (Err(held), Err(fresh)) => assert_eq!(held.to_string(), fresh.to_string(), "{what}"),
            (held, fresh) => panic!("{what}: held {}, fresh {}", why(held), why(fresh)),
        }
    }
    settled
}

fn why<T>(result: Result<T, SessionError>) -> String {
    result.map_or_else(|error| error.to_string(), |_| "fine".to_owned())
}

/// Somebody who edits a project, in texts that are not saved and on disk.
struct Editor {
    dir: TempDir,
    request: Request,
    dice: Dice,
    files: Vec<PathBuf>,
    /// What texts and files were before, for undoing.
    before: Vec<(PathBuf, Option<Arc<str>>)>,
    last: Option<PathBuf>,
    on_disk: bool,
}

impl Editor {
    fn new(project: &str, number: u64) -> Self {
        let dir = copy(project);
        let mut files = files_below(dir.path());
        files.retain(|file| file.extension().is_some_and(|e| e == "py" || e == "html"));
        let mut request = request(dir.path(), &["."]);
        request.overlay.everywhere = true;
        Self {
            request,
            dice: Dice(0x9e37_79b9_7f4a_7c15 ^ (number + 1).wrapping_mul(0x2545_f491_4f6c_dd1d)),
            files: files.into_iter().map(|file| dir.path().join(file)).collect(),
            dir,
            before: Vec::new(),
            last: None,
            on_disk: false,
        }
    }

    /// The text of a file, as it counts.
    fn text(&self, path: &Path) -> Option<Arc<str>> {
        let given = self.request.overlay.get(path).cloned();
        given.or_else(|| fs::read_to_string(path).ok().map(Arc::from))
    }

    fn any(&mut self) -> PathBuf {
        let at = self.dice.below(self.files.len());
        self.files[at].clone()
    }

    fn one_of(&mut self, part: &str) -> PathBuf {
        let some: Vec<&PathBuf> = self
            .files
            .iter()
            .filter(|file| file.to_string_lossy().contains(part))
            .collect();
        match some.len() {
            0 => self.any(),
            n => some[self.dice.below(n)].clone(),
        }
    }

    fn put(&mut self, path: &Path, text: &str) {
        let old = self.request.overlay.get(path).cloned();
        self.before.push((path.to_path_buf(), old));
        self.request.overlay.insert(path.to_path_buf(), text.into());
        self.last = Some(path.to_path_buf());
    }

    /// A line that is typed into some text behind another one: all texts on the way there.
    fn keys(&mut self) -> (PathBuf, Vec<String>) {
        let path = match self.dice.below(3) {
            0 => self.one_of("views"),
            1 => self.one_of("models"),
            _ => self.any(),
        };
        let text = self.text(&path).unwrap_or_default();
        let within: Vec<usize> = text.match_indices("\n        ").map(|(at, _)| at).collect();
        let at = match within.len() {
            0 => text.len(),
            n => within[self.dice.below(n)],
        };
        let line = format!("\n        {}", LINES[self.dice.below(LINES.len())]);
        let most = 9 + self.dice.below(line.len() - 9);
        let texts = (9..=most).map(|end| format!("{}{}{}", &text[..at], &line[..end], &text[at..]));
        (path, texts.collect())
    }

    /// Does something, and says what.
    fn edit(&mut self) -> String {
        let choice = self.dice.below(16);
        let path = match choice {
            0 | 1 => self.one_of("models"),
            2 | 3 => self.one_of(".html"),
            4 | 5 => self.one_of("views"),
            _ => self.any(),
        };
        let text = self.text(&path).unwrap_or_default();
        let name = path.strip_prefix(self.dir.path()).unwrap().display().to_string();
        match choice {
            0..=7 => {
                let new = typed(&text, &mut self.dice);
                self.put(&path, &new);
                format!("typed in {name}")
            }
            8 => {
                let mut at = self.dice.below(text.len() + 1);
                while !text.is_char_boundary(at) {
                    at -= 1;
                }
                let open = ["(", "\"", "{% if ", "class ", "\n    x ="][self.dice.below(5)];
                self.put(&path, &format!("{}{open}{}", &text[..at], &text[at..]));
                format!("broke {name}")
            }
            9 => {
                let field = "    extra = models.ForeignKey(\"auth.User\", models.CASCADE, null=True)\n";
                let models = self.one_of("models");
                let text = self.text(&models).unwrap_or_default();
                let new = text.replacen("    class Meta:", &format!("{field}\n    class Meta:"), 1);
                self.put(&models, &new);
                "a field more".to_owned()
            }
            10 | 11 => match self.before.pop() {
                Some((path, Some(text))) => {
                    self.request.overlay.insert(path.clone(), text);
                    self.last = Some(path);
                    "undone".to_owned()
                }
                Some((path, None)) => {
                    self.request.overlay.remove(&path);
                    self.last = Some(path);
                    "closed without saving".to_owned()
                }
                None => "nothing to undo".to_owned(),
            },
            12 => {
                let new = beside(&path, self.dice.below(100));
                self.put(&new, &text);
                self.files.push(new);
                format!("{name} copied, not saved")
            }
            13 => {
                write(self.dir.path(), &path, text.as_bytes());
                self.request.overlay.remove(&path);
                self.on_disk = true;
                format!("saved {name}")
            }
            14 => {
                self.request.overlay.remove(&path);
                let _ = fs::remove_file(&path);
                self.files.retain(|file| *file != path);
                self.on_disk = true;
                format!("deleted {name}")
            }
            _ => {
                let new = beside(&path, self.dice.below(100));
                self.request.overlay.remove(&path);
                let _ = fs::remove_file(&path);
                write(self.dir.path(), &new, text.as_bytes());
                self.files.retain(|file| *file != path);
                self.files.push(new);
                self.on_disk = true;
                format!("renamed {name}")
            }
        }
    }
}

/// Another file in the same directory.
fn beside(path: &Path, number: usize) -> PathBuf {
    let stem = path.file_stem().unwrap().to_string_lossy();
    let ending = path.extension().unwrap().to_string_lossy();
    path.with_file_name(format!("{stem}_{number}.{ending}"))
}

#[track_caller]
fn assert_same(held: &Outcome, fresh: &Outcome, what: &str) {
    let (a, b) = (findings(held), findings(fresh));
    let more: Vec<&String> = a.iter().filter(|line| !b.contains(line)).take(4).collect();
    let less: Vec<&String> = b.iter().filter(|line| !a.contains(line)).take(4).collect();
    assert!(a == b, "{what}\nheld alone: {more:#?}\nfresh alone: {less:#?}");
    assert_eq!(document(held), document(fresh), "{what}");
    assert_eq!(
        (held.suppressed, &held.notes),
        (fresh.suppressed, &fresh.notes),
        "{what}"
    );
}

/// All findings with all that is in them, by paths instead of numbers of files.
fn findings(outcome: &Outcome) -> Vec<String> {
    let of = |list: &[Diagnostic]| list.iter().map(|d| finding(outcome, d)).collect::<Vec<_>>();
    [
        of(&outcome.diagnostics),
        vec!["elsewhere".to_owned()],
        of(&outcome.elsewhere),
    ]
    .concat()
}

fn finding(outcome: &Outcome, d: &Diagnostic) -> String {
    let labels: Vec<String> = d
        .labels
        .iter()
        .map(|l| format!("{} {:?} {}", place(outcome, l.site), l.role, l.message))
        .collect();
    let fix = d.fix.as_ref().map(|fix| changes(outcome, fix));
    format!(
        "{} {} {} {:?} {:?} {} {:?} {:?} {:?} {:?} {:?} {:?} {labels:?} {fix:?}",
        place(outcome, d.site()),
        d.code,
        d.rule,
        d.severity,
        d.certainty,
        d.message,
        d.help,
        d.model,
        d.relations,
        d.fields,
        d.queries,
        d.endpoints,
    )
}

fn changes(outcome: &Outcome, fix: &Fix) -> Vec<String> {
    let edits = fix.edits.iter().map(|edit| {
        let at = place(outcome, Site::new(edit.file, edit.span));
        format!("{at} {:?}", edit.content)
    });
    let created = fix
        .migrations
        .iter()
        .map(|new| format!("{} {:?}", new.path(&outcome.sources), new.text()));
    let head = format!("{:?} {}", fix.safety, fix.title);
    [head].into_iter().chain(edits).chain(created).collect()
}

fn place(outcome: &Outcome, site: Site) -> String {
    let (path, span) = (&outcome.sources.get(site.file).path, site.span);
    format!("{path} {}..{}", span.start, span.end)
}

#[test]
fn what_is_not_on_disk_is_seen_and_forgotten() {
    let dir = copy("shop");
    let mut live = Live::open(request(dir.path(), &["."])).unwrap();
    let before = findings(live.outcome());
    let mut overlay = Overlay::new();
    overlay.everywhere = true;
    let text = "from orders.models import Order\n\n\ndef names():\n    return [o.customer.name for o in Order.objects.all()]\n";
    overlay.insert(dir.path().join("orders/new.py"), text.into());
    live.change(overlay, false);
    assert!(live.settle(&Stop::default()).unwrap());
    let now = findings(live.outcome());
    assert!(
        now.iter().any(|line| line.starts_with("orders/new.py")),
        "{now:#?}"
    );
    live.change(Overlay::new(), false);
    assert!(live.settle(&Stop::default()).unwrap());
    assert_eq!(findings(live.outcome()), before);
}

#[test]
fn files_that_said_the_same_are_told_apart() {
    let dir = copy("shop");
    let mut request = request(dir.path(), &["."]);
    request.overlay.everywhere = true;
    let mut live = Live::open(request.clone()).unwrap();
    // One of several empty files, and one that much rests on.
    let order = dir.path().join("orders/models/order.py");
    let text = fs::read_to_string(&order).unwrap();
    let texts = [
        (
            dir.path().join("dashboard/services/__init__.py"),
            "class ".to_owned(),
        ),
        (
            order,
            text.replacen("self.items.all()", "self.items.filter(pk=1)", 1),
        ),
    ];
    for (path, text) in texts {
        request.overlay.insert(path, text.into());
    }
    live.change(request.overlay.clone(), false);
    assert!(live.settle(&Stop::default()).unwrap());
    assert_same(live.outcome(), &session::check(&request).unwrap(), "both edited");
}
