from django.db import models

class Node(models.Model):
    class Meta:
        abstract = True

    @classmethod
    def get_root_nodes(cls):
        return cls.objects.filter()

    @classmethod
    def add_root(cls, **kwargs): ...
    @classmethod
    def get_tree(cls, parent=None):
        return cls.objects.filter()

    def add_child(self, **kwargs): ...
    def move(self, target, pos=None): ...
