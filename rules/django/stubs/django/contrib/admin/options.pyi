"""django.contrib.admin.options: what the change list and the change form read of rows, in 4.2 to 6.1."""

import djperf
from django.contrib.admin.filters import RelatedFieldListFilter


class BaseModelAdmin:
    def get_queryset(self, request):
        return self.model._default_manager.all()

    def get_readonly_fields(self, request, obj=None):
        return djperf.items(self, "readonly_fields")

    def _shown(self, name, row):
        if djperf.is_text(name):
            if djperf.has(self, name):
                str(getattr(self, name)(row))
            else:
                djperf.show(row, name)
        else:
            name(row)


class ModelAdmin(BaseModelAdmin):
    list_display = ("__str__",)

    def __djperf_site__(self):
        self._change_list()
        self._filters()
        self._change_form()

    def get_list_display(self, request):
        return djperf.items(self, "list_display")

    def _change_list(self):
        columns = djperf.items_of(self.get_list_display(djperf.request))
        queryset = djperf.list_query(self, self.get_queryset(djperf.request), columns)
        for row in queryset:
            for column in columns:
                self._shown(column, row)
            if djperf.row_labels(self):
                str(row)
            djperf.place(self, "list_editable")
            for name, choices in djperf.relations(self, self.model, "list_editable"):
                for choice in djperf.per_row(row, choices):
                    str(choice)

    def _filters(self):
        djperf.place(self, "list_filter")
        for entry in djperf.items(self, "list_filter"):
            if djperf.is_text(entry):
                RelatedFieldListFilter(self.model, entry)._show()
            else:
                for part in entry:
                    if djperf.is_text(part):
                        name = part
                    else:
                        part(self.model, name)._show()

    def get_object(self, request, object_id, from_field=None):
        return self.get_queryset(request).get()

    def _change_form(self):
        row = self.get_object(djperf.request, djperf.plain)
        for name in djperf.items_of(self.get_readonly_fields(djperf.request, row)):
            self._shown(name, row)
        for inline in djperf.items(self, "inlines"):
            inline(self.model)._rows(row)
        djperf.place(self, "fields", "fieldsets", "exclude")
        for name, choices in djperf.choices(self, self.model):
            for choice in choices:
                str(choice)


class InlineModelAdmin(BaseModelAdmin):
    def __init__(self, parent_model, admin_site=None):
        self.parent_model = parent_model

    def _rows(self, parent):
        if djperf.own(self, "template") or djperf.is_single(self):
            return
        for row in self.get_queryset(djperf.request):
            str(row)
            for name in djperf.items_of(self.get_readonly_fields(djperf.request, parent)):
                self._shown(name, row)
            for name, choices in djperf.choices(self, self.model):
                for choice in djperf.per_row(row, choices):
                    str(choice)
            djperf.place(self, "raw_id_fields")
            for name, choices in djperf.relations(self, self.model, "raw_id_fields"):
                djperf.per_row(row, choices).get()


class TabularInline(InlineModelAdmin): ...
class StackedInline(InlineModelAdmin): ...


class OtherAdmin(ModelAdmin):
    """An admin of a package: what it lists and shows by itself is not known."""

    list_display = ()
    opaque_fields = True


class ChildAdmin(OtherAdmin):
    """The admin of one of several models that share a change list."""

    def _change_list(self):
        return None

    def _filters(self):
        return None


class OtherInline(InlineModelAdmin):
    """An inline of a package that may show its rows in its own way."""
