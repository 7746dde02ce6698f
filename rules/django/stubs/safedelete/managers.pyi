from django.db import models
from safedelete.queryset import SafeDeleteQueryset

class SafeDeleteManager(models.Manager.from_queryset(SafeDeleteQueryset)):
    def all_with_deleted(self):
        return self.all()

    def deleted_only(self):
        return self.filter(deleted__isnull=False)

class SafeDeleteAllManager(SafeDeleteManager): ...
class SafeDeleteDeletedManager(SafeDeleteManager): ...
