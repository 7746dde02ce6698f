from django.conf import settings
from django.db import models
from taggit.managers import TaggableManager
from wagtail.models import CollectionMember

class ImageQuerySet(models.QuerySet):
    def prefetch_renditions(self, *filters):
        return self.all()

class AbstractImage(CollectionMember, models.Model):
    title = models.CharField(max_length=255)
    file = models.ImageField(width_field="width", height_field="height")
    description = models.CharField(blank=True, max_length=255)
    width = models.IntegerField(editable=False)
    height = models.IntegerField(editable=False)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)
    uploaded_by_user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, editable=False, on_delete=models.SET_NULL
    )
    tags = TaggableManager(blank=True)
    focal_point_x = models.PositiveIntegerField(null=True, blank=True)
    focal_point_y = models.PositiveIntegerField(null=True, blank=True)
    focal_point_width = models.PositiveIntegerField(null=True, blank=True)
    focal_point_height = models.PositiveIntegerField(null=True, blank=True)
    file_size = models.PositiveIntegerField(null=True, editable=False)
    file_hash = models.CharField(max_length=40, blank=True, editable=False, db_index=True)

    objects = ImageQuerySet.as_manager()

    class Meta:
        abstract = True

    def __str__(self):
        return self.title

    def get_rendition(self, filter):
        return self.renditions.get(filter_spec=filter)

class Image(AbstractImage):
    class Meta(AbstractImage.Meta):
        app_label = "wagtailimages"

class AbstractRendition(models.Model):
    filter_spec = models.CharField(max_length=255, db_index=True)
    file = models.ImageField(width_field="width", height_field="height")
    width = models.IntegerField(editable=False)
    height = models.IntegerField(editable=False)
    focal_point_key = models.CharField(max_length=16, blank=True, editable=False)

    class Meta:
        abstract = True

class Rendition(AbstractRendition):
    image = models.ForeignKey(Image, related_name="renditions", on_delete=models.CASCADE)

    class Meta:
        app_label = "wagtailimages"
        unique_together = (("image", "filter_spec", "focal_point_key"),)
