"""django_filters.filterset: the queryset a filter set gives, in 2.0 to 25.1."""

import djperf
from django_filters.filters import Filter


class BaseFilterSet:
    @property
    def form(self):
        for name, declared in djperf.declared(self, Filter):
            declared._print()
        djperf.place(self.Meta, "fields", "exclude")
        for name, choices in djperf.choices(self, self.Meta.model):
            for choice in choices:
                str(choice)

    def __init__(self, data=None, queryset=None, *, request=None, prefix=None):
        self.queryset = queryset
        self.request = request

    @property
    def qs(self):
        return self.filter_queryset(djperf.rows(self.queryset))

    def filter_queryset(self, queryset):
        return queryset


class FilterSet(BaseFilterSet): ...
