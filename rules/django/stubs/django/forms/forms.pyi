"""django.forms.forms: a form prints its fields, in 4.2 to 6.1."""

import djperf
from django.forms.fields import Field


class BaseForm:
    def __djperf__(self):
        self._print_fields()

    def _print_fields(self):
        for name, field in djperf.declared(self, Field):
            if djperf.touched(self, name):
                continue
            field._print()


class Form(BaseForm): ...
