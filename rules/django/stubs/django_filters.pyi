"""django_filters: the filter sets it exports."""

from django_filters.filterset import FilterSet
