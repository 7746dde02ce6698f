from django.db import models

class SafeDeleteQueryset(models.QuerySet):
    def undelete(self, force_policy=None): ...
