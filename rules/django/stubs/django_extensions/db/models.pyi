from django.db import models

class TimeStampedModel(models.Model):
    created = models.DateTimeField(auto_now_add=True)
    modified = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True
        get_latest_by = "modified"

class TitleDescriptionModel(models.Model):
    title = models.CharField(max_length=255)
    description = models.TextField(blank=True, null=True)

    class Meta:
        abstract = True

class TitleSlugDescriptionModel(TitleDescriptionModel):
    slug = models.SlugField(blank=True, editable=False)

    class Meta:
        abstract = True

class ActivatorQuerySet(models.QuerySet):
    def active(self):
        return self.filter(status=1)

    def inactive(self):
        return self.filter(status=0)

class ActivatorModelManager(models.Manager):
    def get_queryset(self):
        return ActivatorQuerySet(model=self.model)

    def active(self):
        return self.get_queryset().active()

    def inactive(self):
        return self.get_queryset().inactive()

class ActivatorModel(models.Model):
    status = models.IntegerField(default=1)
    activate_date = models.DateTimeField(blank=True, null=True)
    deactivate_date = models.DateTimeField(blank=True, null=True)

    objects = ActivatorModelManager()

    class Meta:
        abstract = True
        ordering = ("status", "-activate_date")
