//! Declarations of models and bases that projects inherit from installed packages: `rules/django/stubs`.
//!
//! Used where the package itself is not at hand. Only what an analysis of queries needs is declared;
//! these are neither complete nor type stubs.

macro_rules! stubs {
    ($($module:literal: $path:literal,)*) => {
        &[$(($module, include_str!(concat!("../../rules/django/stubs/", $path)))),*]
    };
}

/// Dotted module name and text, ordered by name.
static STUBS: &[(&str, &str)] = stubs! {
    "allauth.account.models": "allauth/account/models.pyi",
    "allauth.socialaccount.models": "allauth/socialaccount/models.pyi",
    "cms.models": "cms/models.pyi",
    "cms.models.pagemodel": "cms/models/pagemodel.pyi",
    "cms.models.placeholdermodel": "cms/models/placeholdermodel.pyi",
    "cms.models.pluginmodel": "cms/models/pluginmodel.pyi",
    "django.contrib.admin": "django/contrib/admin.pyi",
    "django.contrib.admin.filters": "django/contrib/admin/filters.pyi",
    "django.contrib.admin.models": "django/contrib/admin/models.pyi",
    "django.contrib.admin.options": "django/contrib/admin/options.pyi",
    "django.contrib.auth.base_user": "django/contrib/auth/base_user.pyi",
    "django.contrib.auth.models": "django/contrib/auth/models.pyi",
    "django.contrib.contenttypes.models": "django/contrib/contenttypes/models.pyi",
    "django.contrib.flatpages.models": "django/contrib/flatpages/models.pyi",
    "django.contrib.redirects.models": "django/contrib/redirects/models.pyi",
    "django.contrib.sessions.base_session": "django/contrib/sessions/base_session.pyi",
    "django.contrib.sessions.models": "django/contrib/sessions/models.pyi",
    "django.contrib.sitemaps": "django/contrib/sitemaps.pyi",
    "django.contrib.sites.managers": "django/contrib/sites/managers.pyi",
    "django.contrib.sites.models": "django/contrib/sites/models.pyi",
    "django.contrib.syndication.views": "django/contrib/syndication/views.pyi",
    "django.core.handlers.wsgi": "django/core/handlers/wsgi.pyi",
    "django.forms": "django/forms.pyi",
    "django.forms.fields": "django/forms/fields.pyi",
    "django.forms.forms": "django/forms/forms.pyi",
    "django.forms.models": "django/forms/models.pyi",
    "django.forms.widgets": "django/forms/widgets.pyi",
    "django.template.loader": "django/template/loader.pyi",
    "django.views": "django/views.pyi",
    "django.views.generic": "django/views/generic.pyi",
    "django.views.generic.base": "django/views/generic/base.pyi",
    "django.views.generic.dates": "django/views/generic/dates.pyi",
    "django.views.generic.detail": "django/views/generic/detail.pyi",
    "django.views.generic.edit": "django/views/generic/edit.pyi",
    "django.views.generic.list": "django/views/generic/list.pyi",
    "django_celery_beat.models": "django_celery_beat/models.pyi",
    "django_celery_results.models": "django_celery_results/models.pyi",
    "django_countries.fields": "django_countries/fields.pyi",
    "django_extensions.db.models": "django_extensions/db/models.pyi",
    "django_filters": "django_filters.pyi",
    "django_filters.filters": "django_filters/filters.pyi",
    "django_filters.filterset": "django_filters/filterset.pyi",
    "django_filters.rest_framework": "django_filters/rest_framework.pyi",
    "django_filters.views": "django_filters/views.pyi",
    "django_select2": "django_select2.pyi",
    "django_select2.forms": "django_select2/forms.pyi",
    "django_tables2": "django_tables2.pyi",
    "django_tables2.columns": "django_tables2/columns.pyi",
    "django_tables2.tables": "django_tables2/tables.pyi",
    "django_tables2.views": "django_tables2/views.pyi",
    "filer.models": "filer/models.pyi",
    "guardian.mixins": "guardian/mixins.pyi",
    "guardian.models": "guardian/models.pyi",
    "import_export": "import_export.pyi",
    "import_export.fields": "import_export/fields.pyi",
    "import_export.resources": "import_export/resources.pyi",
    "import_export.widgets": "import_export/widgets.pyi",
    "knox.models": "knox/models.pyi",
    "model_utils.managers": "model_utils/managers.pyi",
    "model_utils.models": "model_utils/models.pyi",
    "modelcluster.contrib.taggit": "modelcluster/contrib/taggit.pyi",
    "modelcluster.fields": "modelcluster/fields.pyi",
    "modelcluster.models": "modelcluster/models.pyi",
    "mptt.managers": "mptt/managers.pyi",
    "mptt.models": "mptt/models.pyi",
    "mptt.querysets": "mptt/querysets.pyi",
    "ninja": "ninja.pyi",
    "ninja.orm": "ninja/orm.pyi",
    "ninja.schema": "ninja/schema.pyi",
    "oauth2_provider.models": "oauth2_provider/models.pyi",
    "ordered_model.models": "ordered_model/models.pyi",
    "parler.fields": "parler/fields.pyi",
    "parler.managers": "parler/managers.pyi",
    "parler.models": "parler/models.pyi",
    "polymorphic.managers": "polymorphic/managers.pyi",
    "polymorphic.models": "polymorphic/models.pyi",
    "polymorphic.query": "polymorphic/query.pyi",
    "rest_framework.authtoken.models": "rest_framework/authtoken/models.pyi",
    "rest_framework.fields": "rest_framework/fields.pyi",
    "rest_framework.generics": "rest_framework/generics.pyi",
    "rest_framework.mixins": "rest_framework/mixins.pyi",
    "rest_framework.relations": "rest_framework/relations.pyi",
    "rest_framework.serializers": "rest_framework/serializers.pyi",
    "rest_framework.views": "rest_framework/views.pyi",
    "rest_framework.viewsets": "rest_framework/viewsets.pyi",
    "reversion.models": "reversion/models.pyi",
    "safedelete.managers": "safedelete/managers.pyi",
    "safedelete.models": "safedelete/models.pyi",
    "safedelete.queryset": "safedelete/queryset.pyi",
    "simple_history.models": "simple_history/models.pyi",
    "social_django.models": "social_django/models.pyi",
    "solo.models": "solo/models.pyi",
    "taggit.managers": "taggit/managers.pyi",
    "taggit.models": "taggit/models.pyi",
    "treebeard.al_tree": "treebeard/al_tree.pyi",
    "treebeard.models": "treebeard/models.pyi",
    "treebeard.mp_tree": "treebeard/mp_tree.pyi",
    "treebeard.ns_tree": "treebeard/ns_tree.pyi",
    "waffle.models": "waffle/models.pyi",
    "wagtail.core.models": "wagtail/core/models.pyi",
    "wagtail.documents.models": "wagtail/documents/models.pyi",
    "wagtail.images.models": "wagtail/images/models.pyi",
    "wagtail.models": "wagtail/models.pyi",
    "wagtail.query": "wagtail/query.pyi",
    "wagtail.snippets.models": "wagtail/snippets/models.pyi",
};

