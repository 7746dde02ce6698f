from django.db import models

class TranslatableQuerySet(models.QuerySet):
    def language(self, language_code=None):
        return self.all()

    def translated(self, *language_codes, **translated_fields):
        return self.filter()

    def active_translations(self, language_code=None, **translated_fields):
        return self.filter()

class TranslatableManager(models.Manager.from_queryset(TranslatableQuerySet)): ...
