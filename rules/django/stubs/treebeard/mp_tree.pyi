from django.db import models
from treebeard.models import Node

class MP_NodeQuerySet(models.QuerySet): ...

class MP_NodeManager(models.Manager.from_queryset(MP_NodeQuerySet)):
    def get_queryset(self):
        return MP_NodeQuerySet(self.model).order_by("path")

class MP_Node(Node):
    path = models.CharField(max_length=255, unique=True)
    depth = models.PositiveIntegerField()
    numchild = models.PositiveIntegerField(default=0)

    objects = MP_NodeManager()

    class Meta:
        abstract = True

    def get_children(self):
        return self.__class__.objects.filter(depth=self.depth, path__range=self.path)

    def get_descendants(self, include_self=False):
        return self.__class__.objects.filter(path__startswith=self.path)

    def get_ancestors(self):
        return self.__class__.objects.filter(path__in=self.path)

    def get_siblings(self, include_self=False):
        return self.__class__.objects.filter(depth=self.depth)

    def get_parent(self, update=False):
        return self.__class__.objects.get(path=self.path)

    def get_root(self):
        return self.__class__.objects.get(path=self.path)

    def get_first_child(self):
        return self.get_children().first()

    def get_last_child(self):
        return self.get_children().last()

    def get_descendant_count(self):
        return self.get_descendants().count()

    def get_children_count(self):
        return self.numchild

    def get_depth(self):
        return self.depth

    def is_leaf(self):
        return self.numchild == 0

    def is_root(self):
        return self.depth == 1
