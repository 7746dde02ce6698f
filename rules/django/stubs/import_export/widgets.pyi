"""import_export.widgets: what a widget reads of a related row, in 3.0 to 4.3."""

import djperf


class Widget:
    def render(self, value, obj=None):
        return str(value)


class ForeignKeyWidget(Widget):
    def __init__(self, model, field="pk", **kwargs):
        self.field = field

    def render(self, value, obj=None):
        return djperf.follow(value, self.field)


class ManyToManyWidget(Widget):
    def __init__(self, model, separator=None, field="pk", **kwargs):
        self.field = field

    def render(self, value, obj=None):
        return [djperf.follow(item, self.field) for item in value.all()]
