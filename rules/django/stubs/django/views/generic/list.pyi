"""django.views.generic.list, in 4.2 to 6.1."""

import djperf
from django.core.paginator import Paginator
from django.views.generic.base import ContextMixin, TemplateResponseMixin, View


class MultipleObjectMixin(ContextMixin):
    queryset = None
    model = None
    paginate_by = None
    context_object_name = None

    def get_queryset(self):
        if self.queryset is not None:
            return self.queryset.all()
        return self.model._default_manager.all()

    def get_paginate_by(self, queryset):
        return self.paginate_by

    def paginate_queryset(self, queryset, page_size):
        paginator = Paginator(queryset, page_size)
        page = paginator.get_page(1)
        return (paginator, page, page.object_list, True)

    # An argument, as only those are known to be None.
    def _page(self, queryset, page_size):
        if page_size is None:
            return (None, queryset)
        paginator, page, queryset, paginated = self.paginate_queryset(queryset, page_size)
        return (page, queryset)

    def get_context_object_name(self, object_list):
        if self.context_object_name is not None:
            return self.context_object_name
        return object_list.model._meta.model_name + "_list"

    def get_context_data(self, *, object_list=None, **kwargs):
        queryset = self.object_list if object_list is None else object_list
        page, queryset = self._page(queryset, self.get_paginate_by(queryset))
        context = {"object_list": queryset, "page_obj": page}
        name = self.get_context_object_name(queryset)
        if name is not None:
            context[name] = queryset
        context.update(kwargs)
        return super().get_context_data(**context)


class BaseListView(MultipleObjectMixin, View):
    def get(self, request, *args, **kwargs):
        self.object_list = self.get_queryset()
        context = self.get_context_data()
        return self.render_to_response(context)


class MultipleObjectTemplateResponseMixin(TemplateResponseMixin):
    template_name_suffix = "_list"

    def get_template_names(self):
        meta = self.object_list.model._meta
        return (self.template_name, meta.app_label + "/" + meta.model_name + self.template_name_suffix + ".html")


class ListView(MultipleObjectTemplateResponseMixin, BaseListView): ...
