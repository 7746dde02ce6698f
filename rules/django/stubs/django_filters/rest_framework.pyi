"""django_filters.rest_framework: filter sets of an interface, which prints no form."""

from django_filters import filterset
from django_filters.filters import Filter, ModelChoiceFilter, ModelMultipleChoiceFilter


class FilterSet(filterset.FilterSet):
    @property
    def form(self):
        return None
