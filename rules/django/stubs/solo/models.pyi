from django.db import models

class SingletonModel(models.Model):
    singleton_instance_id = 1

    class Meta:
        abstract = True

    @classmethod
    def get_solo(cls):
        return cls.objects.get(pk=cls.singleton_instance_id)
