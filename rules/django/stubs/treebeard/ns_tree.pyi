from django.db import models
from treebeard.models import Node

class NS_NodeQuerySet(models.QuerySet): ...

class NS_NodeManager(models.Manager.from_queryset(NS_NodeQuerySet)):
    def get_queryset(self):
        return NS_NodeQuerySet(self.model).order_by("tree_id", "lft")

class NS_Node(Node):
    lft = models.PositiveIntegerField(db_index=True)
    rgt = models.PositiveIntegerField(db_index=True)
    tree_id = models.PositiveIntegerField(db_index=True)
    depth = models.PositiveIntegerField(db_index=True)

    objects = NS_NodeManager()

    class Meta:
        abstract = True

    def get_children(self):
        return self.get_descendants().filter(depth=self.depth)

    def get_descendants(self, include_self=False):
        return self.__class__.objects.filter(tree_id=self.tree_id, lft__gt=self.lft)

    def get_ancestors(self):
        return self.__class__.objects.filter(tree_id=self.tree_id, lft__lt=self.lft)

    def get_siblings(self, include_self=False):
        return self.__class__.objects.filter(tree_id=self.tree_id, depth=self.depth)

    def get_parent(self, update=False):
        return self.__class__.objects.get(tree_id=self.tree_id)

    def get_root(self):
        return self.__class__.objects.get(tree_id=self.tree_id, lft=1)

    def is_leaf(self):
        return self.rgt - self.lft == 1
