from django.db import models
from mptt.fields import TreeForeignKey, TreeManyToManyField, TreeOneToOneField
from mptt.managers import TreeManager

class MPTTModel(models.Model):
    lft = models.PositiveIntegerField(editable=False)
    rght = models.PositiveIntegerField(editable=False)
    tree_id = models.PositiveIntegerField(db_index=True, editable=False)
    level = models.PositiveIntegerField(editable=False)

    objects = TreeManager()

    class Meta:
        abstract = True

    def get_ancestors(self, ascending=False, include_self=False):
        return self.__class__.objects.filter(tree_id=self.tree_id, lft__lt=self.lft)

    def get_family(self):
        return self.__class__.objects.filter(tree_id=self.tree_id)

    def get_children(self):
        return self.__class__.objects.filter(parent=self)

    def get_descendants(self, include_self=False):
        return self.__class__.objects.filter(tree_id=self.tree_id, lft__gt=self.lft)

    def get_leafnodes(self, include_self=False):
        return self.__class__.objects.filter(tree_id=self.tree_id, lft__gt=self.lft)

    def get_siblings(self, include_self=False):
        return self.__class__.objects.filter(parent_id=self.parent_id)

    def get_root(self):
        return self.__class__.objects.get(tree_id=self.tree_id, parent=None)

    def get_descendant_count(self):
        return (self.rght - self.lft - 1) / 2

    def get_level(self):
        return self.level

    def is_leaf_node(self):
        return not self.get_descendant_count()

    def is_root_node(self):
        return self.parent_id is None

    def is_child_node(self):
        return not self.is_root_node()
