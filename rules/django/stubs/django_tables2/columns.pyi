"""django_tables2.columns: what a cell reads of a row, in 2.3 to 2.8."""

import djperf


class Column:
    def __init__(self, *args, accessor=None, linkify=None, visible=True, **kwargs):
        self.accessor = accessor
        self.linkify = linkify
        self.visible = visible

    def _value(self, name, record):
        if self.accessor is not None:
            return djperf.follow(record, self.accessor)
        return djperf.follow(record, name)

    def _cell(self, name, record):
        value = self._value(name, record)
        self.render(value=value, record=record)
        if self.linkify is True:
            if djperf.is_row(value):
                value.get_absolute_url()
            else:
                record.get_absolute_url()
        elif self.linkify is not None:
            self.linkify(record=record, value=value)

    def render(self, value):
        return str(value)


class BooleanColumn(Column): ...
class CheckBoxColumn(Column): ...
class DateColumn(Column): ...
class DateTimeColumn(Column): ...
class EmailColumn(Column): ...
class FileColumn(Column): ...
class JSONColumn(Column): ...
class TimeColumn(Column): ...
class URLColumn(Column): ...


class LinkColumn(Column): ...


class RelatedLinkColumn(LinkColumn):
    def _cell(self, name, record):
        value = self._value(name, record)
        self.render(value=value, record=record)
        value.get_absolute_url()


class ManyToManyColumn(Column):
    def __init__(self, *args, transform=None, filter=None, accessor=None, linkify_item=None, visible=True, **kwargs):
        self.chosen = filter
        self.shown = transform
        self.accessor = accessor
        self.visible = visible

    def transform(self, obj):
        return str(obj)

    def filter(self, qs):
        return qs.all()

    def _cell(self, name, record):
        related = self._value(name, record)
        if self.chosen is not None:
            items = self.chosen(related)
        else:
            items = self.filter(related)
        for item in items:
            if self.shown is not None:
                self.shown(item)
            else:
                self.transform(item)


class TemplateColumn(Column):
    def __init__(self, template_code=None, template_name=None, extra_context=None, accessor=None, visible=True, **kwargs):
        self.template_name = template_name
        self.accessor = accessor
        self.visible = visible

    def _cell(self, name, record):
        value = self._value(name, record)
        djperf.render(self.template_name, {"record": record, "value": value})
