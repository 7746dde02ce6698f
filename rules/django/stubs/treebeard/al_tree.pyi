from django.db import models
from treebeard.models import Node

class AL_NodeManager(models.Manager): ...

class AL_Node(Node):
    objects = AL_NodeManager()

    class Meta:
        abstract = True

    def get_children(self):
        return self.__class__.objects.filter(parent=self)

    def get_siblings(self, include_self=False):
        return self.__class__.objects.filter(parent=self.parent_id)

    def get_parent(self, update=False):
        return self.parent

    def is_leaf(self):
        return not self.get_children().exists()
