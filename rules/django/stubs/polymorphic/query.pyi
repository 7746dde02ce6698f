from django.db import models

class PolymorphicQuerySet(models.QuerySet):
    def non_polymorphic(self):
        return self.all()

    def instance_of(self, *args):
        return self.filter()

    def not_instance_of(self, *args):
        return self.filter()

    def get_real_instances(self, base_result_objects=None): ...
