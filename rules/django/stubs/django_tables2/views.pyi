"""django_tables2.views: views that show one table, in 2.3 to 2.8."""

from django.views.generic.list import ListView


class TableMixinBase:
    context_table_name = "table"


class SingleTableMixin(TableMixinBase):
    table_class = None
    table_data = None

    def get_table_class(self):
        return self.table_class

    def get_table_kwargs(self):
        return {}

    def get_table(self, **kwargs):
        table_class = self.get_table_class()
        return table_class(self.get_table_data(), **kwargs)

    def get_table_data(self):
        if self.table_data is not None:
            return self.table_data
        return self.object_list

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        context["table"] = self.get_table(**self.get_table_kwargs())
        return context


class SingleTableView(SingleTableMixin, ListView): ...
