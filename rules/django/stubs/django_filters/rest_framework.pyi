"""django_filters.rest_framework: its filter sets are the plain ones."""

from django_filters.filterset import FilterSet
