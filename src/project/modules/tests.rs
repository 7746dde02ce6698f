//! Layouts of packages, and the file that an import leads to.

use super::{ModuleIndex, Resolved};
use crate::source::FileId;

struct Layout {
    paths: Vec<&'static str>,
    index: ModuleIndex,
}

impl Layout {
    fn new(paths: &[&'static str]) -> Self {
        Self {
            paths: paths.to_vec(),
            index: ModuleIndex::new(paths),
        }
    }

    fn id(&self, path: &str) -> FileId {
        FileId(self.paths.iter().position(|known| *known == path).unwrap() as u32)
    }

    fn resolve(&self, from: &str, dotted: &str) -> String {
        let module = dotted.trim_start_matches('.');
        let level = (dotted.len() - module.len()) as u32;
        match self.index.resolve(self.id(from), level, module) {
            Resolved::File(file) => self.paths[file.0 as usize].to_owned(),
            Resolved::Namespace(dir) => format!("{}/", self.index.dir_path(dir)),
            Resolved::External => "-".to_owned(),
        }
    }

    fn name(&self, path: &str) -> String {
        self.index.module_name(self.id(path))
    }
}

#[test]
fn plain_project() {
    let layout = Layout::new(&[
        "manage.py",
        "shop/__init__.py",
        "shop/models.py",
        "shop/sub/__init__.py",
        "shop/sub/views.py",
        "shop/sub/json.py",
        "shop/sub/requests_like.py",
        "proj/__init__.py",
        "proj/celery.py",
    ]);
    let views = "shop/sub/views.py";
    assert_eq!(layout.resolve(views, "shop.models"), "shop/models.py");
    assert_eq!(layout.resolve(views, "shop"), "shop/__init__.py");
    assert_eq!(layout.resolve(views, "shop.models.Order"), "-");
    assert_eq!(layout.resolve(views, "shop.nothing"), "-");
    assert_eq!(layout.resolve(views, "..models"), "shop/models.py");
    assert_eq!(layout.resolve(views, "."), "shop/sub/__init__.py");
    assert_eq!(layout.resolve(views, ".views"), "shop/sub/views.py");
    assert_eq!(layout.resolve(views, "..."), "/");
    assert_eq!(layout.resolve(views, "....x"), "-");
    assert_eq!(
        layout.resolve("shop/sub/__init__.py", ".views"),
        "shop/sub/views.py"
    );
    assert_eq!(layout.resolve(views, "json"), "-");
    assert_eq!(layout.resolve(views, "requests_like"), "-");
    assert_eq!(layout.resolve("proj/__init__.py", "celery"), "-");
    assert_eq!(layout.resolve("proj/__init__.py", ".celery"), "proj/celery.py");
    assert_eq!(layout.name(views), "shop.sub.views");
    assert_eq!(layout.name("shop/__init__.py"), "shop");
    assert_eq!(layout.name("manage.py"), "manage");
    assert_eq!(layout.index.package_of(layout.id(views)), "shop.sub");
    assert_eq!(layout.index.package_of(layout.id("shop/__init__.py")), "shop");
}

#[test]
fn src_layout() {
    let layout = Layout::new(&[
        "src/acme/__init__.py",
        "src/acme/models.py",
        "scripts/run.py",
        "scripts/helper.py",
    ]);
    assert_eq!(
        layout.resolve("scripts/run.py", "acme.models"),
        "src/acme/models.py"
    );
    assert_eq!(
        layout.resolve("src/acme/models.py", "acme"),
        "src/acme/__init__.py"
    );
    assert_eq!(layout.resolve("scripts/run.py", "helper"), "scripts/helper.py");
    assert_eq!(layout.resolve("src/acme/models.py", "helper"), "-");
    assert_eq!(layout.name("src/acme/models.py"), "acme.models");
}

#[test]
fn two_projects_keep_apart() {
    let layout = Layout::new(&[
        "a/manage.py",
        "a/core/__init__.py",
        "a/core/models.py",
        "a/core/views.py",
        "b/manage.py",
        "b/core/__init__.py",
        "b/core/models.py",
        "b/core/billing.py",
        "b/core/views.py",
        "tools/run.py",
    ]);
    assert_eq!(
        layout.resolve("a/core/views.py", "core.models"),
        "a/core/models.py"
    );
    assert_eq!(
        layout.resolve("b/core/views.py", "core.models"),
        "b/core/models.py"
    );
    assert_eq!(layout.resolve("a/core/views.py", "core.billing"), "-");
    assert_eq!(
        layout.resolve("tools/run.py", "core.models"),
        "-",
        "two are as near"
    );
    assert_eq!(
        layout.resolve("tools/run.py", "core.billing"),
        "b/core/billing.py"
    );
    assert_eq!(layout.name("b/core/models.py"), "core.models");
    let site = |path| layout.index.dir_path(layout.index.site_of(layout.id(path)));
    assert_eq!(site("a/core/models.py"), "a");
    assert_eq!(site("tools/run.py"), "");
}

#[test]
fn packages_of_a_monorepo_see_each_other() {
    let layout = Layout::new(&[
        "packages/one/src/one/__init__.py",
        "packages/two/src/two/__init__.py",
        "packages/two/src/two/models.py",
    ]);
    assert_eq!(
        layout.resolve("packages/one/src/one/__init__.py", "two.models"),
        "packages/two/src/two/models.py"
    );
    assert_eq!(layout.name("packages/two/src/two/models.py"), "two.models");
}

#[test]
fn namespace_packages() {
    let layout = Layout::new(&[
        "manage.py",
        "apps/users/models.py",
        "apps/users/api/views.py",
        "redis/conf.py",
    ]);
    assert_eq!(
        layout.resolve("apps/users/api/views.py", "apps.users.models"),
        "apps/users/models.py"
    );
    assert_eq!(
        layout.resolve("apps/users/api/views.py", "apps.users"),
        "apps/users/"
    );
    assert_eq!(
        layout.resolve("manage.py", "redis"),
        "-",
        "an installed package wins over a plain directory"
    );
    assert_eq!(layout.name("apps/users/models.py"), "apps.users.models");
    let users = layout.index.resolve_absolute("apps.users");
    assert_eq!(
        layout.index.submodule(users, "models"),
        Resolved::File(layout.id("apps/users/models.py"))
    );
    assert_eq!(layout.index.submodule(users, "gone"), Resolved::External);
}

#[test]
fn app_directories_added_to_the_path() {
    let mut layout = Layout::new(&[
        "manage.py",
        "apps/__init__.py",
        "apps/users/__init__.py",
        "apps/users/models.py",
        "apps/users/views.py",
        "apps/orders/__init__.py",
        "apps/orders/models.py",
    ]);
    let views = "apps/users/views.py";
    assert_eq!(
        layout.resolve(views, "apps.orders.models"),
        "apps/orders/models.py"
    );
    assert_eq!(layout.resolve(views, "orders.models"), "apps/orders/models.py");
    assert_eq!(layout.resolve(views, "users.models"), "apps/users/models.py");
    assert_eq!(layout.resolve(views, "orders"), "apps/orders/__init__.py");
    assert_eq!(layout.resolve(views, "users"), "-");
    assert_eq!(layout.name("apps/orders/models.py"), "apps.orders.models");
    layout.index.add_root("apps");
    assert_eq!(layout.resolve(views, "users"), "apps/users/__init__.py");
}

#[test]
fn package_wins_over_module_of_the_same_name() {
    let layout = Layout::new(&["a/x.py", "a/x/__init__.py", "a/y.py", "a/y/z.py", "a/__init__.py"]);
    assert_eq!(layout.resolve("a/__init__.py", "a.x"), "a/x/__init__.py");
    assert_eq!(layout.resolve("a/__init__.py", "a.y"), "a/y.py");
    assert_eq!(layout.resolve("a/__init__.py", "a.y.z"), "-");
}

#[test]
fn names_that_are_no_identifiers_end_the_dotted_name() {
    let layout = Layout::new(&["my-site/shop/__init__.py", "my-site/shop/models.py"]);
    assert_eq!(layout.name("my-site/shop/models.py"), "shop.models");
    assert_eq!(
        layout.resolve("my-site/shop/models.py", "shop.models"),
        "my-site/shop/models.py"
    );
}

#[test]
fn empty_index_resolves_nothing() {
    let index = ModuleIndex::new(&[]);
    assert_eq!(index.resolve_absolute("a.b"), Resolved::External);
}
