"""ninja.schema: what a schema reads of the value it shows, in 1.0 to 1.4."""

import djperf


class Schema:
    def to_representation(self, value):
        for name, source, nested, many in djperf.annotations(self, Schema):
            djperf.place(self, name)
            if djperf.has(self, "resolve_" + name):
                found = getattr(self, "resolve_" + name)(value)
            else:
                found = djperf.follow(value, source)
            if many:
                for item in djperf.rows(found):
                    nested.to_representation(item)
            else:
                nested.to_representation(found)
        self._model_fields(value, djperf.items(self.Meta, "fields"))
        self._model_fields(value, djperf.items(self.Config, "model_fields"))

    def _model_fields(self, value, names):
        for name in names:
            if djperf.is_many(value, name):
                for item in djperf.rows(djperf.follow(value, name)):
                    item.pk


class ModelSchema(Schema): ...
