"""django_filters.filterset: the queryset a filter set gives, in 2.0 to 25.1."""

import djperf


class BaseFilterSet:
    def __init__(self, data=None, queryset=None, *, request=None, prefix=None):
        self.queryset = queryset
        self.request = request

    @property
    def qs(self):
        return self.filter_queryset(djperf.rows(self.queryset))

    def filter_queryset(self, queryset):
        return queryset


class FilterSet(BaseFilterSet): ...
