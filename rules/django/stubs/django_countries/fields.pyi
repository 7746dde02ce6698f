from django.db.models.fields import CharField

class Country:
    code: str
    def __str__(self): ...

class CountryField(CharField): ...
