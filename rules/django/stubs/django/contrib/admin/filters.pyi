"""django.contrib.admin.filters: what filters beside a change list read, in 4.2 to 6.1."""

import djperf


class RelatedFieldListFilter:
    def __init__(self, model, path):
        self.model = model
        self.path = path

    def _show(self):
        self.field_choices(djperf.plain, djperf.request, djperf.plain)

    def field_choices(self, field, request, model_admin):
        for choice in djperf.related_rows(self.model, self.path):
            str(choice)


class RelatedOnlyFieldListFilter(RelatedFieldListFilter): ...
