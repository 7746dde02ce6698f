"""django_tables2.tables: a table shows a cell for each row and column, in 2.3 to 2.8."""

import djperf
from django_tables2.columns import Column


class Table:
    def __init__(self, data=None, *args, exclude=(), **kwargs):
        self.data = data
        for record in djperf.table_rows(self, data):
            for name, column in djperf.declared(self, Column):
                if column.visible is True and self._shown(name) and not djperf.among(name, exclude):
                    djperf.place(self, name)
                    self._cell(name, column, record)
            djperf.place(self.Meta, "fields", "sequence")
            for name in djperf.items(self.Meta, "fields"):
                if not djperf.own(self, name) and self._shown(name) and not djperf.among(name, exclude):
                    self._model_cell(name, record)

    def _shown(self, name):
        """Projects that let users choose columns name the usual ones in `Meta.default_columns`."""
        if djperf.own(self.Meta, "default_columns"):
            return djperf.among(name, djperf.items(self.Meta, "default_columns"))
        return True

    def _cell(self, name, column, record):
        if djperf.has(self, "render_" + name):
            value = column._value(name, record)
            getattr(self, "render_" + name)(record=record, value=value, column=column, table=self)
        else:
            column._cell(name, record)

    def _model_cell(self, name, record):
        value = djperf.follow(record, name)
        if djperf.has(self, "render_" + name):
            getattr(self, "render_" + name)(record=record, value=value, table=self)
        else:
            for item in value.all():
                str(item)
            str(value)
