from django.conf import settings
from django.db import models
from django.contrib.contenttypes.models import ContentType

class Folder(models.Model):
    parent = models.ForeignKey("self", null=True, blank=True, related_name="children", on_delete=models.CASCADE)
    name = models.CharField(max_length=255)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, related_name="filer_owned_folders", on_delete=models.SET_NULL, null=True, blank=True
    )

    class Meta:
        app_label = "filer"
        ordering = ("name",)

    def __str__(self):
        return self.name

class File(models.Model):
    polymorphic_ctype = models.ForeignKey(
        ContentType, null=True, editable=False, on_delete=models.CASCADE, related_name="polymorphic_filer.file_set+"
    )
    folder = models.ForeignKey(Folder, related_name="all_files", null=True, blank=True, on_delete=models.CASCADE)
    file = models.FileField(null=True, blank=True, max_length=255)
    original_filename = models.CharField(max_length=255, blank=True, null=True)
    name = models.CharField(max_length=255, blank=True)
    description = models.TextField(null=True, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, related_name="owned_%(class)ss", on_delete=models.SET_NULL, null=True, blank=True
    )

    class Meta:
        app_label = "filer"

    def __str__(self):
        return self.name

class Image(File):
    default_alt_text = models.CharField(max_length=255, blank=True, null=True)
    default_caption = models.CharField(max_length=255, blank=True, null=True)

    class Meta:
        app_label = "filer"
