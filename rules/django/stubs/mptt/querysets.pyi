from django.db import models

class TreeQuerySet(models.QuerySet):
    def get_descendants(self, include_self=False):
        return self.filter()

    def get_ancestors(self, include_self=False):
        return self.filter()
