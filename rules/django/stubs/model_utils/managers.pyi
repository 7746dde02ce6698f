from django.db import models

class InheritanceQuerySet(models.QuerySet):
    def select_subclasses(self, *subclasses):
        return self.all()

    def instance_of(self, *models):
        return self.filter()

class InheritanceManager(models.Manager.from_queryset(InheritanceQuerySet)): ...

class QueryManager(models.Manager): ...

class SoftDeletableQuerySet(models.QuerySet): ...

class SoftDeletableManager(models.Manager.from_queryset(SoftDeletableQuerySet)):
    def get_queryset(self):
        return super().get_queryset().filter(is_removed=False)
