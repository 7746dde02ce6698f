"""django_filters.views, in 2.0 to 25.1."""

from django.views.generic.base import View
from django.views.generic.list import MultipleObjectMixin, MultipleObjectTemplateResponseMixin


class FilterMixin:
    filterset_class = None

    def get_filterset_class(self):
        return self.filterset_class

    def get_filterset(self, filterset_class):
        return filterset_class(None, queryset=self.get_queryset())


class BaseFilterView(FilterMixin, MultipleObjectMixin, View):
    def get(self, request, *args, **kwargs):
        self.filterset = self.get_filterset(self.get_filterset_class())
        self.object_list = self.filterset.qs
        context = self.get_context_data(filter=self.filterset, object_list=self.object_list)
        return self.render_to_response(context)


class FilterView(MultipleObjectTemplateResponseMixin, BaseFilterView):
    template_name_suffix = "_filter"
