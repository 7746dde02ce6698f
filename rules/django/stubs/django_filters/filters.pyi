"""django_filters.filters: filters whose form fields print rows, in 2.0 to 25.1."""

from django.forms.models import ModelChoiceField, ModelMultipleChoiceField


class Filter:
    def __init__(self, field_name=None, lookup_expr=None, *, queryset=None, widget=None, **kwargs):
        self.queryset = queryset
        self.widget = widget

    def _print(self):
        return None


class ModelChoiceFilter(Filter):
    field_class = ModelChoiceField

    def _print(self):
        if self.widget is not None:
            self.field_class(queryset=self.queryset, widget=self.widget)._print()
        else:
            self.field_class(queryset=self.queryset)._print()


class ModelMultipleChoiceFilter(ModelChoiceFilter):
    field_class = ModelMultipleChoiceField