/// Every stub: dotted module name and Python text.
pub fn all() -> &'static [(&'static str, &'static str)] {
    STUBS
}

/// The stub of one module.
pub fn find(module: &str) -> Option<&'static str> {
    STUBS
        .binary_search_by_key(&module, |(name, _)| name)
        .ok()
        .map(|index| STUBS[index].1)
}

/// Whether a stub declares the class of that path.
#[cfg(test)]
pub fn declares(dotted: &str) -> bool {
    let declared = dotted.rsplit_once('.').and_then(|(module, class)| {
        let text = find(module)?;
        let heads = [format!("class {class}:"), format!("class {class}(")];
        Some(
            text.lines()
                .any(|line| heads.iter().any(|head| line.starts_with(head))),
        )
    });
    declared == Some(true)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    #[test]
    fn table_holds_every_file_once() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/django/stubs");
        let on_disk: BTreeSet<String> = walkdir::WalkDir::new(&root)
            .into_iter()
            .map(|entry| entry.unwrap().into_path())
            .filter(|path| path.is_file())
            .map(|path| {
                let relative = path.strip_prefix(&root).unwrap().with_extension("");
                relative.to_string_lossy().replace(['/', '\\'], ".")
            })
            .collect();
        let listed: BTreeSet<String> = all().iter().map(|(name, _)| name.to_string()).collect();
        assert_eq!(listed, on_disk);
        assert!(all().windows(2).all(|pair| pair[0].0 < pair[1].0));
    }

    #[test]
    fn stubs_are_found_by_name() {
        assert!(
            find("django.contrib.auth.models")
                .unwrap()
                .contains("class Permission")
        );
        assert_eq!(find("django.contrib.auth.views"), None);
    }

    #[test]
    fn stubs_parse() {
        for (name, text) in all() {
            let facts = crate::lower::python::extract(text, crate::lower::python::Depth { bodies: true });
            assert!(facts.errors.is_empty(), "{name}: {:?}", facts.errors);
        }
    }
}
