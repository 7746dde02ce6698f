from django.conf import settings
from django.contrib.auth.models import Group
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models
from modelcluster.models import ClusterableModel
from treebeard.mp_tree import MP_Node
from wagtail.query import PageQuerySet

class SiteManager(models.Manager): ...

class Site(models.Model):
    hostname = models.CharField(max_length=255, db_index=True)
    port = models.IntegerField(default=80)
    site_name = models.CharField(max_length=255, blank=True)
    root_page = models.ForeignKey("wagtailcore.Page", related_name="sites_rooted_here", on_delete=models.CASCADE)
    is_default_site = models.BooleanField(default=False)

    objects = SiteManager()

    class Meta:
        app_label = "wagtailcore"
        unique_together = ("hostname", "port")

    @staticmethod
    def find_for_request(request): ...

class Locale(models.Model):
    language_code = models.CharField(max_length=100, unique=True)

    class Meta:
        app_label = "wagtailcore"

    def __str__(self):
        return self.language_code

class TranslatableMixin(models.Model):
    translation_key = models.UUIDField(editable=False)
    locale = models.ForeignKey(Locale, on_delete=models.PROTECT, related_name="+", editable=False)

    class Meta:
        abstract = True
        unique_together = [("translation_key", "locale")]

    def get_translations(self, inclusive=False):
        return self.__class__.objects.filter(translation_key=self.translation_key)

class BootstrapTranslatableMixin(TranslatableMixin):
    class Meta:
        abstract = True

class Orderable(models.Model):
    sort_order = models.IntegerField(null=True, blank=True, editable=False)

    class Meta:
        abstract = True
        ordering = ["sort_order"]

class RevisionMixin(models.Model):
    latest_revision = models.ForeignKey(
        "wagtailcore.Revision", related_name="+", on_delete=models.SET_NULL, null=True, blank=True, editable=False
    )

    class Meta:
        abstract = True

    def get_latest_revision(self):
        return self.latest_revision

class DraftStateMixin(models.Model):
    live = models.BooleanField(default=True, editable=False)
    has_unpublished_changes = models.BooleanField(default=False, editable=False)
    first_published_at = models.DateTimeField(blank=True, null=True, db_index=True)
    last_published_at = models.DateTimeField(null=True, editable=False)
    live_revision = models.ForeignKey(
        "wagtailcore.Revision", related_name="+", on_delete=models.SET_NULL, null=True, blank=True, editable=False
    )
    go_live_at = models.DateTimeField(blank=True, null=True)
    expire_at = models.DateTimeField(blank=True, null=True)
    expired = models.BooleanField(default=False, editable=False)

    class Meta:
        abstract = True

class LockableMixin(models.Model):
    locked = models.BooleanField(default=False, editable=False)
    locked_at = models.DateTimeField(null=True, editable=False)
    locked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="locked_%(class)ss",
    )

    class Meta:
        abstract = True

class PreviewableMixin: ...
class WorkflowMixin: ...
class SpecificMixin: ...

class BasePageManager(models.Manager):
    def get_queryset(self):
        return super().get_queryset().order_by("path")

PageManager = BasePageManager.from_queryset(PageQuerySet)

class AbstractPage(
    WorkflowMixin,
    PreviewableMixin,
    DraftStateMixin,
    LockableMixin,
    RevisionMixin,
    TranslatableMixin,
    SpecificMixin,
    MP_Node,
):
    objects = PageManager()

    class Meta:
        abstract = True

class Page(AbstractPage, ClusterableModel):
    title = models.CharField(max_length=255)
    draft_title = models.CharField(max_length=255, editable=False)
    slug = models.SlugField(max_length=255, allow_unicode=True)
    content_type = models.ForeignKey(ContentType, related_name="pages", on_delete=models.PROTECT)
    url_path = models.TextField(blank=True, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        editable=True,
        on_delete=models.SET_NULL,
        related_name="owned_pages",
    )
    seo_title = models.CharField(max_length=255, blank=True)
    show_in_menus = models.BooleanField(default=False)
    search_description = models.TextField(blank=True)
    latest_revision_created_at = models.DateTimeField(null=True, editable=False)
    alias_of = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, editable=False, related_name="aliases"
    )
    locked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="locked_pages",
    )

    class Meta:
        app_label = "wagtailcore"

    def __str__(self):
        return self.title

    def get_url(self, request=None, current_site=None): ...
    def get_parent(self, *args, **kwargs):
        return Page.objects.get(path=self.path)

    def get_children(self):
        return Page.objects.filter(path__startswith=self.path)

    def get_descendants(self, inclusive=False):
        return Page.objects.filter(path__startswith=self.path)

    def get_ancestors(self, inclusive=False):
        return Page.objects.filter(path__in=self.path)

    def get_siblings(self, inclusive=True):
        return Page.objects.filter(depth=self.depth)

class Revision(models.Model):
    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE, related_name="+")
    base_content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE, related_name="+")
    object_id = models.CharField(max_length=255)
    created_at = models.DateTimeField(db_index=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="wagtail_revisions"
    )
    object_str = models.TextField(editable=False)
    content = models.JSONField()
    approved_go_live_at = models.DateTimeField(null=True, blank=True, db_index=True)
    content_object = GenericForeignKey("content_type", "object_id", for_concrete_model=False)

    class Meta:
        app_label = "wagtailcore"

    def __str__(self):
        return '"' + str(self.content_object) + '"'

class Collection(MP_Node):
    name = models.CharField(max_length=255)

    class Meta:
        app_label = "wagtailcore"

    def __str__(self):
        return self.name

class CollectionMember(models.Model):
    collection = models.ForeignKey(Collection, related_name="+", on_delete=models.CASCADE)

    class Meta:
        abstract = True

class GroupPagePermission(models.Model):
    group = models.ForeignKey(Group, related_name="page_permissions", on_delete=models.CASCADE)
    page = models.ForeignKey(Page, related_name="group_permissions", on_delete=models.CASCADE)
    permission = models.ForeignKey("auth.Permission", on_delete=models.CASCADE)

    class Meta:
        app_label = "wagtailcore"

class PageViewRestriction(models.Model):
    page = models.ForeignKey(Page, related_name="view_restrictions", on_delete=models.CASCADE)
    groups = models.ManyToManyField(Group, blank=True)

    class Meta:
        app_label = "wagtailcore"
