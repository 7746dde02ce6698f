"""import_export.resources: an export reads every column of every row, in 3.0 to 4.3."""

import djperf
from import_export.fields import Field


class Resource:
    def get_queryset(self):
        return None


class ModelResource(Resource):
    def __djperf__(self):
        for row in djperf.rows(self.get_queryset()):
            for name, field in djperf.declared(self, Field):
                if djperf.has(self, "dehydrate_" + name):
                    getattr(self, "dehydrate_" + name)(row)
                else:
                    field.export(row)
            for name in djperf.items(self.Meta, "fields"):
                if djperf.own(self, name):
                    continue
                if djperf.has(self, "dehydrate_" + name):
                    getattr(self, "dehydrate_" + name)(row)
                elif djperf.is_path(name):
                    djperf.follow(row, name)
                elif djperf.is_many(row, name):
                    for item in djperf.rows(djperf.follow(row, name)):
                        item.pk

    def get_queryset(self):
        return self.Meta.model._default_manager.all()
