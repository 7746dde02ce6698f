"""import_export.fields: what an exported column reads of a row, in 3.0 to 4.3."""

import djperf


class Field:
    def __init__(self, attribute=None, column_name=None, widget=None, **kwargs):
        self.attribute = attribute
        self.widget = widget

    def export(self, instance):
        if self.attribute is None:
            return None
        value = djperf.follow(instance, self.attribute)
        if self.widget is not None:
            return self.widget.render(value)
        return str(value)
