from django.db import models
from safedelete.managers import SafeDeleteAllManager, SafeDeleteDeletedManager, SafeDeleteManager

class SafeDeleteModel(models.Model):
    deleted = models.DateTimeField(editable=False, null=True, db_index=True)
    deleted_by_cascade = models.BooleanField(default=False, editable=False)

    objects = SafeDeleteManager()
    all_objects = SafeDeleteAllManager()
    deleted_objects = SafeDeleteDeletedManager()

    class Meta:
        abstract = True

    def undelete(self, force_policy=None, **kwargs): ...

class SafeDeleteMixin(SafeDeleteModel):
    class Meta:
        abstract = True
