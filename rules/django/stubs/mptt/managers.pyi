from django.db import models
from mptt.querysets import TreeQuerySet

class TreeManager(models.Manager.from_queryset(TreeQuerySet)):
    def root_nodes(self):
        return self.filter(parent__isnull=True)

    def root_node(self, tree_id):
        return self.get(tree_id=tree_id, parent__isnull=True)

    def rebuild(self, batch_size=1000, **filters): ...
