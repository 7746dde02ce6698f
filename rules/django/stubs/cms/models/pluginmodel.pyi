from cms.models.placeholdermodel import Placeholder
from django.db import models

class CMSPlugin(models.Model):
    placeholder = models.ForeignKey(Placeholder, on_delete=models.CASCADE, editable=False, null=True)
    parent = models.ForeignKey("self", on_delete=models.CASCADE, blank=True, null=True, editable=False)
    position = models.PositiveSmallIntegerField(default=0, editable=False)
    language = models.CharField(max_length=15, blank=False, db_index=True, editable=False)
    plugin_type = models.CharField(max_length=50, db_index=True, editable=False)
    creation_date = models.DateTimeField(editable=False)
    changed_date = models.DateTimeField(auto_now=True)

    class Meta:
        app_label = "cms"

    def __str__(self):
        return str(self.pk)

    def get_plugin_instance(self, admin=None): ...
