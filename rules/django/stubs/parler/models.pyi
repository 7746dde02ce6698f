from django.db import models
from parler.managers import TranslatableManager

class TranslatedFields:
    def __init__(self, meta=None, **fields): ...

class TranslatableModelMixin:
    def get_current_language(self): ...
    def set_current_language(self, language_code, initialize=False): ...
    def has_translation(self, language_code=None, related_name=None): ...
    def get_translation(self, language_code, related_name=None): ...
    def safe_translation_getter(self, field, default=None, language_code=None, any_language=False): ...

class TranslatableModel(TranslatableModelMixin, models.Model):
    objects = TranslatableManager()

    class Meta:
        abstract = True

class TranslatedFieldsModelMixin: ...

class TranslatedFieldsModel(TranslatedFieldsModelMixin, models.Model):
    language_code = models.CharField(max_length=15, db_index=True)

    class Meta:
        abstract = True
