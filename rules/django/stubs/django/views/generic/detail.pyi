"""django.views.generic.detail, in 4.2 to 6.1."""

import djperf
from django.views.generic.base import ContextMixin, TemplateResponseMixin, View


class SingleObjectMixin(ContextMixin):
    model = None
    queryset = None
    context_object_name = None

    def get_queryset(self):
        if self.queryset is not None:
            return self.queryset.all()
        return self.model._default_manager.all()

    def get_object(self, queryset=None):
        if queryset is None:
            queryset = self.get_queryset()
        return queryset.get()

    def get_context_object_name(self, obj):
        if self.context_object_name is not None:
            return self.context_object_name
        return obj._meta.model_name

    def get_context_data(self, **kwargs):
        context = {}
        if self.object is not None:
            context["object"] = self.object
            name = self.get_context_object_name(self.object)
            if name is not None:
                context[name] = self.object
        context.update(kwargs)
        return super().get_context_data(**context)


class BaseDetailView(SingleObjectMixin, View):
    def get(self, request, *args, **kwargs):
        self.object = self.get_object()
        context = self.get_context_data(object=self.object)
        return self.render_to_response(context)


class SingleObjectTemplateResponseMixin(TemplateResponseMixin):
    template_name_suffix = "_detail"

    def get_template_names(self):
        model = self.model
        if self.object is not None:
            model = self.object
        meta = model._meta
        return (self.template_name, meta.app_label + "/" + meta.model_name + self.template_name_suffix + ".html")


class DetailView(SingleObjectTemplateResponseMixin, BaseDetailView): ...
