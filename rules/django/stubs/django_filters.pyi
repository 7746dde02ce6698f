"""django_filters: the filters and filter sets it exports."""

from django_filters.filters import Filter, ModelChoiceFilter, ModelMultipleChoiceFilter
from django_filters.filterset import FilterSet
