from django.db import models

class Placeholder(models.Model):
    slot = models.CharField(max_length=255, db_index=True, editable=False)
    default_width = models.PositiveSmallIntegerField(null=True, editable=False)

    class Meta:
        app_label = "cms"

    def __str__(self):
        return self.slot
