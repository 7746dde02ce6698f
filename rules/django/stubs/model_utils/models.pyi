from django.db import models
from model_utils.managers import SoftDeletableManager

class TimeStampedModel(models.Model):
    created = models.DateTimeField(editable=False)
    modified = models.DateTimeField(editable=False)

    class Meta:
        abstract = True

class TimeFramedModel(models.Model):
    start = models.DateTimeField(null=True, blank=True)
    end = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True

class StatusModel(models.Model):
    status = models.CharField(max_length=100)
    status_changed = models.DateTimeField()

    class Meta:
        abstract = True

class SoftDeletableModel(models.Model):
    is_removed = models.BooleanField(default=False)

    objects = SoftDeletableManager()
    available_objects = SoftDeletableManager()
    all_objects = models.Manager()

    class Meta:
        abstract = True

class UUIDModel(models.Model):
    id = models.UUIDField(primary_key=True, editable=False)

    class Meta:
        abstract = True
