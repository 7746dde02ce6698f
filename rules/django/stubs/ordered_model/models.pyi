from django.db import models

class OrderedModelQuerySet(models.QuerySet): ...
class OrderedModelManager(models.Manager.from_queryset(OrderedModelQuerySet)): ...

class OrderedModelBase(models.Model):
    objects = OrderedModelManager()

    class Meta:
        abstract = True

class OrderedModel(OrderedModelBase):
    order = models.PositiveIntegerField(editable=False, db_index=True)

    class Meta:
        abstract = True
        ordering = ("order",)
