from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models

class Revision(models.Model):
    date_created = models.DateTimeField(db_index=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, blank=True, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    comment = models.TextField(blank=True)

    class Meta:
        app_label = "reversion"
        ordering = ("-pk",)

class VersionQuerySet(models.QuerySet):
    def get_for_model(self, model, model_db=None):
        return self.filter()

    def get_for_object(self, obj, model_db=None):
        return self.filter()

    def get_for_object_reference(self, model, object_id, model_db=None):
        return self.filter()

    def get_deleted(self, model, model_db=None):
        return self.filter()

class Version(models.Model):
    revision = models.ForeignKey(Revision, on_delete=models.CASCADE)
    object_id = models.CharField(max_length=191)
    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE)
    object = GenericForeignKey(ct_field="content_type", fk_field="object_id")
    db = models.CharField(max_length=191)
    format = models.CharField(max_length=255)
    serialized_data = models.TextField()
    object_repr = models.TextField()

    objects = VersionQuerySet.as_manager()

    class Meta:
        app_label = "reversion"
        ordering = ("-pk",)

    def __str__(self):
        return self.object_repr
