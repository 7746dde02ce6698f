"""django.contrib.admin: the classes it exports."""

from django.contrib.admin.filters import RelatedFieldListFilter, RelatedOnlyFieldListFilter
from django.contrib.admin.options import InlineModelAdmin, ModelAdmin, StackedInline, TabularInline
