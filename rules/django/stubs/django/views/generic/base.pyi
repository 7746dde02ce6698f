"""django.views.generic.base: what a request does to a view, in 4.2 to 6.1."""

import djperf


class ContextMixin:
    extra_context = None

    def get_context_data(self, **kwargs):
        context = {"view": self}
        if self.extra_context is not None:
            context.update(self.extra_context)
        context.update(kwargs)
        return context


class View:
    def __djperf__(self):
        self.setup(djperf.request)
        return self.dispatch(djperf.request)

    def setup(self, request, *args, **kwargs):
        self.args = args
        self.kwargs = kwargs

    def dispatch(self, request, *args, **kwargs):
        if djperf.maybe:
            return self.get(request, *args, **kwargs)
        return self.post(request, *args, **kwargs)


class TemplateResponseMixin:
    template_name = None

    def render_to_response(self, context, **response_kwargs):
        return djperf.render(self.get_template_names(), context, djperf.request)

    def get_template_names(self):
        return (self.template_name,)


class TemplateView(TemplateResponseMixin, ContextMixin, View):
    def get(self, request, *args, **kwargs):
        context = self.get_context_data(**kwargs)
        return self.render_to_response(context)


class RedirectView(View):
    def get(self, request, *args, **kwargs):
        return self.get_redirect_url(*args, **kwargs)
